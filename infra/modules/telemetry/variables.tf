variable "name" {
  description = "What every name begins with: project and environment."
  type        = string
}

variable "packages" {
  description = "Paths of the handlers' zips."
  type = object({
    ingest_file  = string
    store_events = string
  })
}

variable "runtime" {
  description = "The functions' Python: the one their packages were made for."
  type        = string

  validation {
    condition     = contains(["python3.11", "python3.12"], var.runtime)
    error_message = "python3.11 or python3.12."
  }
}

variable "architecture" {
  description = "The functions' processor: the one their packages were made for."
  type        = string

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "arm64 or x86_64."
  }
}

variable "memory_mb" {
  description = "Each function's memory."
  type        = number
  default     = 512
}

variable "timeouts_s" {
  description = "How long one invocation may take; a longer file goes on in the next."
  type = object({
    ingest_file  = number
    store_events = number
  })
}

variable "concurrency" {
  description = "Invocations at once, by the queue that causes them."
  type = object({
    uploads = number
    moving  = number
    idle    = number
  })
}

variable "reserved_concurrency" {
  description = "Whether the account keeps that many free for the functions. A new account has too few."
  type        = bool
}

variable "existing_role_arns" {
  description = "Roles to use in place of the functions' own."
  type = object({
    ingest_file  = optional(string)
    store_events = optional(string)
  })
}

variable "bucket" {
  description = "Uploads, parts, rejects and packages."
  type        = object({ name = string, arn = string })
}

variable "tables" {
  description = "The tables by role: log, parts, streams, views."
  type        = map(object({ name = string, arn = string }))
}

variable "queues" {
  description = "The queues by role: uploads, moving, idle."
  type        = map(object({ name = string, arn = string, url = string }))
}

variable "dead_queues" {
  description = "Their queues of dead letters by the same roles."
  type        = map(object({ name = string, arn = string, url = string }))
}

variable "data_key_arn" {
  description = "The key of everything that holds positions."
  type        = string
}

variable "operations_key_arn" {
  description = "The key of logs and alerts."
  type        = string
}

variable "alerts" {
  description = "Whether there is a topic for alerts."
  type        = bool
}

variable "alerts_topic_arn" {
  description = "The topic for alerts."
  type        = string
  default     = null
}

variable "cache" {
  description = "The cache, where there is one: its URL, its name for IAM tokens, the user and what may be connected to."
  type        = object({ url = string, cache_id = string, user = string, arns = list(string) })
  default     = null
}

variable "redis_url" {
  description = "A Redis that is there already, in the place of a cache."
  type        = string
  default     = null

  validation {
    condition     = var.redis_url == null || var.cache == null
    error_message = "Either a cache of its own or a Redis that is there already."
  }
}

variable "network" {
  description = "Where the cache can be reached."
  type        = object({ subnet_ids = list(string), security_group_id = string })
  default     = null
}

variable "vehicles_url" {
  description = "Where the vehicles' metadata is."
  type        = string
  default     = null

  validation {
    condition     = var.vehicles_url == null || can(regex("^(s3|https)://.+", var.vehicles_url))
    error_message = "s3://bucket/key or https://..."
  }

  validation {
    condition     = var.cache == null || !startswith(coalesce(var.vehicles_url, "-"), "https:")
    error_message = "Functions that use Redis have no way to the internet: put the metadata under s3://bucket/key, or switch the cache off."
  }
}

variable "config_url" {
  description = "Where the fleet.toml is."
  type        = string
  default     = null

  validation {
    condition     = var.config_url == null || can(regex("^s3://.+/.+", var.config_url))
    error_message = "s3://bucket/key."
  }
}

variable "largest_upload_bytes" {
  description = "The largest file that is taken in, as it lies in the bucket: its spool, 1.25 times its content, must fit into 10 GiB."
  type        = number
  default     = 6442450944

  validation {
    condition     = var.largest_upload_bytes > 0 && floor(var.largest_upload_bytes) == var.largest_upload_bytes
    error_message = "A whole number of bytes."
  }
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
