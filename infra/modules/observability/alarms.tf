locals {
  actions   = [aws_sns_topic.alerts.arn]
  namespace = "fleetcore"

  # Alarms on one metric of one function.
  of_functions = merge([
    for function in var.functions : {
      "${function.name}-throttles" = {
        does       = "${function.name} was throttled more than 10 times in a minute"
        namespace  = "AWS/Lambda", metric = "Throttles", statistic = "Sum", above = 10
        dimensions = { FunctionName = function.name }
      }
      # Each run measures it once, so its average is messages a run. Such a run is no error to Lambda: it
      # answers which of its messages failed.
      "${function.name}-failing" = {
        does       = "${function.name} failed at more than 5 messages to 100 runs in a minute"
        namespace  = local.namespace, metric = "messages_failed", statistic = "Average", above = 0.05
        dimensions = { function = function.name }
      }
      "${function.name}-duration" = {
        does       = "${function.name} took more than 80 % of its timeout of ${function.timeout_s} s"
        namespace  = "AWS/Lambda", metric = "Duration", statistic = "Maximum", above = 0.8 * function.timeout_s * 1000
        dimensions = { FunctionName = function.name }
      }
      "${function.name}-memory" = {
        does       = "${function.name} used more than 90 % of its ${function.memory_mb} MB"
        namespace  = local.namespace, metric = "memory_mb", statistic = "Maximum", above = 0.9 * function.memory_mb
        dimensions = { function = function.name }
      }
      "${function.name}-ledger" = {
        does       = "${function.name} met a ledger that does not balance"
        namespace  = local.namespace, metric = "ledger_imbalance", statistic = "Maximum", above = 0
        dimensions = { function = function.name }
      }
    }
  ]...)

  of_queues = merge(
    { for role, queue in var.queues : "${queue.name}-depth" => {
      does = "${queue.name} holds more than 1,000 messages that wait", queue = queue.name, above = 1000
    } },
    { for role, queue in var.dead_queues : "${queue.name}-not-empty" => {
      does = "${queue.name} holds dead letters", queue = queue.name, above = 0
    } },
  )
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each = var.functions

  alarm_name          = "${each.value.name}-errors"
  alarm_description   = "${each.value.name}: more than 5 % of a minute's invocations failed"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 5
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.actions
  ok_actions          = local.actions

  metric_query {
    id          = "rate"
    label       = "Failed invocations, %"
    expression  = "100 * errors / invocations"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { errors = "Errors", invocations = "Invocations" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/Lambda"
        metric_name = metric_query.value
        dimensions  = { FunctionName = each.value.name }
        stat        = "Sum"
        period      = 60
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "functions" {
  for_each = local.of_functions

  alarm_name          = each.key
  alarm_description   = each.value.does
  comparison_operator = "GreaterThanThreshold"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  threshold           = each.value.above
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.actions
  ok_actions          = local.actions
}

# A filter that cannot be asked is given up for good, so once is enough.
resource "aws_cloudwatch_metric_alarm" "redis" {
  count = var.redis ? 1 : 0

  alarm_name          = "${var.name}-redis"
  alarm_description   = "${var.name}: Redis did not answer whether rows were met before"
  comparison_operator = "GreaterThanThreshold"
  namespace           = local.namespace
  metric_name         = "SeenWindowUnavailable"
  dimensions          = { Dependency = "Redis" }
  statistic           = "Sum"
  threshold           = 0
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.actions
  ok_actions          = local.actions
}

resource "aws_cloudwatch_metric_alarm" "queues" {
  for_each = local.of_queues

  alarm_name          = each.key
  alarm_description   = each.value.does
  comparison_operator = "GreaterThanThreshold"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = each.value.queue }
  statistic           = "Maximum"
  threshold           = each.value.above
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.actions
  ok_actions          = local.actions
}

resource "aws_cloudwatch_metric_alarm" "tables" {
  for_each = var.tables

  alarm_name          = "${each.value.name}-throttles"
  alarm_description   = "${each.value.name}: more than 10 throttled reads and writes in a minute"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 10
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.actions
  ok_actions          = local.actions

  metric_query {
    id          = "throttles"
    label       = "Throttled reads and writes"
    expression  = "FILL(reads, 0) + FILL(writes, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { reads = "ReadThrottleEvents", writes = "WriteThrottleEvents" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/DynamoDB"
        metric_name = metric_query.value
        dimensions  = { TableName = each.value.name }
        stat        = "Sum"
        period      = 60
      }
    }
  }
}
