#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""report.py: benchmarks/report/run, as TAP: the page and the table of figures that were recorded (report/, whose values
mean nothing: short runs on a busy machine), what it does with figures that it can't use, and, with stand-ins for the
benchmarks, what it measures."""

import getpass
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RECORDED = os.path.join(HERE, "report")
RUN = os.path.join(ROOT, "benchmarks", "report", "run")
SVG = "http://www.w3.org/2000/svg"

# Answers as accept-close and micro do, with recorded figures. $SAYS: what --help lists; $FAILS: a failure to play.
STAND_IN = """#!/usr/bin/env python3
import json, os, sys, time
args = sys.argv[1:]
name = os.path.basename(sys.argv[0])
if args == ["--help"]:
    print("  --json=FILE " + os.environ.get("SAYS", ""))
    sys.exit(0)
with open(os.environ["LOG"], "a") as file:
    print(os.getpid(), name, *(a for a in args if "/" not in a), file=file)
fails = os.environ.get("FAILS", "")
if fails == "hangs":
    time.sleep(600)
if fails == "dies":
    print("connection table: out of memory", file=sys.stderr)
    sys.exit(1)
step = "micro" if name == "micro" else "rate" if "--rate" in args else "accept-close"
with open(os.path.join({recorded!r}, step + ".json")) as file:
    one = next(iter(json.load(file)["cases"].values()))[0]
if "--idle" in args:
    one["extra"].update(idle=int(args[args.index("--idle") + 1]), heap_bytes=0, resident_bytes=0)
if fails in ("conns fail", "leaks"):
    one["failed_conns"] = 3
    one["leaked_mbufs"] = int(fails == "leaks")
with open(args[args.index("--json") + 1], "w") as file:
    file.write(json.dumps(one) if fails != "no JSON" else "{{")
if "failed_conns" in one and one["failed_conns"]:
    print("connections failed", file=sys.stderr)
    sys.exit(1)
"""


def expect(condition, *said):
    if not condition:
        raise AssertionError("\n".join(str(s) for s in said) or "not so")


def run(*arguments, **env):
    done = subprocess.run(
        [RUN, *arguments], capture_output=True, text=True, timeout=300, check=False, env=dict(os.environ, **env)
    )
    return done.returncode, done.stdout, done.stderr


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def recorded(step):
    return json.loads(read(RECORDED, f"{step}.json"))


class Copy:
    """The recorded figures, to be changed: of a step, or its file's text."""

    def __enter__(self):
        self.top = tempfile.mkdtemp(prefix="thole-report-")
        self.folder = os.path.join(self.top, "figures")
        shutil.copytree(RECORDED, self.folder)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top)

    def only(self, *steps):
        """Takes the other steps away: fewer plots."""
        for name in os.listdir(self.folder):
            if name not in {f"{step}.json" for step in (*steps, "machine")}:
                os.unlink(os.path.join(self.folder, name))

    def path(self, step):
        return os.path.join(self.folder, f"{step}.json")

    def write(self, step, what):
        with open(self.path(step), "w", encoding="utf-8") as file:
            file.write(what if isinstance(what, str) else json.dumps(what))

    def make(self):
        """The page and the table."""
        status, out, err = run("--from", self.folder)
        expect(status == 0, f"status {status}", err)
        return read(self.folder, "report.html"), out

    def refused(self, *words):
        status, out, err = run("--from", self.folder)
        expect(status == 2 and out == "" and err.count("\n") == 1, f"status {status}", out, err)
        for word in words:
            expect(word in err, f"wanted '{word}'", err)
        expect(not os.path.exists(os.path.join(self.folder, "report.html")), "left a page behind")


def made():
    with Copy() as copy:
        return copy.make()


PAGE, TABLE = made()
TREE = ET.fromstring(PAGE)
TEXT = " ".join(" ".join(TREE.itertext()).split())


# --- the page of what was recorded ---


class Balance(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, _):
        self.open.append(tag)

    def handle_startendtag(self, tag, _):
        pass

    def handle_endtag(self, tag):
        expect(self.open and self.open.pop() == tag, f"</{tag}> closes nothing, line {self.getpos()[0]}")


def page_well_formed():
    balance = Balance()
    balance.feed(PAGE)
    balance.close()
    expect(not balance.open, "never closed", *balance.open)
    expect(PAGE.startswith("<!DOCTYPE html>") and TREE.tag == "html", PAGE[:60])


def page_self_contained():
    rest = PAGE.replace(f'xmlns="{SVG}"', "")
    for word in ("http:", "https:", "<script", "<link", "<img", "src=", "url(", "@import", "xlink"):
        expect(word not in rest, f"{word} in the page", rest[max(0, rest.find(word) - 80) :][:160])


