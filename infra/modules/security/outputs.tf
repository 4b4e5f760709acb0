output "data_key_arn" {
  description = "The key of everything that holds positions."
  value       = aws_kms_key.this["data"].arn
}

output "operations_key_arn" {
  description = "The key of logs and alerts."
  value       = aws_kms_key.this["operations"].arn
}
