#!/usr/bin/env bash
# Tests scripts/lib/calls.sh against a server of this machine that answers with what it was sent.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/lib/log.sh
source scripts/lib/log.sh
# shellcheck source=scripts/lib/calls.sh
source scripts/lib/calls.sh

need python3 "install Python 3"
WORK=$(mktemp -d)
trap 'kill "$SERVER" 2>/dev/null; wait "$SERVER" 2>/dev/null || true; rm -rf "$WORK"' EXIT
python3 - >"$WORK/port" 2>/dev/null <<'SERVER' &
import http.server, json

class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("X-Mixed-Case", "Kept As It Is")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

server = http.server.HTTPServer(("127.0.0.1", 0), Echo)
print(server.server_port, flush=True)
server.serve_forever()
SERVER
SERVER=$!
until [[ -s $WORK/port ]]; do sleep 0.1; done
PORT=$(<"$WORK/port")
# shellcheck disable=SC2034 # read by the library
CALL_BY=http AUTHORIZATION=none

# A custom domain, before its DNS record points here: nothing is looked up, and the server is called by the domain's name.
# shellcheck disable=SC2034
URL=http://users.example.com CONNECT_TO=users.example.com:80:127.0.0.1:$PORT
call GET /health
[[ $STATUS == 200 && $(jq -r .host <<<"$BODY") == users.example.com ]] || die "the domain was not reached at its target: $STATUS $BODY"

# shellcheck disable=SC2034
URL=http://127.0.0.1:$PORT CONNECT_TO=""
call GET /health
grep -qx "x-mixed-case: Kept As It Is" <<<"$HEADERS" || die "the names of headers are not in lower case:" "$HEADERS"

AUTHORIZATION=jwt TOKEN=secret
call GET /users
[[ $(jq -r .authorization <<<"$BODY") == "Bearer secret" ]] || die "the token was not sent"
# shellcheck disable=SC2034
TOKEN=""
call GET /health
[[ $(jq -r .authorization <<<"$BODY") == null ]] || die "an empty token was sent"
