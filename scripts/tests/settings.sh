#!/usr/bin/env bash
# Tests that every setting of the service can be set on AWS, but for those that Terraform decides or that mean nothing there.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh

# By variables of their own, or from what Terraform makes.
readonly DECIDED=" ENVIRONMENT LOG_LEVEL DB_CREDENTIALS DB_HOST DB_PORT DB_USER DB_PASSWORD DB_NAME DB_TLS DB_CA_FILE \
DB_POOL_SIZE ACCESS SIGN_UP CORS_ORIGINS TOKEN_ISSUER TOKEN_AUDIENCES MAIL PUBLIC_URL MAIL_FROM SES_CONFIGURATION_SET \
ADMIN_SECRET_ARN AWS_REGION AWS_LAMBDA_FUNCTION_NAME AWS_LAMBDA_FUNCTION_VERSION \
AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_RUNTIME_API \
AWS_ENDPOINT_URL AWS_ENDPOINT_URL_SECRETS_MANAGER AWS_ENDPOINT_URL_SESV2 "
# Of a server or a laptop, or always the same in Lambda.
readonly MEANINGLESS=" LOG_FORMAT HOST PORT METRICS_PORT METRICS_HOST DB_ENGINE SQLITE_PATH SIGNING_KEYS_FILE REQUEST_LIMIT TRUSTED_PROXIES SMTP_URL \
HASHES_AT_ONCE "

# shellcheck disable=SC2016 # The backticks are Markdown's.
settings() { sed -n 's/^| `\([A-Z0-9_]*\)` |.*/\1/p' docs/configuration.md; }

accepted() { sed -n '/^variable "settings"/,/^}/ s/^ *"\([A-Z0-9_]*\)",$/\1/p' terraform/variables.tf; }

missing=$(comm -23 <(settings | sort) <(accepted | sort) | while read -r name; do
  [[ "$DECIDED$MEANINGLESS" == *" $name "* ]] || echo "$name"
done)
[[ -z $missing ]] || die "terraform/variables.tf, variable settings, does not know:" "$missing"
unknown=$(comm -13 <(settings | sort) <(accepted | sort))
[[ -z $unknown ]] || die "terraform/variables.tf, variable settings, has what is no setting:" "$unknown"
