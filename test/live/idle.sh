# SPDX-License-Identifier: BSD-3-Clause
# idle.sh: servers that sleep when nothing comes, and wake: by the device's interrupt, by looking now and
# then, and by an application on another lcore. --stats says what they did.
. "$(dirname "$0")/lib.sh"

# Answers with pauses between them in which the server lies down.
talks() {
	peer python3 - "$thole" <<-'END'
		import socket, sys, time
		for i in range(10):
		    s = socket.create_connection((sys.argv[1], 7), 60)
		    for word in b"one", b"two":
		        time.sleep(0.03)
		        s.sendall(word)
		        assert s.recv(3, socket.MSG_WAITALL) == word
		    s.close()
	END
}

# counted NAME: how often, 0 when it isn't said.
counted() {
	sed -n "s/^thole-[a-z]*: $1 \\([0-9]*\\): .*/\\1/p" "$server_log" | grep . || echo 0
}

woken_by_interrupt() {
	[ "$(counted sleeps)" -gt 0 ] && [ "$(counted wakes_rx)" -gt 0 ]
	! grep "no RX interrupts" "$server_log"
}

polled() {
	[ "$(counted sleeps)" -gt 0 ] && [ "$(counted wakes_rx)" = 0 ]
	grep "no RX interrupts" "$server_log"
}

never_slept() {
	[ "$(counted sleeps)" = 0 ] && [ "$(counted pauses)" -gt 0 ]
}

woken_by_application() {
	[ "$(counted wakes_app)" -gt 0 ]
}

# live NAME TEST OPTIONS...: an echo server with these options answers, and has counted what TEST wants.
live() {
	local name=$1 test=$2 status

	shift 2
	serve thole-echo --stats "$@"
	check "idle: $name: answers" talks
	end_server
	status=$?
	check "idle: $name: ends with status 0" [ $status = 0 ]
	check "idle: $name: what it counted" "$test"
}

live "a device with interrupts" woken_by_interrupt
live "a device without" polled --set port.rx_interrupts=no
live "no sleep" never_slept --set worker.idle_sleep=no
if [ "$(nproc)" -ge 2 ]; then
	live "the application on another lcore" woken_by_application --app-core \
		--set worker.idle_spin=0 --set worker.idle_pause=0 -- -l 0,1
fi
