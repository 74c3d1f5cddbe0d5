/* SPDX-License-Identifier: BSD-3-Clause */
/* listen.c: listeners, found by port in constant time; a specific address goes before any. */
#include <errno.h>

#include <rte_byteorder.h>

#include "stack/stack.h"

#define PORTS 65536
/* Of a chain. Nobody is listener 0, so that the memory of ports that nobody listens on, which comes
 * zeroed, is never touched. */
#define END 0

int
listen_init(struct thole_stack *s)
{
	uint32_t n = s->cfg.max_listeners;

	s->listeners = s->mem.alloc(s->mem.ctx, (n + 1) * sizeof(*s->listeners), 64);
	s->listener_at = s->mem.alloc(s->mem.ctx, PORTS * sizeof(*s->listener_at), 64);
	if (s->listeners == NULL || s->listener_at == NULL)
		return -ENOMEM;
	for (uint32_t i = 1; i <= n; i++) {
		s->listeners[i].app = APP_NONE;
		s->listeners[i].next = i < n ? (uint16_t)(i + 1) : END;
	}
	s->listener_free = 1;
	return 0;
}

void
listen_fini(struct thole_stack *s)
{
	if (s->listeners != NULL)
		s->mem.free(s->mem.ctx, s->listeners,
			(s->cfg.max_listeners + 1) * sizeof(*s->listeners));
	if (s->listener_at != NULL)
		s->mem.free(s->mem.ctx, s->listener_at, PORTS * sizeof(*s->listener_at));
}

uint16_t
listen_find(const struct thole_stack *s, uint32_t laddr, uint16_t port)
{
	uint16_t any = NO_INDEX;

	for (uint16_t i = s->listener_at[port]; i != END; i = s->listeners[i].next) {
		if (s->listeners[i].laddr == laddr)
			return i;
		if (s->listeners[i].laddr == LOCAL_NONE)
			any = i;
	}
	return any;
}

static int
local_index(const struct thole_stack *s, const struct thole_addr *addr, uint32_t *out)
{
	uint32_t be;

	*out = LOCAL_NONE;
	if (thole_addr_is_any(addr))
		return 0;
	memcpy(&be, &addr->b[12], sizeof(be));
	*out = local_find(s, be);
	return *out == LOCAL_NONE ? -EADDRNOTAVAIL : 0;
}

static uint16_t
find_exact(const struct thole_stack *s, uint32_t laddr, uint16_t port)
{
	uint16_t i = s->listener_at[port];

	while (i != END && s->listeners[i].laddr != laddr)
		i = s->listeners[i].next;
	return i;
}

/* @return a record for a listener at the endpoint, in no chain; END: there is none. */
static uint16_t
alloc_listener(struct thole_stack *s, uint32_t laddr, uint16_t port, uint8_t app)
{
	uint16_t i = s->listener_free;

	if (i == END)
		return END;
	s->listener_free = s->listeners[i].next;
	s->listeners[i] = (struct listener){ .laddr = laddr, .port = port, .app = app };
	return i;
}

static void
free_listener(struct thole_stack *s, uint16_t i)
{
	s->listeners[i].app = APP_NONE;
	s->listeners[i].next = s->listener_free;
	s->listener_free = i;
}

/* It is found from here on. */
static void
chain(struct thole_stack *s, uint16_t i)
{
	uint16_t *first = &s->listener_at[s->listeners[i].port];

	s->listeners[i].next = *first;
	*first = i;
}

static void
unchain(struct thole_stack *s, uint16_t i)
{
	uint16_t *link = &s->listener_at[s->listeners[i].port];

	while (*link != i)
		link = &s->listeners[*link].next;
	*link = s->listeners[i].next;
}

/* The listener of context @p app at the endpoint that listener @p found is found at, or END. */
static uint16_t
own_listener(const struct thole_stack *s, uint16_t found, uint8_t app)
{
	const struct listener *l = s->listeners;
	uint16_t i = found;

	if (found == END || l[found].app == app)
		return found;
	if (l[found].app != APP_SHARED)
		return END;
	do {
		i = l[i].share;
		if (l[i].app == app)
			return i;
	} while (l[i].share != l[found].share);
	return END;
}

/* Listener @p i is the last that is chosen of those that @p found distributes to. */
static void
share_join(struct thole_stack *s, uint16_t found, uint16_t i)
{
	struct listener *l = s->listeners;
	uint16_t last = l[found].share;

	if (last == END) { /* the first */
		l[found].share = l[i].share = i;
		return;
	}
	while (l[last].share != l[found].share)
		last = l[last].share;
	l[i].share = l[found].share;
	l[last].share = i;
}

/* @return whether it was the last one. */
static bool
share_leave(struct thole_stack *s, uint16_t found, uint16_t i)
{
	struct listener *l = s->listeners;
	uint16_t before = i;

	if (l[i].share == i)
		return true;
	while (l[before].share != i)
		before = l[before].share;
	l[before].share = l[i].share;
	if (l[found].share == i)
		l[found].share = l[i].share;
	return false;
}

uint16_t
listen_other(struct thole_stack *s, uint16_t l)
{
	struct listener *from = &s->listeners[l];
	const uint16_t first = from->share;
	uint16_t i = first;

	while (i != END) {
		const struct listener *other = &s->listeners[i];

		if (other->waiting < other->backlog) {
			if (from->app == APP_SHARED)
				from->share = other->share;
			return i;
		}
		i = other->share != first ? other->share : END;
	}
	s->stats.rx_drop_backlog++;
	return NO_INDEX;
}

