# SPDX-License-Identifier: BSD-3-Clause
# httpd.sh: curl and hand-written requests against thole-httpd.
. "$(dirname "$0")/lib.sh"

mkdir "$dir/root" "$dir/root/sub" "$dir/root/empty"
random_file root/10m.bin 10485760
random_file root/64k.bin 65536
echo '<p>index</p>' >"$dir/root/index.html"
echo 'sub' >"$dir/root/sub/index.html"
: >"$dir/root/nothing.txt"
echo secret >"$dir/secret"
ln -s ../secret "$dir/root/out"
truncate -s 1G "$dir/root/1g.bin"

get() { # curl on a path, with options before it
	peer curl -sS --max-time "$limit" "${@:1:$#-1}" "http://$thole${*: -1}"
}

ten_mib() {
	get -o "$dir/10m" /10m.bin
	cmp "$dir/10m" "$dir/root/10m.bin"
}

# Sent as credit allows, not read into memory: the sparse file would not fit the pool.
one_gib() {
	[ "$(get -o /dev/null -w '%{size_download}' /1g.bin)" = 1073741824 ]
}

parallel() {
	local expected
	expected=$(sum "$dir/root/64k.bin")
	seq 200 | peer xargs -P 200 -I{} curl -sS --max-time "$limit" -o "$dir/p{}" "http://$thole/64k.bin"
	[ "$(cat "$dir"/p[0-9]* | wc -c)" = $((200 * 65536)) ]
	sha256sum "$dir"/p[0-9]* >"$dir/sums"
	[ "$(grep -c "^$expected" "$dir/sums")" = 200 ]
	rm "$dir"/p[0-9]*
}

parallel_in_one() { # curl -Z: 200 transfers at once from one process
	local i
	for i in $(seq 200); do
		printf 'url = "http://%s/64k.bin"\noutput = "%s"\n' "$thole" "$dir/z$i"
	done >"$dir/urls"
	peer curl -sS --max-time "$limit" -Z --parallel-max 200 --parallel-immediate -K "$dir/urls"
	[ "$(cat "$dir"/z* | wc -c)" = $((200 * 65536)) ]
	rm "$dir"/z*
}

headers() {
	get -D "$dir/headers" -o /dev/null /index.html
	cat "$dir/headers"
	grep -q '^HTTP/1.1 200 OK' "$dir/headers"
	grep -q '^Content-Length: 13' "$dir/headers"
	grep -q '^Content-Type: text/html' "$dir/headers"
	grep -qE '^Date: (Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT' "$dir/headers"
	grep -q '^Last-Modified: ' "$dir/headers"
}

head_only() {
	get -I /10m.bin >"$dir/head"
	grep -q '^Content-Length: 10485760' "$dir/head"
	[ "$(get -I -o /dev/null -w '%{size_download}' /10m.bin)" = 0 ]
}

directories() {
	[ "$(get /)" = '<p>index</p>' ]
	[ "$(get /sub)" = sub ]
	[ "$(get /sub/)" = sub ]
	[ "$(get -o /dev/null -w '%{http_code}' /empty/)" = 404 ]
	[ "$(get -o /dev/null -w '%{http_code}:%{size_download}' /nothing.txt)" = 200:0 ]
}

