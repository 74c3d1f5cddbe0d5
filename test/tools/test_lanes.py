# SPDX-License-Identifier: BSD-3-Clause
"""test_lanes.py: tests of tools/lanes.py, which run runs with its own."""

import subprocess
import threading

from lanes import BACK, BEHIND, FRONT, Lanes, Step


def expect(condition, *said):
    if not condition:
        raise AssertionError("\n".join(str(s) for s in said) or "not so")


class Trace:
    """Steps that note what runs beside each; one ends when those that it is told to wait for have begun."""

    def __init__(self, cpus):
        self.lanes = Lanes(cpus)
        self.begun = {}
        self.order = []
        self.running = set()
        self.beside = {}
        self.lock = threading.Lock()

    def step(self, name, *args, until=(), then=None, **how):
        self.begun[name] = threading.Event()

        def work():
            with self.lock:
                self.order.append(name)
                self.running.add(name)
                for one in self.running:
                    self.beside.setdefault(one, set()).update(self.running - {one})
                    self.beside.setdefault(name, set()).update(self.running - {name})
            self.begun[name].set()
            met = all(self.begun[other].wait(60) for other in until)
            with self.lock:
                self.running.discard(name)
            expect(met, f"{name}: {until} didn't begin beside it")
            if then is not None:
                then()

        step = Step(name, work, *args, **how)
        self.lanes.add(step)
        return step


def lanes_beside():
    """As many as there are CPUs in each lane, and both lanes at once."""
    trace = Trace(2)
    names = [f"{lane} {i}" for lane in (FRONT, BACK) for i in range(2)]
    for name in names:
        trace.step(name, name.split()[0], until=names)
    trace.step("third")
    trace.lanes.run()
    expect(sorted(trace.order) == sorted([*names, "third"]), trace.order)
    expect(trace.beside["front 0"] >= set(names) - {"front 0"}, trace.beside)


def lanes_alone():
    """One that takes all CPUs has the lane to itself, but not the other lane; nobody overtakes it."""
    trace = Trace(2)
    trace.step("a")
    trace.step("wide", FRONT, 99, until=("behind",))
    trace.step("b")
    trace.step("behind", BACK, until=("wide",))
    trace.lanes.run()
    expect(not trace.beside["wide"] & {"a", "b"} and trace.order.index("wide") < trace.order.index("b"), trace.order)


def lanes_after():
    """A step waits for those that it comes after, in either lane, and others pass it; steps may add steps."""
    trace = Trace(1)
    build = trace.step("build", BACK, then=lambda: trace.step("added"))
    trace.step("test", after=(build,))
    trace.step("other")
    trace.lanes.run()
    expect(trace.order.index("test") > trace.order.index("build"), trace.order)
    expect(trace.order.index("other") < trace.order.index("test") or "other" in trace.beside["build"], trace.order)
    expect(sorted(trace.order) == ["added", "build", "other", "test"], trace.order)


def lanes_errors():
    """What a step raises comes out, when the others have ended, and no further step starts."""
    trace = Trace(1)

    def fail():
        raise KeyError("odd")

    trace.step("bad", then=fail)
    trace.step("never")
    trace.step("behind", BACK, until=("bad",))
    try:
        trace.lanes.run()
    except KeyError:
        expect("never" not in trace.order and not trace.running, trace.order, trace.running)
    else:
        expect(False, "nothing was raised")
    lanes = Lanes(1)
    lanes.add(Step("late", lambda: None, after=(Step("not added", lambda: None),)))
    try:
        lanes.run()
    except ValueError as error:
        expect("late" in str(error), error)
    else:
        expect(False, "a step waited for what never came")


def lanes_behind():
    """A program behind others is told its words as they are, and is as nice as can be."""
    words = ["python3", "-c", "import os, sys; print(os.nice(0), sys.argv[1:])", "a b", "$x"]
    done = subprocess.run([*BEHIND, *words], capture_output=True, text=True, check=False, start_new_session=True)
    expect(done.returncode == 0 and done.stdout == "19 ['a b', '$x']\n" and done.stderr == "", done)


TESTS = [lanes_beside, lanes_alone, lanes_after, lanes_errors, lanes_behind]
