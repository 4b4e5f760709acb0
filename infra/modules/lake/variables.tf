variable "name" {
  description = "What every name begins with: project and environment."
  type        = string
}

variable "bucket_name" {
  description = "The bucket of parts and rejects; answers are kept in it under athena/."
  type        = string
}

variable "key_arn" {
  description = "The key that encrypts answers."
  type        = string
}

variable "protected" {
  description = "Whether the workgroup refuses to be deleted with its history."
  type        = bool
}

variable "most_scanned_bytes" {
  description = "A query that would read more is stopped."
  type        = number
  default     = 1099511627776 # 1 TiB
}