def page_ids():
    ids = [element.get("id") for element in TREE.iter() if element.get("id")]
    expect(len(ids) == len(set(ids)), "twice:", *{one for one in ids if ids.count(one) > 1})
    hrefs = {element.get("href") for element in TREE.iter() if element.get("href")}
    expect(hrefs, "no references at all: has gnuplot changed?")
    for href in hrefs:
        expect(href[:1] == "#" and href[1:] in ids, f"{href} leads nowhere")


def page_both_themes():
    expect("prefers-color-scheme: dark" in PAGE and "currentColor" in PAGE)
    for svg in TREE.iter(f"{{{SVG}}}svg"):
        for element in svg.iter():
            for name in ("fill", "stroke", "color"):
                value = element.get(name, "").replace(" ", "")
                expect(value not in ("black", "rgb(0,0,0)", "#000000"), f"{element.tag} {name} is black, also on black")


def numbers_of(run_of_it):
    """What every table has of a run of accept-close, as this test would write it."""
    keys = {",.0f": ("conns_per_s", "failed_conns", "retransmits"), ",.1f": ("connect_us_p50", "connect_us_p99", "connect_us_p999")}
    return [format(run_of_it[key], form) for form, those in keys.items() for key in those]


def page_every_figure():
    cells = {text for element in TREE.iter("td") for text in "".join(element.itertext()).split("  ")}

    def has(*texts):
        for text in texts:
            expect(text in cells, f"{text} isn't in the page")

    for step in ("accept-close", "rate"):
        for runs in recorded(step)["cases"].values():
            has(*(text for one in runs for text in numbers_of(one)))
    for runs in recorded("accept-close")["cases"].values():
        for one in runs:
            has(f"{one['wire_round_trips_per_s']:,.0f}", f"{one['kernel_conns_per_s']:,.0f}", f"{one['wire_fraction']:.3f}")
            has(f"{one['conns_per_s'] / one['kernel_conns_per_s']:,.1f}", f"{one['close_us_p99']:,.1f}")
    for step in ("concurrency", "flood"):
        for runs in recorded(step)["cases"].values():
            has(*(f"{one['conns_per_s']:,.0f}" for one in runs))
    for runs in recorded("flood")["cases"].values():
        has(*(f"{sum(one['extra']['memory_last'].values()) / 2**20:,.1f}" for one in runs))
        has(*(f"{one['extra']['rate']['served_share']:.2%}" for one in runs))
    for runs in recorded("instructions")["cases"].values():
        for side in runs[0].values():
            has(f"{side['total']:,.0f}", *(f"{n:,.0f}" for n in side["stages"].values() if n >= 0.5))
    for one in recorded("micro")["cases"]["all"]:
        for figure in one["figures"]:
            has(f"{figure['ours_ns']:,.1f}", f"{figure['theirs_ns']:,.1f}")
            has(f"{figure['ratio']:.3f}" if figure["ratio"] < 10 else f"{figure['ratio']:.1f}")


def row(table, name):
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line.startswith(f"| {name} |")]
    expect(len(found) == 1, f"{len(found)} rows '{name}'", table)
    return found[0][1:]


def page_medians():
    runs = sorted(one["conns_per_s"] for one in recorded("concurrency")["cases"]["200000"])
    cells = row(TABLE, "beside 200,000 that stay open: connections/s")
    expect(cells[:2] == [f"{runs[1]:,.0f}", f"{runs[-1]:,.0f}"], "median and best of three", cells, runs)
    # Of the same round, not of the medians.
    first = recorded("concurrency")["cases"]["0"]
    shares = [now["conns_per_s"] / then["conns_per_s"] for now, then in zip(recorded("concurrency")["cases"]["200000"], first)]
    cells = row(TABLE, "beside 200,000 that stay open: share of the first's rate")
    expect(cells == [f"{sorted(shares)[1]:.3f}", "", " ".join(f"{share:.3f}" for share in shares)], cells, shares)


