/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pair.h: two stacks wired together in memory, in virtual time. pair_down() says whether all
 * packets are back in the pools they came from and all memory is freed.
 */
#ifndef APP_PAIR_H
#define APP_PAIR_H

#include "../test.h"
#include "base/prng.h"
#include "base/time.h"
#include "stack/stack.h"

#include <thole/app.h>

#define PAIR_PKTS 16384
#define PAIR_PORT 80

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PAIR_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PAIR_SANITIZED 1
#endif
#endif
#ifndef PAIR_SANITIZED
#define PAIR_SANITIZED 0
#endif

enum { CLIENT, SERVER };

struct side {
	struct thole_stack *stack;
	struct rte_mempool *pool;
	struct thole_address address; /* 10.0.0.1 and 10.0.128.1, on one link */
	size_t bytes_out;	      /* allocated and not freed */
	unsigned int blocks_out;
	unsigned int allocs_left; /* before they fail */
};

struct pair {
	struct side side[2];
	uint64_t now;
	bool cut; /* the wire: packets are lost */
};

/** @p tune may change a side's configuration before the stack is made; or NULL. */
void pair_up(struct pair *p, void (*tune)(struct thole_stack_config *config, int side));

/** Applications must be gone. */
void pair_down(struct pair *p);

/** Both stacks run once and exchange what they have. @return packets carried. */
unsigned int pair_turn(struct pair *p);

/** Turns until nothing is owed, at the same time. */
void pair_settle(struct pair *p);

/** Time passes, and whatever falls due happens. */
void pair_sleep(struct pair *p, uint64_t ns);

struct thole_app *pair_app(struct pair *p, int side, uint32_t ring_entries);
struct thole_endpoint pair_endpoint(const struct pair *p, int side, uint16_t port);

/* Ops that must be taken. */
void pair_op(struct thole_app *app, enum thole_op_type type, thole_conn conn, uint32_t bytes);
void pair_set(struct thole_app *app, enum thole_option option, thole_conn conn, uint64_t value);
void pair_listen(struct pair *p, struct thole_app *app, uint16_t port, uint32_t backlog);
void pair_connect(struct pair *p, struct thole_app *app, uint16_t port, uint64_t user);
void pair_send(struct pair *p, struct thole_app *app, int side, thole_conn conn, uint32_t bytes);

/** The next event, which must be of this type; a DATA event's mbuf is freed. */
struct thole_event pair_event(struct thole_app *app, enum thole_event_type type);
void pair_no_event(struct thole_app *app);

/** Server @p s listens at @p port already: a connection to it by @p c, both ends in @p conn. */
void pair_open(struct pair *p, struct thole_app *c, struct thole_app *s, uint16_t port,
	thole_conn conn[2]);

#endif
