#!/usr/bin/env bash
# Removes the lock of a deploy that died without removing it.
#   unlock.sh ENV
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/environment.sh
source scripts/lib/environment.sh
# shellcheck source=scripts/lib/lock.sh
source scripts/lib/lock.sh

use_environment "${1:-}"
use_account
lock=$(record lock)
if [[ $lock == none ]]; then
  note "$ENV is not locked"
else
  aws ssm delete-parameter --name "$RECORDS/lock"
  note "The lock is removed: $(describe_lock "$lock")"
fi
