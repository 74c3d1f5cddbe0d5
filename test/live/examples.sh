# SPDX-License-Identifier: BSD-3-Clause
# examples.sh: the programs of examples/ against the kernel's TCP; embed.sh has the L2 forwarder.
. "$(dirname "$0")/lib.sh"

fetch=$THOLE_BUILD/examples/example-fetch

# start NAME ARGUMENTS...: an example that listens, on a tap of its own. Its exit status is written down:
# checks can't wait for it.
start() {
	local name=$1

	shift
	new_tap
	server_log=$dir/$name-$taps.log
	rm -f "$dir/status"
	(
		status=0
		timeout -k 5 $((2 * limit)) ip netns exec "$ns" "$THOLE_BUILD/examples/example-$name" "$thole/24" "$@" --no-huge \
			"--vdev=net_tap0,iface=$tap" >"$server_log" 2>&1 || status=$?
		echo $status >"$dir/status"
	) &
	pids+=($!)
	if ! kernel_up || ! within "$limit" grep -q listening "$server_log"; then
		echo "not ok - examples: $name starts"
		sed 's/^/# /' "$server_log"
		exit 1
	fi
}

# signal NAME: SIGTERM to it.
signal() {
	local comm=example-$1 pid

	for pid in $(ip netns pids "$ns"); do
		[ "$(cat "/proc/$pid/comm")" != "${comm:0:15}" ] || kill -TERM "$pid"
	done
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
		s = socket.create_connection((sys.argv[1], 7), 60)
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
		s.settimeout(60)
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

# Two are connected when the signal comes: one has all that it sends back, and after that nobody is taken; the other,
# which doesn't end, is reset by a second signal.
stops() {
	local stays finishes

	: >"$dir/said"
	rm -f "$dir/go"
	peer python3 - "$thole" <<-'END' >"$dir/said" &
		import socket, sys
		s = socket.create_connection((sys.argv[1], 7), 60)
		s.settimeout(60)
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
	stays=$!
	echoed_late >"$dir/late" &
	finishes=$!
	within "$limit" grep -q connected "$dir/said"
	within "$limit" grep -q connected "$dir/late"
	signal echo-rings
	within "$limit" refuses
	touch "$dir/go"
	wait $finishes
	grep -q whole "$dir/late"
	[ ! -s "$dir/status" ]
	signal echo-rings
	within "$limit" [ -s "$dir/status" ]
	wait $stays
	cat "$dir/said" "$server_log"
	[ "$(cat "$dir/status")" = 0 ]
	grep -q reset "$dir/said"
	grep -q '5[4-9] connections' "$server_log"
	grep -q 'echo-rings: 1 connections cut off' "$server_log"
}

# Each is greeted by a server and gets back what it sent, which it sends before it hears anything.
spread() {
	peer python3 - "$thole" <<-'END'
		import collections, os, socket, sys, threading
		served = collections.Counter()
		failed = []
		def talk(i):
		    try:
		        data = os.urandom(1 + 3000 * i)
		        with socket.create_connection((sys.argv[1], 7), 60) as s:
		            s.settimeout(60)
		            def write():
		                s.sendall(data)
		                s.shutdown(socket.SHUT_WR)
		            writer = threading.Thread(target=write)
		            writer.start()
		            back = bytearray()
		            while piece := s.recv(1 << 16):
		                back += piece
		            writer.join()
		        line, _, rest = bytes(back).partition(b"\n")
		        served[line] += 1
		        assert rest == data, (i, len(rest), len(data))
		    except Exception as e:
		        failed.append(repr(e))
		threads = [threading.Thread(target=talk, args=(i,)) for i in range(100)]
		for t in threads:
		    t.start()
		for t in threads:
		    t.join()
		print(served, failed)
		assert not failed
		assert sorted(served) == [b"server 1", b"server 2"]
		assert sum(served.values()) == 100 and min(served.values()) >= 40
	END
}

# More than fits into windows and buffers: the server holds it and says RECEIVED later.
one_stream_served() {
	peer nc -N "$thole" 7 <"$dir/16m" >"$dir/back"
	head -n 1 "$dir/back" | grep -q '^server [12]$'
	tail -c +10 "$dir/back" | cmp - "$dir/16m"
}

# At SIGTERM one connection has more to say, and is served to its end; nobody new is taken.
drains() {
	: >"$dir/said"
	peer python3 - "$thole" "$dir/go" <<-'END' >"$dir/said" &
		import os, socket, sys, time
		s = socket.create_connection((sys.argv[1], 7), 60)
		s.settimeout(60)
		assert s.recv(100).startswith(b"server ")
		print("connected", flush=True)
		while not os.path.exists(sys.argv[2]):
		    time.sleep(0.02)
		# Refused, once the server has heard of the signal.
		until = time.monotonic() + 60
		while time.monotonic() < until:
		    try:
		        socket.create_connection((sys.argv[1], 7), 60).close()
		        time.sleep(0.02)
		    except OSError:
		        break
		else:
		    print("taken")
		s.sendall(b"last words")
		s.shutdown(socket.SHUT_WR)
		back = b""
		while piece := s.recv(100):
		    back += piece
		print(back.decode())
	END
	local client=$!
	within "$limit" grep -q connected "$dir/said"
	signal acceptor
	touch "$dir/go"
	within "$limit" [ -s "$dir/status" ]
	wait $client
	cat "$dir/said" "$server_log"
	[ "$(cat "$dir/status")" = 0 ]
	grep -qx 'last words' "$dir/said"
	[ "$(grep -c taken "$dir/said")" = 0 ]
	[ "$(grep -c 'server [12]: [1-9][0-9]* connections' "$server_log")" = 2 ]
	[ "$(grep -c 'cut off' "$server_log")" = 0 ]
}

# Who doesn't finish is reset at the deadline.
cuts() {
	: >"$dir/said"
	peer python3 - "$thole" <<-'END' >"$dir/said" &
		import socket, sys
		s = socket.create_connection((sys.argv[1], 7), 60)
		s.settimeout(60)
		assert s.recv(100).startswith(b"server ")
		print("connected", flush=True)
		try:
		    s.recv(1)
		except ConnectionResetError:
		    print("reset")
	END
	local client=$!
	within "$limit" grep -q connected "$dir/said"
	signal acceptor
	within "$limit" [ -s "$dir/status" ]
	wait $client
	cat "$dir/said" "$server_log"
	[ "$(cat "$dir/status")" = 0 ]
	grep -q reset "$dir/said"
	grep -q '1 connections cut off' "$server_log"
}

# start_proxy PORT: of the kernel's.
start_proxy() {
	taps=$((taps + 1)) # as start will
	kernel=10.99.$taps.1
	taps=$((taps - 1))
	start proxy "$kernel" "$1" -l 0
}

# What is behind the proxy. The first byte says what a connection is to do; it ends after the client's FIN.
start_target() {
	cat >"$dir/target.py" <<-'END'
		import hashlib, socket, struct, sys, threading
		def echo(c):
		    while piece := c.recv(1 << 16):
		        c.sendall(piece)
		# Sends all of a file while it reads; then what it read.
		def bulk(c):
		    writer = threading.Thread(target=lambda: c.sendall(open(sys.argv[1] + "/16m", "rb").read()))
		    writer.start()
		    digest = hashlib.sha256()
		    while piece := c.recv(1 << 16):
		        digest.update(piece)
		    writer.join()
		    c.sendall(digest.digest())
		def reset(c):
		    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		# FIN first, then it hears.
		def shut(c):
		    c.sendall(b"bye")
		    c.shutdown(socket.SHUT_WR)
		    say(c, "after FIN: ")
		def say(c, what=""):
		    try:
		        data = b""
		        while piece := c.recv(1 << 16):
		            data += piece
		        what += "%d bytes" % len(data)
		    except ConnectionResetError:
		        what += "reset"
		    print(what, flush=True)
		def wait(c):
		    c.sendall(b".")
		    say(c)
		what = {b"e": echo, b"b": bulk, b"r": reset, b"s": shut, b"w": wait}
		def serve(c):
		    with c:
		        what[c.recv(1)](c)
		s = socket.create_server(("0.0.0.0", 9000), backlog=200)
		while True:
		    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
	END
	in_ns timeout $((2 * limit)) python3 "$dir/target.py" "$dir" >"$dir/target.log" 2>&1 &
	pids+=($!)
	within "$limit" eval "in_ns ss -ltn | grep -q ':9000 '"
}

# proxied: a client through the proxy; s is connected, the rest of the script is stdin.
proxied() {
	{
		cat <<-'END'
			import hashlib, os, socket, struct, sys, threading
			def connect():
			    s = socket.create_connection((sys.argv[1], 8080), 60)
			    s.settimeout(60)
			    return s
			def rest(s):
			    data = bytearray()
			    while piece := s.recv(1 << 16):
			        data += piece
			    return bytes(data)
			def write(s, data):
			    s.sendall(data)
			    s.shutdown(socket.SHUT_WR)
			s = connect()
		END
		cat
	} | peer python3 - "$thole" "$dir"
}

both_ways() {
	proxied <<-'END'
		data = os.urandom(1 << 20) * 16
		writer = threading.Thread(target=write, args=(s, b"b" + data))
		writer.start()
		back = rest(s)
		writer.join()
		assert back[:-32] == open(sys.argv[2] + "/16m", "rb").read()
		assert back[-32:] == hashlib.sha256(data).digest()
	END
}

half_closes() {
	proxied <<-'END'
		write(s, b"efrom the client")
		assert rest(s) == b"from the client"
		s = connect()
		s.sendall(b"s")
		assert rest(s) == b"bye"
		write(s, b"still here")
	END
	within "$limit" grep -qx 'after FIN: 10 bytes' "$dir/target.log"
}

# It writes until it may no more: less than it would, and nothing of it is lost.
backs_up() {
	proxied <<-'END'
		data = os.urandom(1 << 20) * 32
		s.sendall(b"e")
		s.settimeout(1)
		sent = 0
		try:
		    while sent < len(data):
		        sent += s.send(data[sent : sent + 65536])
		except TimeoutError:
		    pass
		print("stuck after", sent)
		assert sent < len(data)
		s.settimeout(60)
		writer = threading.Thread(target=write, args=(s, data[sent:]))
		writer.start()
		back = rest(s)
		writer.join()
		assert back == data
	END
}

many_proxied() {
	proxied <<-'END'
		failed = []
		def talk(i):
		    try:
		        data = os.urandom(1 + 3000 * i)
		        with connect() as s:
		            writer = threading.Thread(target=write, args=(s, b"e" + data))
		            writer.start()
		            assert rest(s) == data
		            writer.join()
		    except Exception as e:
		        failed.append((i, repr(e)))
		threads = [threading.Thread(target=talk, args=(i,)) for i in range(100)]
		for t in threads:
		    t.start()
		for t in threads:
		    t.join()
		print(failed)
		assert not failed
	END
}

resets() {
	proxied <<-'END'
		s.sendall(b"r")
		try:
		    s.recv(1)
		    raise SystemExit("no reset from the target")
		except ConnectionResetError:
		    pass
		s = connect()
		s.sendall(b"w" + b"x" * 1000)
		assert s.recv(1) == b"." # the target's is open
		s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		s.close()
	END
	within "$limit" grep -qx reset "$dir/target.log"
}

# At SIGTERM one is under way, and finishes.
proxy_ends() {
	: >"$dir/said"
	proxied <<-'END' >"$dir/said" &
		import time
		s.sendall(b"eone")
		assert s.recv(3, socket.MSG_WAITALL) == b"one"
		print("connected", flush=True)
		while not os.path.exists(sys.argv[2] + "/proceed"):
		    time.sleep(0.02)
		write(s, b"last words")
		print(rest(s).decode())
	END
	local client=$!
	within "$limit" grep -q connected "$dir/said"
	signal proxy
	sleep 0.5
	touch "$dir/proceed"
	within "$limit" [ -s "$dir/status" ]
	wait $client
	cat "$dir/said" "$server_log"
	[ "$(cat "$dir/status")" = 0 ]
	grep -qx 'last words' "$dir/said"
	grep -q '[1-9][0-9]* connections, [1-9][0-9]* bytes to the target, [1-9][0-9]* from it' "$server_log"
	[ "$(grep -c 'cut off' "$server_log")" = 0 ]
}

# Nobody listens there. The reset may come before the client sees that it is connected.
target_refuses() {
	peer python3 - "$thole" <<-'END'
		import socket, sys
		try:
		    with socket.create_connection((sys.argv[1], 8080), 60) as s:
		        s.settimeout(60)
		        s.recv(1)
		    raise SystemExit("no reset")
		except ConnectionResetError:
		    pass
	END
	signal proxy
	within "$limit" [ -s "$dir/status" ]
	cat "$server_log"
	[ "$(cat "$dir/status")" = 0 ]
	grep -q '1 connections, 0 bytes to the target, 0 from it' "$server_log"
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
	within "$limit" eval "in_ns ss -ltn | grep -q ':8001 '"
}

random_file 16m $((16 << 20))
random_file 64k 65536
start echo-rings -l 0,1
check "examples: echo-rings sends 16 MiB back" one_stream
check "examples: echo-rings serves 50 at once" many_at_once
check "examples: echo-rings makes a peer wait that doesn't read, and loses nothing" late_reader
check "examples: echo-rings lets who is connected finish after a signal, and resets after a second" stops

start acceptor -l 0,1
check "examples: acceptor spreads 100 connections over two servers, each answered" spread
check "examples: acceptor's servers send 16 MiB back" one_stream_served
check "examples: acceptor drains at a signal: who is there finishes" drains
start acceptor -l 0,1
check "examples: acceptor resets at the deadline who doesn't finish" cuts

start_target
start_proxy 9000
check "examples: proxy passes 16 MiB both ways at once" both_ways
check "examples: proxy passes a half-close on, either way" half_closes
check "examples: proxy makes a peer wait whose data nobody takes, and loses nothing" backs_up
check "examples: proxy serves 100 at once" many_proxied
check "examples: proxy resets one side when the other is" resets
check "examples: proxy drains at a signal: who is there finishes" proxy_ends
start_proxy 9009
check "examples: proxy resets a client whose target refuses" target_refuses

peer python3 -m http.server --bind 0.0.0.0 --directory "$dir" 8000 >"$dir/http.log" 2>&1 &
pids+=($!)
within "$limit" eval "in_ns ss -ltn | grep -q ':8000 '"
taps=10 # names that no echo has
check "examples: fetch gets 16 MiB" fetches 16m
taps=11
check "examples: fetch says what isn't there" fetch_fails "HTTP/1.0 404" /nothing
taps=12
check "examples: fetch says that nobody listens" fetch_fails "can't connect: Connection refused" / 8009
taps=13
start_cheat
check "examples: fetch notices what is missing" fetch_fails "5 bytes of 100" / 8001
