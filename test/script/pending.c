/* SPDX-License-Identifier: BSD-3-Clause */
/* pending.c: scripts of what the RFCs ask for and lib doesn't do yet. A fix moves its script to the
 * file of its subject; nothing here is run by the tests. */
#include "burst.h"
#include "suites.h"

/* RFC 5682,2.1, step 3a: a duplicate ACK says that it was needed; slow start goes on with what is
 * lost. */
SCRIPT(frto_needed)
{
	BEGIN(.offer = WSCALE, .mss = 1000);
	SEND(30000);
	SEGMENTS(100, 10);
	IN_MS(300);
	SEGMENT(100);
	AFTER_MS(100);
	ACKS(1100);
	SEGMENTS(10100, 2);
	AFTER_MS(100);
	ACKS(1100);
	SEGMENT(1100);
	script_drain();
	STAT(spurious_recoveries, 0);
	CHECK(script_tcb()->ssthresh == 7000);
}

/* RFC 8985, 6.3: at a timeout only the first, and what was sent longer ago than RACK.rtt and the
 * reordering window, is taken for lost. */
SCRIPT(timeout_spares_the_young)
{
	BEGIN(.no_delay = true);
	BURST(100, 3);
	IN_MS(200);
	LAST(2100);
	AFTER_MS(250);
	BURST(3100, 1);
	IN_MS(50);
	SEGMENT(100);
	STAT(rto_fired, 1);
	AFTER_MS(20);
	ACKS(3100); /* an echo of what the timeout sent again; 3100 went 70 ms ago */
	SILENCE();
	AFTER_MS(30);
	ACKS(4100);
	STAT(retransmits, 2);
}

/* RFC 6191, 2: the old connection had no timestamps, and the new one will: it is honoured. */
SCRIPT(reuse_with_timestamps_for_none)
{
	START(.state = TCP_TIME_WAIT, .modern = true, .offer = NO_OPTS);
	PEER(SYN, .seq = 200, .offer = ALL_OPTS);
	EXPECT(SYN | ACK, .seq = 5000, .ack = 201, .fresh = true);
	STAT(time_wait_reused, 1);
}
static const struct test_case cases[] = {
	{ "RFC 5682, 2.1, step 3a", frto_needed },
	{ "RFC 8985, 6.3", timeout_spares_the_young },
	{ "RFC 6191", reuse_with_timestamps_for_none },
	{ NULL, NULL },
};
const struct test_suite suite_pending = { "pending", cases };
