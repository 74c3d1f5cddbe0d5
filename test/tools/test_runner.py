# SPDX-License-Identifier: BSD-3-Clause
"""test_runner.py: tests of tools/run_tests.py and tools/run_fuzz.py, which run runs with its own."""

import argparse
import contextlib
import io
import os
import signal
import tempfile
from unittest import mock

import run_fuzz
import run_tests
from lanes import BEHIND


def expect(condition, *said):
    if not condition:
        raise AssertionError("\n".join(str(s) for s in said) or "not so")


def put(folder, path, text):
    full = os.path.join(folder, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(full, 0o755)
    return full


@contextlib.contextmanager
def tree():
    """A tree of the runner's own; what it prints is kept. @return (folder, what it printed)."""
    said = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        with mock.patch.object(run_tests, "ROOT", folder), contextlib.redirect_stdout(said):
            os.makedirs(os.path.join(folder, run_tests.LOGS))
            yield folder, said


PROJECT = "project('p', 'c')\n"
TEST = "test('unit-{0}', executable('{0}', 'main.c', build_by_default: false), protocol: 'tap')\n"


def runner_new_test():
    """A build folder from before a test was renamed and another added builds what they run now."""
    build = run_tests.Build("new", "cc", (), suites=("unit",), tests_only=True)
    with tree() as (folder, said):
        put(folder, "main.c", "int main(void)\n{\n\treturn 0;\n}\n")
        put(folder, "meson_options.txt", "option('tests', type: 'boolean', value: false)\n")
        for names in (("one",), ("other", "two")):
            put(folder, "meson.build", PROJECT + "".join(TEST.format(name) for name in names))
            report = run_tests.Report()
            expect(run_tests.make(report, build), said.getvalue())
            for name in names:
                expect(os.path.exists(os.path.join(folder, build.folder, name)), name, said.getvalue())
            # Where a file system counts in seconds it would be as old as what changes next.
            earlier = os.stat(folder).st_mtime - 100
            os.utime(os.path.join(folder, build.folder, "build.ninja"), (earlier, earlier))


def runner_broken_step():
    """A step that raises is a failure of its name; the others go on, and the last line counts it."""
    ran = []

    def bad(*_):
        return [
            run_tests.Step("odd", lambda: run_tests.meson_tests(run_tests.BUILDS[0], False)),
            run_tests.Step("next", lambda: ran.append("next")),
        ]

    for steps, name in ((bad, "odd: broke off: FileNotFoundError"), (lambda *_: {}[1], "tools/test: broke off: KeyError: 1")):
        with tree() as (_, said), mock.patch.object(run_tests, "steps", steps), mock.patch("sys.argv", ["test"]):
            with mock.patch.object(signal, "signal"):
                status = run_tests.main()
        lines = said.getvalue().splitlines()
        expect(status == 1 and lines[-1] == "0 passed, 1 failed, 0 skipped", status, *lines)
        expect(any(name in line for line in lines), name, *lines)
    expect(ran == ["next"], ran)


def fuzzed(runs, says):
    """What becomes of a target that is to be executed so often, and says what it did: (good, what, lines, log)."""
    with tree() as (folder, _):
        target = put(folder, "target", f"#!/bin/sh\nnice\n{says}\n")
        good, what, lines = run_fuzz.fuzz("target", target, argparse.Namespace(runs=runs, seconds=7))
        with open(run_tests.log_path("fuzz-target"), encoding="utf-8") as file:
            return good, what, lines, file.read().splitlines()


def runner_fuzz_runs():
    """Fewer executions than were wanted are a failure that says so; as many are none."""
    says = "echo stat::number_of_executed_units: {}"
    good, what, lines, log = fuzzed(3000, says.format(3000))
    expect(good and "3,000 executions" in what and not lines, good, what, lines)
    expect(log[0] == "19", "behind others", log)
    good, _, lines, _ = fuzzed(3000, says.format(2999))
    expect(not good and "2,999 of 3,000" in lines[0] and "7 s" in lines[0], good, lines)
    good, _, lines, _ = fuzzed(0, says.format(1))
    expect(good and not lines, good, lines)
    for runs in (0, 3000):
        good, _, lines, _ = fuzzed(runs, "true")
        expect(not good and lines, good, lines)


def runner_behind_again():
    """Whose session can't be made nice at once asks again, and goes on if it never can."""
    for opens in (True, False):
        with tempfile.TemporaryDirectory() as folder:
            wish = os.path.join(folder, "autogroup")
            os.mkdir(wish)  # can't be written to
            stub = f'echo "$1" >>{folder}/slept\n' + f"rmdir {wish}\n" * opens
            put(folder, "bin/sleep", "#!/bin/sh\n" + stub)
            words = [word.replace("/proc/self/autogroup", wish) for word in BEHIND]
            env = dict(os.environ, PATH=f"{folder}/bin:{os.environ['PATH']}")
            outcome = run_tests.tap.run([*words, "nice"], 60, tap=False, env=env)
            with open(os.path.join(folder, "slept"), encoding="utf-8") as file:
                slept = file.read().split()
            expect(outcome.passed == 1 and outcome.output == "19\n", outcome)
            expect(set(slept) == {"0.1"} and (len(slept) == 1) == opens, slept)
            if opens:
                with open(wish, encoding="utf-8") as file:
                    expect(file.read() == "19\n")


TESTS = [runner_new_test, runner_broken_step, runner_fuzz_runs, runner_behind_again]
