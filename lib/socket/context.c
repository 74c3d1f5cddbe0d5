/* SPDX-License-Identifier: BSD-3-Clause */
/* context.c: a thread's context: made, waiting, ended. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "socket/socket.h"

#define SOCKETS_MOST (1u << 24)
#define ROOM_LEAST   256
#define FLUSH_NS     100000000ull  /* what destroy gives workers to take what was posted */
#define WORKER_NS    1000000000ull /* to make and to end a ring context */

/* Another number for each thread, never again that of one that has ended. */
static uintptr_t
this_thread(void)
{
	static uintptr_t threads;
	static _Thread_local uintptr_t self;

	if (self == 0)
		self = __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
	return self;
}

static int
bad(struct thole_why *why, int error, const char *text)
{
	if (why != NULL)
		snprintf(why->text, sizeof(why->text), "%s", text);
	return error;
}

void
thole_sockets_config_init(struct thole_sockets_config *config)
{
	struct thole_worker_config worker;

	thole_worker_config_init(&worker);
	*config = (struct thole_sockets_config){
		.max_sockets = 1024,
		.ring_entries = 1024,
		.idle = worker.idle,
	};
	config->idle.sleep = true;
}

static int
check(uint16_t nb_workers, const struct thole_sockets_config *c, struct thole_why *why)
{
	if (nb_workers == 0 || nb_workers > SOCK_WORKERS)
		return bad(why, -EINVAL, "sockets need 1 to 128 workers");
	if (c->max_sockets == 0 || c->max_sockets > SOCKETS_MOST)
		return bad(why, -EINVAL, "max_sockets must be 1 to 16,777,216");
	if (c->ring_entries < SOCK_STAGED || (c->ring_entries & (c->ring_entries - 1)) != 0)
		return bad(why, -EINVAL, "ring_entries must be a power of two, 64 at least");
	if (c->pool != NULL &&
		rte_pktmbuf_data_room_size(c->pool) < RTE_PKTMBUF_HEADROOM + ROOM_LEAST)
		return bad(why, -EINVAL,
			"the pool's rooms are too small: 256 B besides the headroom at least");
	return 0;
}

static int
make_tables(struct thole_sockets *s)
{
	uint32_t slots = 2;

	while (slots < 2 * s->config.max_sockets)
		slots *= 2;
	s->map_mask = slots - 1;
	s->map = calloc(slots, sizeof(*s->map));
	s->socks = calloc(s->config.max_sockets, sizeof(*s->socks));
	return s->map != NULL && s->socks != NULL ? 0 : -ENOMEM;
}

static int
make_ring(struct thole_sockets *s, struct thole_worker *worker, struct thole_why *why)
{
	struct sock_ring *r = &s->rings[s->nb_rings];
	const struct thole_app_config config = {
		.ring_entries = s->config.ring_entries,
		.events_queued = s->idle != NULL && s->config.idle.sleep ? thole_idle_wake : NULL,
		.events_queued_ctx = s->idle,
	};
	int error;

	r->worker = worker;
	r->owed_head = r->owed_tail = SOCK_NONE;
	r->aborts = calloc(s->config.ring_entries, sizeof(*r->aborts));
	if (r->aborts == NULL)
		return bad(why, -ENOMEM, "no memory for the rings: ask for less (ring_entries)");
	error = thole_worker_app_create(worker, &config, WORKER_NS, &r->app, why);
	if (error != 0) {
		free(r->aborts);
		return error;
	}
	s->nb_rings++;
	return 0;
}

/* From the last on, so that it can be gone on with. */
static int
end_rings(struct thole_sockets *s)
{
	for (; s->nb_rings > 0; s->nb_rings--) {
		struct sock_ring *r = &s->rings[s->nb_rings - 1];

		if (thole_worker_app_destroy(r->worker, r->app, WORKER_NS) != 0)
			return -ETIMEDOUT;
		for (uint32_t n = r->staged_first; n < r->staged_end; n++)
			if (r->staged[n].type == THOLE_OP_SEND)
				rte_pktmbuf_free(r->staged[n].mbuf);
		free(r->aborts);
	}
	return 0;
}

static void
free_all(struct thole_sockets *s)
{
	sock_break_gifts(s);
	for (uint32_t i = 0; i < s->fresh; i++)
		if (s->socks[i].state != SOCK_FREE && sock_has_stream(&s->socks[i])) {
			s->socks[i].state = SOCK_CLOSING;
			sock_drop_input(s, &s->socks[i]);
		}
	if (s->inbox != NULL)
		sock_inbox_drop(s->inbox);
	else
		thole_idle_destroy(s->idle);
	free(s->arrivals);
	free(s->socks);
	free(s->map);
	free(s);
}

static int
make(struct thole_sockets *s, struct thole_worker *const *workers, uint16_t nb_workers,
	struct thole_why *why)
{
	int error = make_tables(s);

