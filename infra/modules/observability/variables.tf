variable "name" {
  description = "What every name begins with: project and environment."
  type        = string
}

variable "key_arn" {
  description = "The key that encrypts alerts."
  type        = string
}

variable "emails" {
  description = "Who is told of alerts; each must confirm a first mail."
  type        = list(string)
}

variable "queries" {
  description = "Whether queries are saved in Logs Insights."
  type        = bool
}

variable "redis" {
  description = "Whether the functions use Redis."
  type        = bool
}

variable "functions" {
  description = "The functions by handler."
  type = object({
    ingest_file  = object({ name = string, log_group = string, timeout_s = number, memory_mb = number })
    store_events = object({ name = string, log_group = string, timeout_s = number, memory_mb = number })
  })
}

variable "queues" {
  description = "The queues by role."
  type        = map(object({ name = string, arn = string, url = string }))
}

variable "dead_queues" {
  description = "Their queues of dead letters by the same roles."
  type        = map(object({ name = string, arn = string, url = string }))
}

variable "tables" {
  description = "The tables by role."
  type        = map(object({ name = string, arn = string }))
}