def page_plots():
    drawn = {}
    for figure in TREE.iter("figure"):
        title = figure.find("figcaption").text
        drawn[title] = {" ".join("".join(text.itertext()).split()) for text in figure.iter(f"{{{SVG}}}text")}
    wanted = {
        "Connections opened, accepted and closed in a second": ("connections/s", "thole", "Linux over loopback", "64 B each way"),
        "Connecting: latency by percentile": ("µs", "percentile", "99.9", "empty"),
        "Closing: latency by percentile": ("µs", "percentile"),
        "Connecting, from when each was due, at steady rates": ("connections offered", "µs", "p99.9"),
        "Connections/s beside those that stay open, and the share of the first's rate": ("none", "200 k", "100%"),
        "Connections/s beside spoofed SYNs, and the share of the rate without": ("10 ×", "SYNs for each connection"),
        "Memory in use when the count ends": ("MiB",),
        "Instructions by stage: empty": ("instructions a connection", "TCP's input", "client: 6,147"),
        "The parts, beside DPDK's": ("DPDK's time to ours: above 1 we are quicker",),
    }
    for title, texts in wanted.items():
        expect(title in drawn, f"no plot '{title}'", *drawn)
        for text in texts:
            expect(text in drawn[title], f"no '{text}' in '{title}'", *drawn[title])


def page_machine():
    for text in recorded("machine").values():
        expect(text in TEXT, f"'{text}' isn't in the page")
    expect("G/s (from" in TEXT, "no speed of the addition loop")


def page_missing():
    expect("standing: absent: accept-close has no --standing" in TEXT)
    expect("Not in it: standing (absent: accept-close has no --standing)." in TABLE, TABLE)
    with Copy() as copy:
        os.unlink(copy.path("micro"))
        copy.write("flood", {"state": "failed", "why": "flood/run: status 1: <no room>"})
        page, table = copy.make()
        expect("micro: not measured" in page and "flood: failed: flood/run: status 1: &lt;no room&gt;" in page)
        expect("flood (failed: flood/run: status 1: <no room>)" in table, table)


def page_every_row_of_the_table():
    lines = [line for line in TABLE.splitlines() if line.startswith("|")]
    expect(len(lines) > 20 and all(line.count("|") == 5 for line in lines), *lines)
    expect("a CPU for <tests> & such" in TABLE.splitlines()[0], TABLE.splitlines()[0])


def page_rejected_wire():
    with Copy() as copy:
        copy.only()
        step = recorded("accept-close")
        one, other = step["cases"]["empty"]
        one.update(wire_round_trips_per_s=103638699, wire_fraction=0)
        copy.write("accept-close", step)
        page, table = copy.make()
        cells = row(table, "empty: of what the wire allows")
        expect(cells == [f"{other['wire_fraction']:.3f}"] * 2 + [f"rejected {other['wire_fraction']:.3f}"], cells)
        expect("103,638,699" not in page, "a rejected wire is shown as a number")
        other.update(wire_round_trips_per_s=93638699, wire_fraction=0)
        copy.write("accept-close", step)
        page, table = copy.make()
        expect(row(table, "empty: of what the wire allows") == ["rejected", "", "rejected rejected"], table)
        texts = [" ".join(text.itertext()).strip() for text in ET.fromstring(page).iter(f"{{{SVG}}}text")]
        expect(texts.count("rejected") == 1, "the plot says nothing of it")


def page_not_measured():
    with Copy() as copy:
        copy.only()
        step = recorded("accept-close")
        for runs in step["cases"].values():
            for one in runs:
                one.update(wire_round_trips_per_s=0, wire_fraction=0, kernel_conns_per_s=0)
        copy.write("accept-close", step)
        _, table = copy.make()
        expect(row(table, "empty: times the kernel's rate")[0] == "not measured", table)
        expect(row(table, "empty: of what the wire allows")[0] == "not measured", table)


def page_standing():
    with Copy() as copy:
        run_of_it = {"requests_per_s": 7654321, "wire_round_trips_per_s": 22e6, "wire_fraction": 0.345}
        run_of_it.update(request_us_p50=12.3, request_us_p99=45.6, request_us_p999=78.9)
        step = {"state": "measured", "revision": "other", "notes": [], "commands": {}, "cases": {"1000": [run_of_it]}}
        copy.write("standing", step)
        page, table = copy.make()
        expect(row(table, "1,000 stand: requests/s")[0] == "7,654,321", table)
        expect("78.9" in page and "measured at another revision: other" in page)


def page_elsewhere():
    with Copy() as copy:
        html, markdown = os.path.join(copy.top, "a.html"), os.path.join(copy.top, "a.md")
        status, out, err = run("--from", copy.folder, "--html", html, "--markdown", markdown)
        expect(status == 0 and out == "", status, out, err)
        expect(read(html) == PAGE and read(markdown) == TABLE, "differs from the other way")
        status, out, err = run("--from", copy.folder, "--html", os.path.join(copy.top, "none", "a.html"))
        expect(status == 2 and err.count("\n") == 1 and "none/a.html: can't be written" in err, status, err)


# --- what can't be used ---


