data "aws_caller_identity" "current" {}

locals {
  name = "${var.project}-${var.environment}"
}

module "security" {
  source = "./modules/security"

  name                 = local.name
  deletion_window_days = var.protected ? 30 : 7
}

module "queues" {
  source = "./modules/queues"

  name       = local.name
  key_arn    = module.security.data_key_arn
  bucket_arn = module.storage.bucket.arn
  timeouts_s = var.timeouts_s
}

module "storage" {
  source = "./modules/storage"

  name              = local.name
  bucket_name       = "${local.name}-${data.aws_caller_identity.current.account_id}"
  key_arn           = module.security.data_key_arn
  uploads_queue_arn = module.queues.uploads_arn
  protected         = var.protected
}

module "network" {
  source = "./modules/network"
  count  = var.features.cache ? 1 : 0

  name       = local.name
  cidr_block = var.cidr_block
  zones      = var.zones
}

module "cache" {
  source = "./modules/cache"
  count  = var.features.cache ? 1 : 0

  name              = local.name
  key_arn           = module.security.data_key_arn
  node_type         = var.cache_node_type
  subnet_ids        = module.network[0].subnet_ids
  security_group_id = module.network[0].cache_security_group_id
}

module "telemetry" {
  source = "./modules/telemetry"

  name                 = local.name
  packages             = var.packages
  runtime              = var.runtime
  architecture         = var.architecture
  timeouts_s           = var.timeouts_s
  concurrency          = var.concurrency
  reserved_concurrency = var.features.reserved_concurrency
  existing_role_arns   = var.existing_role_arns

  bucket             = module.storage.bucket
  tables             = module.storage.tables
  queues             = module.queues.sources
  dead_queues        = module.queues.dead
  data_key_arn       = module.security.data_key_arn
  operations_key_arn = module.security.operations_key_arn

  alerts           = var.features.observability
  alerts_topic_arn = var.features.observability ? module.observability[0].alerts_topic_arn : null
  cache            = one(module.cache[*])
  network = var.features.cache ? {
    subnet_ids        = module.network[0].subnet_ids
    security_group_id = module.network[0].functions_security_group_id
  } : null

  redis_url            = var.redis_url
  vehicles_url         = var.vehicles_url
  config_url           = var.config_url
  largest_upload_bytes = var.largest_upload_bytes
  log_ttl_days         = var.log_ttl_days
  log_retention_days   = var.log_retention_days
}

module "observability" {
  source = "./modules/observability"
  count  = var.features.observability ? 1 : 0

  name        = local.name
  key_arn     = module.security.operations_key_arn
  emails      = var.alert_emails
  queries     = var.features.saved_queries
  redis       = var.features.cache || var.redis_url != null
  functions   = module.telemetry.functions
  queues      = module.queues.sources
  dead_queues = module.queues.dead
  tables      = module.storage.tables
}

module "lake" {
  source = "./modules/lake"
  count  = var.features.lake ? 1 : 0

  name        = local.name
  bucket_name = module.storage.bucket.name
  key_arn     = module.security.data_key_arn
  protected   = var.protected
}
