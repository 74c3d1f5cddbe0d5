# SPDX-License-Identifier: BSD-3-Clause
"""gather.py: the steps, each a benchmark of this tree: runs it as often as wanted, and saves what it found.

Rounds are interleaved within a step: a machine that becomes slow is slow for every case of it.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Callable

import machine
import saved

BENCHMARKS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(BENCHMARKS)
PROGRAMS = {
    "accept-close": ("benchmarks", "accept_close", "accept-close"),
    "micro": ("benchmarks", "micro", "micro"),
}
ACCEPT_CLOSE = {
    "empty": [],
    "empty, checksums by the device": ["--offload-checksums"],
    "64 B each way": ["--request", "64", "--response", "64"],
}
INSTRUCTIONS = {"empty": [], "64 B each way": ["--request", "64", "--response", "64"]}
OPEN_LOOP = (0.1, 0.25, 0.5, 0.75, 0.9)  # of the rate that a closed loop reaches
# To leave sizes out beforehand: a connection's at both ends, with all that goes with it; an entry of both tables.
PAIR_BYTES = 800
TALKING_BYTES = 1700  # the same, of connections that all may have data on the way
ENTRY_BYTES = 700
BASE_MIB = 1024
ENTRIES_LEAST = 64  # that micro takes
END_SECONDS = 30


class Absent(Exception):
    """This tree has no such benchmark."""


class Failed(Exception):
    """A benchmark ended badly."""


@dataclass
class Step:
    about: str
    measure: Callable  # (args, result)


def script(name):
    return os.path.join(BENCHMARKS, name, "run")


def program(args, name):
    return os.path.join(args.build, *PROGRAMS[name])


def shown(command):
    """A command as a person would type it: without this machine's folders, nor files that only we read."""
    first = os.path.relpath(command[0], ROOT) if command[0].startswith(BENCHMARKS) else os.path.basename(command[0])
    kept = [first]
    previous = None
    for word in command[1:]:
        # --json has a value, but where it says to print JSON.
        ours = word in ("--json", "--build") or (previous in ("--json", "--build") and not word.startswith("-"))
        if not ours:
            kept.append(word)
        previous = word
    return " ".join(kept)


def end(child):
    """Ends a benchmark and what it started, politely: it has hugepages and files to give back."""
    deadline = time.monotonic() + END_SECONDS
    number = signal.SIGTERM
    while True:
        try:
            os.killpg(child.pid, number)
        except ProcessLookupError:
            break
        child.poll()
        number = 0 if time.monotonic() < deadline else signal.SIGKILL
        time.sleep(0.05)
    child.wait()


def run(command):
    """@return what the command prints, and its exit status."""
    try:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
    except OSError as error:
        raise Failed(f"{shown(command[:1])}: {error.strerror}") from error
    try:
        out, err = child.communicate()
    except KeyboardInterrupt:
        end(child)
        raise
    return out, err, child.returncode


def failure(command, out, err, status):
    lines = [line for line in (err or out).splitlines() if line.strip()]
    return Failed(f"{shown(command)}: status {status}: {lines[-1].strip() if lines else 'it said nothing'}")


def printed(command):
    out, err, status = run(command)
    if status != 0:
        raise failure(command, out, err, status)
    return out


def only_conns_failed(found):
    """accept-close ends badly also for connections that failed: here that is a figure."""
    return found.get("failed_conns", 0) > 0 and found["leaked_conns"] + found["leaked_mbufs"] == 0


