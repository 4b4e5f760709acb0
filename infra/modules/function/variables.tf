variable "name" {
  description = "The function's name; also its role's, and the value of the metrics' dimension `function`."
  type        = string
}

variable "description" {
  description = "What it does."
  type        = string
}

variable "handler" {
  description = "Module and function that Lambda calls."
  type        = string
}

variable "package" {
  description = "Path of the zip."
  type        = string
}

variable "bucket_name" {
  description = "The bucket the package is deployed from."
  type        = string
}

variable "runtime" {
  description = "python3.11 or python3.12."
  type        = string
}

variable "architecture" {
  description = "arm64 or x86_64: what the package was made for."
  type        = string
}

variable "memory_mb" {
  description = "Its memory; CPU comes in proportion."
  type        = number
}

variable "storage_mb" {
  description = "Its disk, 512 to 10240."
  type        = number
}

variable "timeout_s" {
  description = "How long one invocation may take, up to 900."
  type        = number
}

variable "mappings" {
  description = "What invokes it, by role: the queue, messages an invocation, and invocations at once (from 2 on)."
  type = map(object({
    queue_arn           = string
    batch_size          = number
    maximum_concurrency = number
  }))
}

variable "calls_itself" {
  description = "Whether it sends messages to a queue that invokes it, as often as its work needs."
  type        = bool
  default     = false
}

variable "reserved" {
  description = "Whether the account keeps as many invocations free for it as its mappings may start."
  type        = bool
}

variable "environment" {
  description = "Its environment variables."
  type        = map(string)
}

variable "statements" {
  description = "What its code may do, as statements of a policy that allows."
  type = list(object({
    Sid      = string
    Action   = list(string)
    Resource = list(string)
  }))
}

variable "existing_role_arn" {
  description = "A role to use in place of its own; it needs the policy that `policy` puts out."
  type        = string
  default     = null
}

variable "network" {
  description = "The network to join, where it uses Redis."
  type = object({
    subnet_ids        = list(string)
    security_group_id = string
  })
  default = null
}

variable "data_key_arn" {
  description = "The key that encrypts its environment."
  type        = string
}

variable "operations_key_arn" {
  description = "The key that encrypts its logs."
  type        = string
}

variable "log_retention_days" {
  description = "How long its logs are kept."
  type        = number
}
