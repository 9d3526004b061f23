# The secret is empty until the migrate function fills it, and rotates from then on.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment         = "dev"
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
    condition     = aws_secretsmanager_secret.application.name == "dev/rds/credentials"
    error_message = "The name must be the Python service's."
  }

  assert {
    condition     = aws_secretsmanager_secret_rotation.application.rotate_immediately == false
    error_message = "There is nothing to rotate on creation."
  }

  assert {
    condition     = aws_secretsmanager_secret_rotation.application.rotation_rules[0].automatically_after_days == 30
    error_message = "It must rotate as often as asked."
  }

  assert {
    condition     = aws_lambda_permission.rotation.principal == "secretsmanager.amazonaws.com"
    error_message = "Secrets Manager must be allowed to call the function."
  }
}

run "refuses_an_environment_that_does_not_exist" {
  command = plan

  module {
    source = "./modules/secret"
  }

  variables {
    environment = "staging"
  }

  expect_failures = [var.environment]
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

run "refuses_rotation_never" {
  command = plan

  module {
    source = "./modules/secret"
  }

  variables {
    rotation_days = 0
  }

  expect_failures = [var.rotation_days]
}

run "refuses_a_function_that_is_no_function" {
  command = plan

  module {
    source = "./modules/secret"
  }

  variables {
    rotate_function_arn = "rotate"
  }

  expect_failures = [var.rotate_function_arn]
}
