"""Runs functions as AWS Lambda does: the image's executable, with the image as root file system, invoked through the
Runtime API. Each sandbox handles one event at a time and is reused.

`cargo lambda watch` serves a Runtime API as well, but starts no function from an image, ends none that is late, and names a
deadline in 1970 for each event."""

import base64
import json
import os
import queue
import shutil
import stat
import subprocess
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import registry
import services

AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
AUTHORITY = "/rehearsal-ca.pem"


class Pool:
    """The sandboxes of all functions. While the file cold exists in the folder, none is reused."""

    def __init__(self, folder, registry_host, authority, metrics):
        self.folder, self.registry_host, self.authority, self.metrics = folder, registry_host, authority, metrics
        self.idle, self.all, self.images = {}, [], {}
        self.lock = threading.Lock()

    def invoke(self, function, body, alias=None):
        """Returns the payload, whether it is an error, and the tail of the log."""
        event = body if isinstance(body, (bytes, str)) and body else "{}"
        event = event.encode() if isinstance(event, str) else event
        key = (function.function_name, str(function.version), function.code["ImageUri"], json.dumps(function.environment_vars, sort_keys=True))
        while True:
            with self.lock:
                idle = self.idle.setdefault(key, [])
                if os.path.exists(f"{self.folder}/cold"):
                    idle.clear()
                sandbox = idle.pop() if idle else None
            if not sandbox or sandbox.process.poll() is None:
                break
        if not sandbox:
            sandbox = Sandbox(self, function)
            self.all.append(sandbox)
        started = time.monotonic()
        payload, error = sandbox.handle(event, function.timeout)
        duration = (time.monotonic() - started) * 1000
        self._measure(function, alias, duration, error)
        report = {
            "type": "platform.report",
            "record": {
                "requestId": str(uuid.uuid4()), "status": "error" if error else "success",
                "metrics": {"durationMs": round(duration, 2)},
            },
        }
        sandbox.write_log(json.dumps(report))
        if sandbox.process.poll() is None:
            with self.lock:
                self.idle[key].append(sandbox)
        return payload, error, base64.b64encode(json.dumps(report, separators=(",", ":")).encode()).decode()

    def _measure(self, function, alias, duration, error):
        """Under the dimensions of https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html."""
        dimensions = [{"FunctionName": function.function_name}]
        if alias:
            dimensions.append(dimensions[0] | {"Resource": f"{function.function_name}:{alias}"})
            dimensions.append(dimensions[1] | {"ExecutedVersion": str(function.version)})
        for name, value in {"Invocations": 1, "Errors": int(error), "Throttles": 0, "Duration": duration}.items():
            self.metrics.put("AWS/Lambda", name, value, *dimensions)

    def image(self, function):
        """The folder and the configuration of a function's image, unpacked once."""
        name, digest = function.code["ImageUri"].split("/", 1)[1].split("@")
        services.pull_image(function, name, self.authority)
        with self.lock:
            if digest not in self.images:
                folder = os.path.join(self.folder, "images", digest.removeprefix("sha256:")[:16])
                os.makedirs(folder)
                config = registry.unpack(self.registry_host, name, digest, folder)
                # What Lambda adds to every image, and the authorities that signed the local databases' certificates.
                os.makedirs(os.path.join(folder, "etc"), exist_ok=True)
                _make_devices(folder)
                for path in ("/etc/hosts", "/etc/resolv.conf"):
                    if os.path.exists(path):
                        shutil.copy(path, folder + path)
                shutil.copy(os.environ["REHEARSAL_DATABASE_CAS"], folder + AUTHORITY)
                # One of them signed the endpoint's too. Only the image's own list is added to: there must be one.
                with open(os.environ["REHEARSAL_CA"]) as authority, open(folder + AUTHORITIES, "r+") as authorities:
                    authorities.seek(0, os.SEEK_END)
                    authorities.write("\n" + authority.read())
                self.images[digest] = folder, config
            return self.images[digest]

    def close(self):
        for sandbox in self.all:
            sandbox.close()


