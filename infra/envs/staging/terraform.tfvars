environment        = "staging"
region             = "eu-central-1"
zones              = ["eu-central-1a", "eu-central-1b"]
protected          = false
log_retention_days = 30

features = {
  cache                = true
  lake                 = true
  observability        = true
  reserved_concurrency = true
  saved_queries        = true
}
