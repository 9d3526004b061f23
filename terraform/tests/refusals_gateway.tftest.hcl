# What is refused about callers and alarms, each with the variable that refuses it.

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
}

run "an_authorization_that_does_not_exist" {
  command = plan

  variables {
    authorization = "basic"
  }

  expect_failures = [var.authorization]
}

run "an_open_api_by_oversight" {
  command = plan

  variables {
    authorization = "none"
  }

  expect_failures = [var.authorization]
}

run "an_open_api_in_prod" {
  command = plan

  variables {
    environment             = "prod"
    database_instance_class = "db.t4g.medium"
    alarm_emails            = ["night@example.com"]
    authorization           = "none"
    allow_public_access     = true
  }

  expect_failures = [var.authorization]
}

run "a_token_issuer_without_tls" {
  command = plan

  variables {
    authorization = "jwt"
    jwt_issuer    = "http://issuer.example.com"
    jwt_audience  = ["users"]
  }

  expect_failures = [var.jwt_issuer]
}

run "tokens_without_an_issuer" {
  command = plan

  variables {
    authorization = "jwt"
    jwt_audience  = ["users"]
  }

  expect_failures = [var.jwt_issuer]
}

run "tokens_for_anything" {
  command = plan

  variables {
    authorization = "jwt"
    jwt_issuer    = "https://issuer.example.com"
  }

  expect_failures = [var.jwt_audience]
}

run "an_issuer_that_is_not_used" {
  command = plan

  variables {
    jwt_issuer = "https://issuer.example.com"
  }

  expect_failures = [var.jwt_issuer]
}

run "a_closed_throttle" {
  command = plan

  variables {
    throttle = { rate = 0, burst = 0 }
  }

  expect_failures = [var.throttle]
}

run "a_wildcard_origin" {
  command = plan

  variables {
    cors_origins = ["*"]
  }

  expect_failures = [var.cors_origins]
}

run "an_origin_with_a_path" {
  command = plan

  variables {
    cors_origins = ["https://app.example.com/users"]
  }

  expect_failures = [var.cors_origins]
}

run "an_origin_without_tls_in_prod" {
  command = plan

  variables {
    environment             = "prod"
    database_instance_class = "db.t4g.medium"
    alarm_emails            = ["night@example.com"]
    cors_origins            = ["http://app.example.com"]
  }

  expect_failures = [var.cors_origins]
}

run "a_domain_that_is_an_address" {
  command = plan

  variables {
    domain_name     = "https://users.example.com"
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/abc"
  }

  expect_failures = [var.domain_name]
}

run "a_domain_without_certificate" {
  command = plan

  variables {
    domain_name = "users.example.com"
  }

  expect_failures = [var.certificate_arn]
}

run "a_certificate_that_is_no_certificate" {
  command = plan

  variables {
    domain_name     = "users.example.com"
    certificate_arn = "arn:aws:iam::123456789012:role/x"
  }

  expect_failures = [var.certificate_arn]
}

run "an_alarm_to_no_address" {
  command = plan

  variables {
    alarm_emails = ["night"]
  }

  expect_failures = [var.alarm_emails]
}

run "prod_without_an_alarm_subscriber" {
  command = plan

  variables {
    environment             = "prod"
    database_instance_class = "db.t4g.medium"
  }

  expect_failures = [var.alarm_emails]
}
