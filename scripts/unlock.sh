#!/usr/bin/env bash
# Removes the locks that a killed deploy left: that of the deployment, and Terraform's state lock.
#   unlock.sh ENV
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

use_environment "${1:-}"
use_account
lock=$(record lock)
key=$SERVICE/$ENV.tfstate.tflock
if aws s3api head-object --bucket "$STATE_BUCKET" --key "$key" >/dev/null 2>&1; then
  aws s3api delete-object --bucket "$STATE_BUCKET" --key "$key" >/dev/null
  note "Terraform's lock is removed"
fi
if [[ $lock == none ]]; then
  note "$ENV is not locked"
else
  aws ssm delete-parameter --name "$RECORDS/lock"
  note "The lock is removed: $(describe_lock "$lock")"
fi
