"""Sends signed requests at a constant rate and counts failures.
   load.py URL REGION      exits at the end of its standard input and prints "SENT FAILED FIRST-FAILURE"
"""

import os
import sys
import threading
import time
import urllib.error
import urllib.request

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

url, region = sys.argv[1:]
signer = SigV4Auth(Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]), "execute-api", region)
stop, counts, failures = threading.Event(), [], []


def call():
    request = AWSRequest("GET", f"{url}/users?page=1&page_size=1")
    signer.add_auth(request)
    try:
        with urllib.request.urlopen(urllib.request.Request(request.url, headers=dict(request.headers)), timeout=30) as answer:
            answer.read()
    except urllib.error.HTTPError as error:
        failures.append(f"{error.code} {error.read()[:200]}")
    except OSError as error:
        failures.append(str(error))
    counts.append(1)


def client():
    while not stop.is_set():
        call()
        time.sleep(0.05)


clients = [threading.Thread(target=client) for _ in range(3)]
for thread in clients:
    thread.start()
# A time limit, in case its standard input stays open.
limit = threading.Timer(120, stop.set)
limit.daemon = True
limit.start()
sys.stdin.read()
stop.set()
for thread in clients:
    thread.join()
print(len(counts), len(failures), failures[0] if failures else "")
