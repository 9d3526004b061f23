"""Stands in for Lambda's Runtime API and for AWS Secrets Manager: hands out one event again and again, and takes the time
of each answer."""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from database import Database

EVENT = json.dumps(
    {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/users/1",
        "rawQueryString": "",
        "headers": {"host": "users.example.com", "accept": "*/*", "x-forwarded-for": "127.0.0.1", "user-agent": "bench"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "bench",
            "domainName": "users.example.com",
            "domainPrefix": "users",
            "http": {"method": "GET", "path": "/users/1", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "bench"},
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1583348638390,
        },
        "isBase64Encoded": False,
    }
).encode()


@dataclass
class Session:
    """One process and its invocations; times in seconds of `time.perf_counter`."""

    invocations: int
    handed_out: int = 0
    asked_at: float = 0
    first_answer_at: float = 0
    first_body: bytes = b""
    latencies: list[float] = field(default_factory=list)
    finished: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)


class RuntimeApi(ThreadingHTTPServer):
    """The stand-in, on a free port."""

    daemon_threads = True

    def __init__(self, database: Database):
        super().__init__(("127.0.0.1", 0), Handler)
        self.session = Session(0)
        credentials = {"engine": "mysql", "host": "127.0.0.1", "port": database.port, "username": "root", "password": "password", "dbname": "ecommerce"}
        self.secrets = {"prod/rds/credentials": json.dumps(credentials)}
        self.token = ""
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def event(self) -> bytes:
        """With the token, if there is one."""
        if not self.token:
            return EVENT
        event = json.loads(EVENT)
        event["headers"]["authorization"] = f"Bearer {self.token}"
        return json.dumps(event).encode()

    def secret_values(self, request: dict) -> dict:
        """Of the one secret that is asked for, or of several."""
        described = {name: {"ARN": "arn", "Name": name, "VersionId": "v", "SecretString": text} for name, text in self.secrets.items()}
        if "SecretIdList" in request:
            return {"SecretValues": [described[name] for name in request["SecretIdList"]], "Errors": []}
        return described[request["SecretId"]]

    def handle_error(self, request: object, client_address: object) -> None:
        """A process that is killed leaves its connections open: not an error."""

    def environment(self, *, secret: bool) -> dict[str, str]:
        """What Lambda sets, and where Secrets Manager is."""
        address = f"127.0.0.1:{self.server_port}"
        return {
            "AWS_LAMBDA_RUNTIME_API": address,
            "AWS_ENDPOINT_URL": f"http://{address}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "key",
            "AWS_REGION": "us-east-1",
            "AWS_LAMBDA_FUNCTION_NAME": "users",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
        } | ({"ENVIRONMENT": "prod", "DB_CREDENTIALS": "secret"} if secret else {})


class Handler(BaseHTTPRequestHandler):
    """`GET …/next` hands an event out, `POST …/response` takes the answer, `POST /` is Secrets Manager."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: RuntimeApi

    def log_message(self, *_: object) -> None:
        """Silent: a line each would cost time."""

    def do_GET(self) -> None:
        session = self.server.session
        if session.handed_out >= session.invocations:
            session.finished.set()
            session.closed.wait()
            self.close_connection = True
            return
        session.handed_out += 1
        session.asked_at = time.perf_counter()
        self.answer(
            200,
            self.server.event(),
            {
                "Lambda-Runtime-Aws-Request-Id": f"id-{session.handed_out}",
                "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 15_000),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:users",
            },
        )

    def do_POST(self) -> None:
        body = self.body()
        if self.path == "/":
            answer = self.server.secret_values(json.loads(body))
            self.answer(200, json.dumps(answer).encode(), {"content-type": "application/x-amz-json-1.1"})
            return
        now, session = time.perf_counter(), self.server.session
        session.latencies.append(now - session.asked_at)
        if not session.first_body:
            session.first_answer_at, session.first_body = now, body
        self.answer(202, b'{"status":"OK"}', {})

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Head and body in one piece, so that neither waits for an acknowledgement."""
        lines = {"content-type": "application/json", **headers, "content-length": str(len(body))}
        head = f"HTTP/1.1 {status} OK\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
        self.wfile.write(head.encode() + body)

    def body(self) -> bytes:
        if "content-length" in self.headers:
            return self.rfile.read(int(self.headers["content-length"]))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body
