/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * server.c: connections are known by their handle's index, which is below the stack's max_conns: a
 * slot for each, and no search.
 */
#include <errno.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

#include "server.h"

#define BACKLOG 65535U /* the accept queue is emptied every turn */

static uint32_t
conn_index(thole_conn conn)
{
	return (uint32_t)(conn >> 32) & 0xffffff;
}

int
server_init(struct server *server, const struct options *options, uint32_t max_conns)
{
	*server = (struct server){
		.first_port = options->port_first,
		.last_port = options->port_last,
		.nb_ports = (uint32_t)options->port_last - options->port_first + 1 +
			    (options->idle != 0),
		.idle = options->idle != 0,
	};
	return end_init(&server->end, options, true, max_conns);
}

static void
for_all_ports(struct server *server, enum thole_op_type type)
{
	for (uint32_t i = 0; i < server->nb_ports; i++) {
		struct thole_op *op = end_op(&server->end, type, 0);

		op->local.port = (uint16_t)(server->first_port + i);
		op->bytes = type == THOLE_OP_LISTEN ? BACKLOG : 0;
	}
	end_flush(&server->end);
}

void
server_listen(struct server *server)
{
	for_all_ports(server, THOLE_OP_LISTEN);
}

void
server_unlisten(struct server *server)
{
	for_all_ports(server, THOLE_OP_UNLISTEN);
}

void
server_leave(struct server *server)
{
	__atomic_store_n(&server->leave, true, __ATOMIC_RELAXED);
}

static void
on_listening(struct server *server, const struct thole_event *event)
{
	if (event->status != 0)
		__atomic_store_n(&server->listen_status, event->status, __ATOMIC_RELAXED);
	else
		__atomic_store_n(&server->listening, server->listening + 1, __ATOMIC_RELAXED);
}

/* Who opened it resets it in the end. */
static void
on_idle(struct server *server, struct talk *talk, const struct thole_event *event)
{
	struct end *end = &server->end;

	if (event->type == THOLE_EV_ACCEPTED)
		end_idle(end, talk, event);
	else if (event->type != THOLE_EV_CLOSED)
		end_event(end, talk, event);
	else
		end_idle_over(end, talk);
}

static void
on_event(struct server *server, const struct thole_event *event)
{
	struct end *end = &server->end;
	uint32_t index = conn_index(event->conn);
	struct talk *talk = &end->talks[index];

	end->kinds |= 1U << event->type;
	if (unlikely(event->type == THOLE_EV_LISTENING)) {
		on_listening(server, event);
		return;
	}
	if (unlikely(index >= end->nb_talks)) { /* the handle isn't what types.h says */
		end_count_failure(end, -EBADF);
		if (event->type == THOLE_EV_DATA)
			rte_pktmbuf_free(event->mbuf);
		return;
	}
	if (unlikely(server->idle) &&
		((talk->flags & TALK_IDLE) != 0 || (event->type == THOLE_EV_ACCEPTED &&
							   event->local.port > server->last_port)))
		on_idle(server, talk, event);
	else if (event->type == THOLE_EV_ACCEPTED)
		end_established(end, talk, event);
	else if (event->type == THOLE_EV_CLOSED)
		end_closed(end, talk, event->status);
	else
		end_event(end, talk, event);
}

void
server_turn(void *ctx, struct thole_worker *worker, uint64_t now_ns)
{
	struct server *server = ctx;
	struct thole_event events[END_EVENTS];
	uint32_t n;

	(void)worker;
	end_turn_begin(&server->end, now_ns);
	do {
		n = (uint32_t)thole_app_events(server->end.app, events, END_EVENTS);
		for (uint32_t i = 0; server->end.standing && i < n; i++)
			end_prefetch(&server->end, conn_index(events[i].conn));
		for (uint32_t i = 0; i < n; i++)
			on_event(server, &events[i]);
	} while (n == END_EVENTS);
	if (unlikely(__atomic_load_n(&server->leave, __ATOMIC_RELAXED))) {
		server->leave = false;
		server_unlisten(server);
	}
	end_turn_end(&server->end);
}
