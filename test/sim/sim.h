/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sim.h: two whole stacks and their applications on a bad link, in memory and in virtual time. All
 * that happens follows from one seed. What must hold is checked as it runs; the first thing that
 * doesn't ends the run with a line that says what.
 *
 *	plan.c		what a run is like, drawn from its seed
 *	link.c		the link: its faults, rate, queue and delay
 *	forge.c		frames that somebody makes up
 *	cable.c		between stacks and link
 *	flows.c		what each end may send, seen from the wire alone
 *	user.c		the applications
 *	contexts.c	their contexts, which come and go and give each other connections
 *	tune.c		options that they set
 *	drain.c		stacks that are drained and cut
 *	ends.c		how connections ended, and whether both ends agree
 *	inside.c	the stacks' records, looked into
 *	trace.c		prints what happens
 *	run.c		time, turns and the end of a run
 *	start.c		EAL, pools and the stacks' memory
 *	jobs.c		many runs in several processes
 *
 * scene.h is the same link and the same stacks for tests that say what happens.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <setjmp.h>

#include <thole/app.h>
#include <thole/stack.h>

#include "base/prng.h"
#include "base/time.h"
#include "link.h"
#include "start.h"

#define ENDS_MAX     192
#define FLOWS_MAX    256
#define CONTEXTS_MAX 3
#define OPS_MAX	     512
#define EVENTS_MAX   16
#define BURST_MAX    32
#define STOLEN_MAX   160

enum sim_kind {
	SIM_HONEST,  /* nobody forges frames: what is delivered must be what was sent */
	SIM_STRICT,  /* and applications are patient: every connection must end well */
	SIM_HOSTILE, /* somebody forges them: nothing may break */
	SIM_KINDS,
};

/* What half of the runs have beside. It is drawn from a stream of its own: the other half is as if
 * there were none of it. */
struct more {
	uint32_t contexts; /* 1 at least */
	bool shared;	   /* all of them listen, at one endpoint */
	uint32_t gives;	   /* in 1,000, as what follows */
	uint32_t renews;   /* contexts */
	uint32_t tunes;	   /* options */
	uint32_t rcvbuf;   /* of new connections; 0: as the stack is configured */
	uint32_t mss;
	uint64_t drain_ns;
	uint64_t cut_ns;
};

/* What a run is like. */
struct plan {
	struct link_params link[SIDES]; /* by who sends */
	struct link_cut cuts[LINK_CUTS];
	uint32_t forged; /* in 1,000 */
	uint32_t conns;	 /* that each side opens; side 1 perhaps none */
	uint32_t conns_back;
	uint32_t bytes_max;
	uint64_t open_ns;  /* they are opened in this time */
	uint64_t end_ns;   /* what is open then is aborted */
	uint64_t sleep_ns; /* of the applications, about */
	bool tiny;	   /* tables that overflow */
	bool starved;	   /* pools that run dry */
	bool simultaneous;
	bool fickle; /* listeners go and come */
	bool pieces; /* frames arrive in several mbufs */
	uint32_t ring_entries[SIDES];
	unsigned int pool; /* of those that there are */
	struct more more[SIDES];
};

enum manners {
	POLITE, /* sends, SHUTDOWN, reads to the end, CLOSE */
	WAITER, /* sends, reads to the end, CLOSE */
	HASTY,	/* CLOSE as soon as all is sent */
	LEAVER, /* CLOSE at some time */
	KILLER, /* ABORT at some time */
};

/* One end of a connection, as its application knows it. */
struct end {
	thole_conn conn;
	struct thole_endpoint local;
	struct thole_endpoint remote;
	enum manners manners;
	bool active;
	bool opened;
	bool shut;
	bool closed; /* CLOSE or ABORT was given */
	bool peer_closed;
	bool over; /* CLOSED came */
	bool slow;
	int status;
	uint32_t refused;
	uint64_t user; /* that its events carry */
	uint64_t to_send;
	uint64_t sent;
	int64_t credit;
	uint64_t received;
	uint64_t owed; /* RECEIVED to be given */
	uint64_t name; /* of the peer's stream: its first 8 bytes */
	uint64_t leave_ns;
	/* contexts.c */
	uint8_t context; /* its events come here, and its ops go there */
	uint8_t to;	 /* that it is being given to */
	bool giving;	 /* GIVE was asked for, and isn't answered */
	bool untaken;	 /* GIVEN was read, TAKEN not yet */
	bool lost;	 /* with its context: no CLOSED came */
	bool unsure;	 /* or it was over by then, and its taker's */
	bool cut;	 /* the stack was, and it with it */
	uint32_t gifts;
	uint64_t given_sent;
	/* tune.c */
	bool asked; /* SET and GET were given, and aren't answered */
	bool set_refused;
	bool shrunk; /* the send buffer was set to less */
	uint32_t option;
	uint64_t value;
	uint64_t snd_most; /* the largest that its buffers ever were */
	uint64_t rcv_most;
	uint64_t mss_most; /* that the stack says it is set to */
};

