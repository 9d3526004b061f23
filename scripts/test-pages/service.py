"""The service as its clients use it: calls, and the mails that it has written."""

import email
import email.policy
import json
import re
import time
import urllib.error
import urllib.request
from pathlib import Path

from chromium import Failure


class Service:
    def __init__(self, url, mails):
        self.url, self.mails = url, Path(mails)

    def call(self, method, path, body=None, status=None, token=None, language="en"):
        """The body of the answer, which must have this status."""
        headers = {"content-type": "application/json", "accept-language": language}
        if token:
            headers["authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            answer = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as refusal:
            answer = refusal
        with answer:
            text = answer.read()
        if answer.status != status:
            raise Failure(f"{method} {path} is answered {answer.status} instead of {status}: {text.decode()}")
        return json.loads(text) if text else None

    def sign_in(self, login, password, status=201):
        """An access token, or nothing if the sign-in is to be refused."""
        return self.call("POST", "/sessions", {"login": login, "password": password}, status).get("access_token")

    def link(self, address, path):
        """The link to this page in the mail to this address, which is waited for."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for file in self.mails.glob("*.eml"):
                message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
                found = re.search(rf"http\S+{path}#\S+", message.get_body(("plain",)).get_content())
                if message["To"] == address and found:
                    return found[0]
            time.sleep(0.1)
        raise Failure(f"{address} gets no mail with a link to {path}")
