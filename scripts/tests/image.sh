#!/usr/bin/env bash
# Tests that .dockerignore lets into the build of the image what the executable is made from: where there is no engine, nothing
# else would notice that something is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh

# What the executable is made without.
readonly WITHOUT=" ARCHITECTURE.md Dockerfile Dockerfile.local bench fuzz "

while read -r entry; do
  [[ $WITHOUT == *" $entry "* ]] && continue
  grep -qx "!service/$entry" .dockerignore ||
    die "service/$entry is not let into the build of the image" "add !service/$entry to .dockerignore, or the name to $0"
done < <(git ls-files service | cut -d/ -f2 | sort -u)

while read -r path; do
  [[ -e $path ]] || die ".dockerignore lets in $path, which is not there"
done < <(sed -n 's/^!//p' .dockerignore)
