# shellcheck shell=bash
# Messages to standard error. Source it.

note() { printf '%s\n' "$*" >&2; }

die() {
  printf '\nerror: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '       %s\n' "$line" >&2; done
  exit 1
}

# need TOOL HOW_TO_GET_IT
need() {
  command -v "$1" >/dev/null || die "$1 is missing" "$2"
}
