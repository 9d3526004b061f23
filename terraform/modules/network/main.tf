# A network without internet access: private subnets, no internet gateway, no NAT. The one AWS service that the functions call
# over the network, Secrets Manager, is reached through an interface endpoint inside it.

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

data "aws_availability_zones" "available" {
  #checkov:skip=CKV_AWS_394:the first zones by name are taken, and a new one sorts behind them
  state = "available"

  # Without local zones, where neither RDS nor Lambda runs.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
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
