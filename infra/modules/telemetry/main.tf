# Telemetry: what arrives is ingested, what is ingested is stored.

locals {
  handlers = "fleetcore_entrypoints.lambdas"

  # Where the code finds the fleet; docs/aws.md lists these. What is not set is left out.
  fleet = {
    FLEETCORE_BUCKET            = var.bucket.name
    FLEETCORE_LOG_TABLE         = var.tables["log"].name
    FLEETCORE_STREAMS_TABLE     = var.tables["streams"].name
    FLEETCORE_VIEWS_TABLE       = var.tables["views"].name
    FLEETCORE_PARTS_TABLE       = var.tables["parts"].name
    FLEETCORE_MOVING_QUEUE      = var.queues["moving"].url
    FLEETCORE_IDLE_QUEUE        = var.queues["idle"].url
    FLEETCORE_MOVING_DEAD_QUEUE = var.dead_queues["moving"].url
    FLEETCORE_IDLE_DEAD_QUEUE   = var.dead_queues["idle"].url
    FLEETCORE_UPLOADS_QUEUE     = var.queues["uploads"].url
    FLEETCORE_KMS_KEY           = var.data_key_arn
  }
  # Arrow and the C library give memory back sooner; docs/lambdas.md has the figures.
  memory = {
    ARROW_DEFAULT_MEMORY_POOL = "system"
    MALLOC_ARENA_MAX          = "2"
    MALLOC_TRIM_THRESHOLD_    = "1000000"
  }
  options = { for name, value in {
    FLEETCORE_VEHICLES     = var.vehicles_url
    FLEETCORE_CONFIG       = var.config_url
    FLEETCORE_LOG_TTL_DAYS = var.log_ttl_days == null ? null : tostring(var.log_ttl_days)
  } : name => value if value != null }
  own_redis = var.cache == null ? {} : {
    FLEETCORE_REDIS_URL       = var.cache.url
    FLEETCORE_REDIS_USER      = var.cache.user
    FLEETCORE_REDIS_IAM_CACHE = var.cache.cache_id
  }
  redis = var.redis_url == null ? local.own_redis : { FLEETCORE_REDIS_URL = var.redis_url }
  # Of no concern to the command line, which knows the rest.
  limits = { FLEETCORE_LARGEST_UPLOAD_BYTES = tostring(var.largest_upload_bytes) }
  alerts = var.alerts ? { FLEETCORE_ALERTS_TOPIC = var.alerts_topic_arn } : {}

  # Seen windows are the log's; vehicles' metadata is looked up while rows are judged.
  uses_redis = {
    ingest_file  = length(local.redis) > 0 && var.vehicles_url != null
    store_events = length(local.redis) > 0
  }
}

module "ingest_file" {
  source = "../function"

  name        = "${var.name}-ingest-file"
  description = "Judges and deduplicates an uploaded file, writes its parts and tells the lanes"
  handler     = "${local.handlers}.ingest_file.handler"
  package     = var.packages.ingest_file
  bucket_name = var.bucket.name

  runtime      = var.runtime
  architecture = var.architecture
  memory_mb    = var.memory_mb
  storage_mb   = 10240 # what a file's rows are compared by is spooled to /tmp: 1.25 times its content
  timeout_s    = var.timeouts_s.ingest_file

  # A long file goes on through the queue it came by. It ends: a run that commits no chunk sends nothing.
  calls_itself = true

  # A file an invocation: one that is long or bad holds up no other.
  mappings = {
    uploads = { queue_arn = var.queues["uploads"].arn, batch_size = 1, maximum_concurrency = var.concurrency.uploads }
  }
  reserved = var.reserved_concurrency

  environment       = merge(local.memory, local.fleet, local.options, local.limits, local.alerts, local.uses_redis.ingest_file ? local.redis : {})
  statements        = local.ingest_file_statements
  existing_role_arn = var.existing_role_arns.ingest_file
  network           = local.uses_redis.ingest_file ? var.network : null

  data_key_arn       = var.data_key_arn
  operations_key_arn = var.operations_key_arn
  log_retention_days = var.log_retention_days
}

module "store_events" {
  source = "../function"

  name        = "${var.name}-store-events"
  description = "Appends the parts that lane messages name to the log"
  handler     = "${local.handlers}.store_events.handler"
  package     = var.packages.store_events
  bucket_name = var.bucket.name

  runtime      = var.runtime
  architecture = var.architecture
  memory_mb    = var.memory_mb
  storage_mb   = 512
  timeout_s    = var.timeouts_s.store_events

  # Priority is reserved capacity: moving has its own share, whatever waits on idle.
  mappings = {
    moving = { queue_arn = var.queues["moving"].arn, batch_size = 1, maximum_concurrency = var.concurrency.moving }
    idle   = { queue_arn = var.queues["idle"].arn, batch_size = 1, maximum_concurrency = var.concurrency.idle }
  }
  reserved = var.reserved_concurrency

  environment       = merge(local.memory, local.fleet, local.options, local.alerts, local.redis)
  statements        = local.store_events_statements
  existing_role_arn = var.existing_role_arns.store_events
  network           = local.uses_redis.store_events ? var.network : null

  data_key_arn       = var.data_key_arn
  operations_key_arn = var.operations_key_arn
  log_retention_days = var.log_retention_days
}
