#!/usr/bin/env bash
# Tests scripts/lib/machine.sh with tools that tell another version, and an operating system of another name.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/machine.sh
source scripts/lib/machine.sh

FOLDER=$(mktemp -d)
trap 'rm -rf "$FOLDER"' EXIT
PATH=$FOLDER:$PATH

# tool NAME ANSWER
tool() {
  printf '#!/bin/sh\necho "%s"\n' "$2" >"$FOLDER/$1"
  chmod +x "$FOLDER/$1"
}

# accepted COMMAND…
accepted() { ("$@") 2>/dev/null || die "refused: $*"; }

# refused TEXT COMMAND…: with this text in the message.
refused() {
  local text=$1 output
  shift
  if output=$("$@" 2>&1); then die "accepted: $*"; fi
  [[ $output == *"$text"* ]] || die "the message of '$*' lacks '$text':" "$output"
}

tool jq jq-1.6
accepted need_at_least jq 1.6 "install jq"
refused "jq 1.6 is too old; 1.7 or later is needed" need_at_least jq 1.7 "install jq"
tool curl "curl 8.5.0 (x86_64-apple-darwin23.0)"
accepted need_at_least curl 7.75 "install curl"
tool curl "curl 7.64.1 (x86_64-apple-darwin20.0)"
refused "curl 7.64 is too old" need_at_least curl 7.75 "install curl"
refused "no-such-tool is missing" need_at_least no-such-tool 1.0 "install it"
tool silent ""
refused "does not tell its version" need_at_least silent 1.0 "install it"
tool uname Linux
accepted need_linux "it reads /proc"
tool uname Darwin
refused "this needs Linux: it reads /proc" need_linux "it reads /proc"
