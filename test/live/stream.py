# SPDX-License-Identifier: BSD-3-Clause
# stream.py: streams of bytes that a seed gives, and what came of them.
#
#   send SEED BYTES                   writes the stream to stdout
#   check SEED BYTES                  reads it from stdin to the end
#   serve PORT SEED BYTES SEED BYTES  as a server, for one connection: sends the first stream and half-closes,
#                                     and beside that checks that the second one comes
#
# Who checks compares each byte, and prints how many came, in how many seconds, and the longest time in ms
# between two arrivals, but for what the machine stood meanwhile: "BYTES SECONDS MS". A wrong byte, one too few
# or too many: a line on stderr, status 1.
import os
import random
import socket
import sys
import threading
import time

CHUNK = 1 << 16
BEAT = 0.01

stood = 0.0  # seconds in which a thread that only sleeps wasn't woken


def beat():
    global stood
    last = time.monotonic()
    while True:
        time.sleep(BEAT)
        now = time.monotonic()
        stood += max(0.0, now - last - 5 * BEAT)
        last = now


def stream(seed, size):
    """The stream of this seed, in pieces."""
    source = random.Random(seed)
    for at in range(0, size, CHUNK):
        yield source.randbytes(CHUNK)[: size - at]


def send(write, seed, size):
    for piece in stream(seed, size):
        write(piece)


def check(read, seed, size):
    """read(n) gives at most n bytes, none at the end."""
    got, longest, before = 0, 0.0, 0.0
    first = last = None
    threading.Thread(target=beat, daemon=True).start()
    for piece in stream(seed, size):
        at = 0
        while at < len(piece):
            data = read(len(piece) - at)
            now = time.monotonic()
            if not data:
                sys.exit(f"the stream ends after {got} bytes of {size}")
            if data != piece[at : at + len(data)]:
                sys.exit(f"a wrong byte among the {len(data)} from {got} on")
            if last is None:
                first = now
            else:
                gap = now - last
                if gap > 50 * BEAT:
                    time.sleep(10 * BEAT)  # then it is known how much of that the machine stood
                    gap -= stood - before
                    now = time.monotonic()
                longest = max(longest, gap)
            last, before = now, stood
            at += len(data)
            got += len(data)
    if read(1):
        sys.exit(f"more comes than the {size} bytes of the stream")
    print(f"{got} {last - first if got else 0:.2f} {longest * 1000:.0f}", flush=True)


def serve(port, out_seed, out_bytes, in_seed, in_bytes):
    listener = socket.create_server(("", port))
    listener.settimeout(60)
    conn, _ = listener.accept()
    conn.settimeout(60)

    def talk():
        send(conn.sendall, out_seed, out_bytes)
        conn.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=talk, daemon=True)
    sender.start()
    check(conn.recv, in_seed, in_bytes)
    sender.join()
    conn.close()


def main():
    command, *numbers = sys.argv[1:]
    numbers = [int(number) for number in numbers]
    if command == "send":
        with open(sys.stdout.fileno(), "wb", buffering=0, closefd=False) as out:
            send(lambda piece: write_all(out, piece), *numbers)
    elif command == "check":
        check(lambda most: os.read(sys.stdin.fileno(), most), *numbers)
    else:
        serve(*numbers)


def write_all(out, piece):
    view = memoryview(piece)
    while view:
        view = view[out.write(view) :]


main()