/* One of an application's contexts. */
struct context {
	struct thole_app *app; /* NULL: it is gone */
	uint32_t number;       /* by which the stack knows it */
	uint32_t ring_entries;
	bool listening;
	bool forbidden; /* to listen */
	struct thole_op ops[OPS_MAX];
	uint32_t nb_ops;
	struct thole_event events[EVENTS_MAX]; /* that were read, from next_event on not heeded */
	uint32_t nb_events;
	uint32_t next_event;
};

struct side {
	struct rte_mempool *pool;
	struct rte_mempool *app_pool;
	unsigned int pool_base;
	unsigned int app_pool_base;
	struct thole_stack_config config;
	struct thole_address address;
	struct thole_stack *stack;
	struct context contexts[CONTEXTS_MAX];
	uint32_t nb_contexts;
	struct end ends[ENDS_MAX];
	uint32_t nb_ends;
	uint32_t to_open;
	uint64_t open_at;
	uint64_t wake_ns;
	uint64_t sleep_ns;
	bool crossed; /* opened its share of simultaneous connections */
	bool settled; /* nothing changed since the last wake */
	bool drained;
	bool cut;
	uint64_t passive; /* connections that peers had opened when it was drained */
	uint64_t given;
	uint64_t shared; /* connections that came to others than the first context */
	uint64_t tuned;
	uint64_t ended;	    /* contexts */
	uint32_t nb_stolen; /* mbufs that somebody else has */
	struct rte_mbuf *stolen[STOLEN_MAX];
};

struct flow {
	uint16_t port[SIDES];
	uint32_t iss[SIDES];
	int8_t shift[SIDES];   /* of its window, as its SYN says; -1: it doesn't (RFC 7323, 2.2) */
	uint32_t epoch[SIDES]; /* counts a side's initial sequence numbers */
	uint32_t edge[SIDES];  /* up to which a side may send, as it was told */
	uint32_t offered[SIDES]; /* up to which it said that the other may */
	bool has_edge[SIDES];
	bool has_offered[SIDES];
};

struct sim {
	enum sim_kind kind;
	uint64_t seed;
	uint64_t prng;
	uint64_t more; /* the stream of struct more */
	uint64_t now;
	uint64_t start;
	uint64_t turns;
	uint64_t forged;
	bool trace; /* print what happens */
	bool digest;
	bool last; /* all events are read now */
	struct plan plan;
	struct side side[SIDES];
	struct flow flows[FLOWS_MAX];
	uint32_t nb_flows;
	struct link link;
	jmp_buf failed;
	char why[256];
};

/* What runs did together, all uint64_t: a test that tests nothing should be seen. */
struct sim_totals {
	uint64_t runs;
	uint64_t turns;
	uint64_t ends;
	uint64_t established;
	uint64_t well;
	uint64_t bytes;
	uint64_t retransmits;
	uint64_t starved;
	uint64_t forged;
	uint64_t fates[LINK_FATES];
	uint64_t marked;
	uint64_t given;
	uint64_t shared;
	uint64_t tuned;
	uint64_t contexts_ended;
	uint64_t drained;
	uint64_t cut;
};

void sim_fail(struct sim *s, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));
static inline void
sim_failed_unless(struct sim *s, bool ok, const char *what)
{
	if (!ok)
		sim_fail(s, "%s", what);
}

static inline bool
sim_chance(struct sim *s, uint32_t in_1000)
{
	return prng_below(&s->prng, 1000) < in_1000;
}

