# SPDX-License-Identifier: BSD-3-Clause
# echo.sh: the kernel connects to thole-echo.
. "$(dirname "$0")/lib.sh"

answers_ping() {
	peer ping -c 3 -i 0.2 -W 30 "$thole"
}

echoes_a_line() {
	[ "$(echo hello | peer nc -N "$thole" 7)" = hello ]
}

# nc -N sends its FIN at the end of stdin; what is still under way comes back before thole's FIN.
half_close() {
	random_file half 300000
	[ "$(peer nc -N "$thole" 7 <"$dir/half" | sum)" = "$(sum "$dir/half")" ]
}

echoes_64_mib() {
	random_file big 67108864
	[ "$(peer nc -N "$thole" 7 <"$dir/big" | sum)" = "$(sum "$dir/big")" ]
	rm "$dir/big"
}

# A peer that writes and doesn't read: thole's window closes, and nothing is lost when it reads again.
slow_reader() {
	random_file slow 4000000
	[ "$(peer nc -N "$thole" 7 <"$dir/slow" | (sleep 2 && sum))" = "$(sum "$dir/slow")" ]
}

many_at_once() {
	random_file many 50000
	local expected i
	expected=$(sum "$dir/many")
	export thole dir
	seq 100 | peer xargs -P 50 -I{} sh -c "nc -N $thole 7 <$dir/many | sha256sum" >"$dir/sums"
	[ "$(grep -c "^$expected" "$dir/sums")" = 100 ]
}

refuses() {
	peer nc -v -N -w 60 "$thole" 9 </dev/null 2>"$dir/refused" && return 1
	cat "$dir/refused"
	grep -q refused "$dir/refused"
}

goes_on_after_a_reset() {
	peer python3 - "$thole" <<-'END'
		import socket, struct, sys
		for i in range(20):
		    s = socket.create_connection((sys.argv[1], 7), 60)
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		    s.sendall(b"x" * 10000)
		    s.close()
	END
	echoes_a_line
}

# A tap that is moved away from the process that made it: the driver's ioctls fail, its packets don't.
moved_tap() {
	ip netns add "$ns-2"
	serve thole-echo
	ip -n "$ns" link set "$tap" netns "$ns-2"
	ip -n "$ns-2" addr add "$kernel/24" dev "$tap"
	ip -n "$ns-2" link set "$tap" up
	random_file moved 1000000
	[ "$(ip netns exec "$ns-2" timeout 20 nc -N "$thole" 7 <"$dir/moved" | sum)" = "$(sum "$dir/moved")" ]
	end_server
	[ "$(ip -n "$ns-2" -o link show | grep -c "$tap")" = 0 ]
}

serve thole-echo
check "echo: answers ping" answers_ping
check "echo: sends a line back" echoes_a_line
check "echo: half-close: all comes back after the peer's FIN" half_close
check "echo: 64 MiB of random bytes come back" echoes_64_mib
check "echo: a peer that doesn't read for a while loses nothing" slow_reader
check "echo: 100 connections, 50 at once" many_at_once
check "echo: a port where nobody listens refuses" refuses
check "echo: goes on after resets" goes_on_after_a_reset
end_server
status=$?
check "echo: ends with status 0 on SIGTERM" [ $status = 0 ]
check "echo: over a tap that is moved to another namespace" moved_tap
ip netns del "$ns-2"
