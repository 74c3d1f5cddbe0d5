# SPDX-License-Identifier: BSD-3-Clause
"""packets.py: builds frames and captures, and reads them as text; what a description in cases.py stands on.

The endpoint's numbers are computed here from the RFCs and the injected secret, not read from what it says, so
a peer can acknowledge them, and a golden capture shows if they change.
"""

import socket
import struct

PEER_MAC = "02:00:00:00:00:01"
OUR_MAC = "02:00:00:00:00:02"
PEER_IP = "10.97.0.1"
OUR_IP = "10.97.0.2"
WINDOW_SCALE = 7  # that the endpoint says: 4 MiB may be received
WINDOW = 65535  # that its SYN-ACK says
SECRET = (1, 2)  # what examples/replay has unless told otherwise
EPOCH = 1_577_836_800  # 2020-01-01, when every capture begins
FLAGS = "FSRPAUEC"  # from bit 0 on
MASK64 = (1 << 64) - 1


# --- captures ---


def write_pcap(path, frames):
    """frames: (time in microseconds since the epoch, bytes)."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for time_us, frame in frames:
            file.write(struct.pack("<IIII", time_us // 10**6, time_us % 10**6, len(frame), len(frame)) + frame)


def read_pcap(path):
    """@return (time in nanoseconds since the epoch, bytes) of each packet. ValueError if it isn't complete."""
    with open(path, "rb") as file:
        data = file.read()
    if len(data) < 24:
        raise ValueError(f"{path}: no capture: {len(data)} B")
    unit = {0xA1B2C3D4: 1000, 0xA1B23C4D: 1}.get(struct.unpack_from("<I", data)[0])
    if unit is None:
        raise ValueError(f"{path}: no capture that was written on a little-endian machine")
    frames, at = [], 24
    while at < len(data):
        if at + 16 > len(data):
            raise ValueError(f"{path}: ends within packet {len(frames) + 1}")
        seconds, fraction, kept, size = struct.unpack_from("<IIII", data, at)
        at += 16
        if kept != size or at + kept > len(data):
            raise ValueError(f"{path}: packet {len(frames) + 1} is cut")
        frames.append((seconds * 10**9 + fraction * unit, data[at : at + kept]))
        at += kept
    return frames


# --- frames ---


def checksum(data):
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ether(payload, kind=0x0800, src=PEER_MAC, dst=OUR_MAC):
    def octets(mac):
        return bytes.fromhex(mac.replace(":", ""))

    return octets(dst) + octets(src) + struct.pack(">H", kind) + payload


def ip4(payload, proto=6, src=PEER_IP, dst=OUR_IP, ttl=64, fragment=0x4000, length=None, version_ihl=0x45, bad=0):
    """bad: added to the right checksum."""
    length = 20 + len(payload) if length is None else length
    head = struct.pack(">BBHHHBBH", version_ihl, 0, length, 0, fragment, ttl, proto, 0)
    head += socket.inet_aton(src) + socket.inet_aton(dst)
    total = (checksum(head) + bad) & 0xFFFF
    return head[:10] + struct.pack(">H", total) + head[12:] + payload


def tcp(sport, dport, seq, ack, flags, window=65535, options=b"", data=b"", src=PEER_IP, dst=OUR_IP, offset=None, bad=0):
    """A whole frame. flags: of FLAGS; offset: of the data, in words, other than the right one; bad: see ip4."""
    options += b"\x01" * (-len(options) % 4)
    bits = sum(1 << FLAGS.index(flag) for flag in flags)
    words = 5 + len(options) // 4 if offset is None else offset
    head = struct.pack(">HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, words << 4, bits, window, 0, 0)
    segment = head + options + data
    pseudo = socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack(">BBH", 0, 6, len(segment))
    total = (checksum(pseudo + segment) + bad) & 0xFFFF
    return ether(ip4(segment[:16] + struct.pack(">H", total) + segment[18:], src=src, dst=dst))


def arp(operation, sender_ip, target_ip, sender_mac=PEER_MAC, target_mac="00:00:00:00:00:00", dst="ff:ff:ff:ff:ff:ff"):
    """RFC 826. operation: 1 request, 2 reply."""
    body = struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation)
    body += bytes.fromhex(sender_mac.replace(":", "")) + socket.inet_aton(sender_ip)
    body += bytes.fromhex(target_mac.replace(":", "")) + socket.inet_aton(target_ip)
    return ether(body + bytes(18), 0x0806, src=sender_mac, dst=dst)


