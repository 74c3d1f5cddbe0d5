# SPDX-License-Identifier: BSD-3-Clause
"""rounds.py: what the scripts share that run accept-close several times over: their options, a run, its figures."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def parser(doc, example, rounds, duration, of="runs of each"):
    """With the options that all have; of @p doc all but its first paragraph is for --help."""
    about = doc.split("\n\n", 1)[1]
    found = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("--build", default=os.path.join(ROOT, "build"), help="build folder (build)")
    found.add_argument("--rounds", type=int, default=rounds, metavar="N", help=f"{of} ({rounds})")
    found.add_argument("--duration", type=float, default=duration, metavar="S", help=f"seconds counted in each ({duration})")
    found.add_argument("--json", metavar="FILE", help="write all figures to FILE, too")
    found.add_argument("rest", nargs="*", metavar="-- OPTION", help=f"for accept-close, as {example}")
    return found


def parse(found):
    args = found.parse_args()
    if args.rounds < 1 or args.duration <= 0:
        found.error("--rounds and --duration must be above 0")
    return args


def growing(text):
    """Numbers that grow, for an argument's type."""
    numbers = [int(n) for n in text.split(",")] if all(n.isdecimal() for n in text.split(",")) else []
    if not numbers or sorted(set(numbers)) != numbers:
        raise argparse.ArgumentTypeError(f"{text}: give numbers that grow")
    return numbers


def accept_close(args, *options, failed_conns=False):
    """A run's JSON, or the end. failed_conns: connections that failed are a figure; what leaked never is."""
    program = os.path.join(args.build, "benchmarks", "accept_close", "accept-close")
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.json")
        command = [program, *options, "--json", out, *args.rest]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            sys.exit(f"{program}: {error.strerror}: build it first (ninja -C {args.build}), or give --build")
        one = {}
        if os.path.exists(out):
            with open(out, encoding="utf-8") as file:
                one = json.load(file)
        only_conns = failed_conns and one.get("failed_conns", 0) > 0 and one["leaked_mbufs"] + one["leaked_conns"] == 0
        if done.returncode != 0 and not only_conns:
            sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}".rstrip())
        return one


def value(one, *path):
    for key in path:
        one = one[key]
    return one


def median(runs, *path):
    return statistics.median(value(one, *path) for one in runs)


def memory(one, when):
    """Bytes in use when the count began ("first") or ended ("last")."""
    return sum(value(one, "extra", f"memory_{when}").values())


def write(path, what):
    if path:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(what, file, indent=1)
            file.write("\n")
