/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * end.c: the client says its request at once, the server its response when all of the request has
 * come; whoever closes first does so when all is said, the other one when it has heard that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

#include "standing.h"

#define SEND_BYTES   16384U /* at most, in one op */
#define GATHER_BYTES 4096U

int
end_init(struct end *end, const struct options *options, bool is_server, uint32_t nb_talks)
{
	memset(end, 0, sizeof(*end));
	end->is_server = is_server;
	end->closes = options->client_closes != is_server;
	end->request_bytes = options->request_bytes;
	end->response_bytes = options->response_bytes;
	end->silent = (options->request_bytes | options->response_bytes) == 0;
	end->standing = options->standing != 0;
	end->gather = GATHER_BYTES;
	end->nb_talks = nb_talks;
	end->talks = calloc(nb_talks, sizeof(*end->talks));
	end->starved = calloc(nb_talks, sizeof(*end->starved));
	end->payload = malloc(SEND_BYTES);
	if (end->talks == NULL || end->starved == NULL || end->payload == NULL) {
		end_fini(end);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < SEND_BYTES; i++)
		end->payload[i] = (uint8_t)('a' + i % 26);
	return 0;
}

void
end_fini(struct end *end)
{
	free(end->talks);
	free(end->starved);
	free(end->payload);
	end->talks = NULL;
	end->starved = NULL;
	end->payload = NULL;
}

void
end_flush(struct end *end)
{
	/* A direct context takes all of them. */
	thole_app_submit(end->app, end->ops, end->nb_ops);
	end->nb_ops = 0;
}

void
end_count_failure(struct end *end, int32_t status)
{
	uint32_t i = 0;

	end_count(&end->counts.failed);
	while (i < end->nb_statuses && end->statuses[i] != status)
		i++;
	if (i == END_STATUSES)
		return;
	if (i == end->nb_statuses)
		end->statuses[end->nb_statuses++] = status;
	end->status_counts[i]++;
}

void
end_merge(struct end *end, const struct end *other)
{
	struct end_counts *to = &end->counts;
	const struct end_counts *from = &other->counts;

	to->established += from->established;
	to->done += from->done;
	to->failed += from->failed;
	to->refused += from->refused;
	to->standing += from->standing;
	to->requests += from->requests;
	to->busy_turns += from->busy_turns;
	to->mixed_turns += from->mixed_turns;
	for (uint32_t k = 0; k < other->nb_statuses; k++) {
		uint32_t i = 0;

		while (i < end->nb_statuses && end->statuses[i] != other->statuses[k])
			i++;
		if (i == END_STATUSES)
			continue;
		if (i == end->nb_statuses)
			end->statuses[end->nb_statuses++] = other->statuses[k];
		end->status_counts[i] += other->status_counts[k];
	}
	histogram_merge(&end->connect_ns, &other->connect_ns);
	histogram_merge(&end->close_ns, &other->close_ns);
	histogram_merge(&end->request_ns, &other->request_ns);
}

uint32_t
end_mbufs(const struct end *end, uint32_t bytes)
{
	uint32_t each = (uint32_t)rte_pktmbuf_data_room_size(end->pool) - RTE_PKTMBUF_HEADROOM;

	return (bytes + each - 1) / each;
}

/*
 * Whether bytes may be copied into mbufs now. A third of the pool stays unused: the stack takes
 * from it too, for segments and ACKs, without which nothing that is queued ever comes free. Counted
 * once a turn, and only in turns that send: it reads every lcore's cache.
 */
static bool
take_room(struct end *end, uint32_t bytes)
{
	uint32_t n = end_mbufs(end, bytes);

	if (!end->pool_seen) {
		uint32_t keep = end->pool->size / 3, left = rte_mempool_avail_count(end->pool);

		end->pool_seen = true;
		end->pool_left = left > keep ? left - keep : 0;
	}
	if (end->pool_left < n)
		return false;
	end->pool_left -= n;
	return true;
}

