environment        = "prod"
region             = "eu-central-1"
zones              = ["eu-central-1a", "eu-central-1b"]
protected          = true
log_retention_days = 30
cache_node_type    = "cache.m7g.large"
concurrency        = { uploads = 20, moving = 40, idle = 10 }

features = {
  cache                = true
  lake                 = true
  observability        = true
  reserved_concurrency = true
  saved_queries        = true
}
