/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link.h: a path between two ends: frames on their way, in the order of their arrival. Each
 * direction has its own rate, queue, delay and faults. It knows bytes and times, no stacks; its
 * chances come from its seed alone.
 */
#ifndef SIM_LINK_H
#define SIM_LINK_H

#include <stdbool.h>
#include <stdint.h>

/* With an address sanitizer memory isn't kept for the next use: it would see less. */
#if defined(__SANITIZE_ADDRESS__)
#define LINK_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LINK_SANITIZED 1
#endif
#endif
#ifndef LINK_SANITIZED
#define LINK_SANITIZED 0
#endif

#define SIDES	  2
#define LINK_CUTS 2

/* One direction. Chances are in 1,000,000, of a frame unless said otherwise; 0 is never. */
struct link_params {
	uint64_t delay_ns;
	uint64_t jitter_ns; /* more delay, up to this; nobody is overtaken */
	uint32_t loss;
	/* Bursts (Gilbert, 1960; Elliott, 1963): from good to bad, back, and loss while it is bad.
	 */
	uint32_t burst_begin;
	uint32_t burst_end;
	uint32_t burst_loss;
	/* That of a flight, after which the sender is silent for a delay, the last are lost. */
	uint32_t tail;
	uint32_t tail_max; /* frames at most */
	uint32_t twice;
	uint32_t late; /* overtaken by others */
	uint64_t late_ns;
	uint32_t damaged;
	uint64_t rate_bps; /* of the bottleneck; 0: there is none */
	uint32_t queue_bytes;
	uint32_t mark_bytes;   /* ECT packets that find more than this queued get CE; 0: never */
	uint16_t mtu;	       /* IP packets above are dropped, and ICMP says so; 0: none are */
	uint64_t mtu_since_ns; /* from then on */
};

struct link_cut {
	uint64_t from_ns;
	uint64_t until_ns;
};

enum link_fate {
	LINK_PASSES,
	LINK_LOST,
	LINK_BURST,
	LINK_TAIL,
	LINK_CUT,
	LINK_QUEUE,
	LINK_MTU,
	LINK_HOOK, /* somebody wanted it lost */
	LINK_FATES,
};
const char *link_fate_name(enum link_fate fate);

struct frame {
	uint64_t at_ns;
	uint64_t flight; /* of the sender's, and its number in there; only data is counted */
	uint32_t number;
	uint32_t len;
	uint8_t to;
	bool data;  /* carries TCP payload */
	bool again; /* the link's own duplicate */
	bool damaged;
	bool forged;
	void *tag; /* the owner's */
	uint32_t epoch;
	uint8_t *bytes;
};

struct link_slot {
	uint64_t at_ns;
	uint64_t order;
	struct frame *frame;
};

struct link_way {
	struct link_params p;
	uint64_t free_ns; /* the bottleneck has sent what it has */
	uint64_t last_ns; /* arrival of the last that wasn't late */
	bool bad;
	/* For the loss of tails: */
	uint64_t data_ns;   /* when data was last sent */
	uint64_t flight;    /* a flight's number */
	uint32_t in_flight; /* data frames of it, so far */
	uint32_t tail;	    /* of it, to be lost */
	uint64_t fates[LINK_FATES];
	uint64_t marked;
};

struct link {
	uint64_t prng;
	uint64_t order;
	bool digesting;
	uint64_t digest;	    /* of all that was sent and that arrived, and when */
	struct link_way way[SIDES]; /* by who sends */
	struct link_cut cuts[LINK_CUTS];
	struct link_slot *heap;
	uint32_t n;
	uint32_t room;
};

void link_init(struct link *l, const struct link_params ways[SIDES], uint64_t seed);
void link_fini(struct link *l);

/** @p from sends. @return what becomes of it, but for what happens on arrival; first: the frame, or
 * NULL. */
enum link_fate link_send(struct link *l, uint64_t now, unsigned int from, const uint8_t *bytes,
	uint32_t len, struct frame **first, struct frame **second);

/** Puts a frame to @p to on its way as it is, whatever the link is like. */
struct frame *link_inject(
	struct link *l, uint64_t at_ns, unsigned int to, const uint8_t *bytes, uint32_t len);

/** What a sender's frame of @p len met that somebody drops by hand. */
void link_drop(struct link *l, uint64_t now, unsigned int from, const uint8_t *bytes, uint32_t len);

/** When the next frame arrives; TIME_NEVER. */
uint64_t link_next(const struct link *l);

/** Whom the next frame is for, when it is there by @p now; SIDES: nobody. */
unsigned int link_next_to(const struct link *l, uint64_t now);

/**
 * The next frame, if it is there by @p now and for @p to. fate: lost on arrival (tail, cut) or not.
 * The caller gives it back with link_free().
 */
struct frame *link_arrival(struct link *l, uint64_t now, unsigned int to, enum link_fate *fate);
void link_free(struct frame *f);

#endif