def bad_folder():
    status, out, err = run("--from", "/nowhere/at/all")
    expect(status == 2 and out == "" and err.count("\n") == 1 and "/nowhere/at/all: no such folder" in err, status, err)
    with tempfile.TemporaryDirectory() as folder:
        status, out, err = run("--from", folder)
        expect(status == 2 and out == "" and err.count("\n") == 1 and "machine.json is missing" in err, status, err)


def bad_json():
    with Copy() as copy:
        copy.write("rate", read(RECORDED, "rate.json")[:-20])
        copy.refused("rate.json: isn't JSON")
        copy.write("rate", "[1, 2]\n")
        copy.refused("rate.json: isn't what this program saves")


def bad_figures():
    for step in ("accept-close", "rate", "concurrency", "flood", "instructions", "micro"):
        for spoil in (lambda s: s.pop("cases"), lambda s: s.update(cases={"0": [{}]}), lambda s: s.update(cases=3)):
            with Copy() as copy:
                copy.only()
                what = recorded(step)
                spoil(what)
                copy.write(step, what)
                copy.refused(f"{step}.json: isn't what this program saves")
    with Copy() as copy:
        what = recorded("accept-close")
        what["cases"]["empty"][0]["conns_per_s"] = "many"
        copy.write("accept-close", what)
        copy.refused("accept-close.json")


def bad_arguments():
    for arguments, word in (
        (("--only", "nonsense"), "nonsense: no such step; there are accept-close, rate"),
        (("--skip", "micro,nonsense"), "nonsense: no such step"),
        (("--runs", "0"), "--runs"),
        (("--duration", "0"), "--duration"),
        (("--sizes", "1000,b"), "give numbers"),
        (("--sizes", "1000,10"), "numbers that grow"),
        (("--from", RECORDED, "--out", "x"), "give one of them"),
        (("--build", "/nowhere"), "/nowhere: not a build folder"),
        (("--bogus",), "--bogus"),
    ):
        status, out, err = run(*arguments)
        expect(status == 2 and out == "" and word in err.splitlines()[-1], arguments, status, err)


def bad_no_gnuplot():
    with tempfile.TemporaryDirectory() as folder:
        for name in ("python3", "env"):
            os.symlink(shutil.which(name), os.path.join(folder, name))
        status, out, err = run("--from", RECORDED, PATH=folder)
        expect(status == 2 and out == "" and err.count("\n") == 1 and "install --no-install-recommends gnuplot-nox" in err, err)


# --- measuring, with stand-ins ---


class Build:
    """A build folder of stand-ins."""

    def __enter__(self):
        self.top = tempfile.mkdtemp(prefix="thole-report-")
        self.log = os.path.join(self.top, "log")
        self.out = os.path.join(self.top, "out")
        self.build = os.path.join(self.top, "build")
        for path in ("accept_close/accept-close", "micro/micro"):
            full = os.path.join(self.build, "benchmarks", path)
            os.makedirs(os.path.dirname(full))
            with open(full, "w", encoding="utf-8") as file:
                file.write(STAND_IN.format(recorded=RECORDED))
            os.chmod(full, 0o755)
        for name, text in (("build.ninja", ""), ("compile_commands.json", '[{"command": "gcc -c x.c"}]')):
            with open(os.path.join(self.build, name), "w", encoding="utf-8") as file:
                file.write(text)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top)

    def command(self, *arguments):
        return ["--build", self.build, "--out", self.out, "--duration", "0.1", *arguments]

    def run(self, *arguments, **env):
        return run(*self.command(*arguments), LOG=self.log, **env)

    def called(self):
        return [line.split()[1:] for line in read(self.log).splitlines()] if os.path.exists(self.log) else []

    def saved(self, step):
        return json.loads(read(self.out, f"{step}.json"))


def measure_some():
    with Build() as build:
        status, out, err = build.run("--only", "accept-close,micro", "--runs", "3", "--sizes", "1000", "--", "-l", "2,3")
        expect(status == 0 and "| empty: connections/s |" in out, status, err)
        cases = build.saved("accept-close")["cases"]
        expect([len(runs) for runs in cases.values()] == [3, 3, 3], cases)
        close = [call[1:] for call in build.called() if call[0] == "accept-close"]
        expect(len(close) == 9 and all(call[-3:] == ["--", "-l", "2,3"] for call in close), *close)
        offloaded = ["--offload-checksums" in call for call in close]
        expect(offloaded == [False, True, False] * 3, "rounds aren't interleaved", offloaded)
        micro = [call[1:3] for call in build.called() if call[0] == "micro"]
        expect(micro == [["--entries", "1000"]] * 3, *micro)
        page = read(build.out, "report.html")
        ET.fromstring(page)
        expect("flood: not measured" in page and "accept-close --duration 0.1 --request 64" in page)