	if (error == 0 && s->config.turn == NULL)
		error = thole_idle_create(&s->config.idle, &s->idle, NULL);
	if (error == 0)
		error = sock_inbox_create(s);
	if (error == -ENOMEM)
		return bad(why, error, "no memory for the sockets: ask for fewer (max_sockets)");
	if (error != 0)
		return bad(why, error, "no eventfd to sleep on: raise the limit of open files");
	for (uint16_t i = 0; i < nb_workers && error == 0; i++)
		error = make_ring(s, workers[i], why);
	return error;
}

int
thole_sockets_create(struct thole_worker *const *workers, uint16_t nb_workers,
	const struct thole_sockets_config *config, struct thole_sockets **out,
	struct thole_why *why)
{
	struct thole_sockets *s;
	int error = check(nb_workers, config, why);

	if (error != 0)
		return error;
	s = calloc(1, sizeof(*s) + nb_workers * sizeof(s->rings[0]));
	if (s == NULL)
		return bad(why, -ENOMEM, "out of memory");
	s->owner = this_thread();
	s->config = *config;
	s->free_head = SOCK_NONE;
	s->taker = SOCK_NONE;
	s->edge_head = s->edge_tail = SOCK_NONE;
	if (s->config.pool == NULL)
		s->config.pool = thole_worker_pool(workers[0]);
	error = make(s, workers, nb_workers, why);
	if (error == 0)
		*out = s;
	else if (end_rings(s) == 0)
		free_all(s);
	return error;
}

/* What is owed and staged is posted, and an op behind it that is refused: the answer shows that the
 * worker has taken all. */
static bool
all_taken(struct thole_sockets *s)
{
	const struct thole_op last = { .type = THOLE_OP_GET, .conn = 0 };
	bool all = s->nb_unlistening == 0;

	for (uint16_t i = 0; i < s->nb_rings; i++) {
		struct sock_ring *r = &s->rings[i];

		if (r->owed_head == SOCK_NONE && r->nb_aborts == 0 && s->nb_unlistening == 0 &&
			r->last_state == ASK_NONE && sock_post(r, &last, 1))
			r->last_state = ASK_ASKED;
		all = all && r->last_state == ASK_ANSWERED;
	}
	return all;
}

int
thole_sockets_destroy(struct thole_sockets *sockets)
{
	struct sock_wait wait;
	int error;

	if (sockets == NULL)
		return 0;
	if (sockets->owner != this_thread())
		return -EPERM;
	if (!sockets->ending) {
		if (sockets->taker != SOCK_NONE)
			sock_stop_taking(sockets);
		sock_wait_begin(&wait, FLUSH_NS);
		while (!all_taken(sockets) && sock_wait_more(sockets, &wait))
			;
		sock_wait_end(sockets, &wait);
	}
	sockets->ending = true;
	error = end_rings(sockets);
	if (error == 0)
		free_all(sockets);
	return error;
}

int
sock_check(const struct thole_sockets *s)
{
	if (s->owner != this_thread())
		return -EPERM;
	return s->ending ? -EBADF : 0;
}

void
sock_wait_begin(struct sock_wait *w, uint64_t timeout_ns)
{
	uint64_t now_ns;

	*w = (struct sock_wait){ .until_ns = timeout_ns, .waits = timeout_ns != 0 };
	if (timeout_ns == 0 || timeout_ns == THOLE_NEVER)
		return;
	now_ns = thole_clock_ns();
	w->until_ns = timeout_ns < THOLE_NEVER - now_ns ? now_ns + timeout_ns : THOLE_NEVER;
}

/*
 * With an idle: rest, announce, serve, and the caller looks: so what comes while it looks ends the
 * next rest (thole/port.h). The first time nothing was announced: it serves and looks at once.
 */
bool
sock_wait_more(struct thole_sockets *s, struct sock_wait *w)
{
	if (!w->rested) {
		w->rested = true;
		w->worked = true;
		(void)sock_serve(s);
		return true;
	}
	if (!w->waits)
		return false;

	uint64_t now_ns = thole_clock_ns();

	if (now_ns >= w->until_ns)
		return false;
	if (s->idle == NULL) {
		s->config.turn(s->config.turn_ctx);
	} else {
		thole_idle_rest(s->idle, now_ns, w->worked, w->until_ns);
		thole_idle_announce(s->idle);
	}
	w->worked = sock_serve(s);
	return true;
}

void
sock_wait_end(struct thole_sockets *s, struct sock_wait *w)
{
	/* So that no worker writes to an eventfd that nobody waits for. */
	if (w->rested && w->waits && s->idle != NULL)
		thole_idle_rest(s->idle, thole_clock_ns(), true, 0);
}

int
thole_sockets_stats_get(const struct thole_sockets *sockets, struct thole_sockets_stats *out)
{
	int error = sock_check(sockets);

	if (error == 0)
		*out = sockets->stats;
	return error;
}
