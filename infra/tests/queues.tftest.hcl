mock_provider "aws" {
  source = "./tests/mocks"
}

run "queues" {
  module {
    source = "./modules/queues"
  }

  variables {
    name       = "fleetcore-test"
    key_arn    = "arn:aws:kms:eu-central-1:111122223333:key/data"
    bucket_arn = "arn:aws:s3:::fleetcore-test"
    timeouts_s = { ingest_file = 300, store_events = 60 }
  }

  assert {
    condition = {
      for role, queue in aws_sqs_queue.source : role => queue.visibility_timeout_seconds
    } == { uploads = 1800, moving = 360, idle = 360 }
    error_message = "A message stays hidden for six times its function's timeout."
  }

  assert {
    condition     = alltrue([for queue in aws_sqs_queue.source : jsondecode(queue.redrive_policy).maxReceiveCount == 4])
    error_message = "After four receives a message is a dead letter."
  }

  assert {
    condition     = { for role, queue in aws_sqs_queue.source : role => queue.fifo_queue } == { uploads = false, moving = true, idle = false }
    error_message = "Moving is first in, first out; idle and uploads are standard."
  }

  assert {
    condition     = { for role, queue in aws_sqs_queue.dead : role => queue.fifo_queue } == { uploads = false, moving = true, idle = false }
    error_message = "Dead letters go to a queue of their source's kind."
  }

  assert {
    condition     = [aws_sqs_queue.source["moving"].deduplication_scope, aws_sqs_queue.source["moving"].fifo_throughput_limit] == ["messageGroup", "perMessageGroupId"]
    error_message = "A part neither waits for another nor hides it."
  }

  assert {
    condition = alltrue([
      for role, allow in aws_sqs_queue_redrive_allow_policy.dead :
      jsondecode(allow.redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = [aws_sqs_queue.source[role].arn] }
    ])
    error_message = "A queue of dead letters takes those of its source only."
  }

  assert {
    condition = alltrue([
      for policy in concat(values(aws_sqs_queue_policy.source), values(aws_sqs_queue_policy.dead)) : anytrue([
        for statement in jsondecode(policy.policy).Statement :
        statement.Effect == "Deny" && statement.Principal == "*" && statement.Action == "sqs:*"
        && statement.Condition == { Bool = { "aws:SecureTransport" = "false" } }
      ])
    ])
    error_message = "Without TLS no queue answers."
  }

  assert {
    condition = {
      for role, policy in aws_sqs_queue_policy.source : role => [
        for statement in jsondecode(policy.policy).Statement : statement.Condition.ArnEquals["aws:SourceArn"] if statement.Effect == "Allow"
      ]
    } == { uploads = ["arn:aws:s3:::fleetcore-test"], moving = [], idle = [] }
    error_message = "Only the bucket announces uploads."
  }

  assert {
    condition     = alltrue([for queue in concat(values(aws_sqs_queue.source), values(aws_sqs_queue.dead)) : queue.kms_master_key_id == "arn:aws:kms:eu-central-1:111122223333:key/data"])
    error_message = "Messages are encrypted with the customer's key."
  }

  assert {
    condition     = alltrue([for role, queue in aws_sqs_queue.dead : queue.message_retention_seconds > aws_sqs_queue.source[role].message_retention_seconds])
    error_message = "Dead letters outlive their source's messages."
  }
}
