/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client.c: a connection's slot comes back in each event as its user value. Local addresses and
 * ports and the server's ports are walked through so that a tuple comes again as late as it can:
 * the server's TIME-WAIT has it until then (RFC 9293, 3.6.1 asks the client to keep clear of that).
 *
 * A closed loop locks into bursts of one kind of packet, which flatters branch prediction. So a few
 * of the connections that could be opened in a turn, as many as a random number says, wait for the
 * next one: kinds stay mixed.
 */
#include <errno.h>
#include <stdlib.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

#include "client.h"

#define PROBE_RETRY_NS UINT64_C(100000000)

static uint32_t
share_of(uint32_t n, const struct options *options, uint32_t number)
{
	return n / options->workers + (number < n % options->workers);
}

int
client_init(struct client *client, const struct options *options, uint32_t number,
	const struct thole_worker *worker, const struct thole_address *addresses,
	const struct thole_addr *server)
{
	uint32_t standing = share_of(options->standing, options, number);
	int rc;

	*client = (struct client){
		.inflight = share_of(options->inflight, options, number),
		.idle = options->idle,
		.rate = options->rate,
		.number = number,
		.workers = options->workers,
		.shared = options->workers > 1,
		.worker = worker,
		.ramp = (uint64_t)addresses->count * options->workers,
		.ephemeral = options->ephemeral,
		.addresses = *addresses,
		.server.addr = *server,
		.first_port = options->port_first,
		.nb_ports = (uint32_t)options->port_last - options->port_first + 1,
		.random = UINT64_C(0x9e3779b97f4a7c15),
	};
	/* Slots from inflight on are those of connections that stay open. */
	rc = end_init(&client->end, options, false, client->inflight + client->idle + standing);
	if (rc != 0)
		return rc;
	client->free_slots = calloc(client->inflight, sizeof(*client->free_slots));
	if (client->rate != 0)
		client->due_ns = calloc(client->inflight, sizeof(*client->due_ns));
	if (standing_init(client, standing) != 0 || client->free_slots == NULL ||
		(client->rate != 0 && client->due_ns == NULL)) {
		client_fini(client);
		return -ENOMEM;
	}
	client->nb_free = client->inflight;
	for (uint32_t i = 0; i < client->inflight; i++)
		client->free_slots[i] = client->inflight - 1 - i;
	return 0;
}

void
client_fini(struct client *client)
{
	free(client->free_slots);
	free(client->due_ns);
	client->free_slots = NULL;
	client->due_ns = NULL;
	standing_fini(client);
	end_fini(&client->end);
}

uint32_t
client_open(const struct client *client)
{
	return client->inflight - __atomic_load_n(&client->nb_free, __ATOMIC_RELAXED);
}

void
client_stop(struct client *client)
{
	__atomic_store_n(&client->stop, true, __ATOMIC_RELAXED);
}

bool
client_runs(const struct client *client)
{
	return __atomic_load_n(&client->phase, __ATOMIC_RELAXED) == CLIENT_RUN;
}

/* xorshift64. */
static uint32_t
next_random(struct client *client)
{
	client->random ^= client->random << 13;
	client->random ^= client->random >> 7;
	client->random ^= client->random << 17;
	return (uint32_t)(client->random >> 32);
}

static void
walk_on(struct client *client)
{
	struct walk *at = &client->walk;

	if (++at->address < client->addresses.count)
		return;
	at->address = 0;
	if (++at->port < client->nb_ports)
		return;
	at->port = 0;
	if (++at->local == CLIENT_PORTS)
		at->local = 0;
}

/* The next tuple; with another worker as its owner it is that one's to open. */
void
client_next_tuple(struct client *client, struct thole_op *op)
{
	do {
		struct walk at = client->walk;

		walk_on(client);
		op->local.addr = thole_addr_plus(&client->addresses.first, at.address);
		op->remote.port = (uint16_t)(client->first_port + at.port);
		if (client->ephemeral)
			return;
		op->local.port = (uint16_t)(CLIENT_PORT_MIN + at.local);
	} while (client->shared && !thole_worker_owns(client->worker, &op->local, &op->remote));
}

