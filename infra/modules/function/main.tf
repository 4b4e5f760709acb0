# One Lambda fed by queues: its role, its log group, its package and its mappings.

locals {
  own_role = var.existing_role_arn == null
  role_arn = local.own_role ? aws_iam_role.this[0].arn : var.existing_role_arn
}

resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_338: logs are for operating, 7 to 30 days; what must be known later is in the streams
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.operations_key_arn
}

# Through the bucket, since packages with Arrow in them are above what a request may carry.
resource "aws_s3_object" "package" {
  bucket = var.bucket_name
  key    = "packages/${var.name}/${filesha256(var.package)}.zip"
  source = var.package
}

resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_116: queues invoke it, and they have dead letters; that setting serves asynchronous invocations
  # checkov:skip=CKV_AWS_117: only functions that use Redis join the network; the others reach AWS without it
  # checkov:skip=CKV_AWS_272: packages are reproducible: their hash is in the key they are deployed from
  function_name = var.name
  description   = var.description
  role          = local.role_arn

  runtime       = var.runtime
  architectures = [var.architecture]
  handler       = var.handler

  s3_bucket         = aws_s3_object.package.bucket
  s3_key            = aws_s3_object.package.key
  s3_object_version = aws_s3_object.package.version_id
  source_code_hash  = filebase64sha256(var.package)

  memory_size                    = var.memory_mb
  timeout                        = var.timeout_s
  reserved_concurrent_executions = var.reserved ? sum([for mapping in var.mappings : mapping.maximum_concurrency]) : -1

  ephemeral_storage {
    size = var.storage_mb
  }

  environment {
    variables = var.environment
  }

  kms_key_arn = var.data_key_arn

  tracing_config {
    mode = "Active"
  }

  dynamic "vpc_config" {
    for_each = var.network[*]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = [vpc_config.value.security_group_id]
    }
  }

  depends_on = [aws_cloudwatch_log_group.this, aws_iam_role_policy.this]
}

# Lambda stops a chain of about 16 invocations through SQS that comes back to one function (AWS
# Lambda Developer Guide, "Use Lambda recursive loop detection to prevent infinite loops").
resource "aws_lambda_function_recursion_config" "this" {
  count = var.calls_itself ? 1 : 0

  function_name  = aws_lambda_function.this.function_name
  recursive_loop = "Allow"
}

resource "aws_lambda_event_source_mapping" "this" {
  for_each = var.mappings

  function_name           = aws_lambda_function.this.arn
  event_source_arn        = each.value.queue_arn
  batch_size              = each.value.batch_size
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = each.value.maximum_concurrency
  }
}
