/* SPDX-License-Identifier: BSD-3-Clause */
/* user.c: what an application thread does, at random. */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <rte_lcore.h>

#include "base/prng.h"
#include "base/time.h"
#include "stress.h"

#define EVENTS	     32
#define PERIOD	     251
#define SEND_MAX     3000
#define CHURN_NS     (5 * TIME_S) /* how long one waits for a worker's turn */
#define RING_ENTRIES 256

static uint32_t
below(struct user *u, uint32_t n)
{
	return prng_below(&u->seed, n);
}

static bool
submit(struct user *u, unsigned int stack, const struct thole_op *op)
{
	int32_t n = thole_app_submit(u->apps[stack], op, 1);

	if (n < 0)
		u->n.errors++;
	return n == 1;
}

static bool
submit_for(struct user *u, const struct end *e, uint32_t type, uint32_t bytes)
{
	const struct thole_op op = { .type = type, .conn = GET(e->handle), .bytes = bytes };

	return submit(u, GET(e->stack), &op);
}

static void
listen_shared(struct user *u, unsigned int stack)
{
	const struct thole_op op = {
		.type = THOLE_OP_LISTEN_SHARED, .bytes = 64, .local.port = PORT
	};

	if (side_of(stack) == 1 && !submit(u, stack, &op))
		u->n.errors++; /* the ring is new */
}

static bool
make_app(struct user *u, unsigned int stack)
{
	const struct thole_app_config config = { .ring_entries = RING_ENTRIES,
		.events_queued = u->idle != NULL ? thole_idle_wake : NULL,
		.events_queued_ctx = u->idle };
	struct thole_why why;

	if (thole_worker_app_create(
		    u->sh->workers[stack], &config, THOLE_NEVER, &u->apps[stack], &why) != 0) {
		printf("# thread %u: %s\n", u->id, why.text);
		u->n.errors++;
		u->apps[stack] = NULL;
		return false;
	}
	PUT(u->sh->numbers[stack][u->id], thole_app_number(u->apps[stack]));
	listen_shared(u, stack);
	return true;
}

/* Ends a context with all it has, and makes another. */
static void
churn(struct user *u, unsigned int stack)
{
	/* Some don't wait as long as it takes: then all must be as it was. */
	uint64_t patience = below(u, 4) == 0 ? below(u, 200000) : CHURN_NS;
	uint32_t number = GET(u->sh->numbers[stack][u->id]);

	if (thole_worker_app_destroy(u->sh->workers[stack], u->apps[stack], patience) != 0) {
		u->n.withdrawn++;
		return;
	}
	PUT(u->sh->numbers[stack][u->id], NOBODY);
	ADD(u->sh->gone[stack][number % CONTEXTS], 1);
	ledger_lose(u, stack);
	COUNT(u->n.churned);
	make_app(u, stack);
}

static struct rte_mbuf *
fill(struct user *u, uint64_t pos, uint32_t bytes)
{
	struct rte_mbuf *head = NULL, *last = NULL;

	while (bytes > 0) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(u->sh->pool);
		uint32_t n = RTE_MIN(bytes, 1 + below(u, 1800));
		uint8_t *b;

		if (m == NULL) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		b = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)n);
		for (uint32_t i = 0; i < n; i++)
			b[i] = (uint8_t)((pos + i) % PERIOD);
		if (head == NULL) {
			head = m;
		} else {
			last->next = m;
			head->nb_segs++;
			head->pkt_len += n;
		}
		last = m;
		pos += n;
		bytes -= n;
	}
	return head;
}

static void
send_some(struct user *u, struct end *e)
{
	struct thole_op op = { .type = THOLE_OP_SEND, .conn = GET(e->handle) };
	int32_t credit = GET(e->credit);
	uint32_t bytes;

	if (credit <= 0 || (GET(e->flags) & (END_SHUT | END_CLOSING | END_ABORTED)) != 0)
		return;
	bytes = 1 + below(u, RTE_MIN(below(u, 3) == 0 ? 150u : SEND_MAX, (uint32_t)credit));
	op.mbuf = fill(u, GET(e->sent), bytes);
	if (op.mbuf == NULL)
		return;
	/* Beforehand: it may be at its end before this thread goes on. */
	ADD(e->sent, bytes);
	ADD(e->credit, -(int32_t)bytes);
	u->n.sent += bytes;
	if (submit(u, GET(e->stack), &op))
		return;
	rte_pktmbuf_free(op.mbuf);
	ADD(e->sent, -(uint64_t)bytes);
	ADD(e->credit, (int32_t)bytes);
	u->n.sent -= bytes;
}

static void
received(struct user *u, struct end *e)
{
	uint32_t owed = __atomic_exchange_n(&e->owed, 0, __ATOMIC_RELAXED);

	if (owed != 0 && !submit_for(u, e, THOLE_OP_RECEIVED, owed))
		ADD(e->owed, owed);
}

static void
end_it(struct user *u, struct end *e, uint32_t type, uint32_t flag)
{
	if ((GET(e->flags) & (END_CLOSING | END_ABORTED)) != 0 ||
		(type == THOLE_OP_SHUTDOWN && (GET(e->flags) & END_SHUT) != 0))
		return;
	SET(e->flags, flag);
	if (!submit_for(u, e, type, 0))
		CLEAR(e->flags, flag);
}

