# SPDX-License-Identifier: BSD-3-Clause
# embed.sh: examples/l2fwd.c between two namespaces: the only way from one to the other is through its two taps,
# and it has a stack in its loop, which serves a page to both.
#
# LIVE_BYTES is how much is sent through it: 64 MiB, or 1 GiB with tools/test --full.
. "$(dirname "$0")/lib.sh"

bytes=$((64 << 20))
if [ "${THOLE_TEST_FULL:-0}" = 1 ]; then
	bytes=$((1 << 30))
	limit=400
fi
bytes=${LIVE_BYTES:-$bytes}
left=$ns-left
right=$ns-right
here=10.97.0.1
there=10.97.0.2
page=10.97.0.9
l2fwd=$THOLE_BUILD/examples/example-l2fwd
eal=(-l 0 --no-huge -m 64 --no-pci --no-telemetry --log-level=4 "--file-prefix=thole-$$")
trap 'leave; rm -rf "/var/run/dpdk/thole-$$"' EXIT # EAL leaves it behind

at() { # NAMESPACE COMMAND...: one in a namespace, bounded in time
	timeout -k 5 "$limit" ip netns exec "$@"
}

new_side() { # NAMESPACE TAP ADDRESS: the kernel gets the tap's end in a namespace of its own
	ip netns add "$1"
	spaces+=("$1")
	at "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	ip -n "$ns" link set "$2" netns "$1"
	ip -n "$1" link set lo up
	ip -n "$1" addr add "$3/24" dev "$2"
	ip -n "$1" link set "$2" up
}

# Its exit status is written down: the checks run in shells of their own, which can't wait for it.
start() {
	server_log=$dir/l2fwd.log
	(
		status=0
		timeout -k 5 $((limit + 60)) ip netns exec "$ns" "$l2fwd" "${eal[@]}" --vdev=net_tap0,iface=tap1 \
			--vdev=net_tap1,iface=tap2 -- "$page/24" >"$server_log" 2>&1 || status=$?
		echo $status >"$dir/status"
	) &
	pids+=($!)
	within "$limit" grep -q "is ours" "$server_log" || {
		echo "not ok - embed: the forwarder starts"
		sed 's/^/# /' "$server_log"
		exit 1
	}
}

get() { # NAMESPACE: the page
	at "$1" curl -sS --max-time "$limit" "http://$page/"
}

forwarded() { # FILE: the bytes that a page says went from left to right
	sed -n 's/^from net_tap0 to net_tap1: [0-9]* packets, \([0-9]*\) bytes.*/\1/p' "$1"
}

# Neither side sees the other's frames twice, nor the stack's ARP stop those between them.
pings() {
	local pong

	for target in "$left $there" "$left $page" "$right $here" "$right $page"; do
		# shellcheck disable=SC2086
		set -- $target
		pong=$(at "$1" ping -c 5 -i 0.2 -W 30 "$2")
		echo "$pong"
		grep -q ' 5 received' <<<"$pong"
		! grep -q -i duplicate <<<"$pong"
	done
}

pages() {
	get "$left" >"$dir/left"
	get "$right" >"$dir/right"
	[ "$(forwarded "$dir/left")" -ge $((5 * 98)) ]
	grep -q '^opened_passive 2: ' "$dir/right"
}

# What isn't TCP is nobody's at the stack's address, and a port that nobody listens at says so.
refusals() {
	! at "$left" nc -z -w 60 "$page" 81 || return 1
	! at "$right" python3 - "$page" <<-'END' || return 1
		import socket, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.connect((sys.argv[1], 9))
		s.settimeout(60)
		s.send(b"x")
		s.recv(1)  # ConnectionRefusedError: the ICMP error came
	END
	get "$left" | grep -q '^rx_drop_proto 1: '
}

# fetch_pages: left fetches the page again and again as long as $dir/going is there. A process a page, no more.
fetch_pages() {
	# shellcheck disable=SC2016
	at "$left" bash -c 'while [ -e "$0/going" ]; do
		n=$((n + 1))
		curl -sS --max-time "$2" -o "$0/page$n" "http://$1/" || exit 1
	done' "$dir" "$page" "$limit"
}

