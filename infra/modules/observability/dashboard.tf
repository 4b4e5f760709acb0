data "aws_region" "current" {}

locals {
  region    = data.aws_region.current.name
  functions = [for function in var.functions : function.name]
  waiting   = [for queue in var.queues : queue.name]
  dead      = [for queue in var.dead_queues : queue.name]

  charts = [
    {
      title = "Rows by verdict"
      stat  = "Sum"
      lines = [
        for metric in ["rows_read", "rows_accepted", "rows_duplicate", "rows_conflicting", "rows_rejected", "rows_malformed"] :
        [local.namespace, metric, "function", var.functions.ingest_file.name]
      ]
    },
    {
      title = "Rows at the store"
      stat  = "Sum"
      lines = [
        for metric in ["rows_stored", "rows_already_stored", "rows_conflicting", "rows_dead_lettered"] :
        [local.namespace, metric, "function", var.functions.store_events.name]
      ]
    },
    {
      title = "Invocations and failures"
      stat  = "Sum"
      lines = [
        for pair in setproduct(["Invocations", "Errors", "Throttles"], local.functions) :
        ["AWS/Lambda", pair[0], "FunctionName", pair[1]]
      ]
    },
    {
      title = "Duration, p99, ms"
      stat  = "p99"
      lines = [for name in local.functions : ["AWS/Lambda", "Duration", "FunctionName", name]]
    },
    {
      title = "Memory, MB"
      stat  = "Maximum"
      lines = [for name in local.functions : [local.namespace, "memory_mb", "function", name]]
    },
    {
      title = "Messages waiting"
      stat  = "Maximum"
      lines = [for name in local.waiting : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name]]
    },
    {
      title = "Age of the oldest message, s"
      stat  = "Maximum"
      lines = [for name in local.waiting : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", name]]
    },
    {
      title = "Dead letters"
      stat  = "Maximum"
      lines = [for name in local.dead : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name]]
    },
    {
      title = "Capacity written"
      stat  = "Sum"
      lines = [for table in var.tables : ["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", table.name]]
    },
    {
      title = "Ledgers that do not balance"
      stat  = "Maximum"
      lines = [for name in local.functions : [local.namespace, "ledger_imbalance", "function", name]]
    },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [
      for place, chart in local.charts : {
        type   = "metric"
        x      = 12 * (place % 2)
        y      = 6 * floor(place / 2)
        width  = 12
        height = 6
        properties = {
          title   = chart.title
          region  = local.region
          stat    = chart.stat
          period  = 60
          metrics = chart.lines
        }
      }
    ]
  })
}
