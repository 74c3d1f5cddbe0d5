# SPDX-License-Identifier: BSD-3-Clause
# stop.sh: what a signal leaves behind: nothing, whatever was under way.
. "$(dirname "$0")/lib.sh"

left_over >"$dir/before"

nothing_left() {
	diff "$dir/before" <(left_over)
	within "$limit" eval '! in_ns ip -o link show | grep -q tap'
}

# With nothing to wait for it doesn't.
idle_server() { # SIGNAL
	serve thole-echo --drain 60min
	kill "-$1" "$server"
	wait "$server"
	nothing_left
}

# One connection idle, one that doesn't read; both end, and the server within its bounded time.
busy_server() {
	serve thole-echo
	sleep 200 | peer nc -N "$thole" 7 &
	peer python3 - "$thole" >"$dir/peer" 2>&1 <<-'END' &
		import socket, sys, time
		s = socket.socket()
		s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536) # little is left to read at the end
		s.settimeout(60)
		s.connect((sys.argv[1], 7))
		s.settimeout(0.5)
		try:
		    while True:
		        s.send(b"x" * 65536)
		except TimeoutError:
		    pass
		time.sleep(0.1)
		print("full", flush=True)
		s.settimeout(60)
		try:
		    while s.recv(1 << 20):
		        time.sleep(2)
		    print("end of file")
		except ConnectionResetError:
		    print("reset")
	END
	peer_pid=$!
	within "$limit" grep -q full "$dir/peer"
	ends 3 # not 124, timeout's
	wait $peer_pid
	cat "$dir/peer"
	grep -q reset "$dir/peer"
	[ "$(grep -cE 'cut off [12] connections?, with [0-9]+ bytes unsent and [0-9]+ not acknowledged' "$server_log")" = 1 ]
	nothing_left
}

# An answer under way when the signal comes is finished: the kernel's buffer holds little of it. Who sends a signal
# may send two for one, as timeout(1) does, which starts the server here: this sends two in any case, and the kernel
# can't make one of them.
answer_under_way() {
	in_ns sysctl -qw net.ipv4.tcp_rmem="4096 65536 131072"
	random_file 2m 2000000
	serve thole-httpd --root "$dir" --drain 60min
	peer curl -sS --max-time "$limit" --limit-rate 400k -o "$dir/got" "http://$thole/2m" &
	curl_pid=$!
	within "$limit" test -s "$dir/got"
	signals "$server" TERM INT
	[ "$(stat -c %s "$dir/got")" -lt 1900000 ]
	wait "$server"
	wait $curl_pid
	cmp "$dir/2m" "$dir/got"
	nothing_left
}

# One that takes its answer too slowly is cut off when --drain is over, or at the second signal, and hears of it; those
# who come meanwhile are refused, and the server says what it cut off. Whether it is so far by when they come depends on
# when the shell has its turns, unless it waits for the second signal.
cut_off() { # DRAIN SIGNALS...
	local drain=$1 first=$2 new_status=0 curl_status=0 ended=0
	shift 2
	random_file 9m 9000000
	rm -f "$dir/slow"
	serve thole-httpd --root "$dir" --drain "$drain" "${own[@]}"
	peer curl -sS --max-time "$limit" --limit-rate 10k -o "$dir/slow" "http://$thole/9m" 2>"$dir/curl" &
	curl_pid=$!
	within "$limit" test -s "$dir/slow"
	kill "-$first" "$server"
	within "$limit" eval "! in_ns nc -z -w 60 $thole 80" # it is known by now
	peer curl -sS --max-time "$limit" "http://$thole/9m" 2>"$dir/refused" || new_status=$?
	cat "$dir/refused"
	# "Failed to connect", without waiting for it.
	[ $new_status = 7 ] || { [ $# = 0 ] && grep -q 'cut off' "$server_log"; }
	if [ $# != 0 ]; then
		sleep 1 # two within less are one
		kill "-$1" "$server"
	fi
	wait "$server" || ended=$?
	[ $ended = 3 ]
	wait $curl_pid || curl_status=$?
	[ $curl_status = 56 ]
	grep -q 'reset by peer' "$dir/curl"
	[ "$(stat -c %s "$dir/slow")" -lt 9000000 ]
	cat "$server_log"
	[ "$(grep -cE 'cut off 1 connection, with [0-9]+ bytes unsent and [0-9]+ not acknowledged$' "$server_log")" = 1 ]
	nothing_left
}

client() {
	new_tap
	(
		timeout -k 5 "$limit" ip netns exec "$ns" "$app/thole-nc" --address "$thole/24" "${small[@]}" \
			--set stack.arp_retry=60min "10.99.$taps.77" 5999 -- --no-huge "--vdev=net_tap0,iface=$tap" \
			< <(sleep 200) 2>"$dir/nc" &
		echo $! >"$dir/pid"
		got=0
		wait $! || got=$?
		echo $got >"$dir/status"
	) &
	within "$limit" test -s "$dir/pid"
	kernel_up
	kill "$(cat "$dir/pid")"
	within "$limit" test -s "$dir/status"
	cat "$dir/status" "$dir/nc"
	[ "$(cat "$dir/status")" = 3 ]
	grep -q 'cut off 1 connection, with 0 bytes unsent' "$dir/nc"
	nothing_left
}

# A client that is connected sends what it has read, and takes what its peer still has to say.
client_with_a_peer() {
	local status=0
	new_tap
	peer python3 - "$tap" >"$dir/peer" 2>&1 <<-'END' &
		import socket
		s = socket.socket()
		s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		s.bind(("", 5998))
		s.listen()
		c, _ = s.accept()
		got = b""
		while True:
		    part = c.recv(1 << 16)
		    got += part
		    if not part:
		        break
		c.sendall(b"last words")
		print(len(got), flush=True)
	END
	peer_pid=$!
	within "$limit" eval "in_ns ss -ltn | grep -q ':5998 '"
	kernel_up &
	timeout -k 20 "$limit" ip netns exec "$ns" "$app/thole-nc" --address "$thole/24" \
		"${small[@]}" "$kernel" 5998 -- --no-huge "--vdev=net_tap0,iface=$tap" \
		< <(head -c 100000 /dev/zero && sleep 200) >"$dir/said" 2>"$dir/nc" &
	nc_pid=$!
	within "$limit" eval "in_ns ss -tn state established | grep -q ':5998 '"
	within "$limit" eval "in_ns ss -tin state established '( sport = :5998 )' | grep -q 'bytes_received:100000 '"
	kill $nc_pid
	wait $nc_pid || status=$?
	wait $peer_pid
	cat "$dir/peer" "$dir/said" "$dir/nc"
	[ $status = 3 ] # stdin had not ended
	[ "$(cat "$dir/peer")" = 100000 ]
	[ "$(cat "$dir/said")" = "last words" ]
	[ ! -s "$dir/nc" ]
	nothing_left
}

check "stop: SIGTERM: nothing is left" idle_server TERM
check "stop: SIGINT: nothing is left" idle_server INT
check "stop: connections that don't end are ended" busy_server
check "stop: an answer under way is finished" answer_under_way
own=()
check "stop: what isn't finished in time is cut off" cut_off 2s TERM
check "stop: a second signal cuts off at once" cut_off 60min INT TERM
own=(--app-core -- -l 0,1)
check "stop: also when the application has a core of its own" cut_off 2s TERM
check "stop: a client that is still connecting" client
check "stop: a client whose peer has more to say" client_with_a_peer
server_log=
