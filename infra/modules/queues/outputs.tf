output "sources" {
  description = "The queues by role (uploads, moving, idle): name, ARN and URL."
  value       = { for role, queue in aws_sqs_queue.source : role => { name = queue.name, arn = queue.arn, url = queue.url } }
}

output "dead" {
  description = "Their queues of dead letters by the same roles: name, ARN and URL."
  value       = { for role, queue in aws_sqs_queue.dead : role => { name = queue.name, arn = queue.arn, url = queue.url } }
}

output "uploads_arn" {
  description = "The uploads queue, known once S3 may announce uploads on it."
  value       = aws_sqs_queue.source["uploads"].arn
  depends_on  = [aws_sqs_queue_policy.source]
}
