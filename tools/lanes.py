# SPDX-License-Identifier: BSD-3-Clause
"""lanes.py: runs steps beside each other, so that the CPUs have something to do while a step waits.

There are two lanes. In FRONT is what looks at a clock, or waits for much of its time: tests that run programs. In
BACK is what only computes, and comes to the same however long it takes: builds, checks, simulations. Its programs run
with BEHIND before them, which leaves them what FRONT's leave. Each lane fills the CPUs; a step that takes all of
them runs alone in its lane.
"""

import threading
from dataclasses import dataclass, field
from typing import Callable

FRONT, BACK = "front", "back"
# Where the kernel schedules by session, one's niceness counts in there only: the session's has to be set as well.
# Of those who may not do as they please it takes one such wish in 100 ms, whosever, and refuses the others.
AUTOGROUP = "/proc/self/autogroup"
BEHIND = (
    "sh",
    "-c",
    f'[ -w {AUTOGROUP} ] && for _ in 1 2 3 4 5 6 7 8; do {{ echo 19 >{AUTOGROUP}; }} 2>/dev/null && break; sleep 0.1; done; '
    'exec nice -n 19 "$@"',
    "sh",
)


@dataclass(eq=False)
class Step:
    """What work() does, once all that it comes after have been done. It may add further steps."""

    name: str
    work: Callable
    lane: str = FRONT
    cpus: int = 1
    after: tuple = ()
    done: bool = field(default=False, init=False)


class Lanes:
    """Starts the steps of each lane in their order, but for those that have to wait for another step."""

    def __init__(self, cpus, broke=None):
        """broke: told of (step, what it raised), after which the others go on; none: run() raises that."""
        self.cpus = cpus
        self.broke = broke
        self.waiting = []
        self.free = {FRONT: cpus, BACK: cpus}
        self.running = 0
        self.error = None
        self.changed = threading.Condition(threading.RLock())

    def add(self, *steps):
        with self.changed:
            self.waiting += steps
            self.changed.notify_all()

    def run(self):
        """@return when all steps are done. Raises what a step raised, if nobody is told of it, when those that ran
        beside it have ended."""
        with self.changed:
            while self.running or (self.waiting and self.error is None):
                if self.error is None:
                    self._start_all()
                    if not self.running and self.waiting:
                        raise ValueError(f"steps wait for what never comes: {', '.join(s.name for s in self.waiting)}")
                self.changed.wait()
        if self.error is not None:
            raise self.error

    def _start_all(self):
        for lane in (FRONT, BACK):
            for step in [step for step in self.waiting if step.lane == lane]:
                if not all(other.done for other in step.after):
                    continue
                takes = min(step.cpus, self.cpus)
                if takes > self.free[lane]:
                    break  # nobody overtakes one that needs more room: it would never get it
                self.free[lane] -= takes
                self.running += 1
                self.waiting.remove(step)
                threading.Thread(target=self._do, args=(step, takes), daemon=True).start()

    def _do(self, step, takes):
        error = None
        try:
            try:
                step.work()
            except Exception as raised:
                if self.broke is None:
                    raise
                self.broke(step, raised)
        except BaseException as raised:  # whatever it is, run() must hear of it
            error = raised
        with self.changed:
            step.done = True
            self.error = self.error or error
            self.free[step.lane] += takes
            self.running -= 1
            self.changed.notify_all()
