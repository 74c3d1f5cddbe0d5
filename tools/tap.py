# SPDX-License-Identifier: BSD-3-Clause
"""tap.py: runs a test program and reads the TAP that it prints.

A program passes only if it says so in full: a plan that matches, no "not ok", no bail-out, exit status 0, and
within its time. Everything else is a failure, also of a program that printed nothing.
"""

import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field

_RESULT = re.compile(r"^(not )?ok\b\s*(\d+)?\s*(?:- )?(.*?)(?:\s+#\s*skip\S*\s*(.*))?$", re.IGNORECASE)
_PLAN = re.compile(r"^1\.\.(\d+)(?:\s*#\s*skip\S*\s*(.*))?\s*$", re.IGNORECASE)


@dataclass
class Outcome:
    """What a program's run came to."""

    passed: int = 0
    failures: list = field(default_factory=list)  # (name, lines that explain it)
    skips: list = field(default_factory=list)  # (name, why)
    seconds: float = 0.0
    output: str = ""


def parse(text, outcome, ended=True):
    """Adds the results in a TAP stream to the outcome. ended: the program came to its own end."""
    plan = None
    seen = 0
    explaining = None
    for line in text.split("\n"):
        if match := _PLAN.match(line):
            plan = int(match.group(1))
            if plan == 0:
                outcome.skips.append(("everything", match.group(2) or "no reason given"))
        elif match := _RESULT.match(line):
            bad, number, name, why = match.groups()
            seen += 1
            explaining = None
            if number and int(number) != seen:
                outcome.failures.append((name, [f"is number {number}, but comes as number {seen}"]))
            elif bad:
                explaining = []
                outcome.failures.append((name, explaining))
            elif why is not None:
                outcome.skips.append((name, why or "no reason given"))
            else:
                outcome.passed += 1
        elif line.startswith("Bail out!"):
            outcome.failures.append(("bails out", [line]))
        elif explaining is not None and line.strip():
            explaining.append(line)
    if not ended:
        return
    if plan is None:
        outcome.failures.append(("has no plan", [f"ended after {seen} results without saying 1..N"]))
    elif plan != seen:
        outcome.failures.append(("differs from its plan", [f"{plan} tests planned, {seen} results seen"]))


_groups = set()  # process groups of running programs
_groups_lock = threading.Lock()


def stop_all():
    """Ends every program that runs: first politely, for a test that made namespaces and taps takes them down."""
    with _groups_lock:
        groups = list(_groups)
    for group in groups:
        _signal(group, signal.SIGTERM)
    deadline = time.monotonic() + 5
    while groups and time.monotonic() < deadline:
        groups = [group for group in groups if _signal(group, 0)]
        time.sleep(0.05)
    for group in groups:
        _signal(group, signal.SIGKILL)


def _execute(command, seconds, cwd, env, log):
    """@return the exit status, or None when time ran out. Nothing that the command started stays behind."""
    with subprocess.Popen(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    ) as process:
        with _groups_lock:
            _groups.add(process.pid)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
            _signal(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                pass
        _signal(process.pid, signal.SIGKILL)
        with _groups_lock:
            _groups.discard(process.pid)
        return status


def _signal(group, number):
    """@return whether the group still is there."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


def how_it_ended(status):
    if status < 0:
        try:
            return f"was ended by signal {-status} ({signal.Signals(-status).name})"
        except ValueError:
            return f"was ended by signal {-status}"
    return f"ended with exit status {status}"


def run(command, seconds, tap=True, cwd=None, env=None, log_path=None):
    """Runs a command to its end or for so many seconds; tap=False: its exit status is its one result.

    Exit status 77 of a command without TAP means skipped; its last line says why.
    """
    outcome = Outcome()
    started = time.monotonic()
    with open(log_path, "w+b") if log_path else tempfile.TemporaryFile() as log:
        try:
            status = _execute(command, seconds, cwd, env, log)
        except OSError as error:
            outcome.failures.append(("does not start", [str(error)]))
            return outcome
        log.seek(0)
        outcome.output = log.read().decode("utf-8", "replace")
    outcome.seconds = time.monotonic() - started
    if tap:
        parse(outcome.output, outcome, ended=status in (0, 1))
    if status is None:
        outcome.failures.append((f"was not done after {seconds:.0f} s", outcome.output.splitlines()[-20:]))
    elif not tap and status == 77:
        outcome.skips.append(("this", (outcome.output.strip().split("\n")[-1]).removeprefix("SKIP: ")))
    elif status != 0 and (not tap or not outcome.failures or status != 1):
        # 1 is how a program ends that has reported failures; a crash or a sanitizer's report comes on top.
        outcome.failures.append((how_it_ended(status), outcome.output.splitlines()[-200:]))
    elif status == 0 and not tap:
        outcome.passed += 1
    elif status == 0 and outcome.passed + len(outcome.failures) + len(outcome.skips) == 0:
        outcome.failures.append(("tested nothing", []))
    return outcome
