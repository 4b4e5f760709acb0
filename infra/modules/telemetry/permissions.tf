# What each handler's code may do. tests/infra/test_policies.py compares this with the calls it
# makes: nothing is missing, nothing is extra.

data "aws_partition" "current" {}

locals {
  # Objects outside telemetry/ that both handlers read on a cold start.
  settings = [
    for url in compact([var.config_url, var.vehicles_url]) :
    "arn:${data.aws_partition.current.partition}:s3:::${trimprefix(url, "s3://")}" if startswith(url, "s3://")
  ]

  read_settings = length(local.settings) == 0 ? [] : [
    { Sid = "ReadSettings", Action = ["s3:GetObject"], Resource = local.settings },
  ]

  # Who may not list a bucket is told 403, not 404, of a key that does not exist.
  know_what_is_missing = {
    Sid      = "KnowWhatIsMissing"
    Action   = ["s3:ListBucket"]
    Resource = [var.bucket.arn]
  }

  # What objects, items and messages are encrypted with.
  use_key = {
    Sid      = "UseKey"
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource = [var.data_key_arn]
  }

  alert = var.alerts ? [
    { Sid = "Alert", Action = ["sns:Publish"], Resource = [var.alerts_topic_arn] },
    { Sid = "UseAlertsKey", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = [var.operations_key_arn] },
  ] : []

  connect = {
    Sid      = "ConnectToRedis"
    Action   = ["elasticache:Connect"]
    Resource = var.cache == null ? [] : var.cache.arns
  }

  ingest_file_statements = concat(
    [
      {
        Sid      = "ReadUploads"
        Action   = ["s3:GetObjectVersion"]
        Resource = ["${var.bucket.arn}/telemetry/*"]
      },
      {
        Sid      = "WritePartsAndRejects"
        Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
        Resource = ["${var.bucket.arn}/fresh/*", "${var.bucket.arn}/rejects/*"]
      },
      {
        Sid      = "PinMetadata"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = ["${var.bucket.arn}/metadata/*"]
      },
      local.know_what_is_missing,
      {
        Sid = "Decide"
        Action = [
          "dynamodb:ConditionCheckItem",
          "dynamodb:PutItem",
          "dynamodb:Query",
          "dynamodb:UpdateItem",
        ]
        Resource = [var.tables["streams"].arn]
      },
      {
        Sid      = "TellLanesAndContinue"
        Action   = ["sqs:SendMessage"]
        Resource = [for role in ["moving", "idle", "uploads"] : var.queues[role].arn]
      },
      local.use_key,
    ],
    local.alert,
    local.read_settings,
    local.uses_redis.ingest_file && var.cache != null ? [local.connect] : [],
  )

  store_events_statements = concat(
    [
      {
        Sid      = "ReadParts"
        Action   = ["s3:GetObject"]
        Resource = ["${var.bucket.arn}/fresh/*"]
      },
      local.know_what_is_missing,
      {
        Sid      = "Append"
        Action   = ["dynamodb:BatchWriteItem", "dynamodb:PutItem", "dynamodb:Query"]
        Resource = [var.tables["log"].arn]
      },
      {
        Sid      = "NoteWhatIsAppended"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem"]
        Resource = [var.tables["parts"].arn]
      },
      {
        Sid      = "Decide"
        Action   = ["dynamodb:ConditionCheckItem", "dynamodb:PutItem", "dynamodb:Query"]
        Resource = [var.tables["streams"].arn]
      },
      {
        Sid      = "Bury"
        Action   = ["sqs:SendMessage"]
        Resource = [for lane in ["moving", "idle"] : var.dead_queues[lane].arn]
      },
      local.use_key,
    ],
    local.alert,
    local.uses_redis.store_events && var.cache != null ? [local.connect] : [],
  )
}
