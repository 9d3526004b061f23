# Allowed connections: from the functions to the database and to the endpoint, and no others.

resource "aws_security_group" "function" {
  #checkov:skip=CKV2_AWS_5:attached in modules/function, which checkov does not follow
  name        = "${var.name}-function"
  description = "Functions: out to the database and to Secrets Manager, nothing in"
  vpc_id      = aws_vpc.private.id

  tags = { Name = "${var.name}-function" }
}

resource "aws_security_group" "database" {
  #checkov:skip=CKV2_AWS_5:attached in modules/database, which checkov does not follow
  name        = "${var.name}-database"
  description = "Database: in from the functions, nothing out"
  vpc_id      = aws_vpc.private.id

  tags = { Name = "${var.name}-database" }
}

resource "aws_security_group" "endpoint" {
  name        = "${var.name}-endpoint"
  description = "Secrets Manager endpoint: in from the functions, nothing out"
  vpc_id      = aws_vpc.private.id

  tags = { Name = "${var.name}-endpoint" }
}

locals {
  allowed = {
    mysql = { port = 3306, to = aws_security_group.database.id, what = "MySQL" }
    https = { port = 443, to = aws_security_group.endpoint.id, what = "Secrets Manager" }
  }
}

resource "aws_vpc_security_group_egress_rule" "function" {
  for_each = local.allowed

  security_group_id            = aws_security_group.function.id
  referenced_security_group_id = each.value.to
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = "${each.value.what}, to its security group only"
}

resource "aws_vpc_security_group_ingress_rule" "from_function" {
  for_each = local.allowed

  security_group_id            = each.value.to
  referenced_security_group_id = aws_security_group.function.id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  description                  = "${each.value.what}, from the functions only"
}
