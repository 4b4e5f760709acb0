mock_provider "aws" {
  source = "./tests/mocks"
}

run "keys" {
  module {
    source = "./modules/security"
  }

  variables {
    name                 = "fleetcore-test"
    deletion_window_days = 30
  }

  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.enable_key_rotation && key.deletion_window_in_days == 30])
    error_message = "Keys rotate, and a deleted one can be brought back for 30 days."
  }

  assert {
    condition = alltrue(flatten([
      for key in aws_kms_key.this : [
        for statement in jsondecode(key.policy).Statement : [for action in statement.Action : !strcontains(action, "*")]
      ]
    ]))
    error_message = "No key allows an action by wildcard."
  }

  assert {
    condition = alltrue(flatten([
      for key in aws_kms_key.this : [
        for statement in jsondecode(key.policy).Statement :
        can(statement.Condition) || statement.Principal == { AWS = "arn:aws:iam::111122223333:root" }
      ]
    ]))
    error_message = "A service may use a key only for this account's own resources."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_kms_key.this["operations"].policy).Statement :
      statement.Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"] if statement.Sid == "LogGroups"
    ] == ["arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/fleetcore-test-*"]
    error_message = "CloudWatch Logs may encrypt this fleet's log groups."
  }
}