def measure_keeps_to_itself():
    with Build() as build:
        build.run("--skip", "instructions", "--runs", "1", "--sizes", "0,1000")
        everything = read(build.out, "report.html") + "".join(read(build.out, name) for name in os.listdir(build.out))
        for secret in (build.top, ROOT, platform.node(), os.path.expanduser("~") + "/"):
            expect(not secret.strip("/") or secret not in everything, f"{secret} is in it")
        user = getpass.getuser()
        expect(user == "root" or not re.search(rf"\b{re.escape(user)}\b", everything), "the user's name is in it")


def measure_what_is_there():
    with Build() as build:
        status, _, err = build.run("--only", "rate", "--runs", "2")
        expect(status == 0 and build.saved("rate") == {"state": "absent", "why": "accept-close has no --rate"}, status, err)
        status, _, err = build.run("--only", "rate", "--runs", "2", SAYS="--rate=N --other")
        expect(status == 0 and build.saved("rate")["state"] == "measured", status, err)
        rates = [int(call[call.index("--rate") + 1]) for call in build.called() if "--rate" in call]
        most = recorded("accept-close")["cases"]["empty"][0]["conns_per_s"]
        expect(len(rates) == 10 and rates[:5] == rates[5:] == sorted(rates[:5]) and rates[4] <= most, rates, most)


def measure_beside():
    with Build() as build:
        status, out, err = build.run("--only", "concurrency", "--runs", "2", "--sizes", "0,1000,90000000000", "--", "-l", "2,3")
        expect([call[-3:] for call in build.called()] == [["--", "-l", "2,3"]] * 4, "EAL's options", *build.called())
        expect(status == 0 and "90,000,000,000 left out: it takes some" in err, status, err)
        expect("90,000,000,000 left out" in read(build.out, "report.html"))
        expect(row(out, "beside 1,000 that stay open: share of the first's rate")[0] == "1.000", out)
        status, _, err = build.run("--only", "concurrency", "--sizes", "90000000000")
        expect(status == 1 and "no size is left to measure" in build.saved("concurrency")["why"], status, err)


def measure_failure():
    for fails, why in (
        ("dies", "accept-close --duration 0.1: status 1: connection table: out of memory"),
        ("leaks", "accept-close --duration 0.1: status 1: connections failed"),
        ("no JSON", "accept-close --duration 0.1: its JSON can't be read"),
    ):
        with Build() as build:
            status, out, err = build.run("--only", "accept-close", "--runs", "2", FAILS=fails)
            expect(build.saved("accept-close") == {"state": "failed", "why": why}, build.saved("accept-close"))
            expect(status == 1 and f"failed: {why}" in err, status, err)
            expect(f"accept-close: failed: {why}" in read(build.out, "report.html") and "Not in it: accept-close" in out)
    with Build() as build:  # that connections failed is a figure
        status, _, err = build.run("--only", "accept-close", "--runs", "1", FAILS="conns fail")
        expect(status == 0 and "empty: failed</td><td>3<" in read(build.out, "report.html"), status, err)


def alive(pid):
    try:
        return read("/proc", pid, "stat").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def measure_stopped():
    for number in (signal.SIGINT, signal.SIGTERM):
        with Build() as build:
            env = dict(os.environ, LOG=build.log, FAILS="hangs")
            command = [RUN, *build.command("--only", "concurrency", "--sizes", "0,1000")]
            child = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(3000):
                if build.called():
                    break
                time.sleep(0.1)
            pid = read(build.log).split()[0]
            expect(alive(pid), "the benchmark has ended by itself")
            child.send_signal(number)
            _, err = child.communicate(timeout=300)
            expect(child.returncode == 130 and "stopped" in err.splitlines()[-1] and "Traceback" not in err, err)
            expect(not alive(pid), "a benchmark still runs")


TESTS = [
    value
    for name, value in list(globals().items())
    if name.split("_")[0] in ("page", "bad", "measure") and "_" in name and callable(value)
]


def main():
    print(f"1..{len(TESTS)}")
    failed = 0
    for number, test in enumerate(TESTS, 1):
        name = test.__name__.replace("_", " ")
        try:
            test()
            print(f"ok {number} - {name}", flush=True)
        except Exception as error:  # a test that breaks off has failed
            failed += 1
            print(f"not ok {number} - {name}")
            for line in f"{type(error).__name__}: {error}".split("\n"):
                print(f"# {line}", flush=True)
    return 1 if failed else 0


sys.exit(main())
