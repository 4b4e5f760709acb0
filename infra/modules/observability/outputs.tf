output "alerts_topic_arn" {
  description = "Where alerts go."
  value       = aws_sns_topic.alerts.arn
}
