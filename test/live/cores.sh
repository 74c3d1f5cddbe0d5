# SPDX-License-Identifier: BSD-3-Clause
# cores.sh: the application on another lcore than the stack: the ring API's other form.
. "$(dirname "$0")/lib.sh"

if [ "$(nproc)" -lt 2 ]; then
	echo "ok - cores # SKIP needs two cores"
	exit 0
fi

mkdir "$dir/root"
random_file root/10m.bin 10485760
random_file 16m 16777216

echoes() {
	[ "$(peer nc -N "$thole" 7 <"$dir/16m" | sum)" = "$(sum "$dir/16m")" ]
}

many_echoes() {
	seq 100 | peer xargs -P 50 -I{} sh -c "echo hello-{} | nc -N $thole 7" | sort -u >"$dir/lines"
	[ "$(grep -c '^hello-' "$dir/lines")" = 100 ]
}

serves() {
	peer curl -sS --max-time "$limit" -o "$dir/got" "http://$thole/10m.bin"
	cmp "$dir/got" "$dir/root/10m.bin"
}

many_gets() {
	seq 50 | peer xargs -P 25 -I{} curl -sS --max-time "$limit" -o "$dir/p{}" "http://$thole/10m.bin"
	sha256sum "$dir"/p* | cut -d' ' -f1 | sort -u >"$dir/sums"
	rm "$dir"/p*
	[ "$(cat "$dir/sums")" = "$(sum "$dir/root/10m.bin")" ]
}

connects() {
	new_tap
	listen 5001 "$dir/root/10m.bin" "$dir/up"
	kernel_up &
	timeout -k 5 "$limit" ip netns exec "$ns" "$app/thole-nc" --app-core --address "$thole/24" "${small[@]}" \
		"$kernel" 5001 -- --no-huge -l 0,1 "--vdev=net_tap0,iface=$tap" <"$dir/16m" >"$dir/down"
	wait "$listener"
	cmp "$dir/up" "$dir/16m"
	cmp "$dir/down" "$dir/root/10m.bin"
}

serve thole-echo --app-core -- -l 0,1
check "cores: 16 MiB come back" echoes
check "cores: 100 connections" many_echoes
end_server
status=$?
check "cores: echo ends with status 0" [ $status = 0 ]
serve thole-httpd --app-core --root "$dir/root" -- -l 0,1
check "cores: 10 MiB arrive" serves
check "cores: 50 times 10 MiB, 25 at once" many_gets
end_server
status=$?
check "cores: httpd ends with status 0" [ $status = 0 ]
server_log=
check "cores: thole-nc connects" connects

# Several workers: the kernel chooses the queue, and knows nothing of whose a connection is.
all_came() { # WORKERS: nothing was lost on the way between them, and each had a part in it
	local i

	for ((i = 0; i < $1; i++)); do
		grep -Eq "worker $i: [1-9][0-9]* packets from others, [0-9]+ to others, 0 lost" "$server_log"
	done
}

one_queue() { # all but the first worker live by hand-over
	grep -Eq "worker 0: 0 packets from others, [1-9][0-9]* to others, 0 lost" "$server_log"
	grep -Eq "worker 1: [1-9][0-9]* packets from others, 0 to others, 0 lost" "$server_log"
}

for queues in 2 1; do
	serve thole-echo --stats --set port.workers=2 --set port.queues=$queues -- -l 0,1
	check "cores: two workers, queues $queues: 16 MiB come back" echoes
	check "cores: two workers, queues $queues: 100 connections" many_echoes
	end_server
	status=$?
	check "cores: two workers, queues $queues: echo ends with status 0" [ $status = 0 ]
	if [ $queues = 1 ]; then
		check "cores: two workers, queues 1: packets are handed over" one_queue
	else
		check "cores: two workers, queues 2: packets are handed over" all_came 2
	fi
done
serve thole-httpd --root "$dir/root" --set port.workers=2 -- -l 0,1
check "cores: two workers: 50 times 10 MiB, 25 at once" many_gets
end_server
status=$?
check "cores: two workers: httpd ends with status 0" [ $status = 0 ]
