output "url" {
  description = "Where the primary listens."
  value       = "rediss://${aws_elasticache_replication_group.this.primary_endpoint_address}:6379"
}

output "cache_id" {
  description = "The name that IAM tokens are made for."
  value       = aws_elasticache_replication_group.this.replication_group_id
}

output "user" {
  description = "The user that functions connect as."
  value       = local.user
}

output "arns" {
  description = "What a role must be allowed to connect to: the cache, and its user."
  value       = [aws_elasticache_replication_group.this.arn, aws_elasticache_user.functions.arn]
}
