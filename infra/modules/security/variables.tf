variable "name" {
  description = "What every name begins with: project and environment."
  type        = string
}

variable "deletion_window_days" {
  description = "How long a deleted key can still be brought back, 7 to 30 days."
  type        = number
}
