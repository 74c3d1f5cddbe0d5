#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""replay.py [--update] [--show] [--replay PROGRAM] [NAME...]: captures through the endpoint, as TAP.

Each description in cases.py makes captures/NAME.in.pcap, which examples/replay reads through net_pcap; what it
writes through net_pcap must be captures/NAME.out.pcap, byte for byte, whoever compiled it. The first packet
that differs is shown. Needs neither root nor hugepages.

  --update  writes the inputs and the golden captures anew: look at what --show says of them, and commit
  --show    prints both captures of a case together, in the order of time
  --replay  the program (build/examples/replay)
"""

import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
import cases  # noqa: E402
import packets  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
CAPTURES = os.path.join(HERE, "captures")
SECONDS = 120
BEFORE = 3  # packets shown before the first that differs


def path_of(name, end):
    return os.path.join(CAPTURES, f"{name}.{end}.pcap")


def replay(program, case, folder):
    """@return the path of what the endpoint answered. RuntimeError if the program fails."""
    source, out = os.path.join(folder, f"{case.name}.in.pcap"), os.path.join(folder, f"{case.name}.out.pcap")
    packets.write_pcap(source, case.frames)
    env = dict(os.environ, RUNTIME_DIRECTORY=folder)  # EAL's files are nobody else's
    done = subprocess.run(
        [program, *case.options, source, out], capture_output=True, text=True, timeout=SECONDS, env=env, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return out


def content(path):
    with open(path, "rb") as file:
        return file.read()


def compare(case, out):
    """Lines that say where the answer begins to differ from the golden one; none if it is the same."""
    golden = path_of(case.name, "out")
    if content(out) == content(golden):
        return []
    want, got = packets.read_pcap(golden), packets.read_pcap(out)
    same = 0
    while same < min(len(want), len(got)) and want[same] == got[same]:
        same += 1
    if same == len(want) == len(got):
        return ["the packets and their times are the same, but not the file's headers"]
    words = packets.Text(absolute=True)
    lines = [f"packet {same + 1} differs ({len(want)} are in the golden capture, {len(got)} came):"]
    lines += ["    " + words.line(*packet) for packet in want[max(0, same - BEFORE) : same]]
    lines += ["  - " + words.line(*packet) for packet in want[same : same + 1]]
    lines += ["  + " + words.line(*packet) for packet in got[same : same + 1]]
    if same < min(len(want), len(got)) and want[same][1] != got[same][1]:
        old, new = want[same][1], got[same][1]
        at = next((i for i, (a, b) in enumerate(zip(old, new)) if a != b), min(len(old), len(new)))
        lines.append(f"  from byte {at} of the frame on: {old[at : at + 16].hex(' ')} ...")
        lines.append(f"  {' ' * len(f'from byte {at} of the frame on')}  {new[at : at + 16].hex(' ')} ...")
    return lines


def check_input(case):
    try:
        stored = packets.read_pcap(path_of(case.name, "in"))
    except (OSError, ValueError) as error:
        return [str(error), "write it with --update"]
    built = [(time_us * 1000, frame) for time_us, frame in case.frames]
    return [] if stored == built else ["the committed input isn't what cases.py describes: write it with --update"]


def test(program, case, folder):
    lines = check_input(case)
    if lines:
        return lines
    try:
        return compare(case, replay(program, case, folder))
    except (OSError, ValueError, RuntimeError, subprocess.TimeoutExpired) as error:
        return str(error).splitlines() or [repr(error)]


def show(case):
    print(f"# {case.name}: {' '.join(case.summary.split())}")
    if case.options:
        print(f"# replay {' '.join(case.options)}")
    both = [(*packet, "<") for packet in packets.read_pcap(path_of(case.name, "in"))]
    both += [(*packet, "   >") for packet in packets.read_pcap(path_of(case.name, "out"))]
    words = packets.Text()
    for time_ns, frame, way in sorted(both, key=lambda packet: packet[0]):  # stable: an answer comes after
        print(f"{way:5}{words.line(time_ns, frame)}")
    print()


def update(program, case, folder):
    packets.write_pcap(path_of(case.name, "in"), case.frames)
    out = replay(program, case, folder)
    new = content(out)
    old = content(path_of(case.name, "out")) if os.path.exists(path_of(case.name, "out")) else None
    if new != old:
        with open(path_of(case.name, "out"), "wb") as file:
            file.write(new)
    print(f"{case.name}: {'new' if old is None else 'as before' if old == new else 'changed'}")


def left_over(built):
    """Captures that no case has."""
    known = {f"{case.name}.{end}.pcap" for case in built for end in ("in", "out")}
    return sorted(set(os.listdir(CAPTURES)) - known)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--show", action="store_true")
    build = os.environ.get("THOLE_BUILD", os.path.join(HERE, "..", "..", "build"))
    parser.add_argument("--replay", default=os.path.join(build, "examples", "replay"))
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()

    built = cases.build()
    unknown = set(options.names) - {case.name for case in built}
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(cases.CASES)}")
    chosen = [case for case in built if not options.names or case.name in options.names]
    if options.show:
        for case in chosen:
            show(case)
        return 0
    failed = 0
    with tempfile.TemporaryDirectory(prefix="thole-pcap-") as folder:
        if options.update:
            for case in chosen:
                update(options.replay, case, folder)
            return 0
        print(f"1..{len(chosen) + 1}")
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            results = list(pool.map(lambda case: test(options.replay, case, folder), chosen))
        for number, (case, lines) in enumerate(zip(chosen, results), 1):
            failed += bool(lines)
            print(f"{'not ok' if lines else 'ok'} {number} - {case.name}", *(f"# {line}" for line in lines), sep="\n")
        extra = left_over(built)
        failed += bool(extra)
        print(f"{'not ok' if extra else 'ok'} {len(chosen) + 1} - each capture has its case")
        for name in extra:
            print(f"# {name} has none")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
