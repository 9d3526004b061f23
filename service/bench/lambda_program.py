"""Lambda: spawn to first response, warm invocations, peak memory, sizes, and instructions of a request."""

import os
import re
import signal
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import quantiles

from contestants import FLOOR, PEER, Contestant
from database import ROOT, Database
from runtime_api import RuntimeApi, Session

AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
AMAZON_ROOTS = ROOT / "service/certificates/amazon-root-cas.pem"
WARM = 1000
# So many that the instructions of a start, which both runs have, do not show.
FEW, MANY = 50, 1050
ANSWER_TIMEOUT = 120


@dataclass(frozen=True)
class Variant:
    """Whether a program fetches a secret, whether it speaks verified TLS with the database, and whether the machine's
    authorities are Amazon's alone."""

    secret: bool
    tls: bool
    amazon_roots: bool = False

    def environment(self) -> dict[str, str]:
        return {"SSL_CERT_FILE": str(AMAZON_ROOTS), "SSL_CERT_DIR": "/nonexistent"} if self.amazon_roots else {}


# What runs in AWS, where the service trusts none but Amazon's authorities.
AS_IN_AWS = Variant(secret=True, tls=True, amazon_roots=True)
PLAIN = (Variant(False, False), Variant(False, True), Variant(True, False), Variant(True, True))


def variants_of(contestant: Contestant) -> tuple[Variant, ...]:
    """Those that it can run as; the last is its fullest."""
    if contestant.name == PEER:
        return tuple(variant for variant in PLAIN if not variant.tls)
    if contestant.name == FLOOR:
        return tuple(variant for variant in PLAIN if not variant.secret)
    return (*PLAIN, AS_IN_AWS)


def measure(database: Database, contestants: list[Contestant], rounds: int) -> dict:
    """Starts of every variant, the contestants one after another within each round."""
    database.reset(10)
    api = RuntimeApi(database)
    starts, warm, memory = [], [], []
    for number in range(rounds * 5):
        print(f"  {database.title}: start {number + 1} of {rounds * 5}", flush=True)
        for contestant in contestants:
            for variant in variants_of(contestant):
                # The Python service needs about a second for each.
                if contestant.name == PEER and number >= rounds * 2:
                    continue
                milliseconds, _, _ = run(api, contestant, database, 1, variant)
                starts.append({"contestant": contestant.name, **asdict(variant), "round": number, "ms": milliseconds})
    for number in range(rounds):
        print(f"  {database.title}: {WARM} invocations, round {number + 1}", flush=True)
        for contestant in contestants:
            variant = variants_of(contestant)[-1]
            _, latencies, peak = run(api, contestant, database, WARM, variant)
            cuts = quantiles(latencies[WARM // 10 :], n=100)
            warm.append({"contestant": contestant.name, **asdict(variant), "round": number, "p50": cuts[49], "p99": cuts[98]})
            memory.append({"contestant": contestant.name, "round": number, "bytes": peak})
    api.shutdown()
    return {"database": database.title, "starts": starts, "warm": warm, "memory": memory}


def run(
    api: RuntimeApi,
    contestant: Contestant,
    database: Database,
    invocations: int,
    variant: Variant,
    wrapper: tuple[str, ...] = (),
    variables: dict[str, str] | None = None,
) -> tuple[float, list[float], int]:
    """One process: milliseconds from its spawn to its first response, of each invocation, and its peak memory in bytes."""
    api.session = session = Session(invocations)
    environment = contestant.environment(database, tls=variant.tls) | api.environment(secret=variant.secret) | variant.environment() | (variables or {})
    with tempfile.TemporaryFile() as log:
        spawned = time.perf_counter()
        process = subprocess.Popen([*wrapper, *contestant.lambda_command()], env=environment, cwd=contestant.peer, stdout=log, stderr=log, start_new_session=True)
        try:
            if not session.finished.wait(ANSWER_TIMEOUT) or b'"statusCode":200' not in session.first_body.replace(b" ", b""):
                log.seek(0)
                raise SystemExit(f"error: {contestant.name} gave no answer as a Lambda program: {session.first_body!r} {log.read()[-2000:]!r}")
            peak = peak_memory(process.pid)
        finally:
            # Under valgrind, a signal that can be handled lets it write what it has counted.
            os.killpg(process.pid, signal.SIGTERM if wrapper else signal.SIGKILL)
            process.wait()
            session.closed.set()
    return (session.first_answer_at - spawned) * 1000, [seconds * 1000 for seconds in session.latencies], peak


def peak_memory(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) * 1024


def instructions(database: Database, contestants: list[Contestant]) -> dict[str, float]:
    """Instructions of one warm request, counted by callgrind; the interpreter of the Python service is left out."""
    database.reset(10)
    api = RuntimeApi(database)
    counted = {}
    for contestant in contestants:
        if contestant.name == PEER:
            continue
        print(f"  instructions of a request: {contestant.name}", flush=True)
        few, many = (count(api, contestant, database, invocations) for invocations in (FEW, MANY))
        counted[contestant.name] = (many - few) / (MANY - FEW)
    api.shutdown()
    return counted


def count(api: RuntimeApi, contestant: Contestant, database: Database, invocations: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "callgrind")
        wrapper = ("valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}")
        run(api, contestant, database, invocations, Variant(secret=False, tls=True), wrapper)
        return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE).group(1))


def sizes(contestants: list[Contestant]) -> dict[str, dict[str, int]]:
    """Bytes of the executable for Lambda, and of the image that holds it and the authorities on an empty base."""
    found = {}
    for contestant in contestants:
        if contestant.name != PEER:
            executable = os.path.getsize(contestant.executable)
            found[contestant.name] = {"executable": executable, "image": executable + AUTHORITIES.stat().st_size}
    return found
