"""Emulates API Gateway: converts HTTP requests to events of payload format 2.0 for the alias `live`, and back.
Routes have the authorisation that Terraform set; SigV4 signatures are verified."""

import base64
import datetime
import json
import os
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.apigatewayv2.models import apigatewayv2_backends
from moto.awslambda.models import lambda_backends

HOP_BY_HOP = {"connection", "content-length", "host", "transfer-encoding"}


def handler(folder, account, region, key, secret):
    """The request handler; `key` and `secret` are the caller's credentials. While the file
    gateway-is-down exists in the folder, every response is a 503."""

    class Gateway(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if os.path.exists(f"{folder}/gateway-is-down"):
                return self._answer(503, {"message": "Service Unavailable"})
            apis = list(apigatewayv2_backends[account][region].apis.values())
            if not apis:
                return self._answer(404, {"message": "Not Found"})
            path = urllib.parse.urlsplit(self.path).path
            routes = {route.route_key: route for route in apis[0].routes.values()}
            route = routes.get(f"{self.command} {path}") or routes["$default"]
            if route.authorization_type == "AWS_IAM" and not self._signed(body):
                return self._answer(403, {"message": "Forbidden"})
            integration = next(iter(apis[0].integrations.values()))
            # …/functions/arn:aws:lambda:REGION:ACCOUNT:function:NAME:ALIAS/invocations
            name, alias = integration.integration_uri.split("/")[-2].split(":")[-2:]
            outcome = {}
            payload = lambda_backends[account][region].invoke(name, alias, json.dumps(self._event(route.route_key, body)), {}, outcome)
            answer = json.loads(payload)
            if "x-amz-function-error" in outcome or "statusCode" not in answer:
                return self._answer(500, {"message": "Internal Server Error"})
            content = answer.get("body") or ""
            content = base64.b64decode(content) if answer.get("isBase64Encoded") else content.encode()
            headers = dict(answer.get("headers") or {})
            for name, values in (answer.get("multiValueHeaders") or {}).items():
                headers[name] = ", ".join(values)
            self._send(answer["statusCode"], headers, content)

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
                    "accountId": account, "apiId": "rehearsal", "domainName": host, "domainPrefix": "rehearsal",
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

        def _signed(self, body):
            """Signs the request again and compares the signatures."""
            given = self.headers.get("Authorization", "")
            if not given.startswith("AWS4-HMAC-SHA256 "):
                return False
            fields = dict(field.strip().split("=", 1) for field in given.split(" ", 1)[1].split(","))
            access, date, scope, service, _ = fields["Credential"].split("/")
            stamp = self.headers.get("X-Amz-Date", "")
            if access != key or scope != region or service != "execute-api" or not stamp.startswith(date):
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
            auth = SigV4Auth(Credentials(access, secret), service, region)
            text = auth.string_to_sign(request, auth.canonical_request(request))
            return auth.signature(text, request) == fields["Signature"]

        def _answer(self, status, document):
            self._send(status, {"content-type": "application/json"}, json.dumps(document).encode())

        def _send(self, status, headers, content):
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, str(value))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *_):
            pass

    return Gateway
