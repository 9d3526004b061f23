#!/usr/bin/env bash
# Prints the targets of a Makefile with what they do.
#   help.sh MAKEFILE…
set -euo pipefail

echo "Usage: make TARGET [NAME=value]"
echo
awk -F ':.*## ' '/^##@ / { printf "\n%s\n\n", substr($0, 5) } /^[a-z-]+:.*## / { printf "  %-14s %s\n", $1, $2 }' "$@"