static void
give(struct user *u, struct known *k)
{
	uint32_t number = GET(u->sh->numbers[k->stack][below(u, USERS)]);

	if (number == NOBODY || (GET(k->e->flags) & (END_CLOSING | END_ABORTED)) != 0)
		return;
	PUT(k->e->to, number % CONTEXTS);
	PUT(k->e->gone, GET(u->sh->gone[k->stack][number % CONTEXTS]));
	if (submit_for(u, k->e, THOLE_OP_GIVE, number))
		own_remove(u, k);
}

static void
set_one(struct user *u, const struct end *e)
{
	struct thole_op op = { .type = THOLE_OP_SET, .conn = GET(e->handle) };

	switch (below(u, 4)) {
	case 0:
		op.option = THOLE_OPT_NO_DELAY;
		op.value = below(u, 2);
		break;
	case 1:
		op.option = THOLE_OPT_TTL;
		op.value = 32 + below(u, 8);
		break;
	case 2:
		op.option = THOLE_OPT_KEEPALIVE;
		op.value = below(u, 2);
		break;
	default:
		op.type = THOLE_OP_SET_USER;
		op.user = below(u, 1000);
	}
	submit(u, GET(e->stack), &op);
}

static void
act(struct user *u)
{
	uint32_t roll = below(u, 100);
	struct known *k;
	struct end *e;

	if (u->nb_own == 0)
		return;
	k = u->own[below(u, u->nb_own)];
	e = k->e;
	received(u, e);
	if (roll < 50)
		send_some(u, e);
	else if (roll < 56)
		end_it(u, e, THOLE_OP_SHUTDOWN, END_SHUT);
	else if (roll < 62)
		/* Who has heard the peer's end closes in order, most of the time. */
		end_it(u, e, THOLE_OP_CLOSE, END_CLOSING);
	else if (roll < 64)
		end_it(u, e, THOLE_OP_ABORT, END_ABORTED);
	else if (roll < 80)
		give(u, k);
	else if (roll < 84)
		set_one(u, e);
	else if ((GET(e->flags) & END_PEER_CLOSED) != 0)
		end_it(u, e, THOLE_OP_CLOSE, END_CLOSING);
}

static void
connect_some(struct user *u)
{
	struct thole_op op = { .type = THOLE_OP_CONNECT, .bytes = below(u, 2) };
	uint32_t open = u->nb_own + u->connecting[0] + u->connecting[1];

	op.remote = (struct thole_endpoint){ thole_addr_ip4(SERVER_IP), PORT };
	for (int i = 0; i < 8 && open < u->sh->target; i++, open++) {
		unsigned int stack = below(u, 2);

		op.local.addr = thole_addr_ip4(CLIENT_IP + below(u, CLIENTS));
		if (u->apps[stack] != NULL && submit(u, stack, &op))
			u->connecting[stack]++;
	}
}

static uint32_t
read_events(struct user *u, unsigned int stack)
{
	struct thole_event ev[EVENTS];
	int32_t n;

	if (u->apps[stack] == NULL)
		return 0;
	n = thole_app_events(u->apps[stack], ev, 1 + below(u, EVENTS));
	if (n < 0)
		u->n.errors++;
	for (int32_t i = 0; i < n; i++) {
		ledger_event(u, stack, &ev[i]);
		if (ev[i].type == THOLE_EV_DATA)
			rte_pktmbuf_free(ev[i].mbuf);
	}
	return n > 0 ? (uint32_t)n : 0;
}

static uint32_t
read_all(struct user *u)
{
	uint32_t n = 0;

	for (unsigned int stack = 0; stack < STACKS; stack++)
		n += read_events(u, stack);
	return n;
}

static bool
turn(struct user *u)
{
	bool worked = read_all(u) != 0;

	if (GET(u->sh->stop) != 0) {
		for (uint32_t i = u->nb_own; i-- > 0;)
			end_it(u, u->own[i]->e, THOLE_OP_ABORT, END_ABORTED);
		return worked;
	}
	connect_some(u);
	for (int i = 0; i < 8; i++)
		act(u);
	if (below(u, 3000) == 0)
		churn(u, below(u, STACKS));
	return worked;
}

void *
user_run(void *user)
{
	struct user *u = user;
	bool registered = u->id % 2 == 0 && rte_thread_register() == 0;
	cpu_set_t any;

	memset(&any, 0xff, sizeof(any)); /* EAL has bound its caller to one core, and with it us */
	pthread_setaffinity_np(pthread_self(), sizeof(any), &any);
	for (unsigned int stack = 0; stack < STACKS; stack++)
		make_app(u, stack);
	while (__atomic_load_n(&u->sh->finish, __ATOMIC_ACQUIRE) == 0) {
		bool worked;

		if (u->idle != NULL)
			thole_idle_announce(u->idle);
		worked = turn(u);
		if (u->idle != NULL)
			thole_idle_rest(u->idle, thole_clock_ns(), worked, THOLE_NEVER);
		else if (!worked)
			sched_yield();
	}
	while (read_all(u) != 0)
		;
	for (unsigned int stack = 0; stack < STACKS; stack++)
		if (thole_worker_app_destroy(u->sh->workers[stack], u->apps[stack], THOLE_NEVER))
			u->n.errors++;
	if (registered)
		rte_thread_unregister();
	return NULL;
}
