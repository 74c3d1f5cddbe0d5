# SPDX-License-Identifier: BSD-3-Clause
"""figures.py: what a step's runs say: rows of a table, each a figure with the value of every run.

A value is a number, or a word where there is none: a wire that was rejected is no measure.
"""

import statistics
from dataclasses import dataclass
from typing import Callable

REJECTED = "rejected"
NOT_MEASURED = "not measured"
PERCENTILES = (("p50", "50"), ("p99", "99"), ("p999", "99.9"))


def count(value):
    return f"{value:,.0f}"


def ratio(value):
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def tenths(value):
    return f"{value:,.1f}"


def percent(value):
    return f"{value:.2%}"


def mebibytes(value):
    return f"{value / (1 << 20):,.1f}"


@dataclass
class Row:
    name: str
    values: list
    form: Callable = count
    best: Callable = None  # max or min, where the best of the runs is quoted, too
    headline: bool = False  # in the table for the README

    def numbers(self):
        return [value for value in self.values if not isinstance(value, str)]

    def median(self):
        numbers = self.numbers()
        if not numbers:
            return self.values[0] if self.values else NOT_MEASURED
        return self.form(statistics.median(numbers))

    def best_one(self):
        numbers = self.numbers()
        return self.form(self.best(numbers)) if self.best and len(self.values) > 1 and numbers else ""

    def each(self):
        return [value if isinstance(value, str) else self.form(value) for value in self.values]


def of(runs, *path):
    """A value of each run."""
    values = []
    for one in runs:
        for key in path:
            one = one[key]
        values.append(one)
    return values


def wire_of(one):
    """Round trips a second, or a word. Above 30 M accept-close rejects a wire: then it has no fraction."""
    wire = one["wire_round_trips_per_s"]
    if isinstance(wire, str):
        return wire
    if wire == 0:
        return NOT_MEASURED
    return wire if one["wire_fraction"] > 0 else REJECTED


def wire_allows(one):
    """Connections a second that the wire has round trips for, as wire_fraction counts them."""
    wire = wire_of(one)
    if isinstance(wire, str):
        return wire
    return one["conns_per_s"] / one["wire_fraction"]


def wire_fraction(one):
    wire = wire_of(one)
    return wire if isinstance(wire, str) else one["wire_fraction"]


def kernel_of(one):
    return one["kernel_conns_per_s"] or NOT_MEASURED


def kernel_times(one):
    return one["conns_per_s"] / one["kernel_conns_per_s"] if one["kernel_conns_per_s"] else NOT_MEASURED


def connect_rows(name, runs, headline=()):
    return [
        Row(f"{name}: connect, p{text}, µs", of(runs, f"connect_us_{key}"), tenths, headline=key in headline)
        for key, text in PERCENTILES
    ]


def trouble_rows(name, runs):
    rows = [(f"{name}: failed", "failed_conns"), (f"{name}: retransmits", "retransmits")]
    return [Row(text, of(runs, key)) for text, key in rows]


def accept_close(cases):
    rows = []
    for i, (case, runs) in enumerate(cases.items()):
        rows += [
            Row(f"{case}: connections/s", of(runs, "conns_per_s"), count, max, True),
            Row(f"{case}: of what the wire allows", [wire_fraction(one) for one in runs], ratio, max, True),
            Row(f"{case}: bare wire, round trips/s", [wire_of(one) for one in runs], count, max),
            Row(f"{case}: times the kernel's rate", [kernel_times(one) for one in runs], tenths, max, True),
            Row(f"{case}: kernel over loopback, connections/s", [kernel_of(one) for one in runs], count, max),
            *connect_rows(case, runs, ("p50", "p99", "p999") if i == 0 else ()),
            Row(f"{case}: close, p50, µs", of(runs, "close_us_p50"), tenths),
            Row(f"{case}: close, p99, µs", of(runs, "close_us_p99"), tenths),
            Row(f"{case}: server's packets in, a connection", of(runs, "server_rx_pkts_per_conn"), ratio),
            Row(f"{case}: server's packets out, a connection", of(runs, "server_tx_pkts_per_conn"), ratio),
            *trouble_rows(case, runs),
        ]
    return rows


def rate(cases):
    rows = []
    for offered, runs in cases.items():
        name = f"{int(offered):,}/s offered"
        rows.append(Row(f"{name}: connections/s", of(runs, "conns_per_s")))
        rows.append(Row(f"{name}: served", of(runs, "extra", "rate", "served_share"), percent))
        rows += connect_rows(name, runs, ("p99",))
        rows += trouble_rows(name, runs)
    return rows


