"""Whether a call tells by its time, or by its work, that somebody is there."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles

from contestants import Server


def compared(server: Server, attempts: int, call: Callable[[str, int], None]) -> dict:
    """As many calls for people who are there (`known`) as for others (`unknown`), in turn: milliseconds of each, and of the
    process's processor time in all."""
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    processor = dict.fromkeys(times, 0.0)
    for number in range(attempts):
        for kind in times:
            used, begun = processor_ms(server), time.perf_counter()
            call(kind, number)
            times[kind].append((time.perf_counter() - begun) * 1000)
            processor[kind] += processor_ms(server) - used
    cuts = {kind: [quantiles(found, n=100)[place] for place in (9, 49, 89, 98)] for kind, found in times.items()}
    return {
        "attempts": attempts,
        "percentiles": cuts,
        "processor_ms": {kind: used / attempts for kind, used in processor.items()},
        **mann_whitney(times["known"], times["unknown"]),
    }


def processor_ms(server: Server) -> float:
    """What the process has used so far, in whole ticks of the kernel."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def mann_whitney(known: list[float], unknown: list[float]) -> dict[str, float]:
    """How often a known login takes longer than an unknown one, 0.5 if they are alike; and by how many standard errors of the
    rank sum that differs from 0.5. Ties are as good as impossible."""
    ranked = sorted([(value, True) for value in known] + [(value, False) for value in unknown])
    ranks = sum(place for place, (_, is_known) in enumerate(ranked, 1) if is_known)
    ones, others = len(known), len(unknown)
    wins = ranks - ones * (ones + 1) / 2
    deviation = (ones * others * (ones + others + 1) / 12) ** 0.5
    return {"longer": wins / (ones * others), "z": (wins - ones * others / 2) / deviation}
