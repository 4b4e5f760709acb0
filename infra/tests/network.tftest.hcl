mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name       = "fleetcore-test"
  cidr_block = "10.64.0.0/20"
  zones      = ["eu-central-1a", "eu-central-1b"]
}

run "network" {
  module {
    source = "./modules/network"
  }

  assert {
    condition     = [for subnet in aws_subnet.private : "${subnet.availability_zone} ${subnet.cidr_block}"] == ["eu-central-1a 10.64.0.0/24", "eu-central-1b 10.64.1.0/24"]
    error_message = "A private subnet in each of two zones."
  }

  assert {
    condition     = length(coalesce(aws_route_table.private.route, [])) == 0
    error_message = "No route leads out."
  }

  assert {
    condition     = toset([for endpoint in aws_vpc_endpoint.gateway : endpoint.service_name]) == toset(["com.amazonaws.eu-central-1.dynamodb", "com.amazonaws.eu-central-1.s3"])
    error_message = "S3 and DynamoDB are reached through gateways."
  }

  assert {
    condition = toset(keys(aws_vpc_endpoint.interface)) == toset(["kms", "logs", "monitoring", "sns", "sqs"]) && alltrue([
      for endpoint in aws_vpc_endpoint.interface : endpoint.private_dns_enabled && endpoint.vpc_endpoint_type == "Interface"
    ])
    error_message = "The other services are reached through interfaces, under their usual names."
  }

  assert {
    condition = (
      aws_vpc_security_group_ingress_rule.cache_from_functions.from_port == 6379
      && aws_vpc_security_group_ingress_rule.cache_from_functions.referenced_security_group_id == aws_security_group.functions.id
    )
    error_message = "Only the functions reach Redis."
  }
}

run "one_zone_is_not_enough" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    zones = ["eu-central-1a"]
  }

  expect_failures = [var.zones]
}
