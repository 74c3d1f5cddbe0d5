# SPDX-License-Identifier: BSD-3-Clause
"""run_fuzz.py: builds the fuzz targets and runs each for a while. tools/fuzz and run_tests.py call it.

Prints TAP: a result for the build and one for each target. What it finds stays in build-fuzz-found/.
"""

import argparse
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed

sys.dont_write_bytecode = True
import run_tests  # noqa: E402
import tap  # noqa: E402

SEEDS = "test/fuzz/corpus"
GROWN = "build-fuzz-corpus"
FOUND = "build-fuzz-found"
# Compares are not traced: that costs more executions than it finds inputs, here measured.
COVER = "-fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp,indirect-calls,stack-depth -fno-sanitize-recover=all"
# Not looked for twice: the address sanitizer sees these, or needs to be told at run time to.
ONCE = "-fno-sanitize=null,object-size -fsanitize-address-use-after-return=never"
BUILD = run_tests.Build(
    "fuzz",
    "clang",
    (
        "-Dbuildtype=debug",
        "-Doptimization=2",
        "-Db_sanitize=address,undefined",
        "-Db_lundef=false",
        "-Db_pch=true",
        "-Dfuzz=true",
        "-Dapps=false",
        "-Dexamples=false",
        "-Dbenchmarks=false",
        f"-Dc_args={COVER} {ONCE} -gline-tables-only",
    ),
    targets=("fuzzers",),
)
ENV = {
    "ASAN_OPTIONS": "quarantine_size_mb=8:malloc_context_size=8:detect_leaks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}
# The longest input: so long that the corpus covers every edge that it covers with twice as much.
MAX_LEN = {
    "options": 44,
    "reassembly": 80,
    "scoreboard": 80,
    "sndq": 80,
    "stack": 160,
    "stack_raw": 224,
    "table": 96,
    "wheel": 48,
}
MAX_LEN_OTHERS = 192
# Of these only what covers other code is kept by --merge: else it would be hundreds of inputs.
BY_EDGES = ("scoreboard", "stack", "stack_raw", "wire")
INPUT_SECONDS = 120


def missing():
    """Why there can be no fuzzing here, or None."""
    source = "#include <stdint.h>\n#include <stddef.h>\nint LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);\n"
    source += "int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) { (void)p; (void)n; return 0; }\n"
    with tempfile.TemporaryDirectory() as folder:
        command = ["clang", "-fsanitize=fuzzer,address,undefined", "-x", "c", "-", "-o", os.path.join(folder, "probe")]
        try:
            subprocess.run(command, input=source, text=True, capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return "clang can't link libFuzzer (Debian's packages clang and libclang-rt-dev)"
    return None


class Tap:
    """Prints results as they come; what tools/tap.py reads, and a person can."""

    def __init__(self):
        self.seen = 0
        self.failed = 0

    def result(self, good, what, lines=()):
        self.seen += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.seen} - {what}")
        for line in lines:
            print(f"# {line}")
        sys.stdout.flush()

    def add(self, name, outcome):
        """As run_tests.Report does it."""
        lines = [line for what, more in outcome.failures for line in (what, *more)]
        self.result(not outcome.failures, name, lines)

    def end(self):
        print(f"1..{self.seen}", flush=True)
        return 1 if self.failed else 0


def build(report):
    """Configures and builds. @return {target: program}, empty if that failed."""
    folder = os.path.join(run_tests.ROOT, BUILD.folder)
    if not run_tests.make(report, BUILD):
        return {}
    with open(os.path.join(folder, "meson-info", "intro-targets.json"), encoding="utf-8") as file:
        programs = [t["filename"][0] for t in json.load(file) if t["type"] == "executable"]
    names = {os.path.basename(p).removeprefix("fuzz_"): p for p in programs if "/fuzz_" in p}
    return dict(sorted(names.items()))


def folder_for(kind, target):
    path = os.path.join(run_tests.ROOT, kind, target)
    os.makedirs(path, exist_ok=True)
    return path


def max_len(target):
    return f"-max_len={MAX_LEN.get(target, MAX_LEN_OTHERS)}"


def fuzz(target, program, options):
    """@return (good, what came of it, lines that explain it)."""
    found = folder_for(FOUND, target)
    before = set(os.listdir(found))
    command = [program, max_len(target), f"-timeout={INPUT_SECONDS}", "-print_final_stats=1"]
    command += ["-entropic=0"]  # its book-keeping costs half of the executions
    # Looking for shorter inputs costs the larger ones' features a search each, in every execution.
    command += ["-reduce_inputs=0", "-reload=0"]
    # Of its own accord it would end with 77, which is how a test says that it was skipped.
    command += ["-error_exitcode=1", f"-artifact_prefix={found}/"]
    seconds = options.seconds
    if options.runs:
        command += [f"-runs={options.runs}"]
    if seconds:
        command += [f"-max_total_time={seconds}"]
    command += [folder_for(GROWN, target), folder_for(SEEDS, target)]
    log = run_tests.log_path(f"fuzz-{target}")
    limit = seconds + 120 if seconds else 7 * 24 * 3600
    outcome = tap.run(
        [*run_tests.BEHIND, *run_tests.steady_addresses(), *command],
        limit,
        tap=False,
        env=dict(os.environ, **ENV),
        cwd=run_tests.ROOT,
        log_path=log,
    )
    runs = re.search(r"number_of_executed_units: (\d+)", outcome.output)
    runs = int(runs.group(1)) if runs else 0
    cover = re.findall(r"cov: (\d+)", outcome.output)
    what = f"{target}: {runs:,} executions in {outcome.seconds:.0f} s, {runs / max(outcome.seconds, 1):,.0f}/s"
    if cover:
        what += f", {cover[-1]} edges"
    new = sorted(set(os.listdir(found)) - before)
    if outcome.passed and not new:
        if runs == 0:
            return False, what, ["it doesn't say that it executed anything"]
        if runs < options.runs:
            return False, what, [f"{runs:,} of {options.runs:,} executions were made" + f": {seconds} s were too few" * bool(seconds)]
        return True, what, []
    telling = re.compile(r"^fuzz: |ERROR|runtime error|^ +#\d+ .*/\.\./(lib|test)/")
    lines = [line.strip() for line in outcome.output.splitlines() if telling.search(line)][:24]
    lines += [] if lines else [line for why, more in outcome.failures for line in (why, *more[-10:])]
    for name in new:
        replay = [*run_tests.steady_addresses(), os.path.relpath(program, run_tests.ROOT), f"{FOUND}/{target}/{name}"]
        lines += ["to replay it: " + shlex.join(replay)]
    return False, what, lines


def merge(target, program):
    """The fewest inputs that cover what all together do become the corpus, named by their content."""
    seeds = folder_for(SEEDS, target)
    by_edges = ["-use_counters=0"] if target in BY_EDGES else []
    how = dict(env=dict(os.environ, **ENV), cwd=run_tests.ROOT, capture_output=True, check=True)
    start = run_tests.steady_addresses() + [program, max_len(target), *by_edges]
    with tempfile.TemporaryDirectory() as some, tempfile.TemporaryDirectory() as few:
        # The cover of a set is slow to find: first a plain merge makes it small.
        subprocess.run([*start, "-merge=1", some, seeds, folder_for(GROWN, target)], **how)
        subprocess.run([*start, "-set_cover_merge=1", few, some], **how)
        shutil.rmtree(seeds)
        os.makedirs(seeds)
        size = 0
        for name in os.listdir(few):
            with open(os.path.join(few, name), "rb") as file:
                data = file.read()
            size += len(data)
            with open(os.path.join(seeds, hashlib.sha1(data).hexdigest()[:10] + ".bin"), "wb") as file:
                file.write(data)
        return f"{target}: {len(os.listdir(seeds))} inputs, {size} bytes"


def interrupted(number, _):
    tap.stop_all()
    os._exit(128 + number)


def main():
    parser = argparse.ArgumentParser(prog="tools/fuzz", add_help=False)
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--merge", action="store_true")
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    options = parser.parse_args()
    if options.seconds < 0 or options.runs < 0 or options.jobs < 1:
        parser.error("--seconds, --runs and --jobs must be above 0")
    if not options.runs and not options.seconds:
        options.seconds = 30

    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    os.makedirs(os.path.join(run_tests.ROOT, run_tests.LOGS), exist_ok=True)
    why = missing()
    if why:
        print(f"1..0 # skip {why}")
        return 0
    report = Tap()
    programs = build(report)
    unknown = set(options.targets) - set(programs)
    if programs and unknown:
        parser.error(f"no target {', '.join(sorted(unknown))}: there are {', '.join(programs)}")
    programs = {name: at for name, at in programs.items() if not options.targets or name in options.targets}
    # Those of whole stacks take longest: they go first.
    order = sorted(programs.items(), key=lambda item: (not item[0].startswith("stack"), item))
    with ThreadPoolExecutor(options.jobs) as pool:
        for done in as_completed([pool.submit(fuzz, name, at, options) for name, at in order]):
            report.result(*done.result())
    if options.merge and programs and not report.failed:
        for name, at in programs.items():
            print(f"# merged {merge(name, at)}", flush=True)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