def run_json(command):
    """@return what the command writes with --json."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "out.json")
        rest = command.index("--") if "--" in command else len(command)
        out, err, status = run([*command[:rest], "--json", path, *command[rest:]])
        try:
            with open(path, encoding="utf-8") as file:
                found = json.load(file)
        except (OSError, ValueError) as error:
            if status != 0:
                raise failure(command, out, err, status) from error
            raise Failed(f"{shown(command)}: its JSON can't be read") from error
    if status != 0 and not only_conns_failed(found):
        raise failure(command, out, err, status)
    return found


def has(path, *options):
    """Absent, unless a program is there and knows these options."""
    name = os.path.relpath(path, BENCHMARKS) if path.startswith(BENCHMARKS) else os.path.basename(path)
    if not os.path.exists(path):
        raise Absent(f"there is no {name} here")
    words = printed([path, "--help"]).replace("=", " ").replace(",", " ").replace("[", " ").split()
    for option in options:
        if option not in words:
            raise Absent(f"{name} has no {option}")


def progress(args, case, number, what):
    print(f"  {case}, run {number + 1} of {args.runs}: {what}", file=sys.stderr, flush=True)


def rounds(args, result, commands, figure):
    """Runs each of the commands in turn, as often as wanted. figure: the key of what is shown meanwhile."""
    result["commands"] = {case: shown(command) for case, command in commands.items()}
    result["cases"] = {case: [] for case in commands}
    for number in range(args.runs):
        for case, command in commands.items():
            one = run_json(command)
            result["cases"][case].append(one)
            progress(args, case, number, f"{one[figure]:,.0f}" if figure in one else "done")


def accept_close_command(args, *options):
    eal = ["--", *args.eal] if args.eal else []
    return [program(args, "accept-close"), "--duration", f"{args.duration:g}", *options, *eal]


def accept_close(args, result):
    has(program(args, "accept-close"))
    rounds(args, result, {case: accept_close_command(args, *options) for case, options in ACCEPT_CLOSE.items()}, "conns_per_s")


def closed_loop_rate(args):
    """What to take shares of: what accept-close found, this time or last; else a short run."""
    path = saved.path_of(args.folder, "accept-close")
    cases = saved.read(path).get("cases", {}) if os.path.exists(path) else {}
    if cases.get("empty"):
        return statistics.median(one["conns_per_s"] for one in cases["empty"])
    return run_json(accept_close_command(args, "--no-wire", "--no-kernel"))["conns_per_s"]


def rate(args, result):
    has(program(args, "accept-close"), "--rate")
    most = closed_loop_rate(args)
    commands = {}
    for share in OPEN_LOOP:
        offered = max(1000, round(most * share, -3))
        options = ["--no-wire", "--no-kernel", "--rate", f"{offered:.0f}"]
        commands[f"{offered:.0f}"] = accept_close_command(args, *options)
    rounds(args, result, commands, "conns_per_s")


def fitting(args, result, each_bytes, least=0):
    """The sizes for which there is memory; the others are noted."""
    room = max(machine.free_hugepages_mib(), machine.mib("MemAvailable") - BASE_MIB)
    fit = []
    for size in args.sizes:
        wanted = (size * each_bytes >> 20) + BASE_MIB
        if wanted > room:
            note = f"{size:,} left out: it takes some {wanted:,} MiB, and {room:,} are free"
            result["notes"].append(note)
            print(f"  {note}", file=sys.stderr, flush=True)
        elif size >= least:
            fit.append(size)
    if not fit:
        raise Failed("no size is left to measure: see --sizes")
    return fit


def standing(args, result):
    has(program(args, "accept-close"), "--standing")
    options = ["--no-kernel", "--request", "64", "--response", "64"]
    fit = fitting(args, result, TALKING_BYTES, 1)
    commands = {f"{n}": accept_close_command(args, "--standing", f"{n}", *options) for n in fit}
    rounds(args, result, commands, "requests_per_s")


def by_script(args, result, name, *options):
    """A script that has rounds of its own."""
    command = [script(name), "--build", args.build, "--rounds", str(args.runs), "--duration", f"{args.duration:g}", *options]
    command += ["--", "--", *args.eal] if args.eal else []
    result["commands"] = {"all": shown(command)}
    return run_json(command)


def concurrency(args, result):
    has(script("concurrency"))
    fit = fitting(args, result, PAIR_BYTES)
    result["cases"] = by_script(args, result, "concurrency", "--sizes", ",".join(str(n) for n in fit))


def flood(args, result):
    has(script("flood"), "--json")
    found = by_script(args, result, "flood")
    result["cases"] = found["runs"]
    result["rate"] = found["rate"]


def instructions(args, result):
    has(script("instructions"))
    result["cases"] = {}
    result["commands"] = {}
    for case, options in INSTRUCTIONS.items():
        command = [script("instructions"), "--build", args.build, "--stages"]
        rest = ["--", *options] if options else []
        result["commands"][case] = shown([*command, *rest])
        try:
            found = json.loads(printed([*command, "--json", *rest]))
        except ValueError as error:
            raise Failed(f"{shown(command)}: its JSON can't be read") from error
        result["cases"][case] = [found]
        totals = (f"{side} {of['total']:,.0f}" for side, of in found.items())
        print(f"  {case}: {', '.join(totals)}", file=sys.stderr, flush=True)


def micro(args, result):
    has(program(args, "micro"))
    fit = fitting(args, result, ENTRY_BYTES, ENTRIES_LEAST)
    command = [program(args, "micro"), "--entries", ",".join(str(n) for n in fit), *(["--", *args.eal] if args.eal else [])]
    rounds(args, result, {"all": command}, "")


STEPS = {
    "accept-close": Step("connections opened, accepted and closed, beside the bare wire and the kernel", accept_close),
    "rate": Step("latency at steady rates: nobody waits for the one before", rate),
    "standing": Step("requests and responses on connections that stand", standing),
    "concurrency": Step("connections opened and closed beside those that stay open", concurrency),
    "flood": Step("connections served beside spoofed SYNs", flood),
    "instructions": Step("instructions a connection, by stage", instructions),
    "micro": Step("table, timers, hashes and checksum beside DPDK's", micro),
}


def measure(args):
    """@return the names of steps that failed."""
    failed = []
    if not os.path.exists(os.path.join(args.build, "build.ninja")):
        raise saved.Bad(f"{args.build}: not a build folder: type tools/report, or meson setup {args.build}")
    saved.write(args.folder, saved.MACHINE, machine.describe(ROOT, args.build))
    for name in args.steps:
        print(f"{name}: {STEPS[name].about}", file=sys.stderr, flush=True)
        result = {"state": "measured", "revision": machine.revision(ROOT), "notes": []}
        try:
            STEPS[name].measure(args, result)
        except Absent as absent:
            result = {"state": "absent", "why": str(absent)}
        except Failed as bad:
            result = {"state": "failed", "why": str(bad)}
            failed.append(name)
        if result["state"] != "measured":
            print(f"  {result['state']}: {result['why']}", file=sys.stderr, flush=True)
        saved.write(args.folder, name, result)
    return failed
