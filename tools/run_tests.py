# SPDX-License-Identifier: BSD-3-Clause
"""run_tests.py: the tests, in order: checks, builds, each build's tests, live tests. tools/test calls it.

Prints a line a program as it ends, what failed in full, and at last "N passed, N failed, N skipped". Exit
status 0: something passed and nothing failed.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

sys.dont_write_bytecode = True
import tap  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = "build-test-logs"
CHECKS = ("check-layers", "check-size", "check-spdx", "check-format", "check-symbols", "check-docs", "conformance --check", "snippets --check", "check-man")
BUILD_SECONDS = 900
SCRIPT_SECONDS = 600
DIGEST_SEEDS = 500
GOODPUT_SECONDS = 300
INSTRUCTIONS_SECONDS = 300
FUZZ_SECONDS = 30  # a target

SANITIZER_ENV = {
    "ASAN_OPTIONS": "exitcode=99:detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "exitcode=99:halt_on_error=1:print_stacktrace=1",
}


@dataclass
class Build:
    """A way of building, and which of Meson's tests it runs: those of the suites named, or all."""

    name: str
    compiler: str
    options: tuple
    suites: tuple = ()
    targets: tuple = ()  # for ninja; none: all
    env: dict = None
    slower: int = 1  # than a plain build, for time limits

    @property
    def folder(self):
        return f"build-test-{self.name}"


BUILDS = [
    Build("gcc", "gcc", ("-Dbuildtype=release",)),
    Build("clang", "clang", ("-Dbuildtype=release",), suites=("unit", "fuzz", "pcap")),
    Build(
        "asan",
        "clang",
        ("-Dbuildtype=debug", "-Doptimization=1", "-Db_sanitize=address,undefined", "-Db_lundef=false"),
        suites=("unit", "script", "table", "fuzz", "pcap", "stress"),
        env=SANITIZER_ENV,
        slower=4,
    ),
    Build(
        "tsan",
        "clang",
        (
            "-Dbuildtype=debug",
            "-Doptimization=1",
            "-Db_sanitize=thread",
            "-Db_lundef=false",
        ),
        suites=("stress",),
        targets=("test/stress/stress",),
        env={"TSAN_OPTIONS": "exitcode=99:second_deadlock_stack=1"},
        slower=4,
    ),
]


class Report:
    """Counts results and prints them as they come."""

    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []

    def add(self, name, outcome):
        self.passed += outcome.passed
        self.failed += [(name, *failure) for failure in outcome.failures]
        self.skipped += [(name, *skip) for skip in outcome.skips]
        word = "FAILED" if outcome.failures else "ok" if outcome.passed else "skipped"
        counts = f"{outcome.passed:5} passed"
        if outcome.failures:
            counts += f", {len(outcome.failures)} failed"
        if outcome.skips:
            counts += f", {len(outcome.skips)} skipped"
        print(f"{word:8}{name:44}{counts}  {outcome.seconds:6.1f} s", flush=True)
        for what, lines in outcome.failures:
            print(f"        not ok: {what}")
            for line in lines:
                print(f"            {line}")
        sys.stdout.flush()

    def end(self):
        if self.failed:
            print("\nFailed:")
            for name, what, _ in self.failed:
                print(f"    {name}: {what}")
        if self.skipped:
            print("\nSkipped:")
            for name, what, why in self.skipped:
                print(f"    {name}: {what}: {why}")
        print(f"\n{self.passed} passed, {len(self.failed)} failed, {len(self.skipped)} skipped", flush=True)
        return 0 if self.passed > 0 and not self.failed else 1


def log_path(name):
    return os.path.join(ROOT, LOGS, name.replace("/", "-").replace(" ", "-") + ".log")


def run(report, name, command, seconds, **how):
    outcome = tap.run(command, seconds, log_path=log_path(name), cwd=how.pop("cwd", ROOT), **how)
    report.add(name, outcome)
    return not outcome.failures


