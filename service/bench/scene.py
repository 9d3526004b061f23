"""A server with `ACCESS=tokens`, and people who sign in to it."""

import http.client
import json
import subprocess
from pathlib import Path

from contestants import Contestant, Server
from database import Database
from http_load import ROWS, wrk

PEOPLE = 50
PASSWORD, WRONG = "a swan by the harbour", "seven lanterns in fog"
# HTTPS, as in AWS. Nobody connects to it.
ISSUER = "https://users.example.com"
# All come from one address.
UNLIMITED = {
    name: "1000000/1h"
    for name in ("SIGN_IN_LIMIT", "SIGN_IN_IP_LIMIT", "SIGN_IN_LOGIN_LIMIT", "MAIL_IP_LIMIT", "MAIL_HOURLY_LIMIT", "MAIL_DAILY_LIMIT")
}


def make_administrator(service: Contestant, database: Database, variables: dict[str, str]) -> None:
    command = [service.executable, "create-admin", "--username", "root", "--email", "root@example.com"]
    environment = service.environment(database) | variables
    subprocess.run(command, env=environment, input=PASSWORD, text=True, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Scene:
    """A server with `ACCESS=tokens`, its people, and a folder for what wrk reads."""

    def __init__(self, server: Server, folder: Path):
        self.server, self.folder = server, folder
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def call(self, method: str, path: str, body: dict | None = None, token: str = "") -> tuple[int, dict]:
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        self.connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else {}

    def sign_in(self, login: str, password: str = PASSWORD) -> tuple[int, dict]:
        return self.call("POST", "/sessions", {"login": login, "password": password})

    def tokens(self, login: str) -> dict:
        status, tokens = self.sign_in(login)
        if status != 201:
            raise SystemExit(f"error: {login} cannot sign in: {status} {tokens}")
        return tokens

    def settle_in(self) -> None:
        """Adds the people."""
        token = self.tokens("root")["access_token"]
        for number in range(PEOPLE):
            person = {"username": f"person{number}", "email": f"person{number}@example.com", "password": PASSWORD}
            status, answer = self.call("POST", "/users", person, token)
            if status != 201:
                raise SystemExit(f"error: person{number} cannot be added: {status} {answer}")

    def public_keys(self) -> Path:
        file = self.folder / "jwks.json"
        file.write_text(json.dumps(self.call("GET", "/.well-known/jwks.json")[1]))
        return file

    def load(self, scenario: str, connections: int, seconds: float, argument: object = "", token: str = "") -> dict:
        return load(self.server, scenario, connections, seconds, argument, token)


def load(server: Server, scenario: str, connections: int, seconds: float, argument: object = "", token: str = "") -> dict:
    result = wrk(server.port, scenario, ROWS, connections, seconds, (str(argument),), token)
    server.forget_log()
    return result
