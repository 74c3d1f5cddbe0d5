#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""duo.py PINGPONG STREAM: benchmarks/pingpong and benchmarks/stream, as TAP: short runs, whether all that they should
measure is in their tables and JSON files and fits together, and their mistakes. How long anything takes is not looked
at."""

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time

PINGPONG, STREAM = sys.argv[1:3]
NO_HUGE = ("--", "--no-huge")
FORMS = ("wire_one_core", "wire_two_cores", "direct", "ring", "ring_both", "ring_asleep")
PERCENTILES = ("us_p50", "us_p90", "us_p99", "us_p999", "us_max")


def run(program, *arguments, status=0):
    """@return what it printed, its errors, and its JSON."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "out.json")
        command = [program, "--json", path, *arguments, *NO_HUGE]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == status, f"status {done.returncode}: {done.stdout}{done.stderr}"
        assert (done.stderr == "") == (status == 0), done.stderr
        if not os.path.exists(path):
            return done.stdout, done.stderr, None
        with open(path, encoding="utf-8") as file:
            return done.stdout, done.stderr, json.load(file)


def middle(values):
    values = sorted(values)
    return (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2


def near(a, b):
    return math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-6)


def pingpong(size):
    out, _, top = run(PINGPONG, "--duration", "0.06", "--rounds", "3", "--size", str(size))
    assert (top["size"], top["rounds"], top["duration_s"], top["leaked_mbufs"]) == (size, 3, 0.06, 0), top
    assert top["hugepages"] is False and len(top["additions_per_s"]) == 4, top
    assert tuple(top["forms"]) == FORMS, top
    assert f"{size} B" in out and "leaked" in out, out
    for name, form in top["forms"].items():
        spread = [form[key] for key in PERCENTILES]
        assert 0 < spread[0] and spread == sorted(spread), (name, form)
        assert form["round_trips"] > 0 and form["round_trips_per_s"] > 0, (name, form)
        assert len(form["round_us_p50"]) == 3, (name, form)
        assert min(form["round_us_p50"]) <= form["us_p50"] * 1.02, (name, form)
    for name in ("ring", "ring_both", "ring_asleep"):
        pairs = zip(top["forms"][name]["round_us_p50"], top["forms"]["direct"]["round_us_p50"])
        assert near(top[name + "_added_us"], middle([ring - direct for ring, direct in pairs])), top


def pingpong_64():
    pingpong(64)


def pingpong_one_byte():
    pingpong(1)


def pingpong_full_segment():
    pingpong(1448)


def stream(size, *arguments):
    out, _, top = run(STREAM, "--duration", "0.2", "--rounds", "2", "--size", str(size), *arguments)
    assert (top["size"], top["rounds"], top["duration_s"], top["leaked_mbufs"]) == (size, 2, 0.2, 0), top
    assert top["tx_copied_bytes"] == top["rx_copied_bytes"] == 0, top
    assert top["bytes"] > 0 and top["bytes"] % size == 0, top
    assert 0 < top["acks_per_segment"] < 1.1, top
    rounds = top["round_gbit_per_s"], top["round_wire_gbit_per_s"], top["round_wire_share"]
    assert all(len(values) == 2 for values in rounds), top
    assert near(top["gbit_per_s"], middle(rounds[0])) and near(top["wire_gbit_per_s"], middle(rounds[1])), top
    for rate, wire, share in zip(*rounds):
        assert wire == share == 0 or near(share, rate / wire), top
    assert near(top["wire_share"], middle(rounds[2])), top
    assert near(top["segments_per_s"] * size * 8, top["gbit_per_s"] * 1e9), top
    assert near(top["wire_frames_per_s"] * size * 8, top["wire_gbit_per_s"] * 1e9), top
    assert "bare wire" in out and "copied" in out, out
    return top


def stream_full_segments():
    assert stream(1448)["queue_kib"] == 256


def stream_small_segments():
    assert stream(536, "--queue", "128")["queue_kib"] == 128


def refused(text, program, *arguments):
    _, err, top = run(program, *arguments, status=2)
    assert text in err and top is None, err


def mistakes():
    for program in (PINGPONG, STREAM):
        refused("soon", program, "--duration", "soon")
        refused("0", program, "--rounds", "0")
        refused("1449", program, "--size", "1449")
        refused("--bogus", program, "--bogus")
        refused("left", program, "left")
        refused("/none/out.json", program, "--json", "/none/out.json")
    refused("--queue", PINGPONG, "--queue", "512")
    refused("0", PINGPONG, "--size", "0")
    refused("535", STREAM, "--size", "535")
    refused("63", STREAM, "--queue", "63")


def help_and_version():
    for program, name in (PINGPONG, "pingpong"), (STREAM, "stream"):
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=600, check=True)
        assert done.stdout == f"{name} (thole) 0.1.0\n", done.stdout
        done = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=600, check=True)
        for option in ("--check", "--duration", "--json", "--rounds", "--size"):
            assert option in done.stdout, done.stdout
        assert ("--queue" in done.stdout) == (name == "stream"), done.stdout


def catches(pid, number):
    """Whether the process has said what is to be done at this signal."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        (caught,) = (line.split()[1] for line in file if line.startswith("SigCgt:"))
    return int(caught, 16) >> (number - 1) & 1 != 0


def interrupted():
    """Ends in time, says so and leaves no file."""
    for program in (PINGPONG, STREAM):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "out.json")
            command = [program, "--duration", "600", "--rounds", "2", "--json", path, *NO_HUGE]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
                while child.poll() is None and not (os.path.exists(path) and catches(child.pid, signal.SIGINT)):
                    time.sleep(0.05)
                time.sleep(1)
                child.send_signal(signal.SIGINT)
                _, err = child.communicate(timeout=600)
            assert child.returncode == 1 and "interrupted" in err, (child.returncode, err)
            assert not os.path.exists(path)


TESTS = (pingpong_64, pingpong_one_byte, pingpong_full_segment, stream_full_segments, stream_small_segments, mistakes,
         help_and_version, interrupted)  # fmt: skip


def main():
    failed = 0
    print(f"1..{len(TESTS)}")
    for i, test in enumerate(TESTS, 1):
        name = test.__name__.replace("_", " ")
        if len(os.sched_getaffinity(0)) < 2:
            print(f"ok {i} - {name} # SKIP needs two CPUs")
            continue
        try:
            test()
            print(f"ok {i} - {name}", flush=True)
        except (AssertionError, KeyError, OSError, ValueError, subprocess.SubprocessError) as error:
            failed += 1
            print(f"not ok {i} - {name}", *f"{type(error).__name__}: {error}".splitlines(), sep="\n# ", flush=True)
    return failed != 0


sys.exit(main())
