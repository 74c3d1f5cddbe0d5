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
bad "a device that doesn't come up" 1 /no/such.pcap "$echo" --address 10.99.0.2/24 -- --no-huge \
	--vdev=net_pcap0,rx_pcap=/no/such.pcap,tx_pcap=/dev/null
bad "a tap without the right to make one" 1 CAP_NET_ADMIN setpriv --bounding-set -net_admin \
	--inh-caps -net_admin "$echo" --address 10.99.0.2/24 "${tap[@]}"
bad "an MTU that the device can't have" 1 9000 "$echo" --address 10.99.0.2/24 --set port.mtu=9000 "${tap[@]}"
bad "more queues than workers" 2 port.queues "$echo" --address 10.99.0.2/24 --set port.queues=2 "${tap[@]}"
bad "more workers than lcores" 2 "-l 0-1" "$echo" --address 10.99.0.2/24 --set port.workers=2 -- --no-huge -l 0 \
	--vdev=net_tap0,iface=tap1
bad "several workers and --app-core" 2 port.workers "$echo" --app-core --address 10.99.0.2/24 --set port.workers=2 \
	"${tap[@]}"
bad "several workers for a client" 2 port.workers "$app/thole-nc" --address 10.99.0.2/24 --set port.workers=2 10.99.0.1 \
	80 "${tap[@]}"
bad "a queue without a worker" 2 worker.queue "$httpd" --address 10.99.0.2/24 --set worker.queue=1 "${tap[@]}"
bad "a gateway on no link" 1 gateway "$echo" --address 10.99.0.2/24 --gateway 10.98.0.1 "${tap[@]}"
bad "a gateway that is us" 1 gateway "$echo" --address 10.99.0.2/24 --gateway 10.99.0.2 "${tap[@]}"
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

# The first goes on while the second is refused, and after.
tap_in_use() {
	local i
	for i in 1 2; do
		[ "$(echo before | peer nc -N "$thole" 7)" = before ]
		fails 1 "$tap is in use" ip netns exec "$ns" "$httpd" --address "$thole/24" "${small[@]}" \
			-- --no-huge "--vdev=net_tap0,iface=$tap"
		[ "$(echo after | peer nc -N "$thole" 7)" = after ]
	done
}

# EAL's options of the command line go over those of the file.
options_over_file() {
	new_tap
	printf '[eal]\nargs = --no-huge -m 64 -l 0 --file-prefix=none --vdev=net_tap0,iface=%s\n' "$tap" >"$dir/one.conf"
	timeout -k 5 -s INT "$limit" ip netns exec "$ns" "$echo" --config "$dir/one.conf" --address "$thole/24" "${small[@]}" \
		--app-core -- -l 0,1 -m 128 --file-prefix "thole-$BASHPID" >"$dir/over" 2>&1 &
	server=$!
	kernel_up
	within "$limit" grep -q listening "$dir/over" || cat "$dir/over"
	[ "$(echo over | peer nc -N "$thole" 7)" = over ]
	end_server
}

check "usage: --help and --version" helps
check "usage: EAL options go over the file's" options_over_file
serve thole-echo
check "usage: a tap that another process has" tap_in_use
end_server >/dev/null 2>&1
server_log=
check "usage: nothing is left of all that" nothing_left
