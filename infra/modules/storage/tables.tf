# The tables' keys, as fleetcore_adapters.aws.dynamodb uses them.

locals {
  tables = {
    log     = { key = "vehicle_id", sort = "observed_at_fingerprint" }
    parts   = { key = "record", sort = "item" }
    streams = { key = "stream", sort = "item" }
    views   = { key = "view", sort = "item" }
  }
}

resource "aws_dynamodb_table" "this" {
  for_each = local.tables

  name                        = "${var.name}-${each.key}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = each.value.key
  range_key                   = each.value.sort
  deletion_protection_enabled = var.protected

  attribute {
    name = each.value.key
    type = "S"
  }

  attribute {
    name = each.value.sort
    type = "S"
  }

  dynamic "attribute" {
    for_each = each.key == "log" ? { city_bucket = "S", observed_at = "N" } : {}

    content {
      name = attribute.key
      type = attribute.value
    }
  }

  # A city's day is spread over several buckets, so no partition is hot; see the adapter.
  dynamic "global_secondary_index" {
    for_each = each.key == "log" ? ["city-timestamp-index"] : []

    content {
      name            = global_secondary_index.value
      hash_key        = "city_bucket"
      range_key       = "observed_at"
      projection_type = "ALL"
    }
  }

  dynamic "ttl" {
    for_each = each.key == "log" ? ["expires_at"] : []

    content {
      attribute_name = ttl.value
      enabled        = true
    }
  }

  point_in_time_recovery {
    enabled                 = true
    recovery_period_in_days = 35
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.key_arn
  }
}
