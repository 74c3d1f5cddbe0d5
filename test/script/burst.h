/* SPDX-License-Identifier: BSD-3-Clause */
/* burst.h: full segments of 1000 bytes beside timestamps, which make recovery's scripts readable.
 */
#ifndef SCRIPT_BURST_H
#define SCRIPT_BURST_H

#include "script.h"

#define MSS 1012 /* 1000 beside timestamps; as it is without */

/* An ESTABLISHED connection of such segments, with these options. */
#define BEGIN(...) START(.state = TCP_ESTABLISHED, .modern = true, .mss = MSS, __VA_ARGS__)

/* @p n segments from @p seq on are sent now; @p last: the last has PSH. */
static inline void
script_segments(uint32_t seq, uint32_t n, bool last)
{
	for (uint32_t i = 0; i < n; i++)
		EXPECT(last && i == n - 1 ? PSH | ACK : ACK, .seq = seq + i * 1000, .ack = 300,
			.len = 1000);
}

/* Takes what is sent, whatever it is. @return how many bytes of text. */
static inline uint32_t
script_drain(void)
{
	uint8_t frame[FRAME_MAX];
	uint32_t bytes = 0;

	while (script_pending() != 0) {
		uint32_t len = script_take(frame);

		bytes += len - 34 - (uint32_t)(frame[46] >> 4) * 4;
	}
	return bytes;
}

/* The application sends that much, and all of it goes at once. */
#define BURST(from, n)	  (SEND((n)*1000), script_segments((from), (n), true))
#define SEGMENTS(from, n) script_segments((from), (n), false)
/* One of them, in the middle; at the end of what is queued. */
#define SEGMENT(from) EXPECT(ACK, .seq = (from), .ack = 300, .len = 1000)
#define LAST(from)    EXPECT(PSH | ACK, .seq = (from), .ack = 300, .len = 1000)
/* The peer acknowledges; a SACK(...) may follow. */
#define ACKS(n, ...) PEER(ACK, .seq = 300, .ack = (n), __VA_ARGS__)
/* A round trip in which one segment goes: after a recovery what is new is spread over the first. */
#define ROUND_TRIP(from) (SEND(1000), LAST(from), AFTER_MS(100), ACKS((from) + 1000))

#endif
