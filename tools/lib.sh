# SPDX-License-Identifier: BSD-3-Clause
# lib.sh: set-up that tools/bench and tools/test share: packages, hugepages, configure and build.
# Sourced by bash scripts that run with set -euo pipefail, in the top folder of the tree.
# Each step looks first and does nothing when there is nothing to do: a second run is quick and needs no network.
# shellcheck shell=bash

# What building anything here needs. libdpdk-dev brings the drivers along.
# shellcheck disable=SC2034 # used by those that source this
BUILD_PACKAGES=(gcc libc6-dev meson ninja-build pkg-config libdpdk-dev libnuma-dev libjansson-dev)

HUGEPAGE_SYSFS=${HUGEPAGE_SYSFS:-/sys/kernel/mm/hugepages/hugepages-2048kB}
HUGEPAGE_MIB=2
# Left to everybody else when hugepages are reserved.
SPARE_MIB=1024

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "${0##*/}: $*"
	exit 1
}

is_root() {
	[ "$(id -u)" = 0 ]
}

# --- packages ---

package_installed() {
	# A DPDK that was built by hand, or a newer one, is as good as Debian's.
	if [ "$1" = libdpdk-dev ] && pkg-config --exists 'libdpdk >= 22.11' 2>/dev/null; then
		return 0
	fi
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

apt_install() {
	DEBIAN_FRONTEND=noninteractive apt-get -y -q --no-install-recommends \
		-o DPkg::Lock::Timeout=120 -o Acquire::Retries=2 install "$@" </dev/null
}

# need_packages PACKAGE...: installs those that are missing; without root it says which and ends.
need_packages() {
	local package log missing=()

	if ! command -v dpkg-query >/dev/null; then
		say "This system has no dpkg; what stands for these Debian packages must be there: $*"
		return 0
	fi
	for package in "$@"; do
		package_installed "$package" || missing+=("$package")
	done
	if [ ${#missing[@]} = 0 ]; then
		return 0
	fi
	if ! is_root; then
		say "${0##*/}: not installed: ${missing[*]}"
		say "As root, type: apt-get update && apt-get install --no-install-recommends ${missing[*]}"
		exit 1
	fi
	say "Installing ${missing[*]}"
	log=$(mktemp)
	# A machine's package lists may be absent or old: then the first attempt fails before it changes anything.
	if ! apt_install "${missing[@]}" >"$log" 2>&1; then
		apt-get -q update </dev/null >>"$log" 2>&1 || true
		if ! apt_install "${missing[@]}" >>"$log" 2>&1; then
			cat "$log" >&2
			rm -f "$log"
			die "apt-get could not install: ${missing[*]} (its words stand above)"
		fi
	fi
	rm -f "$log"
}

need_dpdk() {
	pkg-config --exists 'libdpdk >= 22.11' ||
		die "DPDK 22.11 or newer is needed, pkg-config finds $(pkg-config --modversion libdpdk 2>/dev/null ||
			echo none): install libdpdk-dev of Debian 12 or newer, or set PKG_CONFIG_PATH"
}

# --- hugepages ---

hugepages_reserved=0 # by us, to be given back

meminfo_mib() {
	local kib

	kib=$(sed -n "s/^$1: *\([0-9]*\) kB$/\1/p" "${MEMINFO:-/proc/meminfo}")
	echo $((${kib:-0} / 1024))
}

# mount_hugepages: a hugetlbfs for EAL to find, if there is none.
mount_hugepages() {
	if grep -q ' hugetlbfs ' "${MOUNTS:-/proc/mounts}"; then
		return 0
	fi
	is_root && mkdir -p /dev/hugepages 2>/dev/null && mount -t hugetlbfs nodev /dev/hugepages 2>/dev/null
}

# reserve_hugepages WANTED LEAST: sees to WANTED free pages of 2 MiB, or to as many as memory allows. With
# fewer than LEAST it says so in a line and takes none: programs then run with --no-huge. Never lowers anybody
# else's number; release_hugepages gives back what was added.
reserve_hugepages() {
	local wanted=$1 least=$2 free before room

	if [ ! -r "$HUGEPAGE_SYSFS/free_hugepages" ]; then
		say "No hugepages: this kernel has none of 2 MB. Running with --no-huge, which is slower."
		return 0
	fi
	free=$(($(cat "$HUGEPAGE_SYSFS/free_hugepages") - $(cat "$HUGEPAGE_SYSFS/resv_hugepages")))
	before=$(cat "$HUGEPAGE_SYSFS/nr_hugepages")
	if [ "$free" -lt "$wanted" ] && is_root; then
		room=$((($(meminfo_mib MemAvailable) - SPARE_MIB) / HUGEPAGE_MIB))
		if [ "$room" -gt $((wanted - free)) ]; then
			room=$((wanted - free))
		fi
		if [ "$room" -gt 0 ] && [ $((free + room)) -ge "$least" ] &&
			echo $((before + room)) 2>/dev/null >"$HUGEPAGE_SYSFS/nr_hugepages"; then
			# The kernel gives what it finds in one piece, which may be less.
			hugepages_reserved=$(($(cat "$HUGEPAGE_SYSFS/nr_hugepages") - before))
			free=$((free + hugepages_reserved))
		fi
	fi
	if [ "$free" -lt "$least" ]; then
		release_hugepages
		say "No hugepages: $free of 2 MB are free, $least are needed$(is_root || echo ' and reserving more' \
			"takes root (echo $((before + wanted - free)) > $HUGEPAGE_SYSFS/nr_hugepages)")." \
			"Running with --no-huge, which is slower."
	elif ! mount_hugepages; then
		release_hugepages
		say "No hugepages: hugetlbfs is not mounted and can't be (mount -t hugetlbfs nodev /dev/hugepages)." \
			"Running with --no-huge, which is slower."
	fi
}

# release_hugepages: gives back what reserve_hugepages added. Pages still in use go when they become free.
release_hugepages() {
	if [ "$hugepages_reserved" -gt 0 ]; then
		echo $(($(cat "$HUGEPAGE_SYSFS/nr_hugepages") - hugepages_reserved)) >"$HUGEPAGE_SYSFS/nr_hugepages" || true
	fi
	hugepages_reserved=0
}

# --- build ---

# configure DIR OPTION...: sets the build folder up, once. An existing one keeps its options.
configure() {
	local dir=$1
	shift

	# A tree that was copied or moved has build folders that still point to the old place.
	if [ -e "$dir/meson-info/meson-info.json" ] &&
		! grep -qF "\"source\": \"$PWD\"" "$dir/meson-info/meson-info.json"; then
		rm -rf "$dir"
	fi
	if [ -e "$dir/build.ninja" ]; then
		[ -w "$dir/build.ninja" ] || die "$dir belongs to another user: remove it, or run this as that user"
		return 0
	fi
	say "Configuring $dir"
	# What an interrupted run left would count as configured.
	if [ -d "$dir/meson-private" ]; then
		rm -rf "$dir"
	fi
	quietly meson setup "$dir" "$@"
}

# build DIR: says nothing when there is nothing to do.
build() {
	if ninja -C "$1" -n | grep -q 'no work to do'; then
		return 0
	fi
	say "Building $1"
	quietly ninja -C "$1"
}

# quietly COMMAND...: shows what a command printed only if it failed.
quietly() {
	local log

	log=$(mktemp)
	if ! "$@" </dev/null >"$log" 2>&1; then
		cat "$log" >&2
		rm -f "$log"
		die "failed: $*"
	fi
	rm -f "$log"
}

# --- running ---

attended= # the process
caught=

pass_on() { # SIGNAL
	caught=yes
	kill "-$1" "$attended" 2>/dev/null || true
}

# attend COMMAND...: runs it and passes signals on to it, so that it can end in order. @return its exit status.
attend() {
	local status

	# In the background: bash acts on a signal only when what it waits for is over, unless it is in wait.
	"$@" &
	attended=$!
	trap 'pass_on INT' INT
	trap 'pass_on TERM' TERM HUP
	while :; do
		status=0
		wait "$attended" || status=$?
		if [ -z "$caught" ] || [ "$status" -le 128 ]; then
			return "$status"
		fi
		caught=
	done
}
