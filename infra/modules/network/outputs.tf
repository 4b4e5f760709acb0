output "subnet_ids" {
  description = "The private subnets, one a zone."
  value       = aws_subnet.private[*].id
}

output "functions_security_group_id" {
  description = "For functions that use Redis."
  value       = aws_security_group.functions.id
}

output "cache_security_group_id" {
  description = "For the cache."
  value       = aws_security_group.cache.id
}