def make(report, build):
    """Configures and builds with every warning an error. @return whether it did."""
    if not os.path.exists(os.path.join(ROOT, build.folder, "build.ninja")) or moved(build.folder):
        wipe = ["--wipe"] if os.path.isdir(os.path.join(ROOT, build.folder, "meson-private")) else []
        command = ["meson", "setup", *wipe, build.folder, "-Dwerror=true", "-Dtests=true", *build.options]
        env = dict(os.environ, CC=build.compiler)
        configured = tap.run(command, BUILD_SECONDS, tap=False, cwd=ROOT, env=env)
        if configured.failures:
            report.add(f"{build.name}: configure", configured)
            return False
    command = ["ninja", "--quiet", "-C", build.folder, *build.targets]
    return run(report, f"{build.name}: build, warnings are errors", command, BUILD_SECONDS, tap=False)


def moved(folder):
    """Whether a build folder was set up for a tree at another place."""
    try:
        with open(os.path.join(ROOT, folder, "meson-info", "meson-info.json"), encoding="utf-8") as file:
            return json.load(file)["directories"]["source"] != ROOT
    except (OSError, ValueError, KeyError):
        return True


def meson_tests(build, full):
    """The build's test programs, as Meson lists them; those of suite "full" take long."""
    with open(os.path.join(ROOT, build.folder, "meson-info", "intro-tests.json"), encoding="utf-8") as file:
        tests = json.load(file)
    chosen = []
    for test in tests:
        # A test's kind is its suite, or what its name begins with: unit-wire.
        suites = {suite.split(":")[-1] for suite in test["suite"]} | {test["name"].split("-")[0]}
        if "full" in suites and not full:
            continue
        if build.suites and not suites.intersection(build.suites):
            continue
        chosen.append(test)
    return chosen


def steady_addresses():
    """What to put before a sanitized program: clang 14's can't map its shadow under a kernel that spreads
    addresses wider than 28 bits."""
    try:
        with open("/proc/sys/vm/mmap_rnd_bits", encoding="ascii") as file:
            wide = int(file.read()) > 28
    except (OSError, ValueError):
        wide = False
    command = ["setarch", "--addr-no-randomize"]
    if wide and subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
        return command
    return []


def run_meson_tests(report, build, full):
    tests = meson_tests(build, full)
    if not tests:
        nothing = tap.Outcome(failures=[("has no tests", [f"suites {', '.join(build.suites) or 'of any name'}"])])
        report.add(f"{build.name}: tests", nothing)
        return

    launcher = steady_addresses() if "b_sanitize" in "".join(build.options) else []

    def one(test):
        name = f"{build.name}: {test['name']}"
        env = dict(os.environ, **(build.env or {}), **test["env"])
        seconds = (test["timeout"] or 30) * build.slower * (20 if full else 1)
        outcome = tap.run(
            [*launcher, *test["cmd"]],
            seconds,
            tap=test["protocol"] == "tap",
            cwd=test["workdir"] or os.path.join(ROOT, build.folder),
            env=env,
            log_path=log_path(name),
        )
        return name, outcome

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for done in as_completed([pool.submit(one, test) for test in tests if test["is_parallel"]]):
            report.add(*done.result())
    for test in tests:
        if not test["is_parallel"]:
            report.add(*one(test))


