#!/usr/bin/env bash
# Tests scripts/lib/packages.sh: virtual environments that are made, kept, and made anew; Node.js from apt only if it is new enough.
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

# tool NAME COMMANDS
tool() {
  mkdir -p "$FOLDER/bin"
  printf '#!/bin/sh\n%s\n' "$2" >"$FOLDER/bin/$1"
  chmod +x "$FOLDER/bin/$1"
}

# node_refused TEXT: on a machine with none of this one's commands.
node_refused() {
  local output
  if output=$(PATH=$FOLDER/bin && need_node 2>&1); then die "Node.js was not refused" "$output"; fi
  [[ $output == *"$1"* ]] || die "the message lacks '$1':" "$output"
}

tool id "echo 1000"
node_refused "node is missing"
tool id "echo 0"
tool seq "echo 1"
tool apt-get "echo \$1 >>$FOLDER/asked"
tool apt-cache "echo '  Candidate: 18.20.4+dfsg-1'"
node_refused "apt has no package of 20 or later"
[[ $(<"$FOLDER/asked") == update ]] || die "apt was asked for more than its lists:" "$(<"$FOLDER/asked")"
tool node "test \$1 = --version && echo v18.20.4; exit 1"
node_refused "node v18.20.4 is too old"
