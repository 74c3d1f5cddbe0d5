#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""micro.py PROGRAM: benchmarks/micro, as TAP: short runs, whether both sides did the same, and whether all that it
should compare is in its table and in its JSON file. How long anything takes is not looked at."""

import json
import math
import os
import subprocess
import sys
import tempfile

LOOKUPS = ("lookup in bursts", "lookup in bursts, read the record", "lookup in bursts, absent", "lookup one by one")
CHURN = ("remove", "insert", "remove and insert", "look up a burst, remove", "look up a burst in vain, insert", "both")
TIMERS = ("cancel", "arm", "cancel and arm", "move one that is armed", "lazy: a deadline that moves later")
HASHES = ("table's hash, CRC", "table's hash, jhash", "SipHash-1-3, CRC", "SipHash-1-3, jhash",
          "SipHash-1-3, jhash of bytes", "SipHash-1-3 of 128 bits, jhash")  # fmt: skip
SUMS = tuple(f"{n} bytes" for n in (20, 32, 40, 64, 536, 1460, 8960)) + ("1460 bytes in two mbufs",)
FORMS = ("", "; tuned", "; jhash")  # of rte_hash
SIZED = {"table": tuple(name + form for form in FORMS for name in LOOKUPS + CHURN), "wheel": TIMERS}
OTHER = {"hash": HASHES, "checksum": SUMS}
SHORT = ("--seconds", "0.01")
NO_HUGE = ("--", "--no-huge")


def run(*arguments):
    done = subprocess.run([sys.argv[1], *arguments], capture_output=True, text=True, timeout=600, check=False)
    return done.returncode, done.stdout, done.stderr


def measured(*arguments):
    """What a run prints, and its JSON."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "out.json")
        status, out, err = run(*SHORT, "--json", path, *arguments, *NO_HUGE)
        assert status == 0, f"status {status}: {err}"
        assert err == "", err
        with open(path, encoding="utf-8") as file:
            return out, json.load(file)


def expected(sizes, parts):
    """(part, entries, name) of all figures."""
    sized = [(part, size, name) for part in SIZED if part in parts for size in sizes for name in SIZED[part]]
    return sized + [(part, 0, name) for part in OTHER if part in parts for name in OTHER[part]]


def sane(figure):
    numbers = [figure[key] for key in ("ours_ns", "theirs_ns", "ratio", "ratio_p25", "ratio_p75")]
    assert all(math.isfinite(n) for n in numbers), figure
    # Each is less by what the clock took when it was looked at: of little work in so short a run it may come out below 0.
    assert figure["name"] != "8960 bytes" or min(numbers[:3]) > 0, figure
    assert figure["ratio_p25"] <= figure["ratio"] <= figure["ratio_p75"], figure
    assert figure["rounds"] >= 5, figure
    assert figure["ours"] and figure["theirs"], figure


def agrees(result, sizes):
    """Both sides came to the same, and to what was put in."""
    found = {}
    for check in result["checks"]:
        assert check["ours"] == check["theirs"] == check["expected"], check
        found.setdefault((check["part"], check["name"]), []).append((check["entries"], check["expected"]))
    # with each form before the churn and after it
    each = [(size, size) for size in sizes for _ in range(2 * len(FORMS))]
    for name in ("entries", "right", "found", "found with absent"):
        assert found["table", name] == each, (name, found["table", name])
    assert found["table", "failed"] == [(size, 0) for size, _ in each]
    for name in ("armed", "fired"):
        assert found["wheel", name] == [(size, size) for size in sizes], (name, found["wheel", name])
    assert found["wheel", "left"] == [(size, 0) for size in sizes]
    assert ("checksum", "same") in found and ("checksum", "chain") in found
    assert len([key for key in found if key[0] == "hash"]) == len(HASHES)


def whole():
    sizes = [64, 1000, 3001]  # the last one is in no way round
    out, result = measured("--entries", ",".join(map(str, sizes)))
    figures = [(f["part"], f["entries"], f["name"]) for f in result["figures"]]
    assert figures == expected(sizes, {*SIZED, *OTHER}), figures
    for figure in result["figures"]:
        sane(figure)
        assert f"  {figure['name']} " in out, f"{figure['name']} isn't printed"
    agrees(result, sizes)
    assert result["hugepages"] is False and result["seconds"] == 0.01


def quick():
    _, result = measured("--quick")
    sizes = {f["entries"] for f in result["figures"]}
    assert sizes == {0, 1000, 10000}, sizes
    agrees(result, [1000, 10000])


def one_part():
    for part in (*SIZED, *OTHER):
        _, result = measured("--part", part, "--entries", "100")
        figures = [(f["part"], f["entries"], f["name"]) for f in result["figures"]]
        assert figures == expected([100], {part}), figures
        assert {c["part"] for c in result["checks"]} == {part}


def big_wheel_is_left_out():
    _, result = measured("--part", "wheel", "--entries", "1048577,70")
    assert {f["entries"] for f in result["figures"]} == {70}


def refused(text, *arguments):
    status, out, err = run(*arguments)
    assert status == 2, f"status {status}: {out}{err}"
    assert text in err, err


def mistakes():
    refused("63", "--entries", "63")
    refused("1000;", "--entries", "1000;")
    refused("soon", "--seconds", "soon")
    refused("wheels", "--part", "wheels")
    refused("--bogus", "--bogus")
    refused("/none/out.json", "--json", "/none/out.json")


def version():
    status, out, err = run("--version")
    assert (status, out, err) == (0, "micro (thole) 0.1.0\n", ""), (status, out, err)


def no_empty_file():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "out.json")
        status, _, err = run("--json", path, "--", "--no-huge", "--bogus")
        assert status == 1 and "EAL" in err, (status, err)
        assert not os.path.exists(path)


TESTS = (whole, quick, one_part, big_wheel_is_left_out, mistakes, version, no_empty_file)


def main():
    failed = 0
    print(f"1..{len(TESTS)}")
    for i, test in enumerate(TESTS, 1):
        name = test.__name__.replace("_", " ")
        try:
            test()
            print(f"ok {i} - micro: {name}", flush=True)
        except (AssertionError, KeyError, OSError, ValueError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"not ok {i} - micro: {name}", *f"{type(error).__name__}: {error}".splitlines(), sep="\n# ", flush=True)
    return failed != 0


sys.exit(main())
