output "functions" {
  description = "The functions by handler: name, log group, timeout and memory."
  value = {
    ingest_file = {
      name      = module.ingest_file.name
      log_group = module.ingest_file.log_group
      timeout_s = var.timeouts_s.ingest_file
      memory_mb = var.memory_mb
    }
    store_events = {
      name      = module.store_events.name
      log_group = module.store_events.log_group
      timeout_s = var.timeouts_s.store_events
      memory_mb = var.memory_mb
    }
  }
}

output "policies" {
  description = "What each handler's role is allowed, or an existing one must be."
  value = {
    ingest_file  = module.ingest_file.policy
    store_events = module.store_events.policy
  }
}

output "environment" {
  description = "The variables by which fleetcore finds this fleet."
  value       = merge(local.fleet, local.options, local.alerts, local.redis)
}
