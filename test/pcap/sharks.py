# SPDX-License-Identifier: BSD-3-Clause
"""sharks.py: what tshark finds wrong with a capture: malformed packets, and bad IP, TCP and ICMP checksums."""

import subprocess

import packets

ERROR = "8388608"  # the severity of Wireshark's experts' errors
GOOD = "1"  # of a checksum's states
SECONDS = 600
FIELDS = (
    "frame.protocols",
    "ip.checksum.status",
    "tcp.checksum.status",
    "icmp.checksum.status",
    "_ws.expert.severity",
    "_ws.expert.message",
)
CHECKED = {"ip": 1, "tcp": 2, "icmp": 3}  # protocol: where the state of its checksum is among the fields


def _good(states):
    """Of the packet, and of one that an ICMP error quotes, which may be too short to tell."""
    first, *quoted = states.split(";")
    return first == GOOD and "0" not in quoted


def _faults(fields):
    protocols = fields[0].split(":")
    faults = [f"the {name} checksum isn't good" for name, at in CHECKED.items() if name in protocols and not _good(fields[at])]
    if ERROR in fields[4].split(";"):
        faults.append(fields[5])
    if len(protocols) < 3:
        faults.append("it is neither ARP nor IP")
    return faults


def check(path):
    """@return a line for each packet that is wrong. ValueError if tshark can't say."""
    command = ["tshark", "-n", "-r", path, "-T", "fields", "-E", "separator=|", "-E", "aggregator=;"]
    for protocol in ("ip", "tcp"):
        command += ["-o", f"{protocol}.check_checksum:TRUE"]
    for field in FIELDS:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode != 0:
        raise ValueError(f"{path}: {done.stderr.strip()}")
    frames = packets.read_pcap(path)
    lines = done.stdout.split("\n")[:-1]
    if len(lines) != len(frames) or not frames:
        raise ValueError(f"{path}: {len(frames)} packets, of which tshark read {len(lines)}")
    wrong, words = [], packets.Text(absolute=True)
    for number, (line, (_, frame)) in enumerate(zip(lines, frames), 1):
        for fault in _faults(line.split("|", len(FIELDS) - 1)):
            wrong.append(f"packet {number}: {fault}: {words.frame(frame)}")
    return wrong
