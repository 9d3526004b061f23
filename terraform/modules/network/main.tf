# A network without internet access: private subnets, no internet gateway, no NAT. The AWS services that the functions call over
# the network, Secrets Manager and with mail SES, are reached through interface endpoints inside it.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

data "aws_availability_zones" "available" {
  #checkov:skip=CKV_AWS_394:the first zones by name are taken, and a new one sorts behind them
  state = "available"

  # Lambda refuses subnets in some old zones ("availability zone Lambda doesn't support"), and Graviton is not in all of them. The
  # ids, unlike the names, mean the same zone in every account. A region has three others, or, as us-west-1, two.
  exclude_zone_ids = ["apne1-az3", "cac1-az3", "use1-az3", "usw1-az2"]

  # Without local zones, where neither RDS nor Lambda runs.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }

  lifecycle {
    postcondition {
      condition     = length(self.names) >= var.zone_count
      error_message = "This region has ${length(self.names)} availability zones in which Lambda and RDS run, fewer than zone_count = ${var.zone_count}."
    }
  }
}

locals {
  zones = slice(sort(data.aws_availability_zones.available.names), 0, var.zone_count)
}

resource "aws_vpc" "private" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true # the endpoint's private name needs it

  tags = { Name = var.name }
}

resource "aws_subnet" "private" {
  for_each = { for index, zone in local.zones : zone => cidrsubnet(var.cidr, 4, index) }

  vpc_id            = aws_vpc.private.id
  availability_zone = each.key
  cidr_block        = each.value

  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-${each.key}" }
}

# Every subnet uses the network's own route table, and it has no route but the local one.
resource "aws_default_route_table" "local_only" {
  default_route_table_id = aws_vpc.private.default_route_table_id
  route                  = []

  tags = { Name = "${var.name}-local-only" }
}

# Anything in the network without a security group of its own can reach nothing.
resource "aws_default_security_group" "closed" {
  vpc_id  = aws_vpc.private.id
  ingress = []
  egress  = []

  tags = { Name = "${var.name}-closed" }
}
