# SPDX-License-Identifier: BSD-3-Clause
"""run_tests.py: the tests: checks, builds, each build's tests, live tests. tools/test calls it.

What only computes runs behind what waits (lanes.py): a build while the programs of another are tested. Prints a line
a program as it ends, what failed in full, and at last "N passed, N failed, N skipped". Exit status 0: something
passed and nothing failed.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from dataclasses import dataclass

sys.dont_write_bytecode = True
import tap  # noqa: E402
from lanes import BACK, BEHIND, FRONT, Lanes, Step  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOGS = "build-test-logs"
CHECKS = ("check-layers", "check-size", "check-spdx", "check-format", "check-symbols", "check-docs", "conformance --check", "snippets --check", "check-man")
# Folders of test/ whose program "run" has the CPUs to itself, or needs none but what others leave.
ALONE = ("bench", "live")
COMPUTING = ("install",)
SIMULATED = ("script-sim",)  # of Meson's tests: nothing in it depends on how long it takes
# How long things may take: only what hangs does, on however slow a machine.
BUILD_SECONDS = 3600
SCRIPT_SECONDS = 3600
BEHIND_SECONDS = 3600
BUSY_SLOWER = 5  # than Meson's time-outs have it
DIGEST_SEEDS = 500
FUZZ_RUNS = 300000  # of a target
FUZZ_SECONDS = 3600  # for which it has to do: the slowest takes minutes of a CPU

SANITIZER_ENV = {
    "ASAN_OPTIONS": "exitcode=99:detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "exitcode=99:halt_on_error=1:print_stacktrace=1",
}


@dataclass(eq=False)
class Build:
    """A way of building, and which of Meson's tests it runs: those of the suites named, or all."""

    name: str
    compiler: str
    options: tuple
    suites: tuple = ()
    targets: tuple = ()  # for ninja; none: all
    tests_only: bool = False  # nothing but what the tests run
    env: dict = None
    slower: int = 1  # than a plain build, for time limits

    @property
    def folder(self):
        return f"build-test-{self.name}"


# What a sanitizer's report says of the source needs no more, and an eighth less time to compile.
LINES_ONLY = "-Dc_args=-gline-tables-only"

