# What a script needs of the machine, said before it does anything. Source it after log.sh.
# shellcheck shell=bash
#
# The scripts run on Linux and on macOS as Apple ships it: bash 3.2, BSD tools, jq 1.6. scripts/lint/portability.sh looks for
# what these do not have. Those that test or measure need Linux and say so.

# need_linux WHAT_FOR
need_linux() {
  [[ $(uname -s) == Linux ]] || die "this needs Linux: $1" "on another system, run it in a container or a virtual machine"
}

# need_at_least TOOL VERSION HOW_TO_GET_IT: compares major and minor number with what `TOOL --version` says first.
need_at_least() {
  local answer pattern='([0-9]+)\.([0-9]+)'
  need "$1" "$3"
  answer=$("$1" --version 2>&1) || true
  [[ $answer =~ $pattern ]] || die "$1 does not tell its version" "$3"
  ((BASH_REMATCH[1] > ${2%.*} || (BASH_REMATCH[1] == ${2%.*} && BASH_REMATCH[2] >= ${2#*.}))) ||
    die "$1 ${BASH_REMATCH[0]} is too old; $2 or later is needed" "$3"
}