static __rte_always_inline uint32_t /* for the closed loop, too */
open_one(struct client *client)
{
	uint32_t slot = client->free_slots[--client->nb_free];
	struct talk *talk = &client->end.talks[slot];
	struct thole_op *op = end_op(&client->end, THOLE_OP_CONNECT, 0);

	client->opened++;
	op->user = slot;
	op->remote.addr = client->server.addr;
	client_next_tuple(client, op);
	talk->flags &= TALK_STARVED;
	talk->since_ns = client->end.now_ns;
	return slot;
}

/* All that are due, as far as there are slots. Their latency counts from when they were due. */
static void
open_due(struct client *client)
{
	uint64_t now_ns = client->end.now_ns;

	while (client->nb_free != 0 && pace_due(&client->pace, now_ns)) {
		uint64_t due_ns = pace_take(&client->pace);
		uint32_t slot = open_one(client);

		client->end.talks[slot].since_ns = client->due_ns[slot] = due_ns;
		client->waited += due_ns <= client->full_ns;
	}
	if (client->nb_free == 0 && pace_due(&client->pace, now_ns))
		client->full_ns = now_ns;
}

/* The tuples of these are none of the others': they have a port of the server's of their own. */
static void
open_idle(struct client *client)
{
	struct thole_op *op = end_op(&client->end, THOLE_OP_CONNECT, 0);
	uint32_t n = client->idle_opened++;

	op->user = client->inflight + n;
	op->remote.addr = client->server.addr;
	op->remote.port = (uint16_t)(client->first_port + client->nb_ports);
	op->local.addr = thole_addr_plus(&client->addresses.first, n % client->addresses.count);
	if (!client->ephemeral)
		op->local.port =
			(uint16_t)(CLIENT_PORT_MIN + n / client->addresses.count % CLIENT_PORTS);
	client->idle_pending++;
}

static void
reset_idle(struct client *client)
{
	for (uint32_t n = 0; n < END_OPS && client->idle_reset < client->idle_opened; n++) {
		struct talk *talk = &client->end.talks[client->inflight + client->idle_reset++];

		if ((talk->flags & TALK_IDLE) != 0)
			end_op(&client->end, THOLE_OP_ABORT, talk->conn);
	}
}

static void
begin_run(struct client *client)
{
	client->phase = CLIENT_RUN;
	client->before_opened = client->opened;
	client->before_done = client->end.counts.done;
	client->run_ns = client->end.now_ns;
	standing_begin(client);
	if (client->rate != 0)
		pace_start(&client->pace, client->rate, client->number, client->workers,
			client->run_ns);
	flood_begin(&client->flood, client->run_ns);
}

static void
end_run(struct client *client)
{
	if (client->phase == CLIENT_RUN && client->rate != 0) {
		client->stop_ns = client->end.now_ns;
		client->unopened = pace_behind(&client->pace, client->stop_ns);
	}
	client->phase = CLIENT_STOP;
	flood_end(&client->flood);
}

static void
open_more(struct client *client)
{
	uint32_t n = client->nb_free;

	if (unlikely(__atomic_load_n(&client->stop, __ATOMIC_RELAXED)) &&
		client->phase != CLIENT_STOP)
		end_run(client);
	switch (client->phase) {
	case CLIENT_PROBE:
		if (client_open(client) != 0 || client->end.now_ns < client->retry_ns)
			return;
		n = 1;
		break;
	case CLIENT_RAMP:
		n = (uint32_t)RTE_MIN(n, client->ramp_end - client->opened);
		if (n == 0 && client_open(client) == 0)
			client->phase = CLIENT_FILL;
		break;
	case CLIENT_FILL:
		if (standing_fill(client))
			return;
		n = RTE_MIN(client->inflight - client->idle_pending,
			client->idle - client->idle_opened);
		if (n == 0 && client->idle_pending == 0)
			begin_run(client);
		while (n-- != 0)
			open_idle(client);
		return;
	case CLIENT_RUN:
		if (client->standing.n != 0) {
			standing_turn(client);
			return;
		}
		if (client->rate != 0) {
			open_due(client);
			return;
		}
		if (n >= 4)
			n -= next_random(client) % (n / 2);
		n = flood_allows(&client->flood, n);
		break;
	case CLIENT_STOP:
		reset_idle(client);
		standing_end(client);
		return;
	}
	while (n-- != 0)
		open_one(client);
}