def ping(number, data, dst=OUR_IP, bad=0):
    """An ICMP echo request (RFC 792)."""
    head = struct.pack(">BBHHH", 8, 0, 0, 0x7701, number)
    total = (checksum(head + data) + bad) & 0xFFFF
    return ether(ip4(head[:2] + struct.pack(">H", total) + head[4:] + data, proto=1, dst=dst))


def mss(value):
    return struct.pack(">BBH", 2, 4, value)


def wscale(value):
    return struct.pack(">BBB", 3, 3, value)


SACK_PERMITTED = b"\x04\x02"


def timestamps(value, echo):
    return b"\x01\x01" + struct.pack(">BBII", 8, 10, value & 0xFFFFFFFF, echo & 0xFFFFFFFF)


def sack(*blocks):
    """blocks: (left, right) as they go on the wire."""
    option = struct.pack(">BB", 5, 2 + 8 * len(blocks))
    return b"\x01\x01" + option + b"".join(struct.pack(">II", left & 0xFFFFFFFF, right & 0xFFFFFFFF) for left, right in blocks)


# --- the endpoint's numbers ---


class Sip:
    """SipHash-c-3 or -4 (Aumasson and Bernstein, 2012) over a key of two 64-bit words."""

    def __init__(self, key, compress):
        self.v = [
            key[0] ^ 0x736F6D6570736575,
            key[1] ^ 0x646F72616E646F6D,
            key[0] ^ 0x6C7967656E657261,
            key[1] ^ 0x7465646279746573,
        ]
        self.compress = compress

    def rounds(self, n):
        def rotl(x, bits):
            return (x << bits | x >> (64 - bits)) & MASK64

        a, b, c, d = self.v
        for _ in range(n):
            a, c = (a + b) & MASK64, (c + d) & MASK64
            b, d, a = rotl(b, 13) ^ a, rotl(d, 16) ^ c, rotl(a, 32)
            c, a = (c + b) & MASK64, (a + d) & MASK64
            b, d, c = rotl(b, 17) ^ c, rotl(d, 21) ^ a, rotl(c, 32)
        self.v = [a, b, c, d]

    def absorb(self, message):
        padded = message + bytes(7 - len(message) % 8) + bytes([len(message) & 0xFF])
        for (word,) in struct.iter_unpack("<Q", padded):
            self.v[3] ^= word
            self.rounds(self.compress)
            self.v[0] ^= word

    def finish(self, mark, rounds):
        self.v[mark[0]] ^= mark[1]
        self.rounds(rounds)
        return self.v[0] ^ self.v[1] ^ self.v[2] ^ self.v[3]


def siphash(key, message, compress, final):
    state = Sip(key, compress)
    state.absorb(message)
    return state.finish((2, 0xFF), final)


def siphash13_128(key, message):
    state = Sip(key, 1)
    state.v[1] ^= 0xEE
    state.absorb(message)
    return state.finish((2, 0xEE), 3), state.finish((1, 0xDD), 3)


def flow_key(ip, port, to):
    """The peer's address as IPv6 has it, the number of ours, both ports: lib/base/flow.h."""
    return bytes(10) + b"\xff\xff" + socket.inet_aton(ip) + struct.pack("<IHH", 0, port, to)


def server_numbers(time_us, ip, port, to):
    """@return the initial sequence number (RFC 6528), and the time stamp at time 0 (RFC 7323, 5.4)."""
    digest = siphash(SECRET, flow_key(ip, port, to), 1, 3)
    return ((time_us * 1000 >> 12) + digest) & 0xFFFFFFFF, digest >> 32 or 1


def cookie(time_us, ip, port, to, irs, mss_row):
    """The initial sequence number that is a SYN cookie (RFC 4987, 3.6): lib/tcp/cookie.h. mss_row: 6 is 1460."""
    secret = siphash13_128(SECRET, struct.pack("<QQIHH", 0, 0, 0, 1, 0))
    tick = time_us // (64 * 10**6) & 0xFFFFFFFF
    message = flow_key(ip, port, to) + struct.pack("<IIIHH", irs, tick, mss_row, WINDOW, WINDOW_SCALE)
    return (siphash(secret, message, 2, 4) & 0xFFFFFFF0) | (tick & 1) << 3 | mss_row


def cookie_stamp(clock, scale, sack_ok):
    """The time stamp beside it: the last one up to now whose low 6 bits tell of the peer's options."""
    return clock - ((clock - (scale | (16 if sack_ok else 0))) & 63)


