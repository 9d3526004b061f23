# access = "tokens": keys with a rotation, a public gateway, also in prod.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  account_id               = "123456789012"
  environment              = "dev"
  database_instance_class  = "db.t4g.micro"
  database_max_connections = 60
  throttle                 = { rate = 20, burst = 20 }
  image_digest             = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
  access                   = "tokens"
  authorization            = "none"
}

run "dev_issues_tokens_in_the_name_of_the_apis_url" {
  command = plan

  assert {
    condition     = length(module.signing_keys) == 1 && module.signing_keys[0].name == "dev/signing-keys"
    error_message = "The keys need a secret."
  }

  assert {
    condition     = output.access == "tokens"
    error_message = "Scripts must know that calls need tokens."
  }
}

run "prod_may_be_public_when_tokens_are_checked" {
  command = plan

  variables {
    environment             = "prod"
    database_instance_class = "db.t4g.medium"
    alarm_emails            = ["ops@example.com"]
  }

  assert {
    condition     = module.signing_keys[0].name == "prod/signing-keys"
    error_message = "The keys need a secret of their own."
  }
}

run "without_it_there_are_no_keys" {
  command = plan

  variables {
    access        = "open"
    authorization = "iam"
  }

  assert {
    condition     = length(module.signing_keys) == 0 && output.access == "open"
    error_message = "No key may be made with access = \"open\"."
  }
}

run "signatures_and_tokens_at_once" {
  command = plan

  variables {
    authorization = "iam"
  }

  expect_failures = [var.authorization]
}

run "an_access_that_does_not_exist" {
  command = plan

  variables {
    access = "jwt"
  }

  expect_failures = [var.access]
}

run "open_sign_up_without_tokens" {
  command = plan

  variables {
    access        = "open"
    authorization = "iam"
    sign_up       = "open"
  }

  expect_failures = [var.sign_up]
}

run "a_sign_up_that_does_not_exist" {
  command = plan

  variables {
    sign_up = "invited"
  }

  expect_failures = [var.sign_up]
}

run "an_issuer_without_https" {
  command = plan

  variables {
    token_issuer = "http://users.example"
  }

  expect_failures = [var.token_issuer]
}

run "an_audience_with_a_comma" {
  command = plan

  variables {
    token_audiences = ["orders,billing"]
  }

  expect_failures = [var.token_audiences]
}

run "keys_that_rotate_by_the_hour" {
  command = plan

  variables {
    signing_keys_rotation_days = 0.5
  }

  expect_failures = [var.signing_keys_rotation_days]
}
