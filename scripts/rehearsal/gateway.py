"""Emulates API Gateway: converts HTTP requests to events of payload format 2.0 for the alias `live`, and back. Each API has
a port of its own. Routes have the authorisation that Terraform set; SigV4 signatures are verified."""

import base64
import datetime
import json
import os
import threading
import time
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.apigatewayv2.models import apigatewayv2_backends
from moto.awslambda.models import lambda_backends

import services
from policies import Need

HOP_BY_HOP = {"connection", "content-length", "host", "transfer-encoding"}


class Gateways:
    """The gateways of all APIs."""

    def __init__(self, folder, account, region, authority, metrics):
        self.folder, self.account, self.region, self.authority, self.metrics = folder, account, region, authority, metrics
        self.lambdas = lambda_backends[account][region]

    def serve(self, api_id):
        """Begins to answer requests to an API, and returns its URL."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self, api_id))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://localhost:{server.server_port}"

    def api(self, api_id):
        return apigatewayv2_backends[self.account][self.region].apis.get(api_id)

    def invoke(self, integration, event, source):
        """The payload of the integration's function, and whether it is an error."""
        # …/functions/arn:aws:lambda:REGION:ACCOUNT:function:NAME:ALIAS/invocations
        arn = integration.integration_uri.split("/")[-2]
        if services.invoke("apigateway.amazonaws.com", arn, source, self.authority):
            return b"{}", True
        outcome = {}
        payload = self.lambdas.invoke(*arn.split(":")[-2:], json.dumps(event), {}, outcome)
        return payload, "x-amz-function-error" in outcome


def handler(gateways, api_id):
    """The request handler. While the file gateway-is-down exists in the folder, every response is a 503."""

    class Gateway(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_any(self):
            started = time.monotonic()
            status = self._respond(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            for name, value in {
                "Count": 1, "4xx": int(400 <= status < 500), "5xx": int(status >= 500), "Latency": (time.monotonic() - started) * 1000,
            }.items():
                gateways.metrics.put("AWS/ApiGateway", name, value, {"ApiId": api_id}, {"ApiId": api_id, "Stage": "$default"})

        def _respond(self, body):
            api = gateways.api(api_id)
            if os.path.exists(f"{gateways.folder}/gateway-is-down"):
                return self._answer(503, {"message": "Service Unavailable"})
            if not api:
                return self._answer(404, {"message": "Not Found"})
            path = urllib.parse.urlsplit(self.path).path
            routes = {route.route_key: route for route in api.routes.values()}
            route = routes.get(f"{self.command} {path}") or routes["$default"]
            if route.authorization_type == "AWS_IAM" and not self._authorized(path, body):
                return self._answer(403, {"message": "Forbidden"})
            source = f"arn:aws:execute-api:{gateways.region}:{gateways.account}:{api_id}/$default/{route.route_key.replace(' ', '')}"
            payload, error = gateways.invoke(next(iter(api.integrations.values())), self._event(route.route_key, body), source)
            answer = json.loads(payload)
            if error or "statusCode" not in answer:
                return self._answer(500, {"message": "Internal Server Error"})
            content = answer.get("body") or ""
            content = base64.b64decode(content) if answer.get("isBase64Encoded") else content.encode()
            headers = dict(answer.get("headers") or {})
            for name, values in (answer.get("multiValueHeaders") or {}).items():
                headers[name] = ", ".join(values)
            return self._send(answer["statusCode"], headers, content)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = do_any

        def _event(self, route, body):
            url = urllib.parse.urlsplit(self.path)
            query = urllib.parse.parse_qs(url.query, keep_blank_values=True)
            now = datetime.datetime.now(datetime.timezone.utc)
            path = urllib.parse.unquote(url.path)
            host = self.headers.get("Host", "")
            event = {
                "version": "2.0", "routeKey": route, "rawPath": path, "rawQueryString": url.query,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "requestContext": {
                    "accountId": gateways.account, "apiId": api_id, "domainName": host, "domainPrefix": "rehearsal",
                    "requestId": uuid.uuid4().hex, "routeKey": route, "stage": "$default",
                    "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"), "timeEpoch": int(now.timestamp() * 1000),
                    "http": {
                        "method": self.command, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                        "userAgent": self.headers.get("User-Agent", ""),
                    },
                },
                "isBase64Encoded": False,
            }
            if query:
                event["queryStringParameters"] = {name: ",".join(values) for name, values in query.items()}
            if body:
                try:
                    event["body"] = body.decode()
                except UnicodeDecodeError:
                    event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
            return event

        def _authorized(self, path, body):
            """Whether the request is signed with the credentials of somebody who may call it."""
            key = self._signed(body)
            call = f"arn:aws:execute-api:{gateways.region}:{gateways.account}:{api_id}/$default/{self.command}{path}"
            return key and gateways.authority.check(key, Need("execute-api:Invoke", call)) is None

        def _signed(self, body):
            """Signs the request again and compares the signatures; returns the key."""
            given = self.headers.get("Authorization", "")
            if not given.startswith("AWS4-HMAC-SHA256 "):
                return False
            fields = dict(field.strip().split("=", 1) for field in given.split(" ", 1)[1].split(","))
            access, date, scope, service, _ = fields["Credential"].split("/")
            stamp, secret = self.headers.get("X-Amz-Date", ""), gateways.authority.secret(access)
            if not secret or scope != gateways.region or service != "execute-api" or not stamp.startswith(date):
                return False
            age = datetime.datetime.utcnow() - datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ")
            if abs(age.total_seconds()) > 300:
                return False
            signed = fields["SignedHeaders"].split(";")
            request = AWSRequest(
                self.command, f"http://{self.headers['Host']}{self.path}", data=body,
                headers={name: self.headers[name] for name in signed if self.headers.get(name)},
            )
            request.context["timestamp"] = stamp
            auth = SigV4Auth(Credentials(access, secret), service, scope)
            text = auth.string_to_sign(request, auth.canonical_request(request))
            return access if auth.signature(text, request) == fields["Signature"] else None

        def _answer(self, status, document):
            return self._send(status, {"content-type": "application/json"}, json.dumps(document).encode())

        def _send(self, status, headers, content):
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, str(value))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
            return status

        def log_message(self, *_):
            pass

    return Gateway