static void
on_closed(struct client *client, uint32_t slot, int32_t status)
{
	struct end *end = &client->end;

	client->free_slots[client->nb_free++] = slot;
	if (unlikely(client->rate != 0) && client->due_ns[slot] != 0) {
		if (status == 0 && end->timed)
			histogram_add(&end->close_ns, end->now_ns - client->due_ns[slot]);
		end->talks[slot].flags &= (uint16_t)~TALK_FIRST; /* it is timed */
	}
	/* Until the first success it's the server that isn't there yet, not a failed connection. */
	if (client->phase == CLIENT_PROBE && status != 0) {
		client->probe_status = status;
		client->retry_ns = end->now_ns + PROBE_RETRY_NS;
		end->talks[slot].flags &= TALK_STARVED;
		return;
	}
	end_closed(end, &end->talks[slot], status);
	if (client->phase == CLIENT_PROBE) {
		client->phase = CLIENT_RAMP;
		client->ramp_end = client->opened + client->ramp;
	}
}

static void
on_idle(struct client *client, uint32_t slot, const struct thole_event *event)
{
	struct end *end = &client->end;
	struct talk *talk = &end->talks[slot];

	if (event->type == THOLE_EV_CONNECTED) {
		client->idle_pending--;
		end_idle(end, talk, event);
		if (slot - client->inflight < client->idle_reset) /* too late */
			end_op(end, THOLE_OP_ABORT, event->conn);
	} else if (event->type == THOLE_EV_CLOSED) {
		if (client->phase != CLIENT_STOP)
			end_count_failure(end, event->status);
		if ((talk->flags & TALK_IDLE) != 0)
			end_idle_over(end, talk);
		else
			client->idle_pending--;
	} else {
		end_event(end, talk, event);
	}
}

static void
on_event(struct client *client, const struct thole_event *event)
{
	struct end *end = &client->end;
	uint32_t slot = (uint32_t)event->user;
	struct talk *talk = &end->talks[slot];

	end->kinds |= 1U << event->type;
	if (unlikely(slot >= end->nb_talks)) {
		if (event->type == THOLE_EV_DATA)
			rte_pktmbuf_free(event->mbuf);
		return;
	}
	if (unlikely(slot >= client->inflight)) {
		if (client->standing.n != 0)
			standing_event(client, slot, event);
		else
			on_idle(client, slot, event);
	} else if (event->type == THOLE_EV_CONNECTED) {
		if (end->timed)
			histogram_add(&end->connect_ns, end->now_ns - talk->since_ns);
		end_established(end, talk, event);
	} else if (event->type == THOLE_EV_CLOSED) {
		on_closed(client, slot, event->status);
	} else {
		end_event(end, talk, event);
	}
}

void
client_turn(void *ctx, struct thole_worker *worker, uint64_t now_ns)
{
	struct client *client = ctx;
	struct thole_event events[END_EVENTS];
	uint32_t n;

	(void)worker;
	end_turn_begin(&client->end, now_ns);
	do {
		n = (uint32_t)thole_app_events(client->end.app, events, END_EVENTS);
		for (uint32_t i = 0; client->standing.n != 0 && i < n; i++)
			end_prefetch(&client->end, (uint32_t)events[i].user);
		for (uint32_t i = 0; i < n; i++)
			on_event(client, &events[i]);
	} while (n == END_EVENTS);
	open_more(client);
	end_turn_end(&client->end);
	if (unlikely(client->flood.each != 0))
		flood_turn(&client->flood, now_ns);
}
