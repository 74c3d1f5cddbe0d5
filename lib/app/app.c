/* SPDX-License-Identifier: BSD-3-Clause */
/* app.c: application contexts: made, used from their side, ended. */
#include <errno.h>

#include "app/app.h"
#include "base/rings.h"
#include "base/thread.h"

#define BATCH 32

struct thole_event *
answer_add(struct thole_app *app, enum thole_event_type type, int status, uint64_t user)
{
	struct thole_event *ev =
		&app->answers[(app->answers_head + app->answers_n++) & (ANSWERS_MAX - 1)];

	*ev = (struct thole_event){
		.type = (uint8_t)type, .status = (int16_t)status, .user = user
	};
	return ev;
}

/* Ops of a ring context, as far as there is room for what they may be answered. */
static void
take_ops(void *ctx)
{
	struct thole_app *app = ctx;
	struct thole_op ops[BATCH];
	uint32_t left = app->ring_entries, n; /* a busy producer must not keep us here */

	do {
		n = RTE_MIN(RTE_MIN((uint32_t)BATCH, left), ANSWERS_MAX - app->answers_n);
		n = rte_ring_sc_dequeue_burst_elem(app->ops, ops, sizeof(ops[0]), n, NULL);
		ops_do(app, ops, n);
		left -= n;
	} while (n != 0);
}

static void
give_events(void *ctx)
{
	struct thole_app *app = ctx;
	struct thole_event events[BATCH];
	bool any = false;
	uint32_t n;

	do {
		n = RTE_MIN((uint32_t)BATCH, ring_room(app->events));
		n = events_take(app, events, n);
		rte_ring_sp_enqueue_bulk_elem(app->events, events, sizeof(events[0]), n, NULL);
		any |= n != 0;
	} while (n != 0);
	if (any && app->events_queued != NULL)
		app->events_queued(app->events_queued_ctx);
}

