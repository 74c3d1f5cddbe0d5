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

int
listen_open(struct thole_stack *s, uint8_t app, const struct thole_endpoint *local,
	uint32_t backlog, uint64_t user)
{
	struct listener *l;
	uint32_t laddr;
	uint16_t i;

	if (local->port == 0)
		return -EINVAL;
	if (s->ending != ENDING_NOT)
		return -ESHUTDOWN;
	if (local_index(s, &local->addr, &laddr) != 0)
		return -EADDRNOTAVAIL;
	if (find_exact(s, laddr, local->port) != END)
		return -EADDRINUSE;
	i = s->listener_free;
	if (i == END)
		return -ENOSPC;
	l = &s->listeners[i];
	s->listener_free = l->next;
	*l = (struct listener){
		.laddr = laddr,
		.backlog = backlog != 0 ? backlog : 1,
		.port = local->port,
		.next = s->listener_at[local->port],
		.app = app,
		.user = user,
		.settings = s->clients[app].settings,
	};
	tcp_profile_hold(&s->env, l->settings.profile);
	s->listener_at[local->port] = i;
	return 0;
}

/* Handshakes and connections that the application never saw go with their listener (RFC
 * 9293, 3.10.4). */
static void
drop_dependants(struct thole_stack *s, uint16_t listener)
{
	for (uint32_t i = 0; i < s->embryos.fresh; i++) {
		const struct embryo *e = stack_embryo(s, i);

		if (e->listener == listener)
			embryo_free(s, i);
	}
	for (uint32_t i = 0; i < s->tcbs.fresh; i++) {
		struct tcb *t = stack_tcb(s, i);

		if (t->app == APP_NONE || t->listener != listener)
			continue;
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
	uint16_t *link = &s->listener_at[l->port];

	while (*link != i)
		link = &s->listeners[*link].next;
	*link = l->next;
	l->app = APP_NONE;
}

/* Nobody depends on it any more. */
static void
free_listener(struct thole_stack *s, uint16_t i)
{
	struct listener *l = &s->listeners[i];

	tcp_profile_drop(&s->env, l->settings.profile);
	l->next = s->listener_free;
	s->listener_free = i;
}

static void
close_listener(struct thole_stack *s, uint16_t i)
{
	unlink_listener(s, i);
	drop_dependants(s, i);
	free_listener(s, i);
}

int
listen_close(struct thole_stack *s, uint8_t app, const struct thole_endpoint *local)
{
	uint32_t laddr;
	uint16_t i;

	if (local_index(s, &local->addr, &laddr) != 0)
		return -EADDRNOTAVAIL;
	i = find_exact(s, laddr, local->port);
	if (i == END || s->listeners[i].app != app)
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

void
listen_drain(struct thole_stack *s)
{
	for (unsigned int step = 0; step < EMBRYO_STEPS; step++)
		while (!list_empty(&s->embryo_fifo[step]))
			embryo_free(s, s->embryo_fifo[step].head);
	for (uint32_t i = 0; i < s->tcbs.fresh; i++)
		stack_tcb(s, i)->listener = NO_INDEX;
	for (uint32_t i = 1; i <= s->cfg.max_listeners; i++) {
		if (s->listeners[i].app == APP_NONE)
			continue;
		unlink_listener(s, (uint16_t)i);
		free_listener(s, (uint16_t)i);
	}
}

void
listen_close_at(struct thole_stack *s, uint32_t base, uint32_t width)
{
	for (uint32_t i = 1; i <= s->cfg.max_listeners; i++)
		if (s->listeners[i].app != APP_NONE && s->listeners[i].laddr - base < width)
			close_listener(s, (uint16_t)i);
}
