variable "name" {
  description = "What every name begins with: project and environment."
  type        = string
}

variable "key_arn" {
  description = "The key that encrypts messages."
  type        = string
}

variable "bucket_arn" {
  description = "The bucket that may announce uploads."
  type        = string
}

variable "timeouts_s" {
  description = "Timeouts of the functions that consume the queues; visibility is six times that."
  type = object({
    ingest_file  = number
    store_events = number
  })
}
