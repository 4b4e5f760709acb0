locals {
  queries = {
    errors  = <<-EOT
      fields @timestamp, level, service, message, correlation_id, @log
      | filter level in ["ERROR", "CRITICAL"] or @message like /Task timed out|Runtime\./
      | sort @timestamp desc
      | limit 100
    EOT
    average = <<-EOT
      filter @type = "REPORT"
      | stats count() as invocations, avg(@duration) as average_ms, pct(@duration, 99) as p99_ms, max(@maxMemoryUsed / 1000 / 1000) as memory_mb by bin(5m), @log
    EOT
    slow    = <<-EOT
      filter @type = "REPORT"
      | fields @timestamp, @duration, @billedDuration, @initDuration, @maxMemoryUsed / 1000 / 1000 as memory_mb, @requestId, @log
      | sort @duration desc
      | limit 50
    EOT
  }
}

resource "aws_cloudwatch_query_definition" "this" {
  for_each = var.queries ? local.queries : {}

  name            = "${var.name}/${each.key}"
  log_group_names = [for function in var.functions : function.log_group]
  query_string    = each.value
}
