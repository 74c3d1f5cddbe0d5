/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scene.h: two stacks on a link for tests that say what happens: applications that send so much and
 * read all at once, this packet lost and that one not; and what was seen on the wire, and when.
 *
 *	struct scene_params p = { 0 };
 *	p.link[0].delay_ns = p.link[1].delay_ns = 10 * TIME_MS;
 *	struct scene *s = scene_make(&p);
 *	scene_listen(s, 1, 80);
 *	uint32_t i = scene_connect(s, 0, 80);
 *	scene_send(s, 0, i, 100000);
 *	scene_close(s, 0, i);
 *	scene_drop_data(s, 0, 7);
 *	scene_run(s, 10 * TIME_S);
 *	... s->side[1].conns[0].received, s->packets[], s->watch[0], scene_stats(s, 0) ...
 *	const char *why = scene_end(s);
 *
 * Times are counted from the scene's beginning. What is read is compared with what was written.
 */
#ifndef SIM_SCENE_H
#define SIM_SCENE_H

#include <thole/app.h>
#include <thole/stack.h>

#include "../script/frame.h"
#include "base/time.h"
#include "link.h"
#include "start.h"
#include "watch.h"

#define SCENE_DROPS 32

struct scene;

/* A packet as its sender sent it. */
struct scene_packet {
	uint64_t sent_ns;
	uint64_t arrived_ns; /* 0: not (yet) */
	uint32_t seq;
	uint32_t ack;
	uint32_t len; /* of TCP payload */
	uint16_t sport;
	uint16_t dport;
	uint16_t wnd; /* as it stands in the header */
	uint8_t flags;
	uint8_t from;
	uint64_t data_number; /* among its side's packets with data, from 1; 0: it has none */
	enum link_fate fate;
};

struct scene_params {
	struct link_params link[SIDES]; /* by who sends */
	uint64_t seed;			/* of the link's chances, and the stacks' secrets */
	/* Changes what isn't as wanted; NULL: defaults. */
	void (*configure)(struct thole_stack_config *config, unsigned int side, void *ctx);
	/* Whether a packet is to be lost; NULL: none. Beside scene_drop_data(). */
	bool (*drop)(struct scene *s, const struct scene_packet *p, void *ctx);
	void *ctx;
	bool keep_packets;	       /* in s->packets */
	unsigned int mbufs[SIDES];     /* of a stack's pool; 0: 4095 */
	unsigned int app_mbufs[SIDES]; /* 0: 1023 */
};

struct scene_conn {
	thole_conn conn;
	bool active;
	bool opened;
	bool peer_closed;
	bool over;
	bool deaf;    /* reads, but never opens the window */
	bool closing; /* CLOSE when all is given to TCP */
	bool closed;
	int status;
	uint64_t asked_ns; /* CONNECT was given */
	uint64_t opened_ns;
	uint64_t over_ns;
	uint64_t to_send; /* in all */
	uint64_t given;	  /* to TCP */
	uint64_t credit;
	uint64_t received;
	uint64_t last_ns; /* when data was last read */
};

struct scene_side {
	struct rte_mempool *pool;
	struct rte_mempool *app_pool;
	unsigned int pool_base;
	unsigned int app_pool_base;
	struct thole_stack_config config;
	struct thole_address address;
	struct thole_stack *stack;
	struct thole_app *app;
	struct scene_conn *conns; /* in the order of CONNECT and ACCEPTED */
	uint32_t nb_conns;
	uint32_t room;
	bool woken; /* wants a turn now */
	uint64_t data_pkts;
	uint64_t drops[SCENE_DROPS];
	uint32_t nb_drops;
};

struct scene {
	struct scene_params params;
	uint64_t now; /* since the beginning */
	struct link link;
	struct scene_side side[SIDES];
	struct watch watch[SIDES]; /* the first connection that sends data, by who sends */
	struct scene_packet *packets;
	uint32_t nb_packets;
	uint32_t max_packets;
	char why[160]; /* the first thing that isn't as it must be */
};

/** Makes two stacks, 10.0.0.1 and 10.0.0.2; no packet is sent. Once start_eal() was called; one at
 * a time. */
struct scene *scene_make(const struct scene_params *params);

void scene_listen(struct scene *s, unsigned int side, uint16_t port);
/** @return its index in s->side[side].conns. */
uint32_t scene_connect(struct scene *s, unsigned int side, uint16_t port);
void scene_send(struct scene *s, unsigned int side, uint32_t i, uint64_t bytes);
/** CLOSE, once all is given to TCP. */
void scene_close(struct scene *s, unsigned int side, uint32_t i);

/** The side's n-th packet with data (from 1; repeats count, too) is to be lost. */
void scene_drop_data(struct scene *s, unsigned int side, uint64_t n);

/** A frame that nobody of the two sent; how its addresses are written says scene_path(). */
void scene_inject(struct scene *s, unsigned int to, const uint8_t *bytes, uint32_t len);
struct frame_path scene_path(const struct scene *s, unsigned int from);

/** Goes on to @p until_ns, whatever is left to do. */
void scene_run(struct scene *s, uint64_t until_ns);

/** Goes on until side @p to has read @p bytes on its connection @p i. @return whether it did by
 * @p limit_ns. */
bool scene_run_read(
	struct scene *s, unsigned int to, uint32_t i, uint64_t bytes, uint64_t limit_ns);

struct thole_stats scene_stats(const struct scene *s, unsigned int side);

/** Ends it. @return NULL, or what wasn't as it must be; static text. */
const char *scene_end(struct scene *s);

#endif
