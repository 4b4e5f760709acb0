mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name    = "fleetcore-test"
  key_arn = "arn:aws:kms:eu-central-1:111122223333:key/operations"
  emails  = ["fleet@example.org"]
  queries = true
  redis   = true
  functions = {
    ingest_file  = { name = "ingest-file", log_group = "/aws/lambda/ingest-file", timeout_s = 300, memory_mb = 512 }
    store_events = { name = "store-events", log_group = "/aws/lambda/store-events", timeout_s = 60, memory_mb = 512 }
  }
  queues      = { idle = { name = "idle", arn = "arn:aws:sqs:eu-central-1:111122223333:idle", url = "https://sqs.example/idle" } }
  dead_queues = { idle = { name = "idle-dead", arn = "arn:aws:sqs:eu-central-1:111122223333:idle-dead", url = "https://sqs.example/idle-dead" } }
  tables      = { log = { name = "log", arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/log" } }
}

run "alarms" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition = alltrue([
      for alarm in aws_cloudwatch_metric_alarm.errors :
      alarm.threshold == 5 && alarm.evaluation_periods == 1
      && [for query in alarm.metric_query : query.expression if query.id == "rate"] == ["100 * errors / invocations"]
      && alltrue([for query in alarm.metric_query : one(query.metric).period == 60 if length(query.metric) > 0])
    ])
    error_message = "More than 5 % of a minute's invocations failed."
  }

  assert {
    condition = {
      for name, alarm in aws_cloudwatch_metric_alarm.functions :
      name => "${alarm.namespace} ${alarm.metric_name} ${alarm.statistic} ${alarm.threshold} ${alarm.period}"
      } == {
      ingest-file-throttles  = "AWS/Lambda Throttles Sum 10 60"
      store-events-throttles = "AWS/Lambda Throttles Sum 10 60"
      ingest-file-failing    = "fleetcore messages_failed Average 0.05 60"
      store-events-failing   = "fleetcore messages_failed Average 0.05 60"
      ingest-file-duration   = "AWS/Lambda Duration Maximum 240000 60"
      store-events-duration  = "AWS/Lambda Duration Maximum 48000 60"
      ingest-file-memory     = "fleetcore memory_mb Maximum 460.8 60"
      store-events-memory    = "fleetcore memory_mb Maximum 460.8 60"
      ingest-file-ledger     = "fleetcore ledger_imbalance Maximum 0 60"
      store-events-ledger    = "fleetcore ledger_imbalance Maximum 0 60"
    }
    error_message = "Over 10 throttles, 5 failed messages to 100 runs, 80 % of the timeout, 90 % of the memory, any imbalance."
  }

  assert {
    condition = {
      for name, alarm in aws_cloudwatch_metric_alarm.queues :
      name => "${alarm.dimensions.QueueName} ${alarm.metric_name} ${alarm.threshold}"
      } == {
      idle-depth          = "idle ApproximateNumberOfMessagesVisible 1000"
      idle-dead-not-empty = "idle-dead ApproximateNumberOfMessagesVisible 0"
    }
    error_message = "Over 1,000 messages wait, or there is any dead letter."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.tables["log"].threshold == 10
    error_message = "Over 10 throttled reads and writes."
  }

  assert {
    condition = [
      for alarm in aws_cloudwatch_metric_alarm.redis :
      "${alarm.namespace} ${alarm.metric_name} ${jsonencode(alarm.dimensions)} ${alarm.statistic} ${alarm.threshold} ${alarm.period}"
    ] == ["fleetcore SeenWindowUnavailable {\"Dependency\":\"Redis\"} Sum 0 60"]
    error_message = "Redis did not answer once."
  }

  assert {
    condition = alltrue([
      for alarm in concat(
        values(aws_cloudwatch_metric_alarm.errors),
        values(aws_cloudwatch_metric_alarm.functions),
        values(aws_cloudwatch_metric_alarm.queues),
        aws_cloudwatch_metric_alarm.redis,
        values(aws_cloudwatch_metric_alarm.tables),
      ) :
      alarm.comparison_operator == "GreaterThanThreshold" && alarm.treat_missing_data == "notBreaching"
      && toset(alarm.alarm_actions) == toset([aws_sns_topic.alerts.arn])
    ])
    error_message = "Every alarm tells the topic, and silence is no alarm."
  }

  assert {
    condition     = alltrue([for name, alarm in aws_cloudwatch_metric_alarm.functions : contains(["AWS/Lambda", "fleetcore"], alarm.namespace) && length(alarm.dimensions) == 1])
    error_message = "Each watches one function."
  }
}

run "what_people_look_at" {
  module {
    source = "./modules/observability"
  }

  assert {
    condition     = toset([for query in aws_cloudwatch_query_definition.this : query.name]) == toset(["fleetcore-test/errors", "fleetcore-test/average", "fleetcore-test/slow"])
    error_message = "Errors, average and slow invocations are saved queries."
  }

  assert {
    condition     = alltrue([for query in aws_cloudwatch_query_definition.this : length(query.log_group_names) == 2])
    error_message = "They read both functions' logs."
  }

  assert {
    condition     = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : length(widget.properties.metrics) > 0])
    error_message = "No chart of the dashboard is empty."
  }

  assert {
    condition     = aws_sns_topic.alerts.kms_master_key_id == var.key_arn && [for each in aws_sns_topic_subscription.email : each.endpoint] == ["fleet@example.org"]
    error_message = "Alerts are encrypted, and mailed."
  }
}

run "no_queries" {
  module {
    source = "./modules/observability"
  }

  variables {
    queries = false
  }

  assert {
    condition     = length(aws_cloudwatch_query_definition.this) == 0
    error_message = "Saved queries can be left out."
  }
}

run "no_redis" {
  module {
    source = "./modules/observability"
  }

  variables {
    redis = false
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.redis) == 0
    error_message = "Without Redis nothing watches it."
  }
}

# The queues and tables of a fleet, so that tests/infra can count what alarms watch.
run "a_fleet" {
  module {
    source = "./modules/observability"
  }

  variables {
    queues      = { for role in ["idle", "moving", "uploads"] : role => { name = role, arn = role, url = role } }
    dead_queues = { for role in ["idle", "moving", "uploads"] : role => { name = "${role}-dead", arn = role, url = role } }
    tables      = { for role in ["log", "parts", "streams", "views"] : role => { name = role, arn = role } }
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.queues) == 6 && length(aws_cloudwatch_metric_alarm.tables) == 4
    error_message = "Each queue and each table is watched."
  }
}
