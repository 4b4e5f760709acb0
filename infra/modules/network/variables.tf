variable "name" {
  description = "What every name begins with: project and environment."
  type        = string
}

variable "zones" {
  description = "The availability zones it spans, by name."
  type        = list(string)

  validation {
    condition     = length(var.zones) >= 2
    error_message = "Redis with a replica in another zone needs two."
  }
}

variable "cidr_block" {
  description = "The network's addresses; a sixteenth of them for each subnet."
  type        = string
}
