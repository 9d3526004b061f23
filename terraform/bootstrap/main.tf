# What must exist in an account before the first deployment, made once by an administrator:
#   state.tf          where Terraform keeps what it knows
#   registry.tf       where the images are
#   github.tf         how a GitHub workflow becomes a role here without a stored key
#   read_policy.tf    what every pipeline role may read; for the role that plans, that is all
#   deploy_policy.tf  the roles that deploy, one for each environment
#   boundaries.tf     what none of those can ever exceed

locals {
  service      = "users-service"
  environments = toset(["dev", "prod"])

  # How ARNs of this account begin.
  arn = {
    alarm      = "arn:aws:cloudwatch:${var.region}:${var.account_id}:alarm"
    api        = "arn:aws:apigateway:${var.region}::"
    codedeploy = "arn:aws:codedeploy:${var.region}:${var.account_id}"
    ec2        = "arn:aws:ec2:${var.region}:${var.account_id}"
    function   = "arn:aws:lambda:${var.region}:${var.account_id}:function"
    log_group  = "arn:aws:logs:${var.region}:${var.account_id}:log-group"
    parameter  = "arn:aws:ssm:${var.region}:${var.account_id}:parameter/${local.service}"
    rds        = "arn:aws:rds:${var.region}:${var.account_id}"
    role       = "arn:aws:iam::${var.account_id}:role"
    secret     = "arn:aws:secretsmanager:${var.region}:${var.account_id}:secret"
    topic      = "arn:aws:sns:${var.region}:${var.account_id}"
  }
}
