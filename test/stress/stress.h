/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stress.h: ten application threads on four stacks: two workers a side, joined by a cable. Each
 * thread has a ring context on each stack, opens and accepts connections, sends, reads, shuts down,
 * closes, aborts, gives them to others, and now and then destroys a context and makes another.
 *
 * A ledger has an entry for either end of a connection, found by the client's address and port. In
 * it all threads write what they did and heard, by relaxed atomics: these order nothing, so that a
 * thread sanitizer sees the library's order alone.
 */
#ifndef STRESS_H
#define STRESS_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include <thole/port.h>

#define STACKS	  4 /* 0, 1: the client's workers; 2, 3: the server's */
#define SIDES	  2
#define USERS	  10
#define CONTEXTS  64 /* of a stack at most */
#define CLIENTS	  4  /* addresses */
#define CLIENT_IP 0x0a000010u
#define SERVER_IP 0x0a000001u
#define PORT	  80
#define SNDBUF	  65536
#define CONNS_MAX 16384 /* of a stack */
#define NOBODY	  UINT32_MAX
#define PAIRS	  (CLIENTS << 16)

static inline unsigned int
side_of(unsigned int stack)
{
	return stack / 2;
}

enum end_flag {
	END_CLOSED = 1 << 0,	  /* CLOSED came */
	END_PEER_CLOSED = 1 << 1, /* PEER_CLOSED came */
	END_SHUT = 1 << 2,	  /* SHUTDOWN was submitted */
	END_CLOSING = 1 << 3,	  /* CLOSE was */
	END_ABORTED = 1 << 4,	  /* ABORT was */
	END_LOST = 1 << 5,	  /* with a context that was destroyed */
};

/* Relaxed atomics, all of them. */
struct end {
	uint64_t handle; /* 0: it was never opened */
	uint64_t sent;
	uint64_t got;
	uint32_t stack;
	uint32_t opens;
	uint32_t flags; /* enum end_flag */
	uint32_t gives;
	uint32_t takes;
	uint32_t owed; /* bytes of DATA that nobody has said RECEIVED of */
	int32_t credit;
	int32_t status;
	/* When it was last given away: to which place, and how many had had that before. */
	uint32_t to;
	uint32_t gone;
};

struct pair {
	struct end ends[SIDES];
};

struct shared {
	struct thole_worker *workers[STACKS];
	struct rte_mempool *pool;
	struct pair *pairs;
	uint32_t numbers[STACKS][USERS]; /* of contexts; NOBODY: there is none now */
	uint32_t gone[STACKS][CONTEXTS]; /* destroyed, by place: number % CONTEXTS */
	uint32_t target;		 /* connections that each thread keeps open */
	uint32_t stop;			 /* no more of anything */
	uint32_t finish;		 /* what is in the rings is all that comes */
};

struct totals {
	uint64_t opened, accepted, failed, closed, reset, given, taken, churned, withdrawn, sent,
		got;
	uint64_t refused, errors;
};

/* A connection that a thread has, or has given away without an answer yet. */
struct known {
	uint64_t key; /* 0: unused */
	struct end *e;
	unsigned int stack;
	uint32_t at; /* in the list of those that it has; NOBODY: it gave it away */
	uint32_t next;
	bool peer_closed; /* it has heard so itself */
};

#define KNOWN_MAX 65536

struct known_set {
	uint32_t *buckets;
	struct known *nodes;
	uint32_t unused;
};

struct user {
	struct shared *sh;
	unsigned int id;
	uint64_t seed;
	struct thole_idle *idle; /* NULL: it spins */
	struct thole_app *apps[STACKS];
	uint32_t connecting[STACKS];
	struct known_set known;
	struct known **own; /* those that it has */
	uint32_t nb_own;
	struct totals n;
};

#define GET(x)	    __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define PUT(x, v)   __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#define ADD(x, v)   __atomic_fetch_add(&(x), (v), __ATOMIC_RELAXED)
#define SET(x, bit) __atomic_fetch_or(&(x), (bit), __ATOMIC_RELAXED)
#define COUNT(x)    PUT(x, (x) + 1) /* one thread does; others may look meanwhile */
#define CLEAR(x, b) __atomic_fetch_and(&(x), ~(uint32_t)(b), __ATOMIC_RELAXED)

/* Says the first of them. */
void stress_error(struct user *u, const char *what, const struct thole_event *ev);

/* ledger.c: what an event must be; writes it down. */
void ledger_event(struct user *u, unsigned int stack, const struct thole_event *ev);
/* A context is about to be destroyed, or is: what it had goes without another word. */
void ledger_lose(struct user *u, unsigned int stack);
/* What is left when all has ended. @return errors; each is said. */
uint64_t ledger_settle(const struct shared *sh, uint64_t *whole);
void own_add(struct user *u, struct known *k);
void own_remove(struct user *u, struct known *k);

/* known.c */
bool known_init(struct known_set *set);
void known_fini(struct known_set *set);
struct known *known_add(struct known_set *set, unsigned int stack, thole_conn conn, struct end *e);
struct known *known_find(struct known_set *set, unsigned int stack, thole_conn conn);
void known_remove(struct known_set *set, struct known *k);

/* user.c: struct user *: a thread's whole life. */
void *user_run(void *user);

/* instrument.c: what the sanitizer must be told of DPDK's libraries, which aren't built with it. */
int instrument_pools(void);
int instrument_port(uint16_t port, uint16_t queues);
void *stress_alloc(void *ctx, size_t bytes, size_t align);
void stress_free(void *ctx, void *mem, size_t bytes);

#endif
