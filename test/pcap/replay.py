#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""replay.py [--update] [--show] [--replay PROGRAM] [NAME...]: captures through the endpoint, as TAP.

Each description in cases.py makes captures/NAME.in.pcap, which examples/replay reads through net_pcap; what it
writes through net_pcap must be captures/NAME.out.pcap, byte for byte, whoever compiled it. The first packet
that differs is shown. Needs neither root nor hugepages.

  --update  writes the inputs and the golden captures anew: look at what --show says of them, and commit
  --show    prints both captures of a case together, in the order of time
  --replay  the program (build/examples/example-replay)
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
SECONDS = 600
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


def change_is_found(program, folder):
    """Whether a comparison can fail: with another TTL the first IP packet differs, and so it is said."""
    case = cases.CASES["echo_close"]()
    case.options += ("--set", "tcp.ttl=63")
    lines = compare(case, replay(program, case, folder))
    first = "packet 2 differs (4 are in the golden capture, 4 came):"
    told = lines[:1] == [first] and any("byte 22 of" in line for line in lines)
    return [] if told else ["the comparison says:", *lines]


def mistakes(program, folder):
    """Each gets a line that names it, and an exit status of its own kind: 2 for the command line, 1 for the rest."""
    good, text, out = (os.path.join(folder, name) for name in ("good.pcap", "text", "out.pcap"))
    packets.write_pcap(good, [])
    with open(text, "w", encoding="ascii") as file:
        file.write("not a capture\n")
    env, wrong = dict(os.environ, RUNTIME_DIRECTORY=folder), []
    for status, told, *arguments in (
        (0, "usage: example-replay", "--help"),
        (0, "0 packets read, 0 written", good, out),
        (1, "No such file", os.path.join(folder, "none.pcap"), out),
        (1, "is it a capture", text, out),
        (1, "write to another file", good, good),
        (1, "No such file", good, os.path.join(folder, "none", "out.pcap")),
        (1, "comma", good, out + ",x"),
        (2, "two files", good),
        (2, "--app is", "--app", "sing", good, out),
        (2, "--port is", "--port", "70000", good, out),
        (2, "--secret is", "--secret", "1", good, out),
        (2, "--neighbour is", "--neighbour", "10.97.0.1", good, out),
        (2, "--neighbour is", "--neighbour", "10.97.0.1,02:00:00", good, out),
        (2, "--after is", "--after", "-1", good, out),
        (2, "--set sets", "--set", "port.mtu=9000", good, out),
        (2, "tcp.msl=10s", "--set", "msl", good, out),
        (2, "no such option", "--sing", good, out),
    ):
        done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=SECONDS, env=env, check=False)
        said = done.stdout + done.stderr
        if done.returncode != status or told not in said or (status != 0 and said.count("\n") != 1):
            wrong += [f"{' '.join(arguments)}: exit status {done.returncode}, {status} is due, and \"{told}\":", said]
    return wrong


def left_over(built):
    """Captures that no case has."""
    known = {f"{case.name}.{end}.pcap" for case in built for end in ("in", "out")}
    return [f"{name} has none" for name in sorted(set(os.listdir(CAPTURES)) - known)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--show", action="store_true")
    build = os.environ.get("THOLE_BUILD", os.path.join(HERE, "..", "..", "build"))
    parser.add_argument("--replay", default=os.path.join(build, "examples", "example-replay"))
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
    with tempfile.TemporaryDirectory(prefix="thole-pcap-") as folder:
        if options.update:
            for case in chosen:
                update(options.replay, case, folder)
            return 0
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            results = list(pool.map(lambda case: test(options.replay, case, folder), chosen))
        told = list(zip((case.name for case in chosen), results))
        if not options.names:
            told.append(("an answer that changed is found", change_is_found(options.replay, folder)))
            told.append(("mistakes have their words", mistakes(options.replay, folder)))
            told.append(("each capture has its case", left_over(built)))
    print(f"1..{len(told)}")
    for number, (name, lines) in enumerate(told, 1):
        print(f"{'not ok' if lines else 'ok'} {number} - {name}", *(f"# {line}" for line in lines), sep="\n")
    return 1 if any(lines for _, lines in told) else 0


if __name__ == "__main__":
    sys.exit(main())
