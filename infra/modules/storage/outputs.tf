output "bucket" {
  description = "The bucket: name and ARN."
  value = {
    name = aws_s3_bucket.this.id
    arn  = aws_s3_bucket.this.arn
  }
}

output "tables" {
  description = "The tables by role (log, parts, streams, views): name and ARN."
  value       = { for role, table in aws_dynamodb_table.this : role => { name = table.name, arn = table.arn } }
}
