# SPDX-License-Identifier: BSD-3-Clause
# stop.sh: what a signal leaves behind: nothing, whatever was under way.
. "$(dirname "$0")/lib.sh"

left_over >"$dir/before"

nothing_left() {
	diff "$dir/before" <(left_over)
	within 5 eval '! in_ns ip -o link show | grep -q tap'
}

idle_server() { # SIGNAL
	local start=$SECONDS
	serve thole-echo
	kill "-$1" "$server"
	wait "$server"
	[ $((SECONDS - start)) -le 5 ]
	nothing_left
}

# One connection idle, one that doesn't read; both end, and the server within its bounded time.
busy_server() {
	local start
	serve thole-echo
	sleep 30 | peer nc -N "$thole" 7 &
	peer python3 - "$thole" >"$dir/peer" 2>&1 <<-'END' &
		import socket, sys, time
		s = socket.socket()
		s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536) # little is left to read at the end
		s.settimeout(5)
		s.connect((sys.argv[1], 7))
		s.settimeout(0.5)
		try:
		    while True:
		        s.send(b"x" * 65536)
		except TimeoutError:
		    pass
		time.sleep(0.1)
		print("full", flush=True)
		s.settimeout(15)
		try:
		    while s.recv(1 << 20):
		        time.sleep(2)
		    print("end of file")
		except ConnectionResetError:
		    print("reset")
	END
	peer_pid=$!
	within 10 grep -q full "$dir/peer"
	start=$SECONDS
	end_server
	[ $((SECONDS - start)) -le 8 ]
	wait $peer_pid
	cat "$dir/peer"
	grep -qE 'end of file|reset' "$dir/peer"
	nothing_left
}

# An answer under way when the signal comes is finished: the kernel's buffer holds little of it. Who sends a signal
# may send two for one, as timeout(1) does, which starts the server here: this sends two in any case, and the kernel
# can't make one of them.
answer_under_way() {
	in_ns sysctl -qw net.ipv4.tcp_rmem="4096 65536 131072"
	random_file 2m 2000000
	serve thole-httpd --root "$dir"
	peer curl -sS --max-time 20 --limit-rate 1M -o "$dir/got" "http://$thole/2m" &
	curl_pid=$!
	within 5 test -s "$dir/got"
	sleep 0.5
	kill -TERM "$server"
	kill -INT "$server"
	[ "$(stat -c %s "$dir/got")" -lt 1900000 ]
	wait "$server"
	wait $curl_pid
	cmp "$dir/2m" "$dir/got"
	nothing_left
}

client() {
	new_tap
	(
		sleep 20 | timeout -k 5 30 ip netns exec "$ns" "$app/thole-nc" --address "$thole/24" "${small[@]}" \
			"10.99.$taps.77" 5999 -- --no-huge "--vdev=net_tap0,iface=$tap" &
		echo $! >"$dir/pid"
		wait $!
	) &
	kernel_up
	kill "$(cat "$dir/pid")"
	within 5 eval "! kill -0 $(cat "$dir/pid")"
	nothing_left
}

check "stop: SIGTERM: nothing is left" idle_server TERM
check "stop: SIGINT: nothing is left" idle_server INT
check "stop: connections that don't end are ended" busy_server
check "stop: an answer under way is finished" answer_under_way
check "stop: a client that is still connecting" client
server_log=