pages_there() { # N, or more
	[ "$(find "$dir" -name 'page[0-9]*' | wc -l)" -ge "$1" ]
}

# As many bytes as are sent; when half of them have gone it waits for pages.
half_by_half() {
	head -c $((bytes / 2)) /dev/urandom
	within "$limit" pages_there $(($(find "$dir" -name 'page[0-9]*' | wc -l) + 4))
	head -c $((bytes - bytes / 2)) /dev/urandom
}

# From left to right while left fetches the page.
transfer() {
	local receiver fetcher n=0 now last before

	before=$(get "$left" | forwarded /dev/stdin)
	last=$before
	at "$right" nc -l -N "$there" 5001 </dev/null | sha256sum >"$dir/received" &
	receiver=$!
	within "$limit" eval "ip netns exec '$right' ss -ltn | grep -q ':5001 '"
	: >"$dir/going"
	fetch_pages &
	fetcher=$!
	half_by_half | tee >(sha256sum >"$dir/sent") | at "$left" nc -N "$there" 5001
	wait $receiver
	rm "$dir/going"
	wait $fetcher
	for file in $(printf '%s\n' "$dir"/page[0-9]* | sort -V); do
		now=$(forwarded "$file")
		echo "${file##*/}: $now bytes forwarded"
		[ "$now" -ge "$last" ]
		last=$now
		if [ "$now" -gt "$before" ] && [ "$now" -lt $((before + bytes)) ]; then
			n=$((n + 1)) # some had gone, and more was to come
		fi
	done
	within "$limit" [ -s "$dir/sent" ]
	echo "$((bytes >> 20)) MiB, and $n pages meanwhile" | tee "$dir/figures"
	cat "$dir/sent" "$dir/received"
	[ $n -ge 2 ]
	cmp "$dir/sent" "$dir/received"
	[ "$(get "$left" | forwarded /dev/stdin)" -ge $((before + bytes)) ]
}

# A signal: who is connected to the stack is told, every mbuf is back, and the taps are gone.
stops() {
	local client

	: >"$dir/said"
	at "$left" python3 - "$page" <<-'END' >"$dir/said" &
		import socket, sys
		s = socket.create_connection((sys.argv[1], 80), 60)
		print("connected", flush=True)
		s.settimeout(60)
		try:
		    print(s.recv(1))
		except ConnectionResetError:
		    print("reset")
	END
	client=$!
	within "$limit" grep -q connected "$dir/said"
	kill -"$1" "$(ip netns pids "$ns" | head -n 1)"
	within "$limit" [ -s "$dir/status" ]
	wait $client
	cat "$dir/said" "$server_log"
	[ "$(cat "$dir/status")" = 0 ]
	grep -q reset "$dir/said"
	grep -q ' 1 connections cut off' "$server_log"
	! grep -q 'not returned' "$server_log"
	! ip -n "$left" link show tap1
}

needs_two() {
	local status=0

	at "$ns" "$l2fwd" "${eal[@]}" --vdev=net_tap0,iface=tap1 -- "$page/24" >"$dir/out" 2>&1 || status=$?
	cat "$dir/out"
	[ $status = 1 ]
	grep -q 'EAL found 1 ports and two are needed' "$dir/out"
	status=0
	at "$ns" "$l2fwd" "${eal[@]}" -- "$page" >"$dir/out" 2>&1 || status=$?
	[ $status = 2 ]
	grep -q '^usage: ' "$dir/out"
}

check "embed: without two ports and an address it says what is missing" needs_two
start
new_side "$left" tap1 $here
new_side "$right" tap2 $there
check "embed: the two sides and the stack reach one another" pings
check "embed: both sides get the page" pages
check "embed: what nobody listens for is refused" refusals
check "embed: $((bytes >> 20)) MiB from one side to the other while it serves its page" transfer
[ ! -s "$dir/figures" ] || sed 's/^/# /' "$dir/figures"
check "embed: it stops at a signal and tells who is connected" stops TERM
