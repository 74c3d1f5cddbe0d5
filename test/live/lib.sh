# SPDX-License-Identifier: BSD-3-Clause
# lib.sh: what the live tests share. A file of tests sources it, starts servers, says check NAME COMMAND
# for each test, and leaves; the trap takes everything down.
#
# Each file has a namespace of its own. thole runs in it, and so does the kernel that it talks to over
# a tap: the kernel is 10.99.N.1, thole 10.99.N.2, N being the number of the tap.

ns=thole-$$
dir=$(mktemp -d /tmp/thole-live-XXXXXX)
app=$THOLE_BUILD/app
pids=()
taps=0
spaces=("$ns")
limit=300 # seconds that a program in the foreground may take: only one that hangs does, on however slow a machine
# Smaller than the defaults: several of them start beside each other.
small=(--set port.pool_mbufs=8192 --set stack.max_conns=4096 --set stack.max_time_wait=16384)

ip netns add "$ns" || exit 1
ip -n "$ns" link set lo up
# Neither IPv6's chatter nor packets to others: what the tests see is TCP.
in_ns() { ip netns exec "$ns" "$@"; }
in_ns sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 \
	net.ipv4.ip_forward=0 2>/dev/null

# drop_space NAME: ends what runs in a namespace, and that.
drop_space() {
	local pid

	for pid in $(ip netns pids "$1" 2>/dev/null); do
		kill -9 "$pid"
	done
	ip netns del "$1"
}

leave() {
	local pid space

	trap - EXIT INT TERM
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null
	done
	for pid in "${pids[@]}"; do
		wait "$pid" 2>/dev/null
	done
	for space in "${spaces[@]}"; do
		[ ! -e "/run/netns/$space" ] || drop_space "$space"
	done
	rm -rf "$dir"
}
trap leave EXIT
trap 'exit 1' INT TERM

# check NAME COMMAND...: a test; it fails with the first command in it that does.
check() {
	local name=$1 status

	shift
	(
		set -e
		"$@"
	) >"$dir/log" 2>&1
	status=$?
	if [ $status = 0 ]; then
		echo "ok - $name"
	else
		echo "not ok - $name"
		tail -n 20 "$dir/log" | sed 's/^/# /'
		[ -z "$server_log" ] || tail -n 5 "$server_log" | sed 's/^/# server: /'
	fi
}

