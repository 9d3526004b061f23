#!/usr/bin/env bash
# Rotates the keys that sign an environment's tokens: a new one is published now and signs in two hours. COMPROMISED=1 drops all
# keys at once, which ends every session.
#   rotate-keys.sh ENV
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
  use_environment "${1:-}"
  [[ $(tfvar access open) == tokens ]] || die "there are no signing keys in $ENV: its tfvars do not have access = \"tokens\""
  use_account
  case ${COMPROMISED:-} in
    "")
      aws secretsmanager rotate-secret --secret-id "$ENV/signing-keys" >/dev/null || die "the rotation could not be started; the reason is above"
      note "Secrets Manager rotates the keys of $ENV now; the new one signs in two hours (docs/keys.md)"
      ;;
    1)
      wake "$ROTATE_KEYS_FUNCTION"
      invoke "$ROTATE_KEYS_FUNCTION" '{"compromised": true}' >/dev/null
      note "All signing keys of $ENV are replaced; everybody has to sign in again (docs/keys.md)"
      ;;
    *) die "COMPROMISED is '$COMPROMISED'; it must be 1 or not set" ;;
  esac
}

main "$@"