# --- what a person reads ---


class Text:
    """Packets as lines. Sequence numbers count from the SYN where one was seen, unless absolute."""

    def __init__(self, absolute=False):
        self.absolute = absolute
        self.first = {}  # (address, port, address, port): of the latest SYN

    def line(self, time_ns, frame):
        return f"{(time_ns - EPOCH * 10**9) / 1e9:12.6f}  {self.frame(frame)}"

    def frame(self, frame):
        if len(frame) < 14:
            return f"{len(frame)} B, no frame"
        kind, body = struct.unpack_from(">H", frame, 12)[0], frame[14:]
        if kind == 0x0806 and len(body) >= 28:
            word = {1: "asks", 2: "tells"}.get(body[7], "?")
            return f"ARP {socket.inet_ntoa(body[14:18])} ({body[8:14].hex(':')}) {word} {socket.inet_ntoa(body[24:28])}"
        if kind != 0x0800 or len(body) < 20:
            return f"type {kind:04x}, {len(body)} B"
        size = (body[0] & 15) * 4
        ends = socket.inet_ntoa(body[12:16]), socket.inet_ntoa(body[16:20])
        payload = body[size : struct.unpack_from(">H", body, 2)[0]]
        notes = "" if checksum(body[:size]) == 0 else " (bad IP checksum)"
        if struct.unpack_from(">H", body, 6)[0] & 0x3FFF:
            return f"{ends[0]} > {ends[1]} fragment, {len(payload)} B{notes}"
        if body[9] == 6 and len(payload) >= 20:
            return self.tcp(ends, payload) + notes
        if body[9] == 1 and len(payload) >= 8:
            word = {0: "echo reply", 8: "echo request"}.get(payload[0], f"type {payload[0]} code {payload[1]}")
            notes += "" if checksum(payload) == 0 else " (bad ICMP checksum)"
            return f"{ends[0]} > {ends[1]} ICMP {word}, {len(payload) - 8} B{notes}"
        return f"{ends[0]} > {ends[1]} protocol {body[9]}, {len(payload)} B{notes}"

    def tcp(self, ends, segment):
        sport, dport, seq, ack, words, bits, window = struct.unpack_from(">HHIIBBH", segment)
        flow, back = (ends[0], sport, ends[1], dport), (ends[1], dport, ends[0], sport)
        if bits & 2 and not self.absolute:
            self.first[flow] = seq
        flags = "".join(flag for bit, flag in enumerate(FLAGS) if bits >> bit & 1) or "none"
        size = (words >> 4) * 4
        data = segment[size:]
        text = f"{ends[0]}:{sport} > {ends[1]}:{dport} {flags:4} seq {(seq - self.first.get(flow, 0)) & 0xFFFFFFFF}"
        if bits & 16:
            text += f" ack {(ack - self.first.get(back, 0)) & 0xFFFFFFFF}"
        text += f" win {window}{self.options(segment[20:size], back)}"
        text += f" {len(data)} B" if data else ""
        pseudo = socket.inet_aton(ends[0]) + socket.inet_aton(ends[1]) + struct.pack(">BBH", 0, 6, len(segment))
        return text if checksum(pseudo + segment) == 0 else text + " (bad TCP checksum)"

    def options(self, options, back):
        words, at = [], 0
        while at < len(options) and options[at] != 0:
            if options[at] == 1:
                at += 1
                continue
            size = options[at + 1] if at + 1 < len(options) else 0
            body = options[at + 2 : at + size]
            if size < 2 or at + size > len(options):
                return f" <{', '.join([*words, 'malformed'])}>"
            words.append(self.option(options[at], body, back))
            at += size
        return f" <{', '.join(words)}>" if words else ""

    def option(self, kind, body, back):
        if kind == 2 and len(body) == 2:
            return f"mss {int.from_bytes(body, 'big')}"
        if kind == 3 and len(body) == 1:
            return f"scale {body[0]}"
        if kind == 4:
            return "sack ok"
        if kind == 8 and len(body) == 8:
            return "ts {} {}".format(*struct.unpack(">II", body))
        if kind == 5 and len(body) % 8 == 0:
            edges = [(edge - self.first.get(back, 0)) & 0xFFFFFFFF for (edge,) in struct.iter_unpack(">I", body)]
            return "sack " + " ".join(f"{left}-{right}" for left, right in zip(edges[::2], edges[1::2]))
        return f"option {kind}"