/* Who distributes at the endpoint, made if there is none yet. @return 0 or negative errno. */
static int
distributor(struct thole_stack *s, uint32_t laddr, const struct listen_call *call, uint16_t *found)
{
	const struct listener *l = &s->listeners[*found];

	if (*found != END) {
		if (l->app != APP_SHARED || own_listener(s, *found, call->app) != END)
			return -EADDRINUSE;
		/* A handshake may end with another of them than it began with. */
		return tcp_terms_same(&s->clients[call->app].settings.terms,
			       &s->listeners[l->share].settings.terms)
			       ? 0
			       : -EINVAL;
	}
	*found = alloc_listener(s, laddr, call->local->port, APP_SHARED);
	if (*found == END)
		return -ENOSPC;
	chain(s, *found);
	return 0;
}

int
listen_open(struct thole_stack *s, const struct listen_call *call)
{
	struct listener *l;
	uint32_t laddr;
	uint16_t i, found;
	int err = 0;

	if (call->local->port == 0)
		return -EINVAL;
	if (s->ending != ENDING_NOT)
		return -ESHUTDOWN;
	if (local_index(s, &call->local->addr, &laddr) != 0)
		return -EADDRNOTAVAIL;
	found = find_exact(s, laddr, call->local->port);
	if (call->shared)
		err = distributor(s, laddr, call, &found);
	else if (found != END)
		err = -EADDRINUSE;
	if (err != 0)
		return err;
	i = alloc_listener(s, laddr, call->local->port, call->app);
	if (i == END) {
		if (call->shared && s->listeners[found].share == END) {
			unchain(s, found);
			free_listener(s, found);
		}
		return -ENOSPC;
	}
	l = &s->listeners[i];
	l->backlog = call->backlog != 0 ? call->backlog : 1;
	l->user = call->user;
	l->settings = s->clients[call->app].settings;
	tcp_profile_hold(&s->env, l->settings.profile);
	if (call->shared)
		share_join(s, found, i);
	else
		chain(s, i);
	return 0;
}

/* Handshakes and connections that the application never saw go with their listener (RFC
 * 9293, 3.10.4). */
static void
drop_dependants(struct thole_stack *s, uint16_t listener)
{
	struct listener *l = &s->listeners[listener];

	for (uint32_t i = 0; i < s->embryos.fresh && s->stats.embryos != 0; i++) {
		const struct embryo *e = stack_embryo(s, i);

		if (e->listener == listener)
			embryo_free(s, i);
	}
	for (uint32_t i = 0; i < s->tcbs.fresh && l->waiting != 0; i++) {
		struct tcb *t = stack_tcb(s, i);

		if (t->app == APP_NONE || t->listener != listener)
			continue;
		l->waiting--;
		t->listener = NO_INDEX;
		t->app = APP_NONE;
		tcp_abort(&s->env, t, ECONNABORTED);
		t->events = 0;
		conn_settle(s, t);
	}
}

/* From here on nobody finds it. */
static void
unlink_listener(struct thole_stack *s, uint16_t i)
{
	struct listener *l = &s->listeners[i];

	if (l->share == END) {
		unchain(s, i);
	} else {
		uint16_t found = find_exact(s, l->laddr, l->port);

		if (share_leave(s, found, i)) {
			unchain(s, found);
			free_listener(s, found);
		}
	}
	l->app = APP_NONE;
}

/* Nobody depends on it any more. */
static void
end_listener(struct thole_stack *s, uint16_t i)
{
	tcp_profile_drop(&s->env, s->listeners[i].settings.profile);
	free_listener(s, i);
}

static void
close_listener(struct thole_stack *s, uint16_t i)
{
	unlink_listener(s, i);
	drop_dependants(s, i);
	end_listener(s, i);
}

int
listen_close(struct thole_stack *s, uint8_t app, const struct thole_endpoint *local)
{
	uint32_t laddr;
	uint16_t i;

	if (local_index(s, &local->addr, &laddr) != 0)
		return -EADDRNOTAVAIL;
	i = own_listener(s, find_exact(s, laddr, local->port), app);
	if (i == END)
		return -EINVAL;
	close_listener(s, i);
	return 0;
}

void
listen_close_all(struct thole_stack *s, uint8_t app)
{
	for (uint32_t i = 1; i <= s->cfg.max_listeners; i++)
		if (s->listeners[i].app == app)
			close_listener(s, (uint16_t)i);
}

/* Who distributes goes with the last that shares. */
static bool
is_somebodys(const struct listener *l)
{
	return l->app != APP_NONE && l->app != APP_SHARED;
}

void
listen_drain(struct thole_stack *s)
{
	for (unsigned int step = 0; step < EMBRYO_STEPS; step++)
		while (!list_empty(&s->embryo_fifo[step]))
			embryo_free(s, s->embryo_fifo[step].head);
	for (uint32_t i = 0; i < s->tcbs.fresh; i++)
		stack_tcb(s, i)->listener = NO_INDEX;
	for (uint32_t i = 1; i <= s->cfg.max_listeners; i++) {
		if (!is_somebodys(&s->listeners[i]))
			continue;
		unlink_listener(s, (uint16_t)i);
		end_listener(s, (uint16_t)i);
	}
}

void
listen_close_at(struct thole_stack *s, uint32_t base, uint32_t width)
{
	for (uint32_t i = 1; i <= s->cfg.max_listeners; i++)
		if (is_somebodys(&s->listeners[i]) && s->listeners[i].laddr - base < width)
			close_listener(s, (uint16_t)i);
}
