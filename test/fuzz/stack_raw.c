/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stack_raw.c: a whole stack that is given raw frames, and whose application does what one does:
 * reads, answers, closes. What must hold is checked after each frame.
 *
 * Input: how the stack is set up, two bytes, then for each frame how it is framed, its length and
 * its bytes.
 */
#include <string.h>

#include "rig.h"
#include "base/time.h"

#define FRAMED 1 /* Ethernet and IPv4 headers are put in front, */
#define MENDED 2 /* and checksums are put right */
#define ICMP   4
#define LATER  8  /* some time goes by before it */
#define PEER   16 /* which of them it is from */
#define CUT    32 /* it comes in several mbufs */
#define UDP    64 /* which nobody takes */

static void
application(void)
{
	while (rig_events(16) != 0)
		;
	for (unsigned int i = 0; i < RIG_CONNS; i++) {
		struct rig_conn *c = &rig.conns[i];

		if (c->handle == 0 || c->closed)
			continue;
		if (c->owed != 0) {
			rig_op(THOLE_OP_RECEIVED, c, c->owed);
			rig_send(c, c->owed, 0);
			c->owed = 0;
		}
		if (c->peer_closed)
			rig_op(THOLE_OP_CLOSE, c, 0);
	}
	while (rig_events(16) != 0)
		;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static uint8_t frame[34 + 256];
	struct fuzz_in in = { data, bytes };

	uint8_t config = fuzz_u8(&in);

	rig_up(config, fuzz_u8(&in));
	rig.any_bytes = true;
	while (in.left >= 2) {
		uint8_t how = fuzz_u8(&in), len = fuzz_u8(&in), cut = 0;
		uint32_t n = 0;

		if ((how & LATER) != 0)
			rig_run(fuzz_magnitude(&in, 32));
		if ((how & CUT) != 0)
			cut = fuzz_u8(&in);
		len = (uint8_t)RTE_MIN((size_t)len, in.left);
		if ((how & FRAMED) != 0)
			n = rig_put_ip(frame, (how & PEER) != 0,
				(how & ICMP) != 0  ? 1
				: (how & UDP) != 0 ? 17
						   : 6,
				len);
		else
			n = len;
		memcpy(frame + n - len, in.at, len);
		in.at += len;
		in.left -= len;
		if ((how & MENDED) != 0 && n >= 34)
			rig_mend(frame, n);
		rig_rx(frame, n, cut);
		application();
		rig_run(0);
		rig_tx_all();
		rig_check();
	}
	rig_down();
	return 0;
}
