# SPDX-License-Identifier: BSD-3-Clause
# single.sh: examples/l2fwd.c over devices that take packets of one mbuf each, and its bytes behind it: sockets of
# AF_XDP. What it sends of its own begins in mbufs that refer to others.
. "$(dirname "$0")/lib.sh"

left=$ns-left
right=$ns-right
page=10.97.0.9
fetchers=8
each=20
eal=(-l 0 --no-huge -m 64 --no-pci --no-telemetry --log-level=4 "--file-prefix=thole-$$")
trap 'leave; rm -rf "/var/run/dpdk/thole-$$"' EXIT # EAL leaves it behind

at() { # NAMESPACE COMMAND...: one in a namespace, bounded in time
	timeout -k 5 "$limit" ip netns exec "$@"
}

new_side() { # NAMESPACE LINK ADDRESS: it gets the other end of a link
	ip netns add "$1"
	spaces+=("$1")
	at "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
	ip -n "$ns" link add "$2" type veth peer name end netns "$1"
	ip -n "$1" addr add "$3/24" dev end
	at "$1" ethtool -K end tx off >/dev/null # AF_XDP doesn't say which checksums are still to be made
	ip -n "$1" link set end up
	ip -n "$ns" link set "$2" up
}

has_af_xdp() {
	python3 -c 'import socket; socket.socket(44, socket.SOCK_RAW).close()' 2>/dev/null
}

start() {
	server_log=$dir/l2fwd.log
	timeout -k 5 $((limit + 20)) ip netns exec "$ns" "$THOLE_BUILD/examples/example-l2fwd" "${eal[@]}" \
		--vdev=net_af_xdp0,iface=xdp1 --vdev=net_af_xdp1,iface=xdp2 -- "$page/24" >"$server_log" 2>&1 &
	pids+=($!)
	within 10 grep -q "is ours" "$server_log"
}

bad_sums() { # NAMESPACE: segments with one
	# shellcheck disable=SC2016
	at "$1" awk '$1 == "Tcp:" { print $NF }' /proc/net/snmp | tail -n 1
}

# The more are fetched at once, the further apart are an mbuf and the bytes that it refers to.
pages() {
	# shellcheck disable=SC2016
	at "$left" bash -c 'for i in $(seq "$0"); do
		for k in $(seq "$1"); do
			curl -sS --max-time 30 "http://$3/" >"$2/page$i-$k" || exit 1
		done &
	done
	wait' "$fetchers" "$each" "$dir" "$page"
	echo "whole: $(cat "$dir"/page*-* | grep -c '^mbufs_held ') of $((fetchers * each)) pages"
	echo "with a bad checksum: $(bad_sums "$left") segments"
	[ "$(cat "$dir"/page*-* | grep -c '^mbufs_held ')" = $((fetchers * each)) ]
	[ "$(bad_sums "$left")" = 0 ]
}

name="single: pages over devices that take one mbuf a packet"
if ! has_af_xdp; then
	echo "ok - $name # SKIP this kernel has no AF_XDP (CONFIG_XDP_SOCKETS)"
	exit
fi
new_side "$left" xdp1 10.97.0.1
new_side "$right" xdp2 10.97.0.2
if start; then
	check "$name" pages
elif grep -q "failed to parse device" "$server_log"; then
	echo "ok - $name # SKIP DPDK has no net_af_xdp"
else
	echo "not ok - $name"
	sed 's/^/# /' "$server_log"
fi
