# The network has no internet access, and only the functions may reach anything in it.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name                     = "users-service-test"
  cidr                     = "10.20.0.0/20"
  zone_count               = 3
  endpoint_zone_count      = 1
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/users-service-runtime-boundary"
}

run "is_closed" {
  command = plan

  module {
    source = "./modules/network"
  }

  assert {
    condition     = length(aws_default_route_table.local_only.route) == 0
    error_message = "The only route table must have no route but the local one."
  }

  assert {
    condition     = length(aws_default_security_group.closed.ingress) == 0 && length(aws_default_security_group.closed.egress) == 0
    error_message = "The default security group must allow nothing."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.private : subnet.map_public_ip_on_launch == false])
    error_message = "No subnet may give out public addresses."
  }

  assert {
    condition     = keys(aws_subnet.private) == ["us-east-1a", "us-east-1b", "us-east-1c"]
    error_message = "The first zones by name must be used."
  }

  assert {
    condition     = [for zone, subnet in aws_subnet.private : subnet.cidr_block] == ["10.20.0.0/24", "10.20.1.0/24", "10.20.2.0/24"]
    error_message = "Each zone must have a sixteenth of the network."
  }
}

run "lets_the_functions_reach_two_ports" {
  command = plan

  module {
    source = "./modules/network"
  }

  assert {
    condition     = { for key, rule in aws_vpc_security_group_egress_rule.function : key => [rule.from_port, rule.to_port] } == { mysql = [3306, 3306], https = [443, 443] }
    error_message = "Functions may go out to MySQL and HTTPS only."
  }

  assert {
    condition     = { for key, rule in aws_vpc_security_group_ingress_rule.from_function : key => [rule.from_port, rule.to_port] } == { mysql = [3306, 3306], https = [443, 443] }
    error_message = "Database and endpoint may be entered by one port each."
  }

  assert {
    condition     = alltrue([for rule in concat(values(aws_vpc_security_group_egress_rule.function), values(aws_vpc_security_group_ingress_rule.from_function)) : rule.cidr_ipv4 == null && rule.cidr_ipv6 == null])
    error_message = "Rules must name security groups, never addresses."
  }
}

run "has_a_private_endpoint" {
  command = plan

  module {
    source = "./modules/network"
  }

  assert {
    condition     = aws_vpc_endpoint.secrets_manager.vpc_endpoint_type == "Interface" && aws_vpc_endpoint.secrets_manager.private_dns_enabled
    error_message = "Secrets Manager must be reached by its usual name, inside the network."
  }

  assert {
    condition     = aws_iam_role.flow.permissions_boundary == var.permissions_boundary_arn
    error_message = "The role must carry the boundary."
  }
}

run "refuses_more_zones_than_the_region_has" {
  command = plan

  module {
    source = "./modules/network"
  }

  override_data {
    target = data.aws_availability_zones.available
    values = { names = ["us-west-1a", "us-west-1c"] }
  }

  expect_failures = [data.aws_availability_zones.available]
}

run "refuses_an_endpoint_in_more_zones_than_there_are" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    endpoint_zone_count = 4
  }

  expect_failures = [var.endpoint_zone_count]
}

run "has_no_way_to_mail_unless_it_is_asked_for" {
  command = plan

  module {
    source = "./modules/network"
  }

  assert {
    condition     = length(aws_vpc_endpoint.mail) == 0 && length(aws_security_group.mail) == 0 && length(aws_security_group.mail_endpoint) == 0
    error_message = "An endpoint costs something each hour."
  }
}

run "lets_the_worker_alone_reach_mail" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    mail = true
  }

  assert {
    condition     = aws_vpc_endpoint.mail[0].private_dns_enabled && length(aws_vpc_endpoint.mail[0].subnet_ids) == 1
    error_message = "SES must be reached by its usual name, in as many zones as Secrets Manager."
  }

  assert {
    condition     = local.mail_zones == ["us-east-1b", "us-east-1c"]
    error_message = "The endpoint must be in zones where SES has one."
  }

  assert {
    condition     = [aws_vpc_security_group_egress_rule.mail[0].from_port, aws_vpc_security_group_egress_rule.mail[0].to_port, aws_vpc_security_group_ingress_rule.mail[0].from_port, aws_vpc_security_group_ingress_rule.mail[0].to_port] == [443, 443, 443, 443]
    error_message = "HTTPS is the only way in."
  }

  assert {
    condition     = { for key, rule in aws_vpc_security_group_egress_rule.function : key => rule.from_port } == { mysql = 3306, https = 443 }
    error_message = "The other functions must get no further way out."
  }

  assert {
    condition     = toset(data.aws_iam_policy_document.mail_endpoint[0].statement[0].actions) == toset(["ses:SendEmail", "ses:SendRawEmail"])
    error_message = "The endpoint is for sending and nothing else."
  }
}

run "uses_no_policy_where_the_endpoint_has_none" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    mail = true
  }

  override_data {
    target = data.aws_vpc_endpoint_service.mail[0]
    values = { availability_zones = ["us-east-1a"], vpc_endpoint_policy_supported = false, service_name = "com.amazonaws.us-east-1.email" }
  }

  assert {
    condition     = length(aws_vpc_endpoint.mail[0].subnet_ids) == 1
    error_message = "The endpoint must be made where SES evaluates no policy."
  }
}

run "refuses_mail_where_there_is_no_endpoint" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    mail = true
  }

  override_data {
    target = data.aws_vpc_endpoint_service.mail[0]
    values = { availability_zones = ["us-east-1f"], vpc_endpoint_policy_supported = true, service_name = "com.amazonaws.us-east-1.email" }
  }

  expect_failures = [aws_vpc_endpoint.mail]
}
