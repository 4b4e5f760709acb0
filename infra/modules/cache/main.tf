# Redis: the filter that saves the log requests, and vehicles' metadata. Losing it costs requests,
# never data.

locals {
  user = "${var.name}-functions"
}

resource "aws_elasticache_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnet_ids
}

# Every group of users must hold a user called "default"; this one can do nothing.
resource "aws_elasticache_user" "default" {
  user_id       = "${var.name}-default"
  user_name     = "default"
  engine        = "redis"
  access_string = "off ~* -@all"

  authentication_mode {
    type = "no-password-required"
  }
}

# INFO tells the primary's run id, by which a lost filter is found out.
resource "aws_elasticache_user" "functions" {
  user_id       = local.user
  user_name     = local.user
  engine        = "redis"
  access_string = "on ~* &* +@all -@dangerous +info"

  authentication_mode {
    type = "iam"
  }
}

resource "aws_elasticache_user_group" "this" {
  user_group_id = var.name
  engine        = "redis"
  user_ids      = [aws_elasticache_user.default.user_id, aws_elasticache_user.functions.user_id]
}

resource "aws_elasticache_replication_group" "this" {
  # checkov:skip=CKV_AWS_31: users authenticate by IAM tokens (user_group_ids); a shared password would weaken that
  replication_group_id = var.name
  description          = "${var.name}: seen windows and vehicles' metadata"

  engine         = "redis"
  engine_version = "7.1"
  node_type      = var.node_type
  port           = 6379

  num_cache_clusters         = 2
  multi_az_enabled           = true
  automatic_failover_enabled = true

  transit_encryption_enabled = true
  transit_encryption_mode    = "required"
  at_rest_encryption_enabled = true
  kms_key_id                 = var.key_arn
  user_group_ids             = [aws_elasticache_user_group.this.user_group_id]

  snapshot_retention_limit   = 7
  snapshot_window            = "03:00-04:00"
  maintenance_window         = "sun:04:30-sun:05:30"
  auto_minor_version_upgrade = true

  subnet_group_name  = aws_elasticache_subnet_group.this.name
  security_group_ids = [var.security_group_id]
}
