# SPDX-License-Identifier: BSD-3-Clause
"""cases.py: the input captures, described. Each function is one: what comes, and when (seconds from EPOCH).

Numbers are a peer's view: its own from its SYN, the endpoint's from the endpoint's SYN, so seq=1 is the first
byte of data and ack=1 acknowledges the SYN. What the endpoint answers is in the golden captures; replay.py
--show NAME prints both together.
"""

import struct

import packets
from packets import OUR_IP, PEER_IP


class Case:
    def __init__(self, name, summary, options, known=True):
        self.name = name
        self.summary = summary
        self.options = options  # of examples/replay
        self.frames = []
        if known:  # the peer has asked who we are, as any would, so we know it
            self.frame(-0.1, packets.arp(1, PEER_IP, OUR_IP))

    def frame(self, at, frame):
        """at: in seconds. Times don't go back."""
        time_us = packets.EPOCH * 10**6 + round(at * 10**6)
        if self.frames and time_us < self.frames[-1][0]:
            raise ValueError(f"{self.name}: {at} s is before the packet that comes before it")
        self.frames.append((time_us, frame))

    def peer(self, **how):
        return Peer(self, **how)


class Peer:
    """One end of a connection, which says what it is told to."""

    def __init__(self, case, port=40000, to=7, ip=PEER_IP, isn=1000, stamped=True):
        self.case = case
        self.port, self.to, self.ip, self.isn = port, to, ip, isn
        self.stamped = stamped  # RFC 7323 time stamps
        self.server_isn = self.server_stamp = 0
        self.cookie = None  # the time stamp that is one half of a SYN cookie
        self.heard = 0.0  # when the endpoint last spoke, as far as we know: its time stamp is echoed

    def syn(self, at, cookie=False, mss=1460, scale=7, sack=True):
        time_us = packets.EPOCH * 10**6 + round(at * 10**6)
        self.server_isn, self.server_stamp = packets.server_numbers(time_us, self.ip, self.port, self.to)
        if cookie:
            self.server_isn = packets.cookie(time_us, self.ip, self.port, self.to, self.isn, 6)
            self.cookie = packets.cookie_stamp(self.echo(at), scale, sack)
        options = packets.mss(mss) + (packets.SACK_PERMITTED if sack else b"")
        if self.stamped:
            options += (b"" if sack else b"\x01\x01") + packets.timestamps(self.clock(at), 0)[2:]
        options += b"\x01" + packets.wscale(scale) if scale is not None else b""
        self.heard = at
        self.send(at, "S", 0, None, options=options)

    def segment(self, at, flags, seq, ack=None, data=b"", window=512, sack=(), heard=None, **how):
        """heard: when the endpoint sent what this one echoes; otherwise with our segment before. sack: pairs."""
        options = b""
        if self.stamped:
            echo = self.cookie or self.echo(self.heard if heard is None else heard)
            options += packets.timestamps(self.clock(at), echo)
            self.cookie = None  # the next one echoes another
        if sack:
            options += packets.sack(*((left + self.server_isn, right + self.server_isn) for left, right in sack))
        self.send(at, flags, seq, ack, window=window, options=options, data=data, **how)
        self.heard = at

    def clock(self, at):
        return 5_000_000 + int(at * 1000)

    def echo(self, at):
        return packets.EPOCH * 1000 + int(round(at * 10**6) // 1000) + self.server_stamp

    def send(self, at, flags, seq, ack, **how):
        ack = 0 if ack is None else self.server_isn + ack
        self.case.frame(at, packets.tcp(self.port, self.to, self.isn + seq, ack, flags, src=self.ip, **how))

    def open(self, at, **how):
        """A handshake, done 10 ms later."""
        self.syn(at, **how)
        self.segment(at + 0.01, "A", 1, 1)


CASES = {}


def case(*options, known=True):
    def register(describe):
        def build():
            built = Case(describe.__name__, describe.__doc__, options, known)
            describe(built)
            return built

        CASES[describe.__name__] = build
        return describe

    return register


def text(size):
    return bytes(ord("a") + i % 26 for i in range(size))


@case("--after", "61")
def echo_close(c):
    """Handshake, data that is echoed, and a close from each side (RFC 9293, figures 6 and 12)."""
    p = c.peer()
    p.open(0.0)
    p.segment(0.02, "PA", 1, 1, text(100))
    p.segment(0.03, "A", 101, 101)
    p.segment(0.05, "FA", 101, 101)
    p.segment(0.06, "A", 102, 102)


@case("--app", "respond=300", "--after", "61")
def server_closes(c):
    """We close first; the peer's FIN comes twice; from TIME-WAIT a new SYN opens anew (RFC 9293, 3.10.7.4)."""
    p = c.peer()
    p.open(0.0)
    p.segment(0.02, "PA", 1, 1, b"GET /\r\n")
    p.segment(0.03, "A", 8, 302)
    p.segment(0.04, "FA", 8, 302)
    p.segment(0.54, "FA", 8, 302)
    again = c.peer(isn=900_000)
    again.open(5.0)
    again.segment(5.02, "PA", 1, 1, b"GET /\r\n")
    again.segment(5.03, "FA", 8, 302)


@case("--app", "respond=10")
def simultaneous_close(c):
    """Both FINs are on the way at once: CLOSING (RFC 9293, figure 13). Beside it, two peers in step."""
    p = c.peer()
    p.open(0.0)
    p.segment(0.02, "PA", 1, 1, b"request")
    p.segment(0.0201, "FA", 8, 1, heard=0.01)  # sent before our FIN came
    p.segment(0.04, "A", 9, 12)
    both = [c.peer(port=40001), c.peer(port=40002, isn=7)]
    for peer in both:
        peer.syn(1.0)
    for peer in both:
        peer.segment(1.01, "A", 1, 1)
    for peer in both:
        peer.segment(1.02, "FPA", 1, 1, b"both")
    for peer in both:
        peer.segment(1.03, "A", 6, 12)


@case("--app", "respond=8000", "--after", "2")
def retransmission(c):
    """
    A response is lost: its last segment is probed for (RFC 8985, 7), then the timer goes off and backs off
    (RFC 6298, 5), with the capture's clock; at last all is acknowledged.
    """
    p = c.peer()
    p.open(0.0)
    p.segment(0.02, "PA", 1, 1, b"GET /\r\n")
    p.segment(3.0, "A", 8, 1449, heard=1.9)
    p.segment(3.01, "A", 8, 8002, heard=3.0)
    p.segment(3.02, "FA", 8, 8002)


@case("--app", "respond=9000", "--after", "2")
def sack_recovery(c):
    """The response's second segment is lost; SACK tells, and RACK sends it again (RFC 2018, RFC 8985)."""
    p = c.peer()
    p.open(0.0)
    p.segment(0.02, "PA", 1, 1, b"GET /\r\n")
    p.segment(0.030, "A", 8, 1449, heard=0.02)
    p.segment(0.0301, "A", 8, 1449, sack=[(2897, 4345)], heard=0.02)
    p.segment(0.0302, "A", 8, 1449, sack=[(2897, 5793)], heard=0.02)
    p.segment(0.0303, "A", 8, 1449, sack=[(2897, 7241)], heard=0.02)
    p.segment(0.0304, "A", 8, 1449, sack=[(2897, 9002)], heard=0.02)
    p.segment(0.041, "A", 8, 9002, heard=0.0303)
    p.segment(0.05, "FA", 8, 9002)


@case("--app", "respond=9000", "--after", "2")
def sack_reordering(c):
    """The same segment only comes late: acknowledged within the reordering window, it isn't sent again."""
    p = c.peer()
    p.open(0.0)
    p.segment(0.02, "PA", 1, 1, b"GET /\r\n")
    p.segment(0.030, "A", 8, 1449, heard=0.02)
    p.segment(0.0301, "A", 8, 1449, sack=[(2897, 4345)], heard=0.02)
    p.segment(0.0305, "A", 8, 4345, heard=0.02)
    p.segment(0.031, "A", 8, 9002, heard=0.02)
    p.segment(0.05, "FA", 8, 9002)


@case()
def reassembly(c):
    """The peer's data comes out of order, overlapping and twice: we report SACK and D-SACK (RFC 2018, RFC 2883)."""
    p = c.peer()
    p.open(0.0)
    data = text(5000)
    p.segment(0.020, "A", 1001, 1, data[1000:2000])
    p.segment(0.021, "A", 3001, 1, data[3000:4000])
    p.segment(0.022, "A", 1501, 1, data[1500:2500])
    p.segment(0.023, "A", 1001, 1, data[1000:2000])
    p.segment(0.030, "A", 1, 1, data[:1000])
    p.segment(0.031, "A", 2501, 1437, data[2500:3000])
    p.segment(0.032, "FPA", 4001, 2885, data[4000:])
    p.segment(0.033, "A", 1, 2885, data[:100])
    p.segment(0.050, "A", 5002, 5002)


@case("--app", "discard")
def plain(c):
    """A peer without any option but MSS; data in small pieces, one acknowledgment late (RFC 9293, 3.8.6.3)."""
    p = c.peer(stamped=False)
    p.syn(0.0, mss=536, scale=None, sack=False)
    p.segment(0.01, "A", 1, 1)
    for i in range(5):
        p.segment(0.02 + i / 1000, "PA", 1 + 10 * i, 1, text(10))
    p.segment(0.2, "A", 100, 1, text(10))  # a gap that stays
    p.segment(0.3, "FA", 51, 1)
    p.segment(0.31, "A", 52, 2)


@case("--app", "respond=5000", "--after", "1")
def zero_window(c):
    """The peer's window is shut: it is probed (RFC 9293, 3.8.6.1), opens by less than a segment, and then wide."""
    p = c.peer()
    p.syn(0.0, scale=0)
    p.segment(0.01, "A", 1, 1, window=1000)
    p.segment(0.02, "PA", 1, 1, b"GET /\r\n", window=1000)
    p.segment(0.03, "A", 8, 1001, window=0)
    p.segment(0.5, "A", 8, 1001, window=0, heard=0.4)
    p.segment(2.0, "A", 8, 1001, window=100, heard=1.6)
    p.segment(3.0, "A", 8, 1001, window=20000, heard=2.9)
    p.segment(3.1, "FA", 8, 5002, window=20000, heard=3.0)


@case()
def resets(c):
    """RST where it counts, and where it doesn't (RFC 5961, 3); SYN in a connection (4); segments to nobody."""
    p = c.peer()
    p.syn(0.0)
    p.segment(0.01, "R", 1)  # ends the handshake
    p.segment(0.02, "A", 1, 1)  # of which nobody knows any more
    p = c.peer(port=40001)
    p.open(1.0)
    p.segment(1.02, "R", 10)  # in the window: challenged
    p.segment(1.03, "R", 10_000_000)  # beyond: unheard
    p.segment(1.04, "S", 0)  # challenged
    p.segment(1.05, "A", 1, 5000)  # acknowledges what wasn't sent
    p.segment(1.06, "PA", 1, 1, b"alive")
    p.segment(1.07, "R", 6)  # exact
    p.segment(1.08, "A", 6, 6)
    c.peer(port=40002, to=81).syn(2.0)  # nobody listens
    c.peer(port=40003, to=81).segment(2.1, "R", 0)  # no answer to a reset
    c.peer(port=40004).segment(2.2, "FA", 0, 77)
    c.peer(port=40005).segment(2.3, "A", 0, 77, text(3))


@case()
def malformed(c):
    """Nothing that is broken is answered or does harm: a connection among it lives."""
    good = {"sport": 40001, "dport": 7, "seq": 500, "ack": 0, "flags": "S"}
    p = c.peer()
    p.syn(0.0)
    syn = packets.tcp(**good)
    c.frame(0.001, syn[:13])  # not even a frame's header
    c.frame(0.002, syn[:14])
    c.frame(0.003, syn[:30])  # ends within the IP header
    c.frame(0.004, syn[:50])  # within the TCP header
    c.frame(0.005, packets.tcp(**good, bad=1))
    body = syn[34:]
    for i, how in enumerate(
        (
            {"bad": 1},
            {"length": 1000},  # says it is longer than the frame
            {"length": 30},  # or shorter than a TCP header needs
            {"version_ihl": 0x44},
            {"version_ihl": 0x4F},
            {"version_ihl": 0x65},
            {"fragment": 0x2000},
            {"fragment": 0x0010},
        )
    ):
        c.frame(0.01 + i / 1000, packets.ether(packets.ip4(body, **how)))
    for i, source in enumerate((OUR_IP, "255.255.255.255", "224.0.0.1", "127.0.0.1", "0.0.0.0")):
        c.frame(0.02 + i / 1000, packets.tcp(**good, src=source))
    for i, destination in enumerate(("10.97.0.255", "224.0.0.1", "10.97.0.3")):
        c.frame(0.026 + i / 1000, packets.tcp(**good, dst=destination))
    c.frame(0.03, packets.tcp(**good, offset=4))
    c.frame(0.031, packets.tcp(**good, offset=15))
    c.frame(0.032, packets.tcp(**good | {"flags": ""}))
    c.frame(0.033, packets.tcp(**good | {"flags": "SF"}))
    c.frame(0.034, packets.tcp(**good | {"flags": "SR"}))
    c.frame(0.035, packets.tcp(**good | {"sport": 0}))
    c.frame(0.036, packets.tcp(**good, options=b"\x02\x00\x01\x01"))  # an option of no length
    c.frame(0.037, packets.tcp(**good | {"sport": 40002}, options=b"\x01\x01\x03\x28"))  # or of too much
    p.segment(0.04, "A", 1, 1)
    p.segment(0.041, "PA", 1, 1, text(20), bad=1)
    p.segment(0.05, "PA", 1, 1, text(20))
    p.segment(0.06, "FA", 21, 21)
    p.segment(0.07, "A", 22, 22)
    c.frame(0.08, packets.tcp(**good))  # and what all of these were made of is answered
    c.frame(0.09, packets.tcp(**good | {"flags": "R", "seq": 501}))


@case(known=False)
def arp_and_ping(c):
    """ARP for us and for others (RFC 826); pings of all lengths (RFC 1122, 3.2.2.6); a bad one unanswered."""
    c.frame(0.0, packets.arp(1, PEER_IP, OUR_IP))
    c.frame(0.1, packets.arp(1, PEER_IP, "10.97.0.9"))
    c.frame(0.2, packets.arp(1, "0.0.0.0", OUR_IP))  # a probe (RFC 5227)
    c.frame(0.3, packets.arp(1, "10.97.0.7", "10.97.0.7", sender_mac="02:00:00:00:00:07"))  # an announcement
    c.frame(0.4, packets.arp(2, "10.97.0.8", OUR_IP, target_mac=packets.OUR_MAC, dst=packets.OUR_MAC))
    for i, size in enumerate((0, 1, 56, 1472)):
        c.frame(1 + i / 10, packets.ping(i, text(size)))
    c.frame(2.0, packets.ping(9, text(56), bad=1))
    c.frame(2.1, packets.ping(10, text(56), dst="10.97.0.9"))


@case("--app", "respond=20", "--neighbour", f"{PEER_IP},{packets.PEER_MAC}", known=False)
def told_neighbour(c):
    """A capture without ARP, as most are: the replay is told who the peer is, also for a minute later."""
    p = c.peer()
    p.open(0.0)
    p.segment(60.0, "FPA", 1, 1, b"GET /\r\n")
    p.segment(60.01, "A", 9, 22)


@case("--set", "stack.exclusive=yes")
def icmp_errors(c):
    """Where the addresses are ours alone, UDP and protocols that nobody takes are answered (RFC 1122, 3.2.2.1)."""
    datagram = struct.pack(">HHHH", 5000, 53, 8 + 40, 0) + text(40)
    c.frame(0.0, packets.ether(packets.ip4(datagram, proto=17)))
    c.frame(0.1, packets.ether(packets.ip4(text(600), proto=132)))
    c.frame(0.2, packets.ether(packets.ip4(datagram, proto=17, dst="10.97.0.9")))  # not ours
    c.frame(0.3, packets.ether(packets.ip4(datagram, proto=17), dst="ff:ff:ff:ff:ff:ff"))  # broadcast: never


@case("--set", "stack.max_embryos=8", "--set", "stack.gateway=10.97.0.1", "--after", "0")
def syn_flood(c):
    """More SYNs than there is room for: cookies (RFC 4987, 3.6). Peers that have one can still connect."""
    for i in range(24):
        c.peer(port=50000 + i, ip=f"198.51.100.{100 + i}", isn=i).syn(0.001 * i)
    p = c.peer()
    p.syn(0.1, cookie=True)
    q = c.peer(port=40001, stamped=False)
    q.syn(0.101, cookie=True)
    p.segment(0.11, "A", 1, 1)
    p.segment(0.12, "PA", 1, 1, text(50))
    q.segment(0.13, "PA", 1, 1, text(70))  # the ACK was lost: data brings the cookie
    forged = c.peer(port=40002)
    forged.server_isn = 12345
    forged.segment(0.14, "A", 1, 1)
    p.segment(0.15, "FA", 51, 51)
    q.segment(0.16, "FA", 71, 71)
    p.segment(0.17, "A", 52, 52)
    q.segment(0.18, "A", 72, 72)


@case("--set", "tcp.syn_ack_give_up=10s", "--after", "40")
def half_open(c):
    """A handshake that isn't finished: the SYN-ACK comes again, ever later, until it is given up."""
    c.peer().syn(0.0)


@case("--app", "respond=20", "--after", "5", known=False)
def unknown_neighbour(c):
    """We must ask who the peer is; the answer to its SYN waits for that (RFC 1122, 2.3.2.2)."""
    p = c.peer()
    p.syn(0.0)
    reply = packets.arp(2, PEER_IP, OUR_IP, target_mac=packets.OUR_MAC, dst=packets.OUR_MAC)
    c.frame(0.2, reply)
    p.segment(0.21, "A", 1, 1, heard=0.2)
    p.segment(0.22, "PA", 1, 1, b"GET /\r\n")
    p.segment(0.23, "FA", 8, 22)


def build():
    """@return all cases, described and built."""
    return [make() for make in CASES.values()]
