"""Start-up profile: what each part of a cold start takes, from the system calls between spawn and first response."""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from contestants import Contestant
from database import Database
from lambda_program import AS_IN_AWS, run
from runtime_api import RuntimeApi

CALLS = "execve,epoll_create1,connect,sendto,recvfrom,read,write,writev"
LINE = re.compile(r"^(?:\[pid\s+)?(?P<pid>\d+)\]?\s+(?P<time>\d+\.\d+) (?P<call>\w+)\((?P<rest>.*)$")


@dataclass
class Event:
    """One system call: when it began, which, on which socket's port, and the line's rest."""

    time: float
    call: str
    port: int
    rest: str


def measure(database: Database, service: Contestant, rounds: int) -> dict:
    """Medians of the parts over several starts, and the same start without strace."""
    database.reset(10)
    api = RuntimeApi(database)
    profiles, plain = [], []
    for number in range(rounds * 5):
        print(f"  {database.title}: start {number + 1} of {rounds * 5}", flush=True)
        plain.append(run(api, service, database, 1, AS_IN_AWS)[0])
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "trace")
            wrapper = ("strace", "--follow-forks", "--seccomp-bpf", "--absolute-timestamps=format:unix,precision:us", "--decode-fds=socket")
            wrapper += (f"--trace={CALLS}", "--string-limit=64", f"--output={out}")
            run(api, service, database, 1, AS_IN_AWS, wrapper)
            profiles.append(parts(events(out.read_text()), api.server_port, database.port))
    api.shutdown()
    names = list(profiles[0])
    return {
        "database": database.title,
        "untraced_ms": median(plain),
        "traced_ms": median(sum(profile.values()) for profile in profiles),
        "parts": {name: median(profile[name] for profile in profiles) for name in names},
    }


def events(trace: str) -> list[Event]:
    found = []
    for line in trace.splitlines():
        if match := LINE.match(line):
            port = re.search(r"->\S*?:(\d+)\]|sin_port=htons\((\d+)\)", match["rest"])
            found.append(Event(float(match["time"]), match["call"], int(port[1] or port[2]) if port else 0, match["rest"]))
    return found


def parts(found: list[Event], api: int, database: int) -> dict[str, float]:
    """Milliseconds between the marks of a start, in the order in which they come."""
    marks = [("", next(event.time for event in found if event.call == "execve"))]

    def mark(name: str, condition) -> None:
        after = marks[-1][1]
        time = next((event.time for event in found if event.time >= after and condition(event)), None)
        if time is None:
            raise SystemExit(f"error: the trace of a start has no end of '{name}'")
        marks.append((name, time))

    sent = ("sendto", "write", "writev")
    mark("load the executable, start the runtime", lambda event: event.call == "epoll_create1")
    mark("read the configuration, make the client of Secrets Manager", lambda event: event.call == "connect" and event.port == api)
    mark("connect to Secrets Manager, sign the request", lambda event: event.call in sent and event.port == api)
    mark("wait for the secret, read it", lambda event: event.call == "connect" and event.port == database)
    mark("connect to the database, its greeting", lambda event: event.call in sent and event.port == database)
    mark("TLS handshake with the database", lambda event: event.call in sent and event.port == database and '"\\24\\3\\3' in event.rest)
    mark("authenticate, set the session", lambda event: event.call in sent and event.port == api and "GET " in event.rest)
    mark("fetch the first event", lambda event: event.call in sent and event.port == database)
    mark("run the statement, answer", lambda event: event.call in sent and event.port == api and "POST " in event.rest)
    return {name: (time - before) * 1000 for (_, before), (name, time) in zip(marks, marks[1:])}
