/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * watch.h: one direction of one connection, seen from the wire: what was sent, what was sent again,
 * and what of that was in vain because the first copy arrived as well.
 */
#ifndef SIM_WATCH_H
#define SIM_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct watch_range {
	uint64_t from;
	uint64_t to;
};

struct watch {
	bool started;
	uint16_t sport;
	uint16_t dport;
	uint32_t first_seq;	   /* of the first data */
	uint64_t high;		   /* after the highest byte sent, counted from the first */
	uint64_t low;		   /* all before it has arrived */
	uint64_t pkts;		   /* with data */
	uint64_t bytes;		   /* of data, repeats included */
	uint64_t again_pkts;	   /* begin below the highest sent */
	uint64_t vain_pkts;	   /* arrived with nothing new */
	struct watch_range *ahead; /* arrived beyond low; sorted, apart */
	uint32_t nb_ahead;
	uint32_t room;
};

/** A frame with TCP payload was sent. @return false: it is another connection's. */
bool watch_sent(struct watch *w, const uint8_t *bytes, uint32_t len);

/** It arrived: not the link's own duplicate. */
void watch_arrived(struct watch *w, const uint8_t *bytes, uint32_t len);

void watch_fini(struct watch *w);

#endif
