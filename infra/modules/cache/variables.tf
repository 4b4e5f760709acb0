variable "name" {
  description = "What every name begins with: project and environment. At most 30 characters: ElastiCache allows user ids of 40."
  type        = string

  validation {
    condition     = length(var.name) <= 30
    error_message = "At most 30 characters."
  }
}

variable "key_arn" {
  description = "The key that encrypts what lies on disk: backups and what is swapped."
  type        = string
}

variable "node_type" {
  description = "The size of each of the two nodes."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets in at least two zones."
  type        = list(string)
}

variable "security_group_id" {
  description = "What lets the functions, and nobody else, connect."
  type        = string
}
