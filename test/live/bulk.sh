# SPDX-License-Identifier: BSD-3-Clause
# bulk.sh: long streams to and from Linux's TCP while a router between them drops 1 % of the packets at random,
# each way: every byte is right, and no direction stands still for more than 2 s that the machine doesn't.
#
# The kernel's TCP is in a namespace of its own, behind a veth that splits its segments as a NIC would; the
# router is this one's kernel. So what is dropped are packets as they are on the wire, and no sender is told:
# a hook on the way out of Linux's TCP would drop many segments at once, and TCP would know.
#
# LIVE_BYTES is how much goes each way: 16 MiB, or 256 MiB with tools/test --full.
. "$(dirname "$0")/lib.sh"

stall_ms=2000
bytes=$((16 << 20))
if [ "${THOLE_TEST_FULL:-0}" = 1 ]; then
	bytes=$((256 << 20))
	limit=1000
fi
bytes=${LIVE_BYTES:-$bytes}
host=$ns-host
spaces+=("$host")
linux=10.98.0.2
stream=$(dirname "$0")/stream.py

in_host() {
	timeout -k 5 "$limit" ip netns exec "$host" "$@"
}

new_host() {
	ip netns add "$host"
	ip -n "$ns" link add router type veth peer name eth0 netns "$host"
	ip -n "$ns" addr add 10.98.0.1/24 dev router
	ip -n "$ns" link set router up
	ip -n "$host" addr add $linux/24 dev eth0
	ip -n "$host" link set lo up
	ip -n "$host" link set eth0 up
	ip -n "$host" route add default via 10.98.0.1
	in_host ethtool -K eth0 tso off gso off tx off >"$dir/ethtool"
	in_ns sysctl -qw net.ipv4.ip_forward=1
}

# lose DEVICE: 1 % of what comes from it, and of what goes to it.
lose() {
	in_ns nft flush ruleset
	in_ns nft -f - <<-END
		table ip thole {
			counter from_seen { }
			counter from_lost { }
			counter to_seen { }
			counter to_lost { }
			chain forward {
				type filter hook forward priority 0;
				iifname $1 counter name from_seen numgen random mod 100 < 1 counter name from_lost drop
				oifname $1 counter name to_seen numgen random mod 100 < 1 counter name to_lost drop
			}
		}
	END
}

counted() { # NAME: packets
	in_ns nft list counter ip thole "$1" | sed -n 's/.*packets \([0-9]*\).*/\1/p'
}

tell_loss() { # from|to
	echo "$1 thole: $(counted "$1_lost") of $(counted "$1_seen") packets lost"
}

# Between half of 1 % and twice as many of those that brought so many bytes: it is this link that was tested.
were_lost() { # from|to BYTES
	local seen lost

	seen=$(counted "$1_seen")
	lost=$(counted "$1_lost")
	[ "$seen" -gt $(($2 / 1460)) ] && [ $((lost * 200)) -ge "$seen" ] && [ $((lost * 50)) -le "$seen" ]
}

went_on() { # WHERE FILE BYTES: the check's line
	local got seconds ms

	read -r got seconds ms <"$2"
	echo "$1: $got bytes in $seconds s, the longest stall $ms ms" | tee -a "$dir/figures"
	[ "$got" = "$3" ] && [ "$ms" -le $stall_ms ]
}

# The counters of both TCPs that say how it went.
tell_counters() {
	grep -oE 'thole-nc: (retransmits|rto_fired|fast_retransmits|tail_probes|spurious_recoveries|tx_[a-z]*) [0-9]+' \
		"$dir/stats" | cut -d' ' -f2- | paste -sd, | sed 's/^/thole: /; s/,/, /g'
	in_host cat /proc/net/snmp | awk '/^Tcp:/ { if (n++) print "linux: retransmits " $13 }'
	in_host cat /proc/net/netstat | awk '/^TcpExt:/ { if (!n++) split($0, name); else for (i = 2; i <= NF; i++)
		if (name[i] == "TCPTimeouts") print "linux: rto_fired " $i }'
}

# From thole to Linux as many bytes, and to thole; each direction ends when it is done.
streams() { # UP DOWN
	set -o pipefail
	: >"$dir/figures"
	new_host
	new_tap
	lose "$tap"
	in_host python3 "$stream" serve 5001 1 "$2" 2 "$1" >"$dir/up" 2>"$dir/host.err" &
	listener=$!
	within "$limit" eval "in_host ss -ltn | grep -q ':5001 '"
	python3 "$stream" send 2 "$1" | connect $linux 5001 --gateway "$kernel" --stats 2>"$dir/stats" |
		python3 "$stream" check 1 "$2" >"$dir/down" || {
		cat "$dir/stats" "$dir/host.err"
		return 1
	}
	wait $listener || {
		cat "$dir/stats" "$dir/host.err"
		return 1
	}
	tell_counters >>"$dir/figures"
	tell_loss from >>"$dir/figures"
	tell_loss to >>"$dir/figures"
	cat "$dir/figures"
	[ "$1" = 0 ] || went_on "to linux" "$dir/up" "$1"
	[ "$2" = 0 ] || went_on "to thole" "$dir/down" "$2"
	[ "$1" = 0 ] || were_lost from "$1"
	[ "$2" = 0 ] || were_lost to "$2"
	! grep -q ' tx_lost ' "$dir/stats"
}

bulk() { # NAME UP DOWN
	check "bulk: 1 % lost each way: $1" streams "$2" "$3"
	sed 's/^/# /' "$dir/figures"
	drop_space "$host"
}

mib=$((bytes >> 20))
bulk "$mib MiB both ways at once" "$bytes" "$bytes"
bulk "$mib MiB to Linux" "$bytes" 0
bulk "$mib MiB from Linux" 0 "$bytes"
