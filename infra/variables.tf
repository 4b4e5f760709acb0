variable "project" {
  description = "What every name begins with."
  type        = string
  default     = "fleetcore"
}

variable "environment" {
  description = "dev, staging or prod; local on a stand-in."
  type        = string
}

variable "region" {
  description = "The region of everything."
  type        = string
}

variable "features" {
  description = "What is built besides storage, queues and functions."
  type = object({
    cache                = bool # Redis, and the network it needs
    lake                 = bool # Glue tables and an Athena workgroup
    observability        = bool # topic, alarms, dashboard
    reserved_concurrency = bool # a new account has too little to reserve any
    saved_queries        = bool # in Logs Insights
  })
}

variable "protected" {
  description = "Whether tables and the bucket with its objects refuse to be deleted."
  type        = bool
}

variable "stand_in" {
  description = "Whether AWS_ENDPOINT_URL is a stand-in, which needs buckets in paths."
  type        = bool
  default     = false
}

variable "packages" {
  description = "Paths of the handlers' zips."
  type = object({
    ingest_file  = string
    store_events = string
  })
}

variable "runtime" {
  description = "python3.11 or python3.12: what the packages were made for."
  type        = string
  default     = "python3.12"
}

variable "architecture" {
  description = "arm64 or x86_64: what the packages were made for."
  type        = string
  default     = "arm64"
}

variable "timeouts_s" {
  description = "How long one invocation may take, up to 900; a longer file goes on in the next."
  type = object({
    ingest_file  = number
    store_events = number
  })
  default = { ingest_file = 300, store_events = 300 }
}

variable "concurrency" {
  description = "Invocations at once, by the queue that causes them; from 2 on."
  type = object({
    uploads = number
    moving  = number
    idle    = number
  })
  default = { uploads = 5, moving = 8, idle = 4 }
}

variable "existing_role_arns" {
  description = "Roles to use in place of the functions' own; the output `policies` says what they need."
  type = object({
    ingest_file  = optional(string)
    store_events = optional(string)
  })
  default = {}
}

variable "redis_url" {
  description = "A Redis that is there already and can be reached without a network of its own; the feature `cache` is off then."
  type        = string
  default     = null
}

variable "vehicles_url" {
  description = "Where the vehicles' metadata is: s3://bucket/key, or https://... where there is no cache."
  type        = string
  default     = null
}

variable "config_url" {
  description = "Where the fleet.toml is: s3://bucket/key."
  type        = string
  default     = null
}

variable "largest_upload_bytes" {
  description = "The largest file that is taken in, as it lies in the bucket: its spool, 1.25 times its content, must fit into 10 GiB."
  type        = number
  default     = 6442450944
}

variable "log_ttl_days" {
  description = "How long after it was observed an event stays in the log's table; for ever if not set."
  type        = number
  default     = null
}

variable "log_retention_days" {
  description = "How long the functions' logs are kept."
  type        = number
}

variable "alert_emails" {
  description = "Who is told of alerts."
  type        = list(string)
  default     = []
}

variable "zones" {
  description = "The availability zones of the network; only the cache needs any."
  type        = list(string)
  default     = []
}

variable "cidr_block" {
  description = "The addresses of the network."
  type        = string
  default     = "10.64.0.0/20"
}

variable "cache_node_type" {
  description = "The size of the cache's nodes."
  type        = string
  default     = "cache.t4g.small"
}
