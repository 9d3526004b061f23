#!/usr/bin/env bash
# Prints the targets of a Makefile with what they do.
#   help.sh MAKEFILE…
set -euo pipefail

echo "Usage: make TARGET [NAME=value]"
echo
awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $1, $2 }' "$@"
