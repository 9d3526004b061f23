# The secret is empty until the migrate function fills it, and rotates from then on.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name                = "dev/rds/credentials"
  description         = "Database credentials"
  recovery_days       = 0
  rotation_days       = 30
  rotate_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:users-service-dev-rotate-secret"
}

run "rotates_but_not_on_creation" {
  command = plan

  module {
    source = "./modules/secret"
  }

  assert {
    condition     = aws_secretsmanager_secret_rotation.rotated.rotate_immediately == false
    error_message = "There is nothing to rotate on creation."
  }

  assert {
    condition     = aws_secretsmanager_secret_rotation.rotated.rotation_rules[0].automatically_after_days == 30
    error_message = "It must rotate as often as asked."
  }
}

run "refuses_three_recovery_days" {
  command = plan

  module {
    source = "./modules/secret"
  }

  variables {
    recovery_days = 3
  }

  expect_failures = [var.recovery_days]
}