kept_alive() {
	[ "$(get -w '%{num_connects} ' -o /dev/null -o /dev/null -o /dev/null "http://$thole/" "http://$thole/sub" /)" = "1 0 0 " ]
}

status() { # STATUS CURL-OPTIONS... PATH
	local got
	got=$(get --path-as-is -o /dev/null -w '%{http_code}' "${@:2}")
	[ "$got" = "$1" ] || { echo "$* gave $got"; return 1; }
}

statuses() {
	local long
	long=$(head -c 5000 /dev/zero | tr '\0' a)
	status 200 /
	status 404 /missing
	status 404 /index.html/x
	status 405 -X POST -d x=y /
	status 405 -X DELETE /index.html
	status 501 -X BREW /
	status 403 /out
	status 403 /../secret
	status 403 /sub/../../secret
	status 403 /%2e%2e/secret
	status 400 /%zz
	status 414 "/$long"
	status 431 -H "A: $long" -H "B: $long" /
}

# raw NAME REQUEST: sends it, half-closes, and leaves the answer in a file.
raw() {
	printf %b "$2" | peer nc -N -w 60 "$thole" 80 >"$dir/$1"
	head -c 300 "$dir/$1"
}

raw_requests() {
	raw version 'GET / HTTP/3.0\r\nHost: a\r\n\r\n'
	grep -q '^HTTP/1.1 505 ' "$dir/version"
	raw nohost 'GET / HTTP/1.1\r\n\r\n'
	grep -q '^HTTP/1.1 400 ' "$dir/nohost"
	raw hosts 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'
	grep -q '^HTTP/1.1 400 ' "$dir/hosts"
	raw garbage '\001\002\003\r\n\r\n'
	grep -q '^HTTP/1.1 400 ' "$dir/garbage"
	raw old 'GET / HTTP/1.0\r\n\r\n'
	grep -q '^HTTP/1.1 200 ' "$dir/old"
	grep -q '^Connection: close' "$dir/old"
}

pipelined() {
	raw three 'GET / HTTP/1.1\r\nHost: a\r\n\r\nHEAD /10m.bin HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /sub HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nskipGET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n'
	[ "$(grep -ac '^HTTP/1.1 200 ' "$dir/three")" = 3 ]
	[ "$(grep -ac '^HTTP/1.1 404 ' "$dir/three")" = 1 ]
	[ "$(grep -ac '^HTTP' "$dir/three")" = 4 ]
}

byte_by_byte() {
	peer python3 - "$thole" <<-'END'
		import socket, sys, time
		s = socket.create_connection((sys.argv[1], 80), 60)
		s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
		for c in b"GET /sub HTTP/1.1\r\nHost: a\r\n\r\n":
		    s.send(bytes([c]))
		    time.sleep(0.002)
		answer = s.recv(4000)
		assert answer.startswith(b"HTTP/1.1 200"), answer
		s.close()
	END
}

# With --idle 1 the server closes what isn't used, and in an orderly way.
idle() {
	peer python3 - "$thole" <<-'END'
		import socket, sys, time
		start = time.monotonic()
		s = socket.create_connection((sys.argv[1], 80), 60)
		assert s.recv(100) == b""
		assert time.monotonic() - start > 0.9
	END
}

late_request() {
	peer python3 - "$thole" <<-'END'
		import socket, sys
		s = socket.create_connection((sys.argv[1], 80), 60)
		s.sendall(b"GET / HTTP/1.1\r\n")
		answer = s.recv(4000)
		assert answer.startswith(b"HTTP/1.1 408"), answer
	END
}

# Of its own: who isn't scheduled for a second looks idle.
serve thole-httpd --root "$dir/root" --idle 1
check "httpd: an idle connection is closed" idle
check "httpd: a request that doesn't end gets 408" late_request
end_server
serve thole-httpd --root "$dir/root"
check "httpd: 10 MiB arrive byte for byte" ten_mib
check "httpd: 1 GiB arrives through a small pool" one_gib
check "httpd: 200 curls at once" parallel
check "httpd: 200 transfers at once by one curl" parallel_in_one
check "httpd: the fields of an answer" headers
check "httpd: HEAD has the fields and no content" head_only
check "httpd: directories and an empty file" directories
check "httpd: one connection serves several requests" kept_alive
check "httpd: statuses of good and bad requests" statuses
check "httpd: bad versions, no Host, garbage, HTTP/1.0" raw_requests
check "httpd: pipelined requests are answered in order" pipelined
check "httpd: a request that comes byte by byte" byte_by_byte
end_server
status=$?
check "httpd: ends with status 0 on SIGTERM" [ $status = 0 ]
