# SPDX-License-Identifier: BSD-3-Clause
# examples.sh: the programs of examples/ against the kernel's TCP; embed.sh has the L2 forwarder.
. "$(dirname "$0")/lib.sh"

echo_rings=$THOLE_BUILD/examples/example-echo-rings
fetch=$THOLE_BUILD/examples/example-fetch

# start_echo: on a tap of its own. Its exit status is written down: checks can't wait for it.
start_echo() {
	new_tap
	server_log=$dir/echo-$taps.log
	rm -f "$dir/status"
	(
		status=0
		timeout -k 5 80 ip netns exec "$ns" "$echo_rings" "$thole/24" -l 0,1 --no-huge \
			"--vdev=net_tap0,iface=$tap" >"$server_log" 2>&1 || status=$?
		echo $status >"$dir/status"
	) &
	pids+=($!)
	if ! kernel_up || ! within 10 grep -q listening "$server_log"; then
		echo "not ok - examples: echo-rings starts"
		sed 's/^/# /' "$server_log"
		exit 1
	fi
}

one_stream() {
	peer nc -N "$thole" 7 <"$dir/16m" >"$dir/back"
	cmp "$dir/16m" "$dir/back"
}

many_at_once() {
	# shellcheck disable=SC2016
	seq 50 | peer xargs -P 50 -I{} sh -c 'nc -N "$1" 7 <"$2/64k" | cmp - "$2/64k"' sh "$thole" "$dir"
}

# It writes until it may no more, and only then reads.
late_reader() {
	peer python3 - "$thole" <<-'END'
		import os, socket, sys, threading
		s = socket.create_connection((sys.argv[1], 7), 10)
		data = os.urandom(1 << 20) * 32
		s.settimeout(1)
		sent = 0
		try:
		    while sent < len(data):
		        sent += s.send(data[sent : sent + 65536])
		except TimeoutError:
		    pass
		print("stuck after", sent)
		assert sent < len(data)
		s.settimeout(30)
		def rest():
		    s.sendall(data[sent:])
		    s.shutdown(socket.SHUT_WR)
		writer = threading.Thread(target=rest)
		writer.start()
		back = bytearray()
		while piece := s.recv(1 << 20):
		    back += piece
		writer.join()
		assert bytes(back) == data
	END
}

# One is connected when the signal comes, with data that it doesn't read: it is reset.
stops() {
	local client pid

	: >"$dir/said"
	peer python3 - "$thole" <<-'END' >"$dir/said" &
		import socket, sys
		s = socket.create_connection((sys.argv[1], 7), 10)
		s.settimeout(30)
		s.sendall(b"x" * 100000)
		s.recv(1)
		print("connected", flush=True)
		try:
		    while s.recv(65536):
		        pass
		    print("closed")
		except ConnectionResetError:
		    print("reset")
	END
	client=$!
	within 10 grep -q connected "$dir/said"
	for pid in $(ip netns pids "$ns"); do
		[ "$(cat "/proc/$pid/comm")" != example-echo-ri ] || kill -TERM "$pid"
	done
	within 20 [ -s "$dir/status" ]
	wait $client
	cat "$dir/said" "$server_log"
	[ "$(cat "$dir/status")" = 0 ]
	grep -q reset "$dir/said"
	grep -q '53 connections' "$server_log"
}

fetch_from() { # PATH [PORT]: from the kernel, on the tap that new_tap named
	kernel_up &
	timeout -k 5 "$limit" ip netns exec "$ns" "$fetch" "$thole/24" "$kernel" "${2:-8000}" "$1" -l 0 --no-huge \
		"--vdev=net_tap0,iface=$tap"
}

fetches() { # FILE
	new_tap
	fetch_from "/$1" >"$dir/got"
	cmp "$dir/$1" "$dir/got"
}

fetch_fails() { # TEXT PATH [PORT]
	local status=0

	new_tap
	fetch_from "$2" "${3:-8000}" >"$dir/got" 2>"$dir/err" || status=$?
	cat "$dir/err"
	[ $status = 1 ]
	[ "$(wc -l <"$dir/err")" = 1 ]
	grep -q "^fetch: $1" "$dir/err"
}

# Less than it promises.
start_cheat() {
	peer python3 - <<-'END' &
		import socket
		s = socket.create_server(("0.0.0.0", 8001))
		c, _ = s.accept()
		c.recv(4096)
		c.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nshort")
		c.close()
	END
	within 10 eval "in_ns ss -ltn | grep -q ':8001 '"
}

random_file 16m $((16 << 20))
random_file 64k 65536
start_echo
check "examples: echo-rings sends 16 MiB back" one_stream
check "examples: echo-rings serves 50 at once" many_at_once
check "examples: echo-rings makes a peer wait that doesn't read, and loses nothing" late_reader
check "examples: echo-rings stops at a signal and resets who is connected" stops

peer python3 -m http.server --bind 0.0.0.0 --directory "$dir" 8000 >"$dir/http.log" 2>&1 &
pids+=($!)
within 10 eval "in_ns ss -ltn | grep -q ':8000 '"
taps=10 # names that no echo has
check "examples: fetch gets 16 MiB" fetches 16m
taps=11
check "examples: fetch says what isn't there" fetch_fails "HTTP/1.0 404" /nothing
taps=12
check "examples: fetch says that nobody listens" fetch_fails "can't connect: Connection refused" / 8009
taps=13
start_cheat
check "examples: fetch notices what is missing" fetch_fails "5 bytes of 100" / 8001
