#!/usr/bin/env bash
# What an image is built from: .dockerignore lets in every folder that the service is compiled from.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh

# Workspaces of their own.
readonly OTHERS=" bench fuzz "

git ls-files 'service/*/*' | cut -d/ -f2 | sort -u | while read -r folder; do
  [[ $OTHERS == *" $folder "* ]] || grep -qx "!service/$folder" .dockerignore ||
    die ".dockerignore keeps service/$folder from the image's build" "add a line: !service/$folder"
done
