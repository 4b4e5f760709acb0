# Names are given, so that tests/infra can read in the policies what each handler may do.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name                 = "fleetcore-test"
  packages             = { ingest_file = "versions.tf", store_events = "versions.tf" } # any file serves
  runtime              = "python3.12"
  architecture         = "arm64"
  timeouts_s           = { ingest_file = 300, store_events = 60 }
  concurrency          = { uploads = 5, moving = 8, idle = 4 }
  reserved_concurrency = true
  existing_role_arns   = {}
  log_retention_days   = 30
  log_ttl_days         = 400

  bucket = { name = "bucket", arn = "arn:aws:s3:::bucket" }
  tables = {
    log     = { name = "log", arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/log" }
    parts   = { name = "parts", arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/parts" }
    streams = { name = "streams", arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/streams" }
    views   = { name = "views", arn = "arn:aws:dynamodb:eu-central-1:111122223333:table/views" }
  }
  queues = {
    uploads = { name = "uploads", arn = "arn:aws:sqs:eu-central-1:111122223333:uploads", url = "https://sqs.example/uploads" }
    moving  = { name = "moving.fifo", arn = "arn:aws:sqs:eu-central-1:111122223333:moving.fifo", url = "https://sqs.example/moving.fifo" }
    idle    = { name = "idle", arn = "arn:aws:sqs:eu-central-1:111122223333:idle", url = "https://sqs.example/idle" }
  }
  dead_queues = {
    uploads = { name = "uploads-dead", arn = "arn:aws:sqs:eu-central-1:111122223333:uploads-dead", url = "https://sqs.example/uploads-dead" }
    moving  = { name = "moving-dead.fifo", arn = "arn:aws:sqs:eu-central-1:111122223333:moving-dead.fifo", url = "https://sqs.example/moving-dead.fifo" }
    idle    = { name = "idle-dead", arn = "arn:aws:sqs:eu-central-1:111122223333:idle-dead", url = "https://sqs.example/idle-dead" }
  }
  data_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/data"
  operations_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/operations"
  alerts             = true
  alerts_topic_arn   = "arn:aws:sns:eu-central-1:111122223333:alerts"
  cache = {
    url      = "rediss://cache.example:6379"
    cache_id = "cache"
    user     = "functions"
    arns     = ["arn:aws:elasticache:eu-central-1:111122223333:replicationgroup:cache", "arn:aws:elasticache:eu-central-1:111122223333:user:functions"]
  }
  network      = { subnet_ids = ["subnet-1", "subnet-2"], security_group_id = "sg-1" }
  vehicles_url = "s3://settings/metadata_api.json"
  config_url   = "s3://settings/fleet.toml"
}

run "everything" {
  module {
    source = "./modules/telemetry"
  }

  assert {
    condition     = { for handler, function in output.functions : handler => function.timeout_s } == { ingest_file = 300, store_events = 60 }
    error_message = "Timeouts are those that the queues' visibility is made of."
  }

  assert {
    condition     = alltrue([for function in output.functions : function.memory_mb == 512])
    error_message = "Each function has 512 MB."
  }

  assert {
    condition     = strcontains(output.policies.ingest_file, "ec2:CreateNetworkInterface") && strcontains(output.policies.store_events, "ec2:CreateNetworkInterface")
    error_message = "Both use Redis, so both may join the network."
  }

  assert {
    condition     = output.environment["FLEETCORE_LOG_TTL_DAYS"] == "400" && output.environment["FLEETCORE_REDIS_IAM_CACHE"] == "cache"
    error_message = "What is set is in the environment."
  }
}

run "no_vehicles" {
  module {
    source = "./modules/telemetry"
  }

  variables {
    vehicles_url = null
  }

  assert {
    condition     = !strcontains(output.policies.ingest_file, "ec2:") && !strcontains(output.policies.ingest_file, "elasticache:")
    error_message = "Without vehicles' metadata ingest_file does not use Redis and joins no network."
  }

  assert {
    condition     = strcontains(output.policies.store_events, "ec2:") && strcontains(output.policies.store_events, "elasticache:")
    error_message = "store_events does."
  }
}

run "plain" {
  module {
    source = "./modules/telemetry"
  }

  variables {
    alerts           = false
    alerts_topic_arn = null
    cache            = null
    network          = null
    vehicles_url     = null
    config_url       = null
    log_ttl_days     = null
  }

  assert {
    condition     = length([for name in keys(output.environment) : name if can(regex("REDIS|VEHICLES|CONFIG|TTL|ALERTS", name))]) == 0
    error_message = "What is not set is not in the environment."
  }
}

run "no_way_to_the_internet" {
  command = plan

  module {
    source = "./modules/telemetry"
  }

  variables {
    vehicles_url = "https://vehicles.example/metadata_api.json"
  }

  expect_failures = [var.vehicles_url]
}

run "no_number_of_bytes" {
  command = plan

  module {
    source = "./modules/telemetry"
  }

  variables {
    largest_upload_bytes = 0.5
  }

  expect_failures = [var.largest_upload_bytes]
}
