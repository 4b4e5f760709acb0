# Uploads and the two lanes, each with its own dead letters.

data "aws_caller_identity" "current" {}

locals {
  queues = {
    uploads = { fifo = false, timeout_s = var.timeouts_s.ingest_file }
    moving  = { fifo = true, timeout_s = var.timeouts_s.store_events }
    idle    = { fifo = false, timeout_s = var.timeouts_s.store_events }
  }

  suffixes = { for role, queue in local.queues : role => queue.fifo ? ".fifo" : "" }

  # The last net: the library backs off and dead-letters bad rows itself, before this.
  receives = 4

  days = 24 * 60 * 60

  tls_only = {
    Sid       = "TlsOnly"
    Effect    = "Deny"
    Principal = "*"
    Action    = "sqs:*"
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }

  notifications = {
    Sid       = "BucketNotifies"
    Effect    = "Allow"
    Principal = { Service = "s3.amazonaws.com" }
    Action    = "sqs:SendMessage"
    Condition = {
      ArnEquals    = { "aws:SourceArn" = var.bucket_arn }
      StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }
    }
  }
}

resource "aws_sqs_queue" "source" {
  for_each = local.queues

  name                        = "${var.name}-${each.key}${local.suffixes[each.key]}"
  fifo_queue                  = each.value.fifo
  content_based_deduplication = each.value.fifo ? false : null
  # A group is a part: neither order nor deduplication reaches beyond it.
  deduplication_scope   = each.value.fifo ? "messageGroup" : null
  fifo_throughput_limit = each.value.fifo ? "perMessageGroupId" : null

  # Lambda may retry a throttled batch: what AWS asks for is six times the function's timeout.
  visibility_timeout_seconds = 6 * each.value.timeout_s
  message_retention_seconds  = 4 * local.days
  receive_wait_time_seconds  = 20

  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = 3600

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead[each.key].arn
    maxReceiveCount     = local.receives
  })
}

resource "aws_sqs_queue" "dead" {
  for_each = local.queues

  name                  = "${var.name}-${each.key}-dead${local.suffixes[each.key]}"
  fifo_queue            = each.value.fifo
  deduplication_scope   = each.value.fifo ? "messageGroup" : null
  fifo_throughput_limit = each.value.fifo ? "perMessageGroupId" : null

  # Longer than its source's: a message that moves keeps its age.
  message_retention_seconds = 14 * local.days

  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = 3600
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  for_each = local.queues

  queue_url = aws_sqs_queue.dead[each.key].id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.source[each.key].arn]
  })
}

resource "aws_sqs_queue_policy" "source" {
  for_each = local.queues

  queue_url = aws_sqs_queue.source[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for statement in concat([local.tls_only], each.key == "uploads" ? [local.notifications] : []) :
      merge(statement, { Resource = aws_sqs_queue.source[each.key].arn })
    ]
  })
}

resource "aws_sqs_queue_policy" "dead" {
  for_each = local.queues

  queue_url = aws_sqs_queue.dead[each.key].id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [merge(local.tls_only, { Resource = aws_sqs_queue.dead[each.key].arn })]
  })
}