static struct rte_ring *
make_ring(struct thole_app *app, const char *name)
{
	struct rte_ring *r = app->stack->mem.alloc(app->stack->mem.ctx, app->ring_bytes, 64);

	if (r != NULL &&
		rte_ring_init(r, name, app->ring_entries, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0) {
		app->stack->mem.free(app->stack->mem.ctx, r, app->ring_bytes);
		return NULL;
	}
	return r;
}

static int
make_rings(struct thole_app *app)
{
	app->ring_bytes =
		(size_t)rte_ring_get_memsize_elem(sizeof(struct thole_op), app->ring_entries);
	app->ops = make_ring(app, "thole-ops");
	app->events = make_ring(app, "thole-events");
	return app->ops != NULL && app->events != NULL ? 0 : -ENOMEM;
}

static void
free_app(struct thole_app *app)
{
	const struct mem *mem = &app->stack->mem;

	if (app->ops != NULL)
		mem->free(mem->ctx, app->ops, app->ring_bytes);
	if (app->events != NULL)
		mem->free(mem->ctx, app->events, app->ring_bytes);
	mem->free(mem->ctx, app, sizeof(*app));
}

int
thole_app_create(
	struct thole_stack *stack, const struct thole_app_config *config, struct thole_app **out)
{
	uint32_t entries = config->ring_entries;
	struct client *client;
	struct thole_app *app;
	uint8_t number = 0;

	if (entries != 0 &&
		(entries < 64 || !rte_is_power_of_2(entries) || entries > RTE_RING_SZ_MASK / 2))
		return -EINVAL;
	while (number < APPS_MAX && stack->clients[number].used)
		number++;
	if (number == APPS_MAX)
		return -ENOSPC;
	app = stack->mem.alloc(stack->mem.ctx, sizeof(*app), 64);
	if (app == NULL)
		return -ENOMEM;
	app->stack = stack;
	app->number = number;
	app->life = stack->clients[number].life;
	app->ring_entries = entries;
	app->ops_queued = stack->cfg.ops_queued;
	app->ops_queued_ctx = stack->cfg.ops_queued_ctx;
	app->events_queued = config->events_queued;
	app->events_queued_ctx = config->events_queued_ctx;
	if (entries != 0 && make_rings(app) != 0) {
		free_app(app);
		return -ENOMEM;
	}
	client = &stack->clients[number];
	client->used = true;
	if (number >= stack->clients_end)
		stack->clients_end = (uint8_t)(number + 1);
	client->settings = stack->env.settings;
	client->ctx = app;
	client->take_ops = entries != 0 ? take_ops : NULL;
	client->give_events = entries != 0 ? give_events : NULL;
	*out = app;
	return 0;
}

static void
drop_rings(struct thole_app *app)
{
	struct thole_op op;
	struct thole_event ev;

	while (rte_ring_sc_dequeue_elem(app->ops, &op, sizeof(op)) == 0)
		if (op.type == THOLE_OP_SEND)
			rte_pktmbuf_free(op.mbuf);
	while (rte_ring_sc_dequeue_elem(app->events, &ev, sizeof(ev)) == 0)
		if (ev.type == THOLE_EV_DATA)
			rte_pktmbuf_free(ev.mbuf);
}

void
thole_app_destroy(struct thole_app *app)
{
	struct thole_stack *s;
	struct tcb *t;

	if (app == NULL)
		return;
	s = app->stack;
	listen_close_all(s, app->number);
	for (uint32_t i = 0; i < s->tcbs.fresh; i++) {
		t = stack_tcb(s, i);
		if (t->app != app->number)
			continue;
		t->app = APP_NONE;
		t->events = 0;
		/* Closed already: TCP finishes on its own. */
		if ((t->flags & TF_APP_CLOSED) == 0)
			tcp_abort(&s->env, t, ECONNABORTED);
		conn_settle(s, t);
	}
	while ((t = list_pop_ready(s, &s->clients[app->number].ready)) != NULL)
		conn_settle(s, t);
	if (app->ring_entries != 0)
		drop_rings(app);
	tcp_profile_drop(&s->env, s->clients[app->number].settings.profile);
	clear_client(&s->clients[app->number]);
	s->clients[app->number].life = (uint16_t)(app->life + 1);
	free_app(app);
}

uint32_t
thole_app_number(const struct thole_app *app)
{
	return app->number + (uint32_t)app->life * APPS_MAX;
}

/* Whether a ring context is the caller's; it becomes so if it is nobody's. What its last thread did
 * is seen: partner in thole_app_release(). */
static bool
is_callers(struct thole_app *app)
{
	uintptr_t nobody = 0, self = thread_self();

	if (likely(__atomic_load_n(&app->thread, __ATOMIC_RELAXED) == self))
		return true;
	return __atomic_compare_exchange_n(
		&app->thread, &nobody, self, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

int
thole_app_release(struct thole_app *app)
{
	if (app->ring_entries == 0)
		return 0;
	if (!is_callers(app))
		return -EPERM;
	__atomic_store_n(&app->thread, 0, __ATOMIC_RELEASE);
	return 0;
}

static int32_t
submit_to_ring(struct thole_app *app, const struct thole_op *ops, uint32_t n)
{
	if (unlikely(!is_callers(app)))
		return -EPERM;
	n = rte_ring_sp_enqueue_burst_elem(app->ops, ops, sizeof(ops[0]), n, NULL);
	if (n != 0 && app->ops_queued != NULL)
		app->ops_queued(app->ops_queued_ctx);
	return (int32_t)n;
}

int32_t
thole_app_submit(struct thole_app *app, const struct thole_op *ops, uint32_t n)
{
	if (app->ring_entries != 0)
		return submit_to_ring(app, ops, n);
	return (int32_t)ops_do(app, ops, n);
}

int32_t
thole_app_events(struct thole_app *app, struct thole_event *events, uint32_t max)
{
	if (app->ring_entries == 0)
		return (int32_t)events_take(app, events, max);
	if (unlikely(!is_callers(app)))
		return -EPERM;
	return (int32_t)rte_ring_sc_dequeue_burst_elem(
		app->events, events, sizeof(events[0]), max, NULL);
}

/* @return how many there is room for. */
static inline uint32_t
copy_into(struct rte_mbuf *m, const uint8_t *data, uint32_t bytes)
{
	uint32_t n = RTE_MIN(bytes, (uint32_t)rte_pktmbuf_tailroom(m));

	memcpy(rte_pktmbuf_mtod(m, void *), data, n);
	m->data_len = (uint16_t)n;
	return n;
}

/* What doesn't fit in @p head, behind it. @return false: no mbuf. */
static __rte_noinline bool
copy_rest(struct rte_mempool *pool, struct rte_mbuf *head, const uint8_t *data, uint32_t bytes)
{
	struct rte_mbuf *last = head;
	uint32_t n;

	for (; bytes > 0; data += n, bytes -= n) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		if (m == NULL)
			return false;
		n = copy_into(m, data, bytes);
		head->pkt_len += n;
		head->nb_segs++;
		last->next = m;
		last = m;
	}
	return true;
}

/* A chain of as few mbufs as hold the bytes. */
static struct rte_mbuf *
copy_in(struct rte_mempool *pool, const uint8_t *data, uint32_t bytes)
{
	struct rte_mbuf *head = rte_pktmbuf_alloc(pool);
	uint32_t n;

	if (head == NULL)
		return NULL;
	n = copy_into(head, data, bytes);
	head->pkt_len = n;
	if (unlikely(n != bytes) && !copy_rest(pool, head, data + n, bytes - n)) {
		rte_pktmbuf_free(head);
		return NULL;
	}
	return head;
}

static int32_t
send_chain(struct thole_app *app, thole_conn conn, struct rte_mbuf *chain)
{
	const struct thole_op op = { .type = THOLE_OP_SEND, .conn = conn, .mbuf = chain };

	return app->ring_entries != 0 ? submit_to_ring(app, &op, 1)
				      : (int32_t)ops_send(app, conn, chain);
}

int64_t
thole_app_send_copy(struct thole_app *app, thole_conn conn, struct rte_mempool *pool,
	const void *data, uint32_t bytes)
{
	struct rte_mbuf *chain;
	int32_t taken;

	if (bytes == 0)
		return 0;
	chain = copy_in(pool, data, bytes);
	if (chain == NULL)
		return -ENOBUFS;
	taken = send_chain(app, conn, chain);
	if (likely(taken == 1))
		return bytes;
	rte_pktmbuf_free(chain);
	return taken < 0 ? taken : -EAGAIN;
}
