#!/usr/bin/env bash
# Makes an administrator of an environment, by invoking the function that migrates its database, and prints a one-time token
# to set the password with. EXISTING=1 takes a user who is there: sessions end, the password goes, the account is enabled.
#   admin.sh ENV USERNAME EMAIL
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/machine.sh
source scripts/lib/machine.sh
# shellcheck source=scripts/lib/environment.sh
source scripts/lib/environment.sh
# shellcheck source=scripts/lib/function.sh
source scripts/lib/function.sh

main() {
  local username=${2:-} email=${3:-} event answer
  [[ -n $username && -n $email ]] || die "USERNAME and EMAIL are not set" "make admin ENV=${1:-dev} USERNAME=ada EMAIL=ada@example.com"
  use_environment "${1:-}"
  [[ $(tfvar access open) == tokens ]] ||
    die "there are no accounts in $ENV" "set access = \"tokens\" and authorization = \"none\" in terraform/$ENV.tfvars and deploy"
  use_account
  wake "$MIGRATE_FUNCTION"
  case ${EXISTING:-} in
    "") event=false ;;
    1) event=true ;;
    *) die "EXISTING is '$EXISTING'; it must be 1 or not set" ;;
  esac
  event=$(jq -cn --arg username "$username" --arg email "$email" --argjson existing "$event" \
    '{create_admin: {username: $username, email: $email, existing: $existing}}')
  answer=$(invoke "$MIGRATE_FUNCTION" "$event")
  note "Set the password within an hour: POST $(api_url)/passwords/confirm with this token and a password"
  jq -r .token <<<"$answer"
}

main "$@"
