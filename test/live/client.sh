# SPDX-License-Identifier: BSD-3-Clause
# client.sh: thole-nc connects to the kernel, and to those who don't answer.
. "$(dirname "$0")/lib.sh"

both_ways() {
	random_file up 1000000
	random_file down 3000000
	new_tap
	listen 5001 "$dir/down" "$dir/got-up"
	connect "$kernel" 5001 <"$dir/up" >"$dir/got-down"
	wait "$listener"
	cmp "$dir/up" "$dir/got-up"
	cmp "$dir/down" "$dir/got-down"
}

# We close our direction first and go on reading: FIN-WAIT-2.
our_half_close() {
	random_file down 2000000
	new_tap
	listen 5002 "$dir/down" "$dir/got-up"
	connect "$kernel" 5002 </dev/null >"$dir/got-down"
	wait "$listener"
	[ ! -s "$dir/got-up" ]
	cmp "$dir/down" "$dir/got-down"
}

# The peer closes its direction first and goes on reading: CLOSE-WAIT.
their_half_close() {
	random_file up 200000
	new_tap
	listen 5003 /dev/null "$dir/got-up"
	(sleep 1.5 && cat "$dir/up") | connect "$kernel" 5003 >"$dir/got-down"
	wait "$listener"
	[ ! -s "$dir/got-down" ]
	cmp "$dir/up" "$dir/got-up"
}

refused() {
	new_tap
	connect "$kernel" 5999 </dev/null 2>"$dir/err" && return 1
	cat "$dir/err"
	grep -q 'Connection refused' "$dir/err"
}

dead_host() {
	new_tap
	connect "10.99.$taps.77" 5999 </dev/null 2>"$dir/err" && return 1
	cat "$dir/err"
	grep -q 'No route to host' "$dir/err"
}

# The kernel doesn't forward: SYNs to another network vanish there.
dropped_by_gateway() {
	local start=$SECONDS # 3 s, and no less; 180 if nobody says; a machine may stand meanwhile
	new_tap
	connect 10.98.0.1 5999 --gateway "$kernel" --set tcp.syn_give_up=3s </dev/null 2>"$dir/err" && return 1
	cat "$dir/err"
	grep -q 'Connection timed out' "$dir/err"
	[ $((SECONDS - start)) -ge 2 ]
	[ $((SECONDS - start)) -le 120 ]
}

no_route() {
	new_tap
	connect 10.98.0.1 5999 </dev/null 2>"$dir/err" && return 1
	cat "$dir/err"
	grep -q 'Network is unreachable' "$dir/err"
}

check "client: data both ways at once" both_ways
check "client: we half-close, the kernel goes on" our_half_close
check "client: the kernel half-closes, we go on" their_half_close
check "client: a closed port refuses" refused
check "client: a dead host on the link is unreachable" dead_host
check "client: a gateway that drops: timed out" dropped_by_gateway
check "client: another network without a gateway is unreachable" no_route
