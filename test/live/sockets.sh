# SPDX-License-Identifier: BSD-3-Clause
# sockets.sh: the examples that use socket calls, against the kernel's TCP.
. "$(dirname "$0")/lib.sh"

echo_sockets=$THOLE_BUILD/examples/example-echo-sockets
talk=$THOLE_BUILD/examples/example-talk-sockets

# Its exit status is written down: checks can't wait for it.
start_echo() {
	new_tap
	server_log=$dir/echo-$taps.log
	rm -f "$dir/status"
	(
		status=0
		timeout -k 5 $((2 * limit)) ip netns exec "$ns" "$echo_sockets" "$thole/24" -l 0,1 --no-huge \
			"--vdev=net_tap0,iface=$tap" >"$server_log" 2>&1 || status=$?
		echo $status >"$dir/status"
	) &
	pids+=($!)
	if ! kernel_up || ! within "$limit" grep -q listening "$server_log"; then
		echo "not ok - sockets: echo-sockets starts"
		sed 's/^/# /' "$server_log"
		exit 1
	fi
}

one_stream() {
	random_file 16m 16777216
	peer nc -N "$thole" 7 <"$dir/16m" >"$dir/back"
	cmp "$dir/16m" "$dir/back"
}

many_at_once() {
	random_file 64k 65536
	# shellcheck disable=SC2016
	seq 50 | peer xargs -P 50 -I{} sh -c 'nc -N "$1" 7 <"$2/64k" | cmp - "$2/64k"' sh "$thole" "$dir"
}

# It writes until it may no more, and only then reads.
late_reader() {
	random_file late 8000000
	[ "$(peer nc -N "$thole" 7 <"$dir/late" | (sleep 2 && sum))" = "$(sum "$dir/late")" ]
}

# One is connected when the signal comes, and still has all that it sends back.
stops() {
	local pid finishes

	rm -f "$dir/go"
	echoed_late >"$dir/late" &
	finishes=$!
	within "$limit" grep -q connected "$dir/late"
	for pid in $(ip netns pids "$ns"); do
		[ "$(cat "/proc/$pid/comm")" != example-echo-so ] || kill -TERM "$pid"
	done
	within "$limit" refuses
	touch "$dir/go"
	wait $finishes
	grep -q whole "$dir/late"
	within "$limit" [ -s "$dir/status" ]
	[ "$(cat "$dir/status")" = 0 ]
	grep -q "^echo-sockets: 5[3-9] connections, 28154016 bytes sent back" "$server_log"
	! grep -q 'cut off' "$server_log"
}

# talk PORT: thole's client on a tap of its own, that the kernel gets an address on once it is there.
talk() {
	local up status=0

	new_tap
	kernel_up &
	up=$!
	timeout -k 5 "$limit" ip netns exec "$ns" "$talk" "$thole/24" "$kernel" "$1" -l 0 --no-huge \
		"--vdev=net_tap0,iface=$tap" || status=$?
	wait $up || true
	return $status
}

talks() {
	random_file 4m 4194304
	in_ns python3 - <<-'END' &
		import socket
		with socket.create_server(("", 5000)) as listener:
		    s, _ = listener.accept()
		    with s:
		        data = bytearray()
		        while piece := s.recv(1 << 20):
		            data += piece
		            s.sendall(piece)
	END
	pids+=($!)
	within "$limit" eval "ip netns exec '$ns' ss -ltn | grep -q ':5000 '"
	talk 5000 <"$dir/4m" >"$dir/back"
	cmp "$dir/4m" "$dir/back"
}

refused() {
	talk 5999 </dev/null >"$dir/refused" 2>&1 && return 1
	grep -q "^talk-sockets: Connection refused" "$dir/refused"
}

# Its peer has sent nothing that it waits for when the signal comes.
interrupted() {
	local client pid status=0

	: >"$dir/said"
	in_ns python3 - <<-'END' >"$dir/said" &
		import socket
		with socket.create_server(("", 5001)) as listener:
		    while True:
		        s, _ = listener.accept()
		        with s:
		            s.settimeout(60)
		            try:
		                while s.recv(100):
		                    print("data", flush=True)
		                while True:
		                    s.sendall(b".")
		            except OSError as e:
		                print(type(e).__name__, flush=True)
	END
	pids+=($!)
	within "$limit" eval "ip netns exec '$ns' ss -ltn | grep -q ':5001 '"
	talk 5001 <<<hello >"$dir/out" 2>"$dir/err" &
	client=$!
	within "$limit" grep -q data "$dir/said"
	for pid in $(ip netns pids "$ns"); do
		[ "$(cat "/proc/$pid/comm")" != example-talk-so ] || kill -TERM "$pid"
	done
	wait $client || status=$?
	cat "$dir/err"
	[ $status = 1 ]
	grep -q "^talk-sockets: Software caused connection abort" "$dir/err"
	within "$limit" grep -qE "ConnectionResetError|BrokenPipeError" "$dir/said"
}

start_echo
check "sockets: one stream" one_stream
check "sockets: many at once" many_at_once
check "sockets: a late reader" late_reader
check "sockets: SIGTERM" stops
server_log=
check "sockets: a client that waits" talks
check "sockets: a client that is refused" refused
check "sockets: a client that is interrupted" interrupted
