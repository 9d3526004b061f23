# What must exist in an account before the first deployment, created once by an administrator:
#   state.tf            where Terraform keeps its state
#   registry.tf         where the images are, a repository for each environment
#   github.tf           how a GitHub workflow assumes a role here without a stored key
#   read_policy.tf      what every pipeline role may read; the role that plans may do nothing else
#   build_policy.tf     the role that pushes images
#   deploy_policy.tf    the roles that deploy, one for each environment
#   smoke_test.tf       the roles that call the APIs in smoke tests, one for each environment
#   promote.tf          how prod's account reads what dev's has verified, where they are two
#   boundaries.tf       what none of those can ever exceed, for each environment

locals {
  service = "users-service"

  state_bucket = "${local.service}-tfstate-${var.account_id}"

  # The secrets of each environment, as ../main.tf names them behind the environment's name.
  secrets = ["rds/credentials", "signing-keys"]

  # Prefixes of ARNs in this account, written out so that a plan shows the policies whole.
  arn = {
    alarm      = "arn:aws:cloudwatch:${var.region}:${var.account_id}:alarm"
    api        = "arn:aws:apigateway:${var.region}::"
    codedeploy = "arn:aws:codedeploy:${var.region}:${var.account_id}"
    ec2        = "arn:aws:ec2:${var.region}:${var.account_id}"
    function   = "arn:aws:lambda:${var.region}:${var.account_id}:function"
    invocation = "arn:aws:execute-api:${var.region}:${var.account_id}"
    log_group  = "arn:aws:logs:${var.region}:${var.account_id}:log-group"
    event_rule = "arn:aws:events:${var.region}:${var.account_id}:rule"
    image      = "arn:aws:ecr:${var.region}:${var.account_id}:repository/${local.service}"
    key        = "arn:aws:kms:${var.region}:${var.account_id}:key"
    mail       = "arn:aws:ses:${var.region}:${var.account_id}"
    parameter  = "arn:aws:ssm:${var.region}:${var.account_id}:parameter/${local.service}"
    rds        = "arn:aws:rds:${var.region}:${var.account_id}"
    policy     = "arn:aws:iam::${var.account_id}:policy"
    role       = "arn:aws:iam::${var.account_id}:role"
    secret     = "arn:aws:secretsmanager:${var.region}:${var.account_id}:secret"
    state      = "arn:aws:s3:::${local.state_bucket}"
    topic      = "arn:aws:sns:${var.region}:${var.account_id}"
  }
}
