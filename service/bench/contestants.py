"""The contestants: how each is started as a server and as a Lambda program."""

import http.client
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from database import Database

SERVICE, FLOOR, PEER = "service", "floor", "Python service"


@dataclass
class Contestant:
    """A program under measurement; `peer` is the folder of the Python service, if this is it."""

    name: str
    executable: str
    peer: Path | None = None
    workers: tuple[str, ...] = field(default=("--workers", "2"))

    def server_command(self, port: int) -> list[str]:
        if self.peer:
            return [self.executable, "-m", "uvicorn", "app.main:app", "--host", "127.0.0.1", "--port", str(port), *self.workers]
        return [self.executable, "serve"]

    def lambda_command(self) -> list[str]:
        if self.peer:
            return [self.executable, "-m", "awslambdaric", "lambda_handler.handler"]
        return [self.executable, "lambda"]

    def environment(self, database: Database, *, tls: bool = False) -> dict[str, str]:
        """What names the database; nothing of this machine's environment but PATH."""
        tls_options = f"?ssl-mode=VERIFY_IDENTITY&ssl-ca={database.ca}" if tls else "?ssl-mode=DISABLED"
        return {
            "PATH": os.environ["PATH"],
            "LOG_LEVEL": "INFO",
            "LOG_FORMAT": "json",
            "ENVIRONMENT": "dev",
            "DB_CREDENTIALS": "env",
            "DB_HOST": "127.0.0.1",
            "DB_PORT": str(database.port),
            "DB_USER": "root",
            "DB_PASSWORD": "password",
            "DB_NAME": "ecommerce",
            "DB_TLS": "verify" if tls else "off",
            "DB_CA_FILE": database.ca,
            "DATABASE_URL": f"mysql://root:password@127.0.0.1:{database.port}/ecommerce{tls_options}",
        }


def at_hand() -> list[Contestant]:
    """The contestants that scripts/bench.sh has made ready."""
    found = [
        Contestant(SERVICE, os.environ["EXECUTABLE"]),
        Contestant(FLOOR, os.environ["FLOOR"]),
    ]
    if os.environ.get("PEER_PYTHON"):
        found.append(Contestant(PEER, os.environ["PEER_PYTHON"], Path(os.environ["PEER"]).resolve()))
    return found


class Server:
    """A contestant that listens; its log is a file, as in production, and is emptied between samples."""

    def __init__(
        self, contestant: Contestant, database: Database, logs: Path, variables: dict[str, str] | None = None, path: str = "/users/1"
    ):
        self.name, self.path = contestant.name, path
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log = logs / f"{contestant.name.replace(' ', '-')}-{self.port}.log"
        self.command = contestant.server_command(self.port)
        self.environment = contestant.environment(database) | {"HOST": "127.0.0.1", "PORT": str(self.port)} | (variables or {})
        self.folder = contestant.peer
        self.start()

    def start(self) -> None:
        """Returns once it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, env=self.environment, cwd=self.folder, stdout=log, stderr=log, start_new_session=True)
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", self.path)
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        self.stop()
        raise SystemExit(f"error: {self.name} does not answer GET {self.path}; its log is {self.log}")

    def forget_log(self) -> None:
        os.truncate(self.log, 0)

    def stop(self) -> None:
        """Ends the process and its workers, which are its group."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(3)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue
