variable "name" {
  description = "What every name begins with: project and environment."
  type        = string
}

variable "bucket_name" {
  description = "The bucket's name, unique in all of S3."
  type        = string
}

variable "key_arn" {
  description = "The key that encrypts objects and items."
  type        = string
}

variable "uploads_queue_arn" {
  description = "Where S3 announces what arrives under telemetry/. Its policy must allow that already."
  type        = string
}

variable "noncurrent_days" {
  description = "How long a replaced or deleted version of an object is kept."
  type        = number
  default     = 30
}

variable "protected" {
  description = "Whether tables refuse to be deleted, and the bucket to be deleted with its objects."
  type        = bool
}
