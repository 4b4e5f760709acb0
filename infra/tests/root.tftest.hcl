mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment        = "test"
  region             = "eu-central-1"
  zones              = ["eu-central-1a", "eu-central-1b"]
  protected          = true
  log_retention_days = 30

  # Any file serves.
  packages = { ingest_file = "versions.tf", store_events = "versions.tf" }

  features = {
    cache                = true
    lake                 = true
    observability        = true
    reserved_concurrency = true
    saved_queries        = true
  }
}

run "everything" {
  assert {
    condition     = strcontains(output.environment, "FLEETCORE_REDIS_URL=rediss://primary.cache.example:6379\n")
    error_message = "The env file says where Redis is."
  }

  assert {
    condition     = strcontains(output.environment, "FLEETCORE_ALERTS_TOPIC=arn:aws:sns:")
    error_message = "The env file names the topic of alerts."
  }

  assert {
    condition     = output.queues == { idle = "fleetcore-test-idle", moving = "fleetcore-test-moving.fifo", uploads = "fleetcore-test-uploads" }
    error_message = "Queues are named by project, environment and role."
  }

  assert {
    condition     = output.dead_queues == { idle = "fleetcore-test-idle-dead", moving = "fleetcore-test-moving-dead.fifo", uploads = "fleetcore-test-uploads-dead" }
    error_message = "So are those of dead letters."
  }
}

run "all_switched_off" {
  variables {
    features = {
      cache                = false
      lake                 = false
      observability        = false
      reserved_concurrency = false
      saved_queries        = false
    }
  }

  assert {
    condition     = length(module.cache) + length(module.network) + length(module.lake) + length(module.observability) == 0
    error_message = "What is switched off is not built."
  }

  assert {
    condition     = !strcontains(output.environment, "REDIS") && !strcontains(output.environment, "ALERTS")
    error_message = "What is not built is not in the env file."
  }
}
