"""Emulates AWS on this machine: moto with patches, functions that run the image's executable, API Gateway.
   aws.py FOLDER AWS_PORT AWS_TLS_PORT REGISTRY_HOST ACCOUNT REGION
Exits at the end of its standard input, so that no process outlives the rehearsal."""

import logging
import os
import sys
import threading

folder, aws_port, tls_port, registry_host, account, region = sys.argv[1:]
os.environ["MOTO_ACCOUNT_ID"] = account
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

import authorization
import events
import fixes
import gateway
import mail
import metrics
import sandbox
import shifts

logging.getLogger("werkzeug").setLevel(logging.ERROR)
watch = metrics.Metrics(account, region, float(os.environ["REHEARSAL_MINUTE"]))
authority = authorization.Authorization(
    folder, account, region, os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
)
pool = sandbox.Pool(folder, registry_host, authority, watch)
gateways = gateway.Gateways(folder, account, region, authority, watch)
fixes.install(gateways, registry_host, pool, shifts.Shifts(account, region, watch, authority))
bus = events.Bus(account, region, authority)
mail.install(folder, bus)

# The functions come through TLS, so that an image without certificate authorities is noticed.
certificates = os.path.dirname(os.environ["REHEARSAL_CA"])
tls = (f"{certificates}/server.pem", f"{certificates}/server-key.pem")
moto = bus.middleware(authority.middleware(DomainDispatcherApplication(create_backend_app)))


def app(environ, start_response):
    """moto, or the error of expired credentials while the file credentials-expired exists in the folder."""
    if os.path.exists(f"{folder}/credentials-expired"):
        start_response("403 Forbidden", [("x-amzn-errortype", "ExpiredTokenException"), ("Content-Length", "0")])
        return [b""]
    return moto(environ, start_response)


aws = make_server("127.0.0.1", int(aws_port), app, threaded=True)
aws_tls = make_server("127.0.0.1", int(tls_port), app, threaded=True, ssl_context=tls)
aws.daemon_threads = aws_tls.daemon_threads = True
for server in (aws, aws_tls):
    threading.Thread(target=server.serve_forever, daemon=True).start()

print("ready", flush=True)
sys.stdin.read()
pool.close()
