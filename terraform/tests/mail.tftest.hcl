# mail = "ses": a domain in SES, a way there for the worker alone; without it nothing of that is made.

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
  mail                     = "ses"
  mail_domain              = "users.example.com"
  mail_from                = "Example <no-reply@users.example.com>"
}

run "dev_sends_mail" {
  command = plan

  assert {
    condition     = module.mail[0].configuration_set.name == "users-service-dev"
    error_message = "The configuration set must have the name that bootstrap/ expects."
  }

  assert {
    condition     = output.worker_function_name == "users-service-dev-worker"
    error_message = "The worker must have the name that scripts expect."
  }

  assert {
    condition     = output.log_group_names["worker"] == "/aws/lambda/users-service-dev-worker"
    error_message = "The worker must have its own log group."
  }
}

run "accounts_without_mail_have_a_worker_and_nothing_in_ses" {
  command = plan

  variables {
    mail        = "off"
    mail_domain = ""
    mail_from   = ""
  }

  assert {
    condition     = output.worker_function_name == "users-service-dev-worker"
    error_message = "What has expired must be deleted without mail, too."
  }

  assert {
    condition     = length(module.mail) == 0 && length(output.mail_dns_records) == 0 && module.network.mail_security_group_id == ""
    error_message = "Nothing may be made, or paid, for mails that nobody sends."
  }
}

run "without_accounts_there_is_no_worker" {
  command = plan

  variables {
    access        = "open"
    authorization = "iam"
    mail          = "off"
    mail_domain   = ""
    mail_from     = ""
  }

  assert {
    condition     = output.worker_function_name == "" && !contains(keys(output.log_group_names), "worker")
    error_message = "There is nothing that a worker would do."
  }
}

run "links_may_begin_with_another_url" {
  command = plan

  variables {
    public_url = "https://example.com/users"
  }

  assert {
    condition     = length(module.mail) == 1
    error_message = "A URL with a path must be accepted."
  }
}

run "a_sender_without_a_name" {
  command = plan

  variables {
    mail_from = "no-reply@mail.users.example.com"
  }

  assert {
    condition     = length(module.mail) == 1
    error_message = "An address alone, also below the domain, must be accepted."
  }
}

run "a_way_to_send_that_does_not_exist" {
  command = plan

  variables {
    mail        = "smtp"
    mail_domain = ""
    mail_from   = ""
  }

  expect_failures = [var.mail]
}

run "mail_without_accounts" {
  command = plan

  variables {
    access        = "open"
    authorization = "iam"
  }

  expect_failures = [var.mail]
}

run "mail_without_a_domain" {
  command = plan

  variables {
    mail_domain = ""
  }

  expect_failures = [var.mail_domain]
}

run "a_domain_without_mail" {
  command = plan

  variables {
    mail      = "off"
    mail_from = ""
  }

  expect_failures = [var.mail_domain]
}

run "an_address_in_the_place_of_a_domain" {
  command = plan

  variables {
    mail_domain = "no-reply@users.example.com"
  }

  expect_failures = [var.mail_domain]
}

run "mail_without_a_sender" {
  command = plan

  variables {
    mail_from = ""
  }

  expect_failures = [var.mail_from]
}

run "a_sender_without_mail" {
  command = plan

  variables {
    mail        = "off"
    mail_domain = ""
  }

  expect_failures = [var.mail_from]
}

run "a_sender_of_another_domain" {
  command = plan

  variables {
    mail_from = "no-reply@notusers.example.com"
  }

  expect_failures = [var.mail_from]
}

run "two_senders" {
  command = plan

  variables {
    mail_from = "a@users.example.com, b@users.example.com"
  }

  expect_failures = [var.mail_from]
}

run "links_without_https" {
  command = plan

  variables {
    public_url = "http://users.example.com"
  }

  expect_failures = [var.public_url]
}

run "links_without_mail" {
  command = plan

  variables {
    mail        = "off"
    mail_domain = ""
    mail_from   = ""
    public_url  = "https://users.example.com"
  }

  expect_failures = [var.public_url]
}