# gcc's build has no precompiled headers: it says if a file doesn't include what it needs.
BUILDS = [
    Build("gcc", "gcc", ("-Dbuildtype=release",)),
    Build("clang", "clang", ("-Dbuildtype=release", "-Db_pch=true"), suites=("unit", "fuzz", "pcap")),
    Build(
        "asan",
        "clang",
        ("-Dbuildtype=debug", "-Doptimization=1", "-Db_sanitize=address,undefined", "-Db_lundef=false", "-Db_pch=true", LINES_ONLY),
        suites=("unit", "script", "table", "fuzz", "pcap", "stress"),
        tests_only=True,
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
            "-Db_pch=true",
            LINES_ONLY,
        ),
        suites=("stress",),
        tests_only=True,
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
        self.lock = threading.Lock()

    def add(self, name, outcome):
        with self.lock:
            self._add(name, outcome)

    def _add(self, name, outcome):
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

    def broke(self, name, error):
        """What was to give a result raised this instead."""
        lines = "".join(traceback.format_exception(type(error), error, error.__traceback__)).splitlines()
        self.add(name, tap.Outcome(failures=[(f"broke off: {lines[-1]}", lines[:-1])]))

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


def cpus():
    return len(os.sched_getaffinity(0))


def log_path(name):
    return os.path.join(ROOT, LOGS, name.replace("/", "-").replace(" ", "-") + ".log")


def run(report, name, command, seconds, behind=False, **how):
    command = [*BEHIND, *command] if behind else command
    outcome = tap.run(command, seconds, log_path=log_path(name), cwd=how.pop("cwd", ROOT), **how)
    report.add(name, outcome)
    return not outcome.failures


def make(report, build, full=False):
    """Configures and builds with every warning an error. @return whether it did."""
    if not os.path.exists(os.path.join(ROOT, build.folder, "build.ninja")) or moved(build.folder):
        wipe = ["--wipe"] if os.path.isdir(os.path.join(ROOT, build.folder, "meson-private")) else []
        command = ["meson", "setup", *wipe, build.folder, "-Dwerror=true", "-Dtests=true", *build.options]
        env = dict(os.environ, CC=build.compiler)
        configured = tap.run([*BEHIND, *command], BUILD_SECONDS, tap=False, cwd=ROOT, env=env)
        if configured.failures:
            report.add(f"{build.name}: configure", configured)
            return False
    command = ["ninja", "--quiet", "-C", build.folder, *build.targets]
    if build.tests_only:
        # Which those are is only known once what Meson wrote is no older than the tree.
        again = tap.run([*BEHIND, "ninja", "-C", build.folder, "build.ninja"], BUILD_SECONDS, tap=False, cwd=ROOT)
        if again.failures:
            report.add(f"{build.name}: configure", again)
            return False
        command += programs(build, full)
    return run(report, f"{build.name}: build, warnings are errors", command, BUILD_SECONDS, behind=True, tap=False)


def programs(build, full):
    """What the build's tests run of what it builds, as ninja names it."""
    wanted = {target for test in meson_tests(build, full) for target in test["depends"]}
    with open(os.path.join(ROOT, build.folder, "meson-info", "intro-targets.json"), encoding="utf-8") as file:
        files = [name for target in json.load(file) if target["id"] in wanted for name in target["filename"]]
    return sorted(os.path.relpath(name, os.path.join(ROOT, build.folder)) for name in files)


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


def meson_steps(report, build, full):
    """A step for each of the build's test programs."""
    tests = meson_tests(build, full)
    if not tests:
        nothing = tap.Outcome(failures=[("has no tests", [f"suites {', '.join(build.suites) or 'of any name'}"])])
        report.add(f"{build.name}: tests", nothing)
        return []
    launcher = steady_addresses() if "b_sanitize" in "".join(build.options) else []

    def step(test):
        name = f"{build.name}: {test['name']}"
        behind = test["name"] in SIMULATED
        seconds = (test["timeout"] or 30) * BUSY_SLOWER * build.slower * (20 if full else 1)

        def work():
            run(
                report,
                name,
                [*launcher, *test["cmd"]],
                seconds,
                behind,
                tap=test["protocol"] == "tap",
                cwd=test["workdir"] or os.path.join(ROOT, build.folder),
                env=dict(os.environ, **(build.env or {}), **test["env"]),
            )

        return Step(name, work, BACK if behind else FRONT, 1 if test["is_parallel"] else cpus())

    # Those that run alone come last: else the others would wait for each of them.
    return [step(test) for test in sorted(tests, key=lambda test: not test["is_parallel"])]


def compare_digests(report, one, other):
    """The simulator gives the same packets at the same times, whoever compiled it."""
    name = f"{one.name} and {other.name}: the same packets for {DIGEST_SEEDS} seeds"
    lines = {}
    for build in (one, other):
        command = [os.path.join(ROOT, build.folder, "test/sim/test_sim"), "--digests", "--seeds", str(DIGEST_SEEDS)]
        outcome = tap.run([*BEHIND, *command], BEHIND_SECONDS, cwd=ROOT, log_path=log_path(f"{build.name}: digests"))
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


def compare_goodput(report, build, full):
    """The simulator's table is the one in the tree. That was made with gcc: another compiler says more. The rows with
    most packets take two thirds of the time."""
    env = dict(os.environ, THOLE_BUILD=os.path.join(ROOT, build.folder))
    command = [os.path.join(ROOT, "tools", "goodput"), *([] if full else ["--quick"])]
    run(report, f"{build.name}: goodput, the table in the tree", command, BEHIND_SECONDS, behind=True, tap=False, env=env)


def count_instructions(report, build):
    """What a connection costs has not grown; another compiler's or DPDK's count is only reported."""
    command = [os.path.join(ROOT, "benchmarks", "instructions", "run"), "--check", "--few", "1000", "--many", "3000"]
    command += ["--build", os.path.join(ROOT, build.folder)]
    name = f"{build.name}: instructions, the record in the tree"
    run(report, name, command, BEHIND_SECONDS, behind=True, tap=False)


def script_steps(report, build, made, full):
    """test/live, and whatever other folder of test/ has a program "run": they start the programs of a build."""
    names = {"live"}
    for folder in os.listdir(os.path.join(ROOT, "test")):
        if os.path.exists(os.path.join(ROOT, "test", folder, "run")) and folder != "tools":
            names.add(folder)
    env = dict(os.environ, THOLE_BUILD=os.path.join(ROOT, build.folder))
    seconds = SCRIPT_SECONDS * (5 if full else 1)

    def step(name):
        behind = name in COMPUTING

        def work():
            if build in made:
                command = [os.path.join(ROOT, "test", name, "run")]
                run(report, f"test/{name}", command, BEHIND_SECONDS if behind else seconds, behind, env=env)
            else:
                report.add(f"test/{name}", tap.Outcome(failures=[("has no programs to run", ["their build failed"])]))

        return Step(f"test/{name}", work, BACK if behind else FRONT, cpus() if name in ALONE else 1)

    return [step(name) for name in sorted(names, key=lambda name: (name not in ALONE, name))]


def run_fuzzers(report, full):
    """The targets of test/fuzz, in a build of their own: so many executions of each, whatever time they take."""
    command = [sys.executable, os.path.join(ROOT, "tools", "run_fuzz.py")]
    command += ["--seconds", "300"] if full else ["--runs", str(FUZZ_RUNS), "--seconds", str(FUZZ_SECONDS)]
    run(report, "test/fuzz", command, BUILD_SECONDS + 20 * FUZZ_SECONDS, behind=True)


def steps(lanes, report, options):
    """All of them, but for the tests of a build, which are added when that is made."""
    full, quick = options.full, options.quick
    gcc, clang = BUILDS[:2]
    made = []

    def check(words):
        name, *arguments = words.split()
        run(report, f"tools/{words}", [os.path.join(ROOT, "tools", name), *arguments], BEHIND_SECONDS, behind=True, tap=False)

    def build(one):
        if make(report, one, full):
            made.append(one)
        if one is gcc and not quick:
            lanes.add(*script_steps(report, gcc, made, full))
            lanes.add(Step("instructions", with_builds(count_instructions, gcc), BACK))
        if one in made:
            lanes.add(*meson_steps(report, one, full))

    def with_builds(function, *builds):
        return lambda: function(report, *builds) if all(one in made for one in builds) else None

    first = [Step("test/tools", lambda: run(report, "test/tools", [os.path.join(ROOT, "test/tools/run")], SCRIPT_SECONDS))]
    first += [Step(words, lambda words=words: check(words), BACK) for words in CHECKS]
    builds = {one: Step(one.name, lambda one=one: build(one), BACK, cpus()) for one in (BUILDS[:1] if quick else BUILDS)}
    if quick:
        return first + list(builds.values())
    return first + [
        *builds.values(),
        Step("fuzz", lambda: run_fuzzers(report, full), BACK, cpus()),
        Step("digests", with_builds(compare_digests, gcc, clang), BACK, cpus(), after=(builds[gcc], builds[clang])),
        Step("goodput", with_builds(lambda *of: compare_goodput(*of, full), clang), BACK, cpus(), after=(builds[clang],)),
    ]


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
    lanes = Lanes(cpus(), lambda step, error: report.broke(step.name, error))
    try:
        lanes.add(*steps(lanes, report, options))
        lanes.run()
    except Exception as error:  # whatever it is, what the others came to is told
        report.broke("tools/test", error)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
