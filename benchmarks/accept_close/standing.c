/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * standing.c: a message goes back in the mbuf that came with the other one, if both are of a size:
 * nothing is copied, and no mbuf is asked for. The stack keeps it until the peer has acknowledged
 * it.
 *
 * RECEIVED goes to the stack when some messages have gathered, far below the window.
 */
#include <errno.h>
#include <stdlib.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

#include "client.h"

#define TURN_MOST     1024U  /* first requests said in a turn */
#define MBUF_ROOM     2048.0 /* payload in one */
#define SEGMENT_BYTES 1448U  /* payload of a packet of 1500 B with timestamps */

int
standing_init(struct client *client, uint32_t n)
{
	struct standing *s = &client->standing;

	*s = (struct standing){ .n = n };
	if (n == 0)
		return 0;
	s->due = calloc(n, sizeof(*s->due));
	return s->due == NULL ? -ENOMEM : 0;
}

void
standing_fini(struct client *client)
{
	free(client->standing.due);
	client->standing.due = NULL;
}

static void
put_due(struct standing *s, uint32_t slot)
{
	uint32_t at = s->due_head + s->nb_due++;

	s->due[at < s->n ? at : at - s->n] = slot;
}

static uint32_t
take_due(struct standing *s)
{
	uint32_t slot = s->due[s->due_head];

	s->due_head = s->due_head + 1 == s->n ? 0 : s->due_head + 1;
	s->nb_due--;
	return slot;
}

static void
took(struct end *end, struct talk *talk, uint32_t bytes)
{
	uint32_t gathered = talk->gathered + bytes;

	if (gathered >= end->gather) {
		end_op(end, THOLE_OP_RECEIVED, talk->conn)->bytes = gathered;
		gathered = 0;
	}
	talk->gathered = (uint16_t)gathered;
}

/* Says what talk->send has, in @p mbuf if it is as long; takes that. Several mbufs refer to
 * others', which had better get them back. */
static void
say(struct end *end, struct talk *talk, struct rte_mbuf *mbuf)
{
	uint32_t bytes = talk->send;

	if (mbuf != NULL && mbuf->nb_segs == 1 && mbuf->pkt_len == bytes && talk->credit >= bytes) {
		end_op(end, THOLE_OP_SEND, talk->conn)->mbuf = mbuf;
		talk->send = 0;
		talk->credit -= bytes;
		return;
	}
	rte_pktmbuf_free(mbuf);
	end_send(end, talk);
}

void
standing_request(struct end *end, struct talk *talk, struct rte_mbuf *mbuf)
{
	uint32_t bytes = mbuf->pkt_len;

	if (unlikely((talk->flags & TALK_CLOSING) != 0)) {
		rte_pktmbuf_free(mbuf);
		return;
	}
	took(end, talk, bytes);
	if ((talk->expect | talk->send) == 0) {
		talk->expect = end->request_bytes;
		talk->send = end->response_bytes;
	}
	talk->expect -= RTE_MIN(bytes, talk->expect);
	if (talk->expect != 0) {
		rte_pktmbuf_free(mbuf);
		return;
	}
	end_count(&end->counts.requests);
	say(end, talk, mbuf);
}

bool
standing_fill(struct client *client)
{
	struct standing *s = &client->standing;
	uint32_t n = RTE_MIN(client->inflight - s->pending, s->n - s->opened);

	s->pending += n;
	while (n-- != 0) {
		struct thole_op *op = end_op(&client->end, THOLE_OP_CONNECT, 0);

		op->user = client->inflight + s->opened++;
		op->remote.addr = client->server.addr;
		client_next_tuple(client, op);
	}
	return s->opened < s->n || s->pending != 0;
}

/* @p mbuf: NULL, or one that may carry it. */
static void
request(struct client *client, uint32_t slot, struct rte_mbuf *mbuf)
{
	struct end *end = &client->end;
	struct talk *talk = &end->talks[slot];

	client->standing.out++;
	talk->expect = end->response_bytes;
	talk->send = end->request_bytes;
	say(end, talk, mbuf);
}

/* The first that is due and still open; @return false without one. */
static bool
next_due(struct client *client, uint32_t *slot)
{
	struct standing *s = &client->standing;

	while (s->nb_due != 0) {
		*slot = take_due(s);
		if ((client->end.talks[*slot].flags & (TALK_OPEN | TALK_CLOSING)) == TALK_OPEN)
			return true;
	}
	return false;
}

