mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name         = "fleetcore-test-store-events"
  description  = "One"
  handler      = "package.module.handler"
  package      = "versions.tf" # any file serves
  bucket_name  = "fleetcore-test"
  runtime      = "python3.12"
  architecture = "arm64"
  memory_mb    = 512
  storage_mb   = 512
  timeout_s    = 60
  reserved     = true
  environment  = { FLEETCORE_BUCKET = "fleetcore-test" }
  statements   = [{ Sid = "One", Action = ["s3:GetObject"], Resource = ["arn:aws:s3:::fleetcore-test/fresh/*"] }]
  mappings = {
    moving = { queue_arn = "arn:aws:sqs:eu-central-1:111122223333:moving", batch_size = 10, maximum_concurrency = 8 }
    idle   = { queue_arn = "arn:aws:sqs:eu-central-1:111122223333:idle", batch_size = 10, maximum_concurrency = 4 }
  }
  data_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/data"
  operations_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/operations"
  log_retention_days = 30
}

run "its_own_role" {
  module {
    source = "./modules/function"
  }

  assert {
    condition     = aws_lambda_function.this.memory_size == 512 && aws_lambda_function.this.timeout == 60
    error_message = "Memory and timeout are as asked."
  }

  assert {
    condition     = one(aws_lambda_function.this.ephemeral_storage).size == 512
    error_message = "So is its disk."
  }

  assert {
    condition     = one(aws_lambda_function.this.tracing_config).mode == "Active"
    error_message = "Invocations are traced."
  }

  assert {
    condition     = alltrue([for mapping in aws_lambda_event_source_mapping.this : mapping.function_response_types == toset(["ReportBatchItemFailures"])])
    error_message = "A message that fails does not fail its batch."
  }

  assert {
    condition = {
      for role, mapping in aws_lambda_event_source_mapping.this : role => one(mapping.scaling_config).maximum_concurrency
    } == { moving = 8, idle = 4 }
    error_message = "Each queue has its own share of invocations."
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == 12
    error_message = "What the mappings may start is reserved."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/fleetcore-test-store-events" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "The log group is declared, and its logs end."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == var.operations_key_arn && aws_lambda_function.this.kms_key_arn == var.data_key_arn
    error_message = "Logs and environment are encrypted with the customer's keys."
  }

  assert {
    condition     = length(aws_lambda_function.this.vpc_config) == 0
    error_message = "It joins no network unless it is given one."
  }

  assert {
    condition     = aws_iam_role_policy.this[0].policy == output.policy
    error_message = "Its role is allowed what is put out."
  }

  assert {
    condition     = one(aws_lambda_function.this.environment).variables == var.environment
    error_message = "Its environment is what it is given."
  }

  assert {
    condition     = length(aws_lambda_function_recursion_config.this) == 0
    error_message = "Lambda stops it where it calls itself by mistake."
  }
}

run "one_that_calls_itself" {
  module {
    source = "./modules/function"
  }

  variables {
    calls_itself = true
  }

  assert {
    condition     = [for each in aws_lambda_function_recursion_config.this : "${each.function_name} ${each.recursive_loop}"] == ["fleetcore-test-store-events Allow"]
    error_message = "Lambda lets it, however often."
  }
}

run "an_existing_role" {
  module {
    source = "./modules/function"
  }

  variables {
    existing_role_arn = "arn:aws:iam::111122223333:role/ours"
    reserved          = false
  }

  assert {
    condition     = aws_lambda_function.this.role == "arn:aws:iam::111122223333:role/ours" && length(aws_iam_role.this) + length(aws_iam_role_policy.this) == 0
    error_message = "A role that is given is used, and none is made."
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == -1
    error_message = "Nothing is reserved unless asked for."
  }
}
