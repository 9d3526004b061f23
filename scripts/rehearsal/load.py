"""Sends signed requests without pause and counts failures.
   load.py URL REGION list|rename     lists users, or renames one over and over
Exits at the end of its standard input and prints "SENT FAILED FIRST-FAILURE"."""

import json
import os
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

url, region, work = sys.argv[1:]
signer = SigV4Auth(Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]), "execute-api", region)
stop, counts, failures = threading.Event(), [], []


def send(method, path, body=None):
    data = json.dumps(body).encode() if body else None
    request = AWSRequest(method, url + path, data=data, headers={"Content-Type": "application/json"} if body else {})
    signer.add_auth(request)
    request = urllib.request.Request(request.url, data=data, headers=dict(request.headers), method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def call(user):
    try:
        if user:
            send("PUT", f"/users/{user}", {"username": f"load-{uuid.uuid4().hex[:20]}"})
        else:
            send("GET", "/users?page=1&page_size=1")
    except urllib.error.HTTPError as error:
        failures.append(f"{error.code} {error.read()[:200]}")
    except OSError as error:
        failures.append(str(error))
    counts.append(1)


def client():
    name, user = f"load-{uuid.uuid4().hex[:20]}", None
    if work == "rename":
        user = json.loads(send("POST", "/users", {"username": name, "email": f"{name}@example.com"}))["user_id"]
    while not stop.is_set():
        call(user)
        time.sleep(0.02)


clients = [threading.Thread(target=client) for _ in range(3)]
for thread in clients:
    thread.start()
# A time limit, in case its standard input stays open.
limit = threading.Timer(600, stop.set)
limit.daemon = True
limit.start()
sys.stdin.read()
stop.set()
for thread in clients:
    thread.join()
print(len(counts), len(failures), failures[0] if failures else "")