void
end_send(struct end *end, struct talk *talk)
{
	while (talk->send != 0 && talk->credit != 0) {
		uint32_t bytes = RTE_MIN(RTE_MIN(talk->send, talk->credit), SEND_BYTES);

		if (!take_room(end, bytes) || thole_app_send_copy(end->app, talk->conn, end->pool,
						      end->payload, bytes) < 0) {
			if ((talk->flags & TALK_STARVED) == 0) {
				talk->flags |= TALK_STARVED;
				end->starved[end->nb_starved++] = (uint32_t)(talk - end->talks);
			}
			return;
		}
		talk->send -= bytes;
		talk->credit -= bytes;
	}
}

/* Whatever the connection is ready for. */
static void
go_on(struct end *end, struct talk *talk)
{
	if ((talk->flags & (TALK_OPEN | TALK_CLOSING | TALK_IDLE)) != TALK_OPEN)
		return;
	/* The response waits for the whole request; the request waits for nothing. */
	if (talk->send != 0 && (!end->is_server || talk->expect == 0))
		end_send(end, talk);
	if ((talk->flags & TALK_PEER_CLOSED) != 0
			? talk->send == 0 || talk->expect != 0
			: end->closes && (talk->flags & TALK_STANDING) == 0 &&
				  (talk->send | talk->expect) == 0)
		end_close(end, talk);
}

void
end_begin(struct end *end, struct talk *talk)
{
	if (end->standing && end->is_server) {
		talk->flags |= TALK_STANDING;
		return;
	}
	talk->expect = end->is_server ? end->request_bytes : end->response_bytes;
	talk->send = end->is_server ? end->response_bytes : end->request_bytes;
	go_on(end, talk);
}

void
end_idle(struct end *end, struct talk *talk, const struct thole_event *event)
{
	end_count(&end->counts.idle);
	talk->conn = event->conn;
	talk->flags = TALK_OPEN | TALK_IDLE;
}

void
end_idle_over(struct end *end, struct talk *talk)
{
	__atomic_store_n(&end->counts.idle, end->counts.idle - 1, __ATOMIC_RELAXED);
	talk->flags = 0;
}

static void
take_data(struct end *end, struct talk *talk, struct rte_mbuf *mbuf)
{
	uint32_t bytes = mbuf->pkt_len;

	rte_pktmbuf_free(mbuf);
	if ((talk->flags & TALK_CLOSING) != 0)
		return;
	end_op(end, THOLE_OP_RECEIVED, talk->conn)->bytes = bytes;
	talk->expect -= RTE_MIN(bytes, talk->expect);
}

void
end_event(struct end *end, struct talk *talk, const struct thole_event *event)
{
	switch ((enum thole_event_type)event->type) {
	case THOLE_EV_DATA:
		if ((talk->flags & TALK_STANDING) != 0)
			standing_request(end, talk, event->mbuf);
		else
			take_data(end, talk, event->mbuf);
		break;
	case THOLE_EV_PEER_CLOSED:
		talk->flags |= TALK_PEER_CLOSED;
		break;
	case THOLE_EV_SENDABLE:
		talk->credit += event->bytes;
		break;
	case THOLE_EV_REFUSED:
		end_count(&end->counts.refused);
		return;
	case THOLE_EV_LISTENING:
	case THOLE_EV_OPENING:
	case THOLE_EV_ACCEPTED:
	case THOLE_EV_CONNECTED:
	case THOLE_EV_CLOSED:
	case THOLE_EV_SOFT_ERROR:
	case THOLE_EV_OPTION:
	case THOLE_EV_INFO:
	case THOLE_EV_GIVEN:
	case THOLE_EV_TAKEN:
		return;
	}
	go_on(end, talk);
}

void
end_turn_begin(struct end *end, uint64_t now_ns)
{
	uint32_t n = end->nb_starved;

	end->now_ns = now_ns;
	end->kinds = 0;
	end->timed = __atomic_load_n(&end->recording, __ATOMIC_RELAXED);
	end->pool_seen = false;
	/* Those that starve again go back on the list, never beyond what has been read. */
	end->nb_starved = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct talk *talk = &end->talks[end->starved[i]];

		talk->flags &= (uint16_t)~TALK_STARVED;
		go_on(end, talk);
	}
}

void
end_turn_end(struct end *end)
{
	if (end->nb_ops != 0)
		end_flush(end);
	if (end->kinds == 0)
		return;
	end_count(&end->counts.busy_turns);
	if ((end->kinds & (end->kinds - 1)) != 0)
		end_count(&end->counts.mixed_turns);
}
