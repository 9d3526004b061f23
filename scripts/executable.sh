#!/usr/bin/env bash
# Builds the executable for AWS Lambda with cargo-lambda, on any machine, and prints its path.
#   executable.sh [ARCHITECTURE]   arm64, or x86_64, which Docker calls amd64; by default that of this machine
#   ZIP=1                          a zip of it instead, for a function of the kind provided.al2023
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh
# shellcheck source=scripts/lib/for_lambda.sh
source scripts/lib/for_lambda.sh

main() {
  local architecture=${1:-$(this_architecture)} kind=
  architecture=${architecture/amd64/x86_64}
  [[ $architecture == arm64 || $architecture == x86_64 ]] || die "there is no Lambda for '$architecture'" "say arm64 or x86_64"
  if [[ -n ${ZIP:-} ]]; then kind=zip; fi
  service_for_lambda "$architecture" ${kind:+--output-format $kind}
  printf '%s\n' "$FOR_LAMBDA/lambda/users-service/bootstrap${kind:+.$kind}"
}

main "$@"