def standing(cases):
    rows = []
    for size, runs in cases.items():
        name = f"{int(size):,} stand"
        rows.append(Row(f"{name}: requests/s", of(runs, "requests_per_s"), count, max, True))
        rows.append(Row(f"{name}: of what the wire allows", [wire_fraction(one) for one in runs], ratio, max, True))
        for key, text in PERCENTILES:
            rows.append(Row(f"{name}: request, p{text}, µs", of(runs, f"request_us_{key}"), tenths))
    return rows


def shares(runs, first, key):
    """Of each run's figure in the same round's of the first case."""
    return [now[key] / then[key] for now, then in zip(runs, first) if then[key] > 0]


def grown(runs, first):
    """What each connection takes at each end."""
    added = (runs[0]["extra"]["idle"] - first[0]["extra"]["idle"]) * 2
    used = [[one["extra"]["heap_bytes"] + one["extra"]["resident_bytes"] for one in those] for those in (runs, first)]
    return [(now - then) / added for now, then in zip(*used)]


def by_number(cases):
    return dict(sorted(cases.items(), key=lambda case: int(case[0])))


def beside_first(cases):
    """(number, runs, the first's runs) of each case, in order; None as the first's own."""
    (number, first), *others = by_number(cases).items()
    return [(int(number), first, None)] + [(int(number), runs, first) for number, runs in others]


def concurrency(cases):
    rows = []
    for size, runs, first in beside_first(cases):
        name = f"beside {size:,} that stay open" if size else "beside none"
        rows.append(Row(f"{name}: connections/s", of(runs, "conns_per_s"), count, max, True))
        if first:
            rows.append(Row(f"{name}: share of the first's rate", shares(runs, first, "conns_per_s"), ratio, None, True))
            rows.append(Row(f"{name}: B for each, at each end", grown(runs, first), tenths, None, size >= 100_000))
    return rows


def memory(one, when):
    return sum(one["extra"][f"memory_{when}"].values())


def flood(cases):
    rows = []
    for times, runs, first in beside_first(cases):
        name = f"{times} × as many spoofed SYNs" if times else "no flood"
        rows.append(Row(f"{name}: connections/s", of(runs, "conns_per_s"), count, None, True))
        if first:
            kept = shares(runs, first, "conns_per_s")
            rows.append(Row(f"{name}: share of the rate without", kept, ratio, None, True))
            rows.append(Row(f"{name}: spoofed SYNs/s", of(runs, "extra", "flood", "spoofed_per_s")))
        rows.append(Row(f"{name}: served", of(runs, "extra", "rate", "served_share"), percent))
        rows += connect_rows(name, runs, ("p99",))
        rows.append(Row(f"{name}: memory at the end, MiB", [memory(one, "last") for one in runs], mebibytes))
        rows.append(
            Row(f"{name}: memory grown by, MiB", [memory(one, "last") - memory(one, "first") for one in runs], mebibytes)
        )
    return rows


def stages(cases):
    """(stage, instructions by side) of a case, the most expensive at the server first."""
    sides = cases[0]
    names = sorted({name for of_side in sides.values() for name in of_side["stages"]})
    both = [(name, {side: found["stages"].get(name, 0) for side, found in sides.items()}) for name in names]
    both = [(name, counts) for name, counts in both if max(counts.values()) >= 0.5]
    return sorted(both, key=lambda one: (-one[1].get("server", 0), -max(one[1].values())))


def instructions(cases):
    rows = []
    for case, runs in cases.items():
        for side in sorted(runs[0], reverse=True):
            rows.append(Row(f"{case}: {side}, instructions a connection", of(runs, side, "total"), count, None, True))
    for case, runs in cases.items():
        for name, counts in stages(runs):
            rows += [Row(f"{case}: {side}, {name}", [value]) for side, value in counts.items()]
    return rows


def contests(cases):
    """The figures of all runs of micro: by part, entries and name."""
    found = {}
    for run in cases["all"]:
        for figure in run["figures"]:
            found.setdefault((figure["part"], figure["entries"], figure["name"]), []).append(figure)
    return found


def micro(cases):
    rows = []
    for (part, entries, name), those in contests(cases).items():
        title = f"{part}, {entries:,}: {name}" if entries else f"{part}: {name}"
        rows.append(Row(f"{title}: DPDK's time to ours", of(those, "ratio"), ratio))
        rows.append(Row(f"{title}: ours, ns", of(those, "ours_ns"), tenths))
        rows.append(Row(f"{title}: {those[0]['theirs']}, ns", of(those, "theirs_ns"), tenths))
    return rows