static void
make_due(struct client *client, uint32_t slot)
{
	client->end.talks[slot].since_ns = client->end.now_ns;
	put_due(&client->standing, slot);
}

void
standing_begin(struct client *client)
{
	struct standing *s = &client->standing;
	uint32_t each = end_mbufs(&client->end, client->end.request_bytes);

	if (s->n == 0)
		return;
	/* The rest of the pool is for packets, and for what the stack needs. */
	s->most_out = RTE_MAX(1U, RTE_MIN(client->inflight, client->end.pool->size / 3 / each));
	for (uint32_t i = 0; i < s->n; i++)
		client->end.talks[client->inflight + i].since_ns = client->end.now_ns;
}

void
standing_turn(struct client *client)
{
	struct standing *s = &client->standing;
	uint32_t slot;

	for (uint32_t n = 0; n < TURN_MOST && s->out < s->most_out; n++) {
		if (!next_due(client, &slot))
			return;
		request(client, slot, NULL);
	}
}

void
standing_end(struct client *client)
{
	struct standing *s = &client->standing;
	uint32_t slot;

	while (s->closing < client->inflight && next_due(client, &slot)) {
		s->closing++;
		end_close(&client->end, &client->end.talks[slot]);
	}
}

static void
on_response(struct client *client, uint32_t slot, struct rte_mbuf *mbuf)
{
	struct standing *s = &client->standing;
	struct end *end = &client->end;
	struct talk *talk = &end->talks[slot];
	uint32_t bytes = mbuf->pkt_len;

	if (unlikely((talk->flags & TALK_CLOSING) != 0 || bytes > talk->expect)) {
		/* More than there should be: it ends as one that failed. */
		rte_pktmbuf_free(mbuf);
		if ((talk->flags & TALK_CLOSING) == 0)
			end_op(end, THOLE_OP_ABORT, talk->conn);
		return;
	}
	took(end, talk, bytes);
	talk->expect -= bytes;
	if (talk->expect != 0) {
		rte_pktmbuf_free(mbuf);
		return;
	}
	s->out--;
	end_count(&end->counts.requests);
	if (end->timed)
		histogram_add(&end->request_ns, end->now_ns - talk->since_ns);
	if (unlikely(client->phase == CLIENT_STOP)) {
		rte_pktmbuf_free(mbuf);
		put_due(s, slot);
		return;
	}
	if (likely(s->nb_due == 0)) {
		talk->since_ns = end->now_ns;
		request(client, slot, mbuf);
		return;
	}
	make_due(client, slot);
	if (next_due(client, &slot))
		request(client, slot, mbuf);
	else
		rte_pktmbuf_free(mbuf);
}

static void
on_connected(struct client *client, uint32_t slot, const struct thole_event *event)
{
	struct end *end = &client->end;
	struct talk *talk = &end->talks[slot];

	client->standing.pending--;
	end_count(&end->counts.established);
	end_count(&end->counts.standing);
	talk->conn = event->conn;
	talk->credit = event->bytes;
	talk->flags = TALK_OPEN | TALK_STANDING;
	put_due(&client->standing, slot);
}

static void
on_closed(struct client *client, struct talk *talk, int32_t status)
{
	struct end *end = &client->end;

	if ((talk->flags & TALK_OPEN) == 0) {
		client->standing.pending--;
		end_count_failure(end, status);
		return;
	}
	if ((talk->send | talk->expect) != 0)
		client->standing.out--;
	if ((talk->flags & TALK_FIRST) != 0)
		client->standing.closing--;
	/* Whose idea was that? */
	if (client->phase != CLIENT_STOP && status == 0)
		talk->flags &= TALK_STARVED;
	end_closed(end, talk, status);
}

void
standing_event(struct client *client, uint32_t slot, const struct thole_event *event)
{
	struct talk *talk = &client->end.talks[slot];

	if (likely(event->type == THOLE_EV_DATA))
		on_response(client, slot, event->mbuf);
	else if (event->type == THOLE_EV_CONNECTED)
		on_connected(client, slot, event);
	else if (event->type == THOLE_EV_CLOSED)
		on_closed(client, talk, event->status);
	else
		end_event(&client->end, talk, event);
}

double
standing_trips(uint32_t request_bytes, uint32_t response_bytes)
{
	uint32_t in = (request_bytes + SEGMENT_BYTES - 1) / SEGMENT_BYTES;
	uint32_t out = (response_bytes + SEGMENT_BYTES - 1) / SEGMENT_BYTES;

	return ((double)in + out) / 2;
}
