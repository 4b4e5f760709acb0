environment        = "dev"
region             = "eu-central-1"
protected          = false
log_retention_days = 7

# Without Redis every row is a maybe-row: dearer a row, cheaper than two idle nodes.
features = {
  cache                = false
  lake                 = true
  observability        = true
  reserved_concurrency = false
  saved_queries        = true
}
