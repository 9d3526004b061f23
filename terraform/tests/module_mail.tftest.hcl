# A domain in SES that signs, encrypts, and tells what could not be delivered.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name   = "users-service-test"
  domain = "users.example.com"
}

run "signs_and_encrypts" {
  command = plan

  module {
    source = "./modules/mail"
  }

  assert {
    condition     = aws_sesv2_configuration_set.users.delivery_options[0].tls_policy == "REQUIRE"
    error_message = "A mail must not cross the network in the clear."
  }

  assert {
    condition     = aws_sesv2_email_identity.domain.dkim_signing_attributes[0].next_signing_key_length == "RSA_2048_BIT"
    error_message = "Mails must be signed with a key of 2,048 bits."
  }

  assert {
    condition     = aws_sesv2_email_identity.domain.configuration_set_name == "users-service-test"
    error_message = "Whatever is sent from the domain must be watched."
  }

  assert {
    condition     = aws_sesv2_email_identity_mail_from_attributes.domain.mail_from_domain == "bounce.users.example.com" && aws_sesv2_email_identity_mail_from_attributes.domain.behavior_on_mx_failure == "USE_DEFAULT_VALUE"
    error_message = "SPF must be the domain's own, and mails must go out before its records are there."
  }
}

run "tells_of_bounces_and_complaints" {
  command = plan

  module {
    source = "./modules/mail"
  }

  assert {
    condition     = aws_sesv2_configuration_set_event_destination.worker.event_destination[0].matching_event_types == toset(["BOUNCE", "COMPLAINT"]) && aws_sesv2_configuration_set_event_destination.worker.event_destination[0].enabled
    error_message = "Bounces and complaints must be told."
  }

  assert {
    condition     = aws_sesv2_configuration_set_event_destination.worker.event_destination[0].event_bridge_destination[0].event_bus_arn == "arn:aws:events:us-east-1:123456789012:event-bus/default"
    error_message = "They must go to the bus that rules of this account read."
  }

  assert {
    condition     = aws_sesv2_configuration_set.users.reputation_options[0].reputation_metrics_enabled
    error_message = "The alarms on bounces and complaints need metrics."
  }
}

run "lists_the_records_to_make" {
  command = apply

  module {
    source = "./modules/mail"
  }

  assert {
    condition     = [for record in output.dns_records : record.type] == ["CNAME", "CNAME", "CNAME", "MX", "TXT", "TXT"]
    error_message = "All records must be listed."
  }

  assert {
    condition     = output.dns_records[0] == { type = "CNAME", name = "first._domainkey.users.example.com", value = "first.dkim.amazonses.com" }
    error_message = "The records of DKIM must have the tokens of SES."
  }

  assert {
    condition     = output.dns_records[3] == { type = "MX", name = "bounce.users.example.com", value = "10 feedback-smtp.us-east-1.amazonses.com" }
    error_message = "Bounces must come back to SES."
  }
}

run "knows_the_regions_with_keys_of_their_own" {
  command = apply

  module {
    source = "./modules/mail"
  }

  override_data {
    target = data.aws_region.current
    values = { id = "eu-south-1" }
  }

  assert {
    condition     = output.dns_records[0].value == "first.dkim.eu-south-1.amazonses.com" && output.dns_records[3].value == "10 feedback-smtp.eu-south-1.amazonses.com"
    error_message = "The records must be those of the region."
  }
}
