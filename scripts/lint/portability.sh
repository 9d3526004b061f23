#!/usr/bin/env bash
# Looks for what macOS lacks (bash 3.2, BSD tools) in the scripts that have to run there, and checks itself: each pattern has an
# example that it must find. A script that calls need_linux is left out, and so are those of the rehearsal.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh

# pattern <tab> an example that it must find
read -r -d '' PATTERNS <<'TABLE' || true # `read` reports the end of its input
(^|[ ;])(local|declare|typeset|readonly) -[a-zA-Z]*[An]	local -A map
(mapfile|readarray)( |$)	mapfile -t lines
\$\{[A-Za-z_]+(\[[^]]*\])?(,|\^)	echo "${name,,}"
\$\{[A-Za-z_]+@	echo "${name@Q}"
wait -n	wait -n
\|&	make |& tee log
&>>	make &>>log
(^|[^[:alnum:]_])coproc 	coproc cat
EPOCHSECONDS|EPOCHREALTIME|SRANDOM	echo "$EPOCHSECONDS"
printf [^|]*%\(	printf '%(%F)T'
\[\[ -v 	[[ -v name ]]
" ?\$\{[a-zA-Z_]+\[\*\]\} ?"	" ${missing[*]} "
\\[LU]&	sed 's/a/\L&/'
sed (-[A-Za-z]+ )*(-i|--in-place|--)	sed -i s/a/b/ file
date (-d|--date)	date -d yesterday
readlink -[a-z]*f	readlink -f .
realpath 	realpath .
stat (-c|--format)	stat -c %s file
mktemp (--|-p )	mktemp --directory
grep -[A-Za-z]*P	grep -P x
cp [^|]*--	cp --parents a b
(^|[ |(])(head|tail) [^|]*--	head --lines=1
find [^|]*-printf	find . -printf %p
(^|[ (|;&])(tac|nproc|setsid)( |$)	lines | tac | head
base64 -w	base64 -w0
date [^|]*%N	date +%s%N
TABLE

main() {
  local file found=0
  each_pattern_finds_its_example
  for file in $(git ls-files 'scripts/*.sh'); do
    case $file in scripts/rehears* | scripts/lint/* | scripts/tests/*) continue ;; esac
    if ! grep -qE '^ *need_linux ' "$file" && what_macos_lacks "$file"; then found=1; fi
  done
  ((found == 0)) || die "macOS lacks what is listed above" "write it another way, or call need_linux (scripts/lib/machine.sh)"
}

# what_macos_lacks FILE: prints it; 1 if there is none. Comments may name it.
what_macos_lacks() {
  local pattern found=1
  while IFS=$'\t' read -r pattern _; do
    if grep -nE -- "$pattern" "$1" | grep -vE '^[0-9]+: *#' | sed "s|^|$1:|"; then found=0; fi
  done <<<"$PATTERNS"
  return $found
}

each_pattern_finds_its_example() {
  local pattern example
  while IFS=$'\t' read -r pattern example; do
    grep -qE -- "$pattern" <<<"$example" || die "the pattern $pattern does not find: $example"
  done <<<"$PATTERNS"
}

main
