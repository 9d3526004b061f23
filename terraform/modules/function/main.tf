# Functions from one image: the command decides which subcommand of the executable runs.
#
#   api            answers requests, behind the alias `live` (release.tf)
#   migrate        creates the schema, the application's MySQL user and its first password
#   rotate-secret  changes that password, step by step, when Secrets Manager asks
#   rotate-keys    makes the keys that sign tokens, and rotates them alike; there with access = "tokens" only
#   worker         does what is due, on a schedule, and sends mails (worker.tf); there with access = "tokens" only

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  pool_size            = 1   # connections of one execution environment, which handles one request at a time
  share_of_connections = 0.7 # of max_connections; the rest is for migrate, rotate-secret, the worker and people

  # How many requests may be handled at once before connections become scarce, whether or not that is reserved.
  connections_ceiling = floor(var.max_connections * local.share_of_connections / 2 / local.pool_size)
  concurrency_ceiling = var.reserved_concurrency > 0 ? var.reserved_concurrency : local.connections_ceiling

  # Written out, because a policy that refers to the function itself is unknown in each plan that changes it.
  function_arn_prefix = "arn:aws:lambda:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:function:${var.name}"

  # Only these two connect to MySQL as its administrator.
  administration = {
    ADMIN_SECRET_ARN = var.database.admin_secret_arn
    DB_HOST          = var.database.host
    DB_PORT          = tostring(var.database.port)
  }

  # What each function may do with which secret is in roles.tf.
  functions = merge(local.rotate_keys, local.worker, {
    api = {
      description     = "Users API"
      command         = "lambda"
      memory_mb       = local.issues_tokens ? 1024 : 512 # processor time is in proportion: of cold starts, and of password hashes
      timeout_seconds = 20                               # below the gateway's 30, so that the service's own answer is what the client sees
      environment     = merge(var.settings, local.token_settings, local.mail_settings)
    }
    migrate = {
      description     = "Users service: database migrations and the application's MySQL user"
      command         = "migrate-lambda"
      memory_mb       = 256
      timeout_seconds = 900 # the most that Lambda allows
      environment     = local.administration
    }
    rotate-secret = {
      description     = "Users service: rotation of the application's database password"
      command         = "rotate-secret"
      memory_mb       = 256
      timeout_seconds = 60
      environment     = local.administration
    }
  })

  issues_tokens = var.tokens != null

  rotate_keys = !local.issues_tokens ? {} : {
    rotate-keys = {
      description     = "Users service: rotation of the keys that sign tokens"
      command         = "rotate-keys-lambda"
      memory_mb       = 512 # an RSA key takes seconds of a small function
      timeout_seconds = 60
      environment     = {}
    }
  }

  token_settings = !local.issues_tokens ? {} : {
    ACCESS          = "tokens"
    SIGN_UP         = var.tokens.sign_up
    TOKEN_ISSUER    = var.tokens.issuer
    TOKEN_AUDIENCES = join(",", var.tokens.audiences)
  }
}

# Read only if something is reserved: an account must keep 100 unreserved, and a new one has 10 in all.
data "aws_servicequotas_service_quota" "concurrent_executions" {
  count = var.reserved_concurrency > 0 ? 1 : 0

  service_code = "lambda"
  quota_code   = "L-B99A9384"

  lifecycle {
    postcondition {
      condition     = self.value - var.reserved_concurrency >= 100
      error_message = "This account runs ${self.value} functions at once and must keep 100 of them unreserved, so reserved_concurrency = ${var.reserved_concurrency} is impossible. Ask for a higher quota (Service Quotas, Lambda, concurrent executions) or set -1."
    }
  }
}

# Before the functions, which would otherwise create them without a retention limit.
resource "aws_cloudwatch_log_group" "function" {
  #checkov:skip=CKV_AWS_158:CloudWatch encrypts log groups by itself; a key of our own adds cost and a way to lose them
  #checkov:skip=CKV_AWS_338:prod keeps a year; dev, which holds no real data, less
  for_each = local.functions

  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_function" "from_image" {
  #checkov:skip=CKV_AWS_50:HTTP APIs do not support X-Ray tracing; the JSON logs carry request ids and durations
  #checkov:skip=CKV_AWS_116:the api is invoked synchronously and its caller gets the errors; Secrets Manager retries a failed rotation, the schedule starts the worker again
  #checkov:skip=CKV_AWS_173:the environment holds names and ARNs, never a secret
  #checkov:skip=CKV_AWS_272:code signing is for zip archives; an image is pinned by its digest
  for_each = local.functions

  function_name = "${var.name}-${each.key}"
  description   = each.value.description
  role          = aws_iam_role.function[each.key].arn
  package_type  = "Image"
  image_uri     = var.image.uri
  architectures = [var.image.architecture]
  memory_size   = each.value.memory_mb
  timeout       = each.value.timeout_seconds

  # A version is immutable. Traffic moves from one of the api to the next, and what the rules invoke from one of the worker; the
  # others always run the newest.
  publish                        = contains(["api", "worker"], each.key)
  reserved_concurrent_executions = each.key == "api" ? var.reserved_concurrency : -1

  image_config {
    command = [each.value.command]
  }

  environment {
    variables = merge({
      ENVIRONMENT  = var.environment
      LOG_LEVEL    = var.log_level
      DB_NAME      = var.database.schema
      DB_POOL_SIZE = tostring(local.pool_size)
    }, each.value.environment)
  }

  vpc_config {
    subnet_ids         = var.network.subnet_ids
    security_group_ids = concat([var.network.security_group_id], each.key == "worker" && local.sends_mail ? [var.mail.security_group_id] : [])
  }

  # The service itself leaves out what is below LOG_LEVEL. Lambda would leave out its metrics too, which are lines of the level INFO
  # (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html); else it passes on JSON as it is
  # (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html).
  logging_config {
    log_group             = aws_cloudwatch_log_group.function[each.key].name
    log_format            = "JSON"
    application_log_level = var.log_level == "DEBUG" ? "DEBUG" : "INFO"
    system_log_level      = "INFO" # the level of the report that ends each invocation: duration, memory, cold start
  }

  # A function in a network cannot be created before its role may create network interfaces.
  depends_on = [aws_iam_role_policy.function]
}

# scripts/migrate.sh invokes it asynchronously and reports a failure; Lambda must not start it again.
resource "aws_lambda_function_event_invoke_config" "migrate" {
  function_name          = aws_lambda_function.from_image["migrate"].function_name
  maximum_retry_attempts = 0
}
