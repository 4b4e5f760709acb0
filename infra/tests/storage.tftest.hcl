mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name              = "fleetcore-test"
  bucket_name       = "fleetcore-test-111122223333"
  key_arn           = "arn:aws:kms:eu-central-1:111122223333:key/data"
  uploads_queue_arn = "arn:aws:sqs:eu-central-1:111122223333:fleetcore-test-uploads"
  protected         = true
}

run "bucket" {
  module {
    source = "./modules/storage"
  }

  assert {
    condition     = one(aws_s3_bucket_versioning.this.versioning_configuration).status == "Enabled"
    error_message = "Objects are versioned."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "Nothing is public."
  }

  assert {
    condition = [
      for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule :
      one(rule.apply_server_side_encryption_by_default).kms_master_key_id
    ] == [var.key_arn]
    error_message = "Objects are encrypted with the customer's key."
  }

  assert {
    condition = anytrue([
      for statement in jsondecode(aws_s3_bucket_policy.this.policy).Statement :
      statement.Effect == "Deny" && statement.Principal == "*" && statement.Action == "s3:*"
      && statement.Condition == { Bool = { "aws:SecureTransport" = "false" } }
      && statement.Resource == [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
    ])
    error_message = "Without TLS nothing is answered."
  }

  assert {
    condition = [
      for queue in aws_s3_bucket_notification.this.queue : [queue.queue_arn, queue.filter_prefix, queue.events]
    ] == [[var.uploads_queue_arn, "telemetry/", toset(["s3:ObjectCreated:*"])]]
    error_message = "Uploads under telemetry/, of any suffix, are announced on the queue."
  }

  assert {
    condition     = !aws_s3_bucket.this.force_destroy
    error_message = "A protected bucket is not deleted with its objects."
  }
}

run "lifecycle" {
  module {
    source = "./modules/storage"
  }

  assert {
    condition = {
      for rule in aws_s3_bucket_lifecycle_configuration.this.rule :
      try(coalesce(one(rule.filter).prefix), "all") => join(", ", sort([for move in rule.transition : "${move.days} ${move.storage_class}"]))
      } == {
      all          = ""
      "telemetry/" = "7 GLACIER"
      "snapshots/" = "1 GLACIER_IR, 7 GLACIER"
      "raw/"       = "90 GLACIER_IR"
    }
    error_message = "Uploads, snapshots and the raw zone move by age; parts and rejects never do."
  }

  assert {
    condition = {
      for rule in aws_s3_bucket_lifecycle_configuration.this.rule :
      rule.id => [for end in rule.expiration : end.days if coalesce(end.days, 0) > 0]
    } == { all = [], uploads = [], snapshots = [30], raw = [] }
    error_message = "Only snapshots end, after 30 days."
  }

  assert {
    condition = [
      for rule in aws_s3_bucket_lifecycle_configuration.this.rule :
      one(rule.noncurrent_version_expiration).noncurrent_days if rule.id == "all"
    ] == [30]
    error_message = "Replaced versions end after 30 days."
  }
}

run "tables" {
  module {
    source = "./modules/storage"
  }

  assert {
    condition = { for role, table in aws_dynamodb_table.this : role => "${table.hash_key} ${table.range_key}" } == {
      log     = "vehicle_id observed_at_fingerprint"
      parts   = "record item"
      streams = "stream item"
      views   = "view item"
    }
    error_message = "The keys are those that the adapters use."
  }

  assert {
    condition = alltrue([
      for table in aws_dynamodb_table.this :
      one(table.point_in_time_recovery).enabled && one(table.point_in_time_recovery).recovery_period_in_days == 35
    ])
    error_message = "Every table can be restored to any second of 35 days."
  }

  assert {
    condition = alltrue([
      for table in aws_dynamodb_table.this :
      one(table.server_side_encryption).enabled && one(table.server_side_encryption).kms_key_arn == var.key_arn
    ])
    error_message = "Every table is encrypted with the customer's key."
  }

  assert {
    condition     = alltrue([for table in aws_dynamodb_table.this : table.billing_mode == "PAY_PER_REQUEST" && table.deletion_protection_enabled])
    error_message = "Tables are billed by request, and protected ones refuse to be deleted."
  }

  assert {
    condition     = { for role, table in aws_dynamodb_table.this : role => [for ttl in table.ttl : ttl.attribute_name if ttl.enabled] if length(table.ttl) > 0 } == { log = ["expires_at"] }
    error_message = "Only the log's items expire."
  }

  assert {
    condition = [
      for index in aws_dynamodb_table.this["log"].global_secondary_index :
      "${index.name} ${index.hash_key} ${index.range_key} ${index.projection_type}"
    ] == ["city-timestamp-index city_bucket observed_at ALL"]
    error_message = "The log is read by city and time."
  }

  assert {
    condition     = contains([for each in aws_dynamodb_table.this["log"].attribute : "${each.name} ${each.type}"], "observed_at N")
    error_message = "Times in the index are numbers."
  }
}

run "unprotected" {
  module {
    source = "./modules/storage"
  }

  variables {
    protected = false
  }

  assert {
    condition     = aws_s3_bucket.this.force_destroy && !anytrue([for table in aws_dynamodb_table.this : table.deletion_protection_enabled])
    error_message = "What is not protected can be destroyed."
  }
}
