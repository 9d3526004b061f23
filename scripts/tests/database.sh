#!/usr/bin/env bash
# Tests that scripts/test-database.sh says at once, and not after the tests are compiled, that it cannot start a server.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh

FOLDER=$(mktemp -d)
trap 'rm -rf "$FOLDER"' EXIT

# refused TEXT SERVER: with this text in the message.
refused() {
  local output
  if output=$(TEST_DATABASE=$2 PATH=$FOLDER:$PATH scripts/test-database.sh need 2>&1); then die "accepted: $2" "$output"; fi
  [[ $output == *"$1"* ]] || die "the message about $2 lacks '$1':" "$output"
}

refused "it must be docker, mysql or mariadb" oracle

# A command without an engine, as with Docker Desktop before it is started.
printf '#!/bin/sh\nexit 1\n' >"$FOLDER/docker"
chmod +x "$FOLDER/docker"
refused "the Docker engine does not answer" docker
