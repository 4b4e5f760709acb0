# A stand-in on AWS_ENDPOINT_URL: what it lacks is off; state lies beside it.
environment        = "local"
region             = "us-east-1"
protected          = false
stand_in           = true
log_retention_days = 7
runtime            = "python3.11"
architecture       = "x86_64"

features = {
  cache                = false
  lake                 = true
  observability        = true
  reserved_concurrency = false
  saved_queries        = false
}
