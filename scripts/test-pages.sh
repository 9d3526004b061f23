#!/usr/bin/env bash
# Goes the whole way of the pages that links in mails lead to, in Chromium without a window: sign up, mail, link, page, button,
# signed in; and uses the page of the OpenAPI document. Pictures of each step, at the width of a phone and of a desk, are in
# target/test-pages.
#   CHROMIUM=FILE      the browser, if it is another than chromium on the PATH: Google Chrome and Edge will do
#   EXECUTABLE=FILE    what serves; by default a debug build of this source
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/packages.sh
source scripts/lib/packages.sh
# shellcheck source=scripts/lib/service.sh
source scripts/lib/service.sh

readonly TEST=$PWD/scripts/test-pages PICTURES=$PWD/target/test-pages
# The browser alone knows where this is. Links begin with it, and not with where the service listens, which no one knows beforehand.
readonly ORIGIN=http://users.localhost
FOLDER=""

main() {
  need_python
  if [[ -z ${CHROMIUM:-} ]]; then
    # Without any font it ends at the first page that it draws, and its package does not depend on one.
    command -v chromium >/dev/null || install_packages chromium fonts-liberation
    CHROMIUM=chromium
  fi
  need "$CHROMIUM" "CHROMIUM names the browser, a command or a file"
  need_executable
  EXECUTABLE=$(cd "$(dirname "$EXECUTABLE")" && pwd)/${EXECUTABLE##*/}
  FOLDER=$(mktemp -d)
  trap stop EXIT
  rm -rf "$PICTURES"
  mkdir -p "$PICTURES"
  # Where the service writes its mails.
  cd "$FOLDER"
  export ACCESS=tokens DB_ENGINE=sqlite SQLITE_PATH=$FOLDER/users.db SIGNING_KEYS_FILE=$FOLDER/signing-keys.json
  "$EXECUTABLE" create-admin --username ada --email ada@example.com <<<"correct horse battery staple"
  SIGN_UP=open MAIL=console PUBLIC_URL=$ORIGIN start_service "$FOLDER/log"
  export PYTHONDONTWRITEBYTECODE=1
  python3 "$TEST/docs.py" "$CHROMIUM" "$URL" "$ORIGIN" "$PICTURES"
  python3 "$TEST/pages.py" "$CHROMIUM" "$URL" "$ORIGIN" "$FOLDER/mails" "$PICTURES"
  stop_service "$FOLDER/log"
  note "Look at the pictures in $PICTURES"
}

stop() {
  kill_service
  rm -rf "$FOLDER"
}

main "$@"
