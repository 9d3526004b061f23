# The gateway forwards everything to the alias, and only authorised requests.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  name               = "users-service-test"
  function           = { function_name = "users-service-test-api", alias = "live", invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:users-service-test-api:live/invocations" }
  authorization      = "iam"
  jwt                = { issuer = "", audience = [] }
  throttle           = { rate = 20, burst = 20 }
  cors_origins       = []
  domain_name        = ""
  certificate_arn    = ""
  log_retention_days = 14
}

run "asks_for_signed_requests_except_for_health" {
  command = plan

  module {
    source = "./modules/gateway"
  }

  assert {
    condition     = { for key, route in aws_apigatewayv2_route.to_function : key => route.authorization_type } == { "$default" = "AWS_IAM", "GET /health" = "NONE" }
    error_message = "All but GET /health must be signed."
  }

  assert {
    condition     = aws_apigatewayv2_integration.function.integration_uri == var.function.invoke_arn && aws_apigatewayv2_integration.function.payload_format_version == "2.0"
    error_message = "Requests must go to the alias, as version 2 events."
  }

  assert {
    condition     = aws_apigatewayv2_stage.default.name == "$default" && aws_apigatewayv2_stage.default.default_route_settings[0].throttling_rate_limit == 20
    error_message = "The stage must be $default, and throttled."
  }

  assert {
    condition     = [for settings in aws_apigatewayv2_stage.default.route_settings : [settings.route_key, settings.throttling_rate_limit]] == [["GET /health", 10]]
    error_message = "Calls without credentials must have a small limit of their own."
  }

  assert {
    condition     = !aws_apigatewayv2_api.http.disable_execute_api_endpoint
    error_message = "Without a domain the default endpoint is the way in."
  }

  assert {
    condition     = alltrue([for value in values(local.access_log) : startswith(value, "$context.")]) && !strcontains(aws_apigatewayv2_stage.default.access_log_settings[0].format, "querystring")
    error_message = "The access log must be JSON without query strings."
  }

  assert {
    condition     = length(aws_apigatewayv2_api.http.cors_configuration) == 0 && length(aws_apigatewayv2_domain_name.custom) == 0
    error_message = "Without origins there is no CORS, without a domain no domain."
  }
}

run "accepts_tokens" {
  command = plan

  module {
    source = "./modules/gateway"
  }

  variables {
    authorization = "jwt"
    jwt           = { issuer = "https://issuer.example.com", audience = ["users"] }
  }

  assert {
    condition     = aws_apigatewayv2_route.to_function["$default"].authorization_type == "JWT"
    error_message = "The route must ask for a token."
  }

  assert {
    condition     = aws_apigatewayv2_authorizer.jwt[0].jwt_configuration[0].issuer == "https://issuer.example.com"
    error_message = "The token must be its issuer's."
  }
}

run "lets_preflights_through" {
  command = plan

  module {
    source = "./modules/gateway"
  }

  variables {
    cors_origins = ["https://app.example.com"]
  }

  assert {
    condition     = aws_apigatewayv2_route.to_function["OPTIONS /{proxy+}"].authorization_type == "NONE"
    error_message = "A preflight carries no credentials."
  }

  assert {
    condition     = toset([for settings in aws_apigatewayv2_stage.default.route_settings : settings.route_key]) == toset(["GET /health", "OPTIONS /{proxy+}"])
    error_message = "Preflights must have a small limit too."
  }

  assert {
    condition     = aws_apigatewayv2_route.to_function["$default"].authorization_type == "AWS_IAM"
    error_message = "The rest must stay closed."
  }

  assert {
    condition     = aws_apigatewayv2_api.http.cors_configuration[0].allow_origins == toset(["https://app.example.com"])
    error_message = "Only the origins asked for are allowed."
  }

  assert {
    condition     = length(setintersection(aws_apigatewayv2_api.http.cors_configuration[0].allow_headers, ["traceparent", "tracestate"])) == 2
    error_message = "Pages must be able to send their trace."
  }
}

run "answers_under_its_own_name" {
  command = plan

  module {
    source = "./modules/gateway"
  }

  variables {
    domain_name     = "users.example.com"
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/a"
  }

  assert {
    condition     = output.url == "https://users.example.com"
    error_message = "The custom domain must be the address."
  }

  assert {
    condition     = aws_apigatewayv2_api.http.disable_execute_api_endpoint
    error_message = "With a domain the default endpoint must be off."
  }

  assert {
    condition     = aws_apigatewayv2_domain_name.custom[0].domain_name_configuration[0].security_policy == "TLS_1_2"
    error_message = "Nothing older than TLS 1.2."
  }
}

run "can_be_open_when_asked" {
  command = plan

  module {
    source = "./modules/gateway"
  }

  variables {
    authorization = "none"
  }

  assert {
    condition     = aws_apigatewayv2_route.to_function["$default"].authorization_type == "NONE"
    error_message = "The module allows it; the root module requires allow_public_access."
  }
}

run "refuses_the_function_instead_of_its_alias" {
  command = plan

  module {
    source = "./modules/gateway"
  }

  variables {
    function = { function_name = "f", alias = "live", invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f/invocations" }
  }

  expect_failures = [var.function]
}
