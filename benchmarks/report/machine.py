# SPDX-License-Identifier: BSD-3-Clause
"""machine.py: what the figures were measured on. No names of hosts, users or folders."""

import json
import os
import platform
import re
import shlex
import subprocess
import time

HUGEPAGES = "/sys/kernel/mm/hugepages/hugepages-2048kB"
GOVERNOR = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
# lscpu's names, and ours.
CPU = {
    "Model name": "CPU",
    "CPU(s)": "CPUs",
    "Socket(s)": "sockets",
    "Core(s) per socket": "cores per socket",
    "Thread(s) per core": "threads per core",
    "NUMA node(s)": "NUMA nodes",
    "L1d cache": "L1d",
    "L2 cache": "L2",
    "L3 cache": "L3",
    "Hypervisor vendor": "hypervisor",
}


def said(*command, folder=None):
    """What a command prints; nothing if it isn't there or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def text_of(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def processor():
    env = dict(os.environ, LC_ALL="C")
    try:
        done = subprocess.run(["lscpu", "-J"], capture_output=True, text=True, check=True, env=env)
        fields = {one["field"].rstrip(":"): one["data"] for one in json.loads(done.stdout)["lscpu"]}
    except (OSError, ValueError, KeyError, subprocess.CalledProcessError):
        fields = {"Model name": platform.machine(), "CPU(s)": str(os.cpu_count())}
    return {ours: fields[theirs] for theirs, ours in CPU.items() if fields.get(theirs)}


def mib(key):
    found = re.search(rf"^{key}: *(\d+) kB$", text_of("/proc/meminfo"), re.MULTILINE)
    return int(found.group(1)) >> 10 if found else 0


def free_hugepages_mib():
    return int(text_of(f"{HUGEPAGES}/free_hugepages") or 0) * 2


def compiler(build):
    try:
        with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
            command = shlex.split(json.load(file)[0]["command"])[0]
    except (OSError, ValueError, LookupError):
        return ""
    return (said(command, "--version").splitlines() or [""])[0]


def revision(root):
    found = said("git", "rev-parse", "--short=12", "HEAD", folder=root)
    changed = found and said("git", "status", "--porcelain", "--untracked-files=no", folder=root)
    return found + (", changed" if changed else "")


def describe(root, build):
    what = {
        "measured": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "revision": revision(root),
        **processor(),
        "governor": text_of(GOVERNOR),
        "memory": f"{mib('MemTotal') / 1024:.1f} GiB",
        "hugepages": f"{free_hugepages_mib():,} MiB free in pages of 2 MiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "compiler": compiler(build),
        "DPDK": said("pkg-config", "--modversion", "libdpdk"),
    }
    return {name: value for name, value in what.items() if value}
