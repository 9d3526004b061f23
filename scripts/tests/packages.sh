#!/usr/bin/env bash
# Tests scripts/lib/packages.sh with virtual environments that are made, kept, and made anew.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh

FOLDER=$(mktemp -d)
trap 'rm -rf "$FOLDER"' EXIT
# None, so that nothing is downloaded.
: >"$FOLDER/requirements.txt"

# expect WHAT: whether the virtual environment is `made` or `kept`, and runs.
expect() {
  local output
  output=$(need_python_packages "$FOLDER/venv" "$FOLDER/requirements.txt" 2>&1) || die "$output"
  [[ $1 == "$(if [[ $output == Installing* ]]; then echo made; else echo kept; fi)" ]] || die "the virtual environment was not $1" "$output"
  "$FOLDER/venv/bin/python3" -c "" || die "its Python does not run"
}

expect made
expect kept
ln -sfn "$FOLDER/uninstalled" "$FOLDER/venv/bin/python3"
expect made
echo "# another package" >"$FOLDER/requirements.txt"
expect made
expect kept