/* Of what only some runs have. */
static inline uint32_t
sim_more(struct sim *s, uint32_t n)
{
	return prng_below(&s->more, n);
}

struct sim_how {
	enum sim_kind kind;
	uint64_t seed;
	bool trace;
	bool digest;
};

struct sim_outcome {
	uint64_t digest; /* of all packets and times */
	char why[400];	 /* what didn't hold */
};

/* @return true: all held. */
bool sim_run(const struct sim_how *how, struct sim_totals *totals, struct sim_outcome *outcome);
const char *sim_kind_name(enum sim_kind kind);

/* trace.c: for somebody who looks into a run that failed. */
void trace_plan(const struct sim *s);
void trace_frame(const struct sim *s, unsigned int from, const uint8_t *bytes, uint32_t len,
	const char *what);
void trace_event(const struct sim *s, unsigned int side, const struct thole_event *ev);
void trace_op(const struct sim *s, unsigned int side, const struct thole_op *op);

void trace_given(const struct sim *s, unsigned int side, const struct end *e);

void plan_draw(struct sim *s);
void plan_config(struct sim *s, unsigned int side);

void cable_send(struct sim *s, unsigned int from, struct rte_mbuf *m);
uint16_t cable_arrivals(struct sim *s, unsigned int to, struct rte_mbuf **pkts, uint16_t max);
void cable_steal(struct sim *s, unsigned int side);
void cable_fini(struct sim *s);

void forge(struct sim *s, unsigned int from, const uint8_t *bytes, uint32_t len);

struct flow *flows_sent(struct sim *s, unsigned int from, const uint8_t *bytes, uint32_t len);
void flows_arrived(const struct frame *f);

void user_turn(struct sim *s, unsigned int side);
void user_op(struct context *c, const struct thole_op *op);
bool user_op_room(const struct context *c);
/* Something came: the application hears of it before long. */
void user_soon(struct sim *s, unsigned int side);
bool user_done(const struct side *side);
/* Whose stream @p e reads; NULL until its name is known. */
struct end *user_peer(struct sim *s, unsigned int side, const struct end *e);

void context_make(struct sim *s, unsigned int side, uint32_t i, uint32_t ring_entries);
void context_end(struct sim *s, unsigned int side, struct context *c);
/* Now and then one ends, and another takes its place. */
void contexts_turn(struct sim *s, unsigned int side);
/* Whether it is @p c's turn to hear of @p ev, which is about @p e: else it waits. */
bool contexts_in_turn(struct sim *s, unsigned int side, const struct context *c,
	const struct end *e, const struct thole_event *ev);
/* TAKEN of what was taken for lost. */
void contexts_taken_late(struct sim *s, unsigned int side, const struct context *c, struct end *e);
/* Gives it to another, now and then. @return whether that is so. */
bool contexts_give(struct sim *s, unsigned int side, struct end *e);
void contexts_given(struct sim *s, unsigned int side, struct end *e);
void contexts_taken(struct sim *s, struct end *e, const struct thole_event *ev);
void contexts_refused(struct sim *s, unsigned int side, struct end *e, int status);

/* For what @p c opens from here on. */
void tune_new(struct sim *s, unsigned int side, struct context *c);
void tune_end_new(const struct side *me, struct end *e);
void tune_now_and_then(struct sim *s, unsigned int side, struct end *e);
void tune_answered(struct sim *s, struct end *e, const struct thole_event *ev);
void tune_refused(struct sim *s, struct end *e, const struct thole_event *ev);
/* A frame of @p from's. @p flow: NULL if it isn't known. */
void tune_sent(struct sim *s, unsigned int from, const struct flow *flow, const uint8_t *bytes,
	uint32_t len);

void drain_turn(struct sim *s, unsigned int side);
void drain_closed(struct sim *s, unsigned int side, struct end *e);

void ends_check(struct sim *s);

void inside_check(struct sim *s, unsigned int side);
void inside_check_idle(struct sim *s, unsigned int side);
/* The number of the context that has a connection; UINT32_MAX: it is over, or nobody's. */
uint32_t inside_owner(const struct side *me, thole_conn conn);
/* Whether TCP isn't done with it. */
bool inside_unfinished(const struct side *me, thole_conn conn);

#endif
