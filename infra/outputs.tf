output "environment" {
  description = "The variables by which fleetcore finds this fleet, as an env file: `terraform output -raw environment`."
  value       = join("", [for name, value in merge(module.telemetry.environment, { AWS_REGION = var.region }) : "${name}=${value}\n"])
}

output "bucket" {
  description = "The bucket: files put under telemetry/ are ingested."
  value       = module.storage.bucket.name
}

output "tables" {
  description = "The tables' names by role."
  value       = { for role, table in module.storage.tables : role => table.name }
}

output "queues" {
  description = "The queues' names by role."
  value       = { for role, queue in module.queues.sources : role => queue.name }
}

output "dead_queues" {
  description = "The dead letters' queues by the same roles."
  value       = { for role, queue in module.queues.dead : role => queue.name }
}

output "functions" {
  description = "The functions' names by handler."
  value       = { for handler, function in module.telemetry.functions : handler => function.name }
}

output "policies" {
  description = "What each handler's role is allowed."
  value       = module.telemetry.policies
}