# within SECONDS COMMAND...: waits until the command succeeds.
within() {
	local end=$((SECONDS + $1))

	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# new_tap: names the next tap and its addresses; kernel_up waits for it and gives the kernel its end.
new_tap() {
	taps=$((taps + 1))
	tap=tap$taps
	kernel=10.99.$taps.1
	thole=10.99.$taps.2
}

kernel_up() {
	within 60 ip -n "$ns" addr add "$kernel/24" dev "$tap" && ip -n "$ns" link set "$tap" up
}

# serve PROGRAM OPTIONS... [-- EAL OPTIONS...]: starts a server on a tap of its own and waits for it.
# Sets tap, kernel, thole, server (its pid) and server_log.
serve() {
	local program=$1 own=()

	shift
	while [ $# != 0 ] && [ "$1" != -- ]; do
		own+=("$1")
		shift
	done
	[ "$1" != -- ] || shift
	new_tap
	server_log=$dir/$program-$taps.log
	timeout -k 20 $((2 * limit)) ip netns exec "$ns" "$app/$program" --address "$thole/24" "${small[@]}" "${own[@]}" -- \
		--no-huge "--vdev=net_tap0,iface=$tap" "$@" >"$server_log" 2>&1 &
	server=$!
	pids+=("$server")
	if ! kernel_up || ! within "$limit" grep -q listening "$server_log"; then
		echo "not ok - $program starts"
		sed 's/^/# /' "$server_log"
		exit 1
	fi
}

# end_server: SIGTERM, and its exit status.
end_server() {
	kill "$server" && wait "$server"
}

# signals PID SIGNAL...: several that come at the same time, whenever the shell has its turns.
signals() {
	local pid=$1 signal

	shift
	kill -STOP "$pid"
	for signal in "$@"; do
		kill "-$signal" "$pid"
	done
	kill -CONT "$pid"
}

# ends STATUS [SIGNAL...]: the server does, with this exit status, after SIGTERM or these, a second apart.
ends() {
	local status=$1 got=0 signal

	shift
	[ $# != 0 ] || set -- TERM
	for signal in "$@"; do
		[ "$signal" = "$1" ] || sleep 1
		kill "-$signal" "$server"
	done
	wait "$server" || got=$?
	echo "status $got"
	[ $got = "$status" ]
}

# connect ADDRESS PORT OPTIONS...: thole-nc on a tap of its own, in the foreground; new_tap comes before.
# The kernel's end of the tap comes up beside it.
connect() {
	local address=$1 port=$2

	shift 2
	kernel_up &
	timeout -k 5 "$limit" ip netns exec "$ns" "$app/thole-nc" --address "$thole/24" "${small[@]}" "$@" \
		"$address" "$port" -- --no-huge "--vdev=net_tap0,iface=$tap"
}

# listen PORT IN OUT: the kernel as a server (listen.py) at any address, since the tap has none yet. Sets
# listener, its pid.
listen() {
	peer python3 "$(dirname "$0")/listen.py" "$1" "$2" "$3" &
	listener=$!
	within "$limit" eval "in_ns ss -ltn | grep -q ':$1 '"
}

# peer COMMAND...: one in the namespace, bounded in time.
peer() {
	timeout -k 5 "$limit" ip netns exec "$ns" "$@"
}

# left_over: what programs of ours that run no more have left in the file system, and taps outside the
# namespace. To be compared before and after.
left_over() {
	local path pid

	for path in /var/run/dpdk/thole-[0-9]* /dev/hugepages/*thole-[0-9]* /dev/shm/*thole-[0-9]*; do
		pid=${path##*thole-}
		if [ -e "$path" ] && ! kill -0 "${pid%%[!0-9]*}" 2>/dev/null; then
			echo "$path"
		fi
	done
	ip -o link show | cut -d: -f2 | grep -E '^ tap[0-9]' || true
}

sum() {
	sha256sum "$@" | cut -d' ' -f1
}

# random_file NAME BYTES
random_file() {
	head -c "$2" /dev/urandom >"$dir/$1"
}

# fails STATUS TEXT COMMAND...: it ends with this status and one line on stderr that has this text.
fails() {
	local status=$1 text=$2 got=0

	shift 2
	timeout -k 5 "$limit" "$@" >"$dir/out" 2>"$dir/err" </dev/null || got=$?
	echo "status $got:"
	cat "$dir/err"
	[ $got = "$status" ] && [ "$(wc -l <"$dir/err")" = 1 ] && grep -qF -- "$text" "$dir/err"
}

# echoed_late: says "connected" once some of its bytes are back from port 7, and has the others back only when
# $dir/go is there. "whole": all of them, and the end.
echoed_late() {
	peer python3 - "$thole" "$dir/go" <<-'END'
		import os, socket, sys, time
		data = os.urandom(50000)
		s = socket.create_connection((sys.argv[1], 7), 60)
		s.settimeout(60)
		def back(n):
		    got = bytearray()
		    while len(got) < n and (piece := s.recv(n - len(got))):
		        got += piece
		    return bytes(got)
		s.sendall(data)
		assert back(len(data)) == data
		print("connected", flush=True)
		while not os.path.exists(sys.argv[2]):
		    time.sleep(0.02)
		s.sendall(data)
		s.shutdown(socket.SHUT_WR)
		assert back(len(data) + 1) == data
		print("whole", flush=True)
	END
}

# Nobody is taken at port 7 any more.
refuses() {
	! peer nc -z -w 5 "$thole" 7
}