def compare_digests(report, one, other):
    """The simulator gives the same packets at the same times, whoever compiled it."""
    name = f"{one.name} and {other.name}: the same packets for {DIGEST_SEEDS} seeds"
    lines = {}
    for build in (one, other):
        command = [os.path.join(ROOT, build.folder, "test/sim/test_sim"), "--digests", "--seeds", str(DIGEST_SEEDS)]
        outcome = tap.run(command, 120, cwd=ROOT, log_path=log_path(f"{build.name}: digests"))
        if outcome.failures:
            report.add(name, outcome)
            return
        lines[build.name] = [line for line in outcome.output.splitlines() if line.startswith("# digest ")]
    pairs = list(zip(lines[one.name], lines[other.name]))
    differ = [f"{a} with {one.name}, {b.split()[-1]} with {other.name}" for a, b in pairs if a != b]
    verdict = tap.Outcome(seconds=outcome.seconds)
    if len(pairs) != DIGEST_SEEDS:
        verdict.failures.append(("digests are missing", [f"{len(pairs)} of {DIGEST_SEEDS} seeds have one"]))
    elif differ:
        verdict.failures.append((f"{len(differ)} seeds differ", differ[:5]))
    else:
        verdict.passed = 1
    report.add(name, verdict)


def compare_goodput(report, build):
    """The simulator's table is the one in the tree. That was made with gcc: another compiler says more."""
    env = dict(os.environ, THOLE_BUILD=os.path.join(ROOT, build.folder))
    command = [os.path.join(ROOT, "tools", "goodput")]
    run(report, f"{build.name}: goodput, the table in the tree", command, GOODPUT_SECONDS, tap=False, env=env)


def count_instructions(report, build):
    """What a connection costs has not grown; another compiler's or DPDK's count is only reported."""
    command = [os.path.join(ROOT, "benchmarks", "instructions", "run"), "--check", "--few", "1000", "--many", "3000"]
    command += ["--build", os.path.join(ROOT, build.folder)]
    run(report, f"{build.name}: instructions, the record in the tree", command, INSTRUCTIONS_SECONDS, tap=False)


def run_scripts(report, build, is_made, full):
    """test/live, and whatever other folder of test/ has a program "run": they start the programs of a build."""
    names = {"live"}
    for folder in os.listdir(os.path.join(ROOT, "test")):
        if os.path.exists(os.path.join(ROOT, "test", folder, "run")) and folder != "tools":
            names.add(folder)
    env = dict(os.environ, THOLE_BUILD=os.path.join(ROOT, build.folder))
    for name in sorted(names):
        if is_made:
            run(report, f"test/{name}", [os.path.join(ROOT, "test", name, "run")], SCRIPT_SECONDS * (5 if full else 1), env=env)
        else:
            report.add(f"test/{name}", tap.Outcome(failures=[("has no programs to run", ["their build failed"])]))


def run_fuzzers(report, full):
    """The targets of test/fuzz, each for a while, in a build of their own."""
    seconds = FUZZ_SECONDS * (10 if full else 1)
    command = [sys.executable, os.path.join(ROOT, "tools", "run_fuzz.py"), "--seconds", str(seconds)]
    run(report, "test/fuzz", command, BUILD_SECONDS + 20 * (seconds + 120))


def interrupted(number, _):
    tap.stop_all()
    os._exit(128 + number)


def main():
    parser = argparse.ArgumentParser(prog="tools/test", add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()

    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    os.makedirs(os.path.join(ROOT, LOGS), exist_ok=True)
    if options.full:
        os.environ["THOLE_TEST_FULL"] = "1"
    report = Report()
    for check in CHECKS:
        name, *arguments = check.split()
        run(report, f"tools/{check}", [os.path.join(ROOT, "tools", name), *arguments], 60, tap=False)
    run(report, "test/tools", [os.path.join(ROOT, "test/tools/run")], 300)

    builds = BUILDS[:1] if options.quick else BUILDS
    made = [build for build in builds if make(report, build)]
    for build in made:
        run_meson_tests(report, build, options.full)
    if BUILDS[0] in made and BUILDS[1] in made:
        compare_digests(report, BUILDS[0], BUILDS[1])
        compare_goodput(report, BUILDS[1])
    if BUILDS[0] in made and not options.quick:
        count_instructions(report, BUILDS[0])
    if not options.quick:
        run_fuzzers(report, options.full)
        run_scripts(report, BUILDS[0], BUILDS[0] in made, options.full)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