class Sandbox:
    def __init__(self, pool, function):
        self.function, self.events, self.answers = function, queue.Queue(), queue.Queue()
        self.authority, self.session = pool.authority, pool.authority.session_of(function)
        self.metrics = pool.metrics
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._runtime_api())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        root, config = pool.image(function)
        command = (config.get("Entrypoint") or []) + (function.image_config.cmd or config.get("Cmd") or [])
        if os.getuid() == 0:
            arguments, trust = {"preexec_fn": lambda: _confine(root)}, {"DB_CA_FILE": AUTHORITY}
        else:
            # Only root can give a process another root: without it the image's files are read where they are.
            arguments, command = {"cwd": root}, [root + command[0]] + command[1:]
            trust = {"DB_CA_FILE": root + AUTHORITY, "SSL_CERT_FILE": root + AUTHORITIES}
        self.process = subprocess.Popen(
            command, env=self._environment() | trust, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, text=True, errors="replace", **arguments,
        )
        self.stream = uuid.uuid4().hex
        function.logs_backend.create_log_stream(function.logs_group_name, self.stream)
        services.write_log(function, self.stream, self.authority)
        threading.Thread(target=self._copy_log, daemon=True).start()

    def _environment(self):
        """What Terraform gives the function, what Lambda adds, and the endpoints of the emulators."""
        return self.function.environment_vars | {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": self.function.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": str(self.function.version),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.function.memory_size),
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_REGION": self.function.region,
            "AWS_ACCESS_KEY_ID": self.session.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.session.secret_access_key,
            "AWS_SESSION_TOKEN": self.session.session_token,
            "AWS_ENDPOINT_URL": os.environ["REHEARSAL_FUNCTION_ENDPOINT"],
        } | (
            # The address of the local server in the place of the one that RDS would have.
            {"DB_HOST": "localhost", "DB_PORT": os.environ[f"REHEARSAL_DB_PORT_{self.function.environment_vars['ENVIRONMENT']}"]}
            if "DB_HOST" in self.function.environment_vars
            else {}
        )

    def handle(self, event, seconds):
        self.events.put((str(uuid.uuid4()), event, int((time.time() + seconds) * 1000)))
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                return self.answers.get(timeout=0.2)
            except queue.Empty:
                if self.process.poll() is not None:
                    return _failure("Runtime.ExitError", f"the executable ended with status {self.process.returncode}"), True
        self.close()
        return _failure("Sandbox.Timedout", f"Task timed out after {seconds} seconds"), True

    def _copy_log(self):
        for line in self.process.stdout:
            self.write_log(line.rstrip("\n"))
            self.metrics.put_logged(line)

    def write_log(self, message):
        event = {"timestamp": int(time.time() * 1000), "message": message}
        try:
            self.function.logs_backend.put_log_events(self.function.logs_group_name, self.stream, [event])
        except Exception:
            # The group is gone with the environment; what is left of the output is read all the same.
            pass

    def _runtime_api(sandbox):
        class RuntimeApi(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet, or each answer waits for an acknowledgement

            def do_GET(self):
                invocation, event, deadline = sandbox.events.get()
                self.send_response(200)
                for name, value in {
                    "Lambda-Runtime-Aws-Request-Id": invocation,
                    "Lambda-Runtime-Deadline-Ms": deadline,
                    "Lambda-Runtime-Invoked-Function-Arn": sandbox.function.function_arn,
                    "Content-Type": "application/json",
                    "Content-Length": len(event),
                }.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(event)

            def do_POST(self):
                body = self._body()
                if self.path.endswith("/response"):
                    sandbox.answers.put((body, False))
                elif "/invocation/" in self.path:
                    sandbox.answers.put((body, True))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def _body(self):
                if self.headers.get("Transfer-Encoding") != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def log_message(self, *_):
                pass

        return RuntimeApi

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        threading.Thread(target=self.server.shutdown, daemon=True).start()


def _make_devices(folder):
    if os.getuid() != 0:
        return
    os.makedirs(os.path.join(folder, "dev"), exist_ok=True)
    for name in ("null", "random", "urandom", "zero"):
        path = os.path.join(folder, "dev", name)
        os.mknod(path, stat.S_IFCHR, os.stat(f"/dev/{name}").st_rdev)
        os.chmod(path, 0o666)


def _confine(root):
    os.chroot(root)
    os.chdir("/")
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)


def _failure(kind, message):
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()
