# SPDX-License-Identifier: BSD-3-Clause
# usage.sh: bad input gets one line that names it, status 1 or 2, and nothing is left behind.
. "$(dirname "$0")/lib.sh"

echo=$app/thole-echo
httpd=$app/thole-httpd
tap=(-- --no-huge "--vdev=net_tap0,iface=tap1")

left_over >"$dir/before"

bad() { # NAME STATUS TEXT COMMAND...
	check "usage: $1" fails "${@:2:2}" ip netns exec "$ns" "${@:4}"
}

printf '[tcp]\nmls = 30s\n' >"$dir/unknown.conf"
printf '[tcp]\nmsl = soon\n' >"$dir/value.conf"

bad "an unknown option" 2 --bogus "$echo" --bogus
bad "an unknown short option" 2 -z "$echo" -z
bad "an option without its value" 2 --port "$echo" --address 10.99.0.2/24 --port
bad "an argument too many" 2 more "$echo" --address 10.99.0.2/24 more "${tap[@]}"
bad "no address" 2 --address "$echo" "${tap[@]}"
bad "an address that doesn't parse" 2 10.99.0.256/24 "$echo" --address 10.99.0.256/24 "${tap[@]}"
bad "an address without prefix" 2 10.99.0.2 "$echo" --address 10.99.0.2/33 "${tap[@]}"
bad "a gateway that doesn't parse" 2 nowhere "$echo" --address 10.99.0.2/24 --gateway nowhere "${tap[@]}"
bad "a port out of range" 2 65536 "$echo" --address 10.99.0.2/24 --port 65536 "${tap[@]}"
bad "a port that is no number" 2 7x "$echo" --address 10.99.0.2/24 --port 7x "${tap[@]}"
bad "a port twice" 1 "port 7" "$echo" --address 10.99.0.2/24 --port 7 --port 7 "${tap[@]}"
bad "a configuration file that isn't there" 2 "$dir/missing.conf" "$echo" --config "$dir/missing.conf"
bad "an unknown key in a configuration file" 2 mls "$echo" --config "$dir/unknown.conf"
bad "a bad value in a configuration file" 2 soon "$echo" --config "$dir/value.conf"
bad "an unknown setting" 2 "[tcp] mls" "$echo" --set tcp.mls=3s
bad "a setting without value" 2 tcp.msl "$echo" --set tcp.msl
bad "a root that isn't there" 2 "$dir/missing" "$httpd" --root "$dir/missing"
bad "a root that is a file" 2 "$dir/value.conf" "$httpd" --root "$dir/value.conf"
bad "no such device" 1 net_nothing0 "$echo" --address 10.99.0.2/24 --device net_nothing0 "${tap[@]}"
bad "no device at all" 1 --vdev "$echo" --address 10.99.0.2/24 -- --no-huge
bad "a driver that doesn't exist" 1 net_nothing0 "$echo" --address 10.99.0.2/24 -- --no-huge --vdev=net_nothing0
bad "an EAL option that doesn't exist" 1 "--bogus" "$echo" --address 10.99.0.2/24 -- --no-huge --bogus
bad "too little memory" 1 "" "$echo" --address 10.99.0.2/24 --set port.pool_mbufs=1000000 -- --no-huge -m 64 \
	--vdev=net_tap0,iface=tap1
bad "one lcore and --app-core" 2 "-l 0,1" "$echo" --app-core --address 10.99.0.2/24 -- --no-huge -l 0 \
	--vdev=net_tap0,iface=tap1
bad "a client without a port" 2 PORT "$app/thole-nc" --address 10.99.0.2/24 10.99.0.1 "${tap[@]}"
bad "a client's address that doesn't parse" 2 ten "$app/thole-nc" --address 10.99.0.2/24 ten 80 "${tap[@]}"

helps() {
	local program
	for program in thole-echo thole-httpd thole-nc; do
		"$app/$program" --help | grep -q '^usage: '
		"$app/$program" --version | grep -qE "^$program [0-9]"
	done
}

nothing_left() {
	diff "$dir/before" <(left_over)
	in_ns ip -o link show
	[ "$(in_ns ip -o link show | wc -l)" = 1 ]
}

check "usage: --help and --version" helps
check "usage: nothing is left of all that" nothing_left
