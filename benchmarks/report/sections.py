# SPDX-License-Identifier: BSD-3-Clause
"""sections.py: what the page has of each step: a title, what it is about, rows and plots."""

import statistics
from dataclasses import dataclass, field

import figures
import gather
import plots
from saved import Bad


@dataclass
class Section:
    name: str
    title: str
    text: str
    rows: list = field(default_factory=list)
    drawings: list = field(default_factory=list)
    commands: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)
    missing: str = ""  # why there is nothing


TEXTS = {
    "accept-close": (
        "Accept and close",
        "Every connection is a handshake and a FIN from each side, three packets each way, and then waits out TIME-WAIT. "
        "What the wire allows is the round trips of a bare reflector of 64-byte frames on the same cores, in the same run, "
        "divided by those that a connection takes; above 30 M round trips a second the cores share a cache, and the wire "
        "is rejected. The kernel does the same over loopback on the same cores.",
    ),
    "rate": (
        "Latency at steady rates",
        "Connections are opened by the clock, whatever became of those before, and timed from when each was due.",
    ),
    "standing": ("Connections that stand", "64 B of request and of response, again and again, on connections that stay."),
    "concurrency": (
        "Beside connections that stay open",
        "Connections opened and closed beside others that stay open. Shares are of the same round's rate beside the first size.",
    ),
    "flood": (
        "Under a SYN flood",
        "Connections opened by the clock beside SYNs from addresses that don't exist, by the clock as well.",
    ),
    "instructions": (
        "Instructions by stage",
        "Counted by callgrind, in memory and in virtual time: the same compiler gives the same numbers, so one run is enough. "
        "What the compiler inlines counts where it is inlined.",
    ),
    "micro": (
        "The parts, beside DPDK's",
        "Both sides take turns in one process, with the same keys. Each run's figure is the median of its turns.",
    ),
}


def drawings(name, cases):
    if name == "accept-close":
        return [
            plots.rates(cases),
            plots.spread_of_latency("connect", "Connecting: latency by percentile", cases, "connect_us"),
            plots.spread_of_latency("close", "Closing: latency by percentile", cases, "close_us"),
        ]
    if name == "rate":
        named = {f"{int(offered):,}/s": runs for offered, runs in cases.items()}
        title = "Connecting at steady rates: latency by percentile"
        return [plots.steady(cases), plots.spread_of_latency("steady-spread", title, named, "connect_us")]
    if name == "standing":
        return [plots.requests(cases), plots.request_latency(cases)]
    if name == "concurrency":
        return [plots.beside(cases)]
    if name == "flood":
        return [plots.flooded(cases), plots.flood_latency(cases), plots.flood_memory(cases)]
    if name == "instructions":
        of = enumerate(cases.items())
        return [plots.stage_bars(f"stages{i}", f"Instructions by stage: {case}", runs) for i, (case, runs) in of]
    return [plots.ratios(cases)]


ROWS = {
    "accept-close": figures.accept_close,
    "rate": figures.rate,
    "standing": figures.standing,
    "concurrency": figures.concurrency,
    "flood": figures.flood,
    "instructions": figures.instructions,
    "micro": figures.micro,
}


def of_step(name, step, machine):
    title, text = TEXTS[name]
    section = Section(name, title, text)
    if step is None:
        section.missing = "not measured"
        return section
    try:
        if step["state"] != "measured":
            section.missing = f"{step['state']}: {step['why']}"
            return section
        section.rows = ROWS[name](step["cases"])
        section.drawings = [one for one in drawings(name, step["cases"]) if one is not None]
        section.commands = dict(step["commands"])
        section.notes = list(step["notes"])
        if step["revision"] != machine.get("revision", ""):
            section.notes.append(f"measured at another revision: {step['revision'] or 'unknown'}")
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, statistics.StatisticsError) as error:
        what = f"{type(error).__name__}: {error}".replace("\n", " ")
        raise Bad(f"{name}.json: isn't what this program saves ({what}): measure it again") from error
    return section


def all_of(saved):
    return [of_step(name, saved.steps.get(name), saved.machine) for name in gather.STEPS]


def core_speed(saved):
    """What the loop of dependent additions gave: it says whether two cores are two."""
    cases = saved.steps.get("accept-close", {}).get("cases", {})
    speeds = [
        speed / 1e9
        for runs in cases.values()
        for one in runs
        for when in ("before", "after")
        for speed in one["extra"][f"additions_per_s_{when}"]
        if speed > 0
    ]
    if not speeds:
        return ""
    return f"{statistics.median(speeds):.2f} G/s (from {min(speeds):.2f} to {max(speeds):.2f} in {len(speeds)} loops)"
