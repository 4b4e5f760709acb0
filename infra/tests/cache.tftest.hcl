mock_provider "aws" {
  source = "./tests/mocks"
}

run "cache" {
  module {
    source = "./modules/cache"
  }

  variables {
    name              = "fleetcore-test"
    key_arn           = "arn:aws:kms:eu-central-1:111122223333:key/data"
    node_type         = "cache.t4g.small"
    subnet_ids        = ["subnet-1", "subnet-2"]
    security_group_id = "sg-1"
  }

  assert {
    condition = (
      aws_elasticache_replication_group.this.num_cache_clusters == 2
      && aws_elasticache_replication_group.this.multi_az_enabled
      && aws_elasticache_replication_group.this.automatic_failover_enabled
    )
    error_message = "Two nodes in two zones, either of which may fail."
  }

  assert {
    condition = (
      aws_elasticache_replication_group.this.transit_encryption_enabled
      && aws_elasticache_replication_group.this.transit_encryption_mode == "required"
      && aws_elasticache_replication_group.this.at_rest_encryption_enabled
      && aws_elasticache_replication_group.this.kms_key_id == "arn:aws:kms:eu-central-1:111122223333:key/data"
    )
    error_message = "Encrypted on the way and at rest, with the customer's key."
  }

  assert {
    condition     = aws_elasticache_replication_group.this.snapshot_retention_limit == 7
    error_message = "Daily backups are kept 7 days."
  }

  assert {
    condition     = one(aws_elasticache_user.functions.authentication_mode).type == "iam" && aws_elasticache_user.functions.user_id == aws_elasticache_user.functions.user_name
    error_message = "Functions log in by IAM, which wants the user's id as its name."
  }

  assert {
    condition     = aws_elasticache_user.default.access_string == "off ~* -@all"
    error_message = "The user without a password can do nothing."
  }

  assert {
    condition     = output.url == "rediss://primary.cache.example:6379"
    error_message = "Redis is spoken to over TLS."
  }
}

run "long_names_are_refused" {
  command = plan

  module {
    source = "./modules/cache"
  }

  variables {
    name              = "fleetcore-with-a-very-long-name"
    key_arn           = "arn:aws:kms:eu-central-1:111122223333:key/data"
    node_type         = "cache.t4g.small"
    subnet_ids        = ["subnet-1", "subnet-2"]
    security_group_id = "sg-1"
  }

  expect_failures = [var.name]
}
