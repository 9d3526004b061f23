#!/usr/bin/env bash
# Runs pending migrations of an environment's database, by invoking the Lambda function inside its VPC.
#   migrate.sh ENV
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/machine.sh
source scripts/lib/machine.sh
# shellcheck source=scripts/lib/environment.sh
source scripts/lib/environment.sh
# shellcheck source=scripts/lib/lock.sh
source scripts/lib/lock.sh

main() {
  use_environment "${1:-}"
  use_account
  take_lock migrate
  folder=$(mktemp -d)
  trap 'trap "" INT TERM; rm -rf "$folder"; release_lock' EXIT
  note "Migrating the database of $ENV (15 minutes at most)"
  invoke
  note "Migrations: $(jq -r '[.migrations[] | "\(.number) \(.name) \(.state)"] | join(", ")' "$folder/answer")"
  note "The application's secret: $(jq -r .secret "$folder/answer")"
}

# Without retries or a read time-out: a second invocation would wait for the first's lock in the database. AWS stops the
# function after 15 minutes.
invoke() {
  local status=0 meta
  meta=$(AWS_MAX_ATTEMPTS=1 limit 960 aws lambda invoke --function-name "$MIGRATE_FUNCTION" --cli-read-timeout 0 \
    --cli-connect-timeout 10 --output json "$folder/answer" 2>&1) || status=$?
  if [[ $status == 124 ]]; then
    die "no response within 16 minutes: the connection was lost" \
      "the function has ended by now; run it again to see the outcome and to continue: make migrate ENV=$ENV"
  elif [[ $status != 0 ]]; then
    die "the migration could not be started:" "${meta##*$'\n'}"
  elif [[ $(jq -r '.FunctionError // empty' <<<"$meta") ]]; then
    die "the migration failed: $(jq -r '.errorMessage // .' "$folder/answer")" \
      "traffic was not shifted; for details: make logs ENV=$ENV LOG=migrate"
  fi
}

# macOS has no timeout(1).
limit() {
  if command -v timeout >/dev/null; then timeout "$@"; else shift && "$@"; fi
}

main "$@"
