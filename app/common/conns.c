/* SPDX-License-Identifier: BSD-3-Clause */
/* conns.c: records by the handle's index, the list of ready ones, and the queues of received mbufs.
 */
#include "conns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CONN_INDEX(handle) ((uint32_t)((handle) >> 32) & 0xffffff)
#define CONN_TAKE_SEGS	   64 /* of a chain that conn_take() gives */

int
conns_init(
	struct conns *conns, const struct conns_ops *ops, struct run *run, uint32_t max, void *ctx)
{
	memset(conns, 0, sizeof(*conns));
	conns->ops = ops;
	conns->run = run;
	conns->ctx = ctx;
	conns->max = max;
	TAILQ_INIT(&conns->all);
	TAILQ_INIT(&conns->ready);
	conns->by_index = calloc(max, sizeof(conns->by_index[0]));
	return conns->by_index != NULL ? 0 : -ENOMEM;
}

static void
free_segments(struct rte_mbuf *m)
{
	while (m != NULL) {
		struct rte_mbuf *next = m->next;

		rte_pktmbuf_free_seg(m);
		m = next;
	}
}

static void
conns_remove(struct conns *conns, struct conn *conn)
{
	conns->by_index[CONN_INDEX(conn->handle)] = NULL;
	TAILQ_REMOVE(&conns->all, conn, all);
	if (conn->is_ready)
		TAILQ_REMOVE(&conns->ready, conn, ready);
	free_segments(conn->in_head);
	free(conn);
	conns->nb--;
}

void
conns_fini(struct conns *conns)
{
	struct conn *conn;

	while ((conn = TAILQ_FIRST(&conns->all)) != NULL) {
		conns->ops->closed(conns, conn, -ECONNABORTED);
		conns_remove(conns, conn);
	}
	free(conns->by_index);
	conns->by_index = NULL;
}

void
conns_wake(struct conns *conns, struct conn *conn)
{
	if (conn->is_ready)
		return;
	conn->is_ready = true;
	TAILQ_INSERT_TAIL(&conns->ready, conn, ready);
}

void
conns_wake_all(struct conns *conns)
{
	struct conn *conn;

	TAILQ_FOREACH(conn, &conns->all, all)
	conns_wake(conns, conn);
}

struct conn *
conns_find(const struct conns *conns, thole_conn handle)
{
	uint32_t index = CONN_INDEX(handle);
	struct conn *conn = index < conns->max ? conns->by_index[index] : NULL;

	return conn != NULL && conn->handle == handle ? conn : NULL;
}

static void
conns_open(struct conns *conns, const struct thole_event *event)
{
	uint32_t index = CONN_INDEX(event->conn);
	struct conn *conn = NULL;

	if (index < conns->max && conns->by_index[index] == NULL)
		conn = calloc(1, conns->ops->conn_bytes);
	if (conn == NULL) { /* no memory: the peer is told, and its CLOSED event finds no record */
		run_op(conns->run, THOLE_OP_ABORT, event->conn);
		return;
	}
	conn->handle = event->conn;
	conn->credit = event->bytes;
	conns->by_index[index] = conn;
	conns->nb++;
	TAILQ_INSERT_TAIL(&conns->all, conn, all);
	conns->ops->opened(conns, conn);
	conns_wake(conns, conn);
}

static void
conn_append(struct conn *conn, struct rte_mbuf *chain)
{
	conn->in_bytes += chain->pkt_len;
	if (conn->in_tail != NULL)
		conn->in_tail->next = chain;
	else
		conn->in_head = chain;
	conn->in_tail = rte_pktmbuf_lastseg(chain);
}

bool
conns_event(struct conns *conns, const struct thole_event *event)
{
	struct conn *conn;

	if (event->type == THOLE_EV_ACCEPTED || event->type == THOLE_EV_CONNECTED) {
		conns_open(conns, event);
		return true;
	}
	conn = conns_find(conns, event->conn);
	if (conn == NULL) {
		if (event->type == THOLE_EV_DATA)
			rte_pktmbuf_free(event->mbuf);
		return false;
	}
	switch ((enum thole_event_type)event->type) {
	case THOLE_EV_DATA:
		conn_append(conn, event->mbuf);
		break;
	case THOLE_EV_PEER_CLOSED:
		conn->peer_closed = true;
		break;
	case THOLE_EV_SENDABLE:
		conn->credit += event->bytes;
		break;
	case THOLE_EV_CLOSED:
		conns->ops->closed(conns, conn, event->status);
		conns_remove(conns, conn);
		return true;
	case THOLE_EV_LISTENING:
	case THOLE_EV_OPENING:
	case THOLE_EV_ACCEPTED:
	case THOLE_EV_CONNECTED:
	case THOLE_EV_REFUSED: /* CLOSED follows, or has been */
	case THOLE_EV_SOFT_ERROR:
	case THOLE_EV_OPTION:
	case THOLE_EV_INFO:
	case THOLE_EV_GIVEN:
	case THOLE_EV_TAKEN:
		return true;
	}
	conns_wake(conns, conn);
	return true;
}

bool
conn_may_post(struct conns *conns, struct conn *conn, uint32_t ops)
{
	if (run_room(conns->run) >= ops)
		return true;
	conns_wake(conns, conn);
	return false;
}

void
conns_work(struct conns *conns)
{
	struct conn_list now = TAILQ_HEAD_INITIALIZER(now);
	struct conn *conn;

	/* Those that a pump wakes again wait for the next turn. */
	TAILQ_CONCAT(&now, &conns->ready, ready);
	while ((conn = TAILQ_FIRST(&now)) != NULL) {
		if (run_room(conns->run) < CONNS_PUMP_OPS)
			break;
		TAILQ_REMOVE(&now, conn, ready);
		conn->is_ready = false;
		if (conn->closing)
			continue;
		if (conn->owed != 0)
			conn_received(conns, conn, 0);
		conns->ops->pump(conns, conn);
	}
	TAILQ_CONCAT(&now, &conns->ready, ready);
	TAILQ_CONCAT(&conns->ready, &now, ready);
}

/* Unlinks the first segment. */
static struct rte_mbuf *
conn_pop(struct conn *conn)
{
	struct rte_mbuf *m = conn->in_head;

	conn->in_head = m->next;
	if (conn->in_head == NULL)
		conn->in_tail = NULL;
	conn->in_bytes -= m->data_len;
	m->next = NULL;
	return m;
}

struct rte_mbuf *
conn_take(struct conn *conn, uint64_t max)
{
	struct rte_mbuf *head = NULL, *last = NULL;

	while (conn->in_head != NULL) {
		struct rte_mbuf *m = conn->in_head;

		if (head != NULL &&
			(head->pkt_len + m->data_len > max || head->nb_segs == CONN_TAKE_SEGS))
			break;
		conn_pop(conn);
		if (m->data_len == 0) {
			m->nb_segs = 1;
			rte_pktmbuf_free_seg(m);
			continue;
		}
		if (head == NULL) {
			head = m;
			head->pkt_len = 0;
			head->nb_segs = 0;
		} else {
			last->next = m;
			m->nb_segs = 1;
		}
		head->pkt_len += m->data_len;
		head->nb_segs++;
		last = m;
	}
	return head;
}

uint32_t
conn_read(struct conn *conn, void *to, uint32_t max)
{
	uint32_t done = 0;

	while (done < max && conn->in_head != NULL) {
		struct rte_mbuf *m = conn->in_head;
		uint32_t n = RTE_MIN(max - done, m->data_len);

		if (to != NULL && n != 0)
			memcpy((char *)to + done, rte_pktmbuf_mtod(m, const char *), n);
		done += n;
		if (n == m->data_len) {
			rte_pktmbuf_free_seg(conn_pop(conn));
			continue;
		}
		m->data_off = (uint16_t)(m->data_off + n);
		m->data_len = (uint16_t)(m->data_len - n);
		conn->in_bytes -= n;
	}
	return done;
}

uint32_t
conn_skip(struct conn *conn, uint64_t max)
{
	return conn_read(conn, NULL, (uint32_t)RTE_MIN(max, (uint64_t)UINT32_MAX));
}

void
conn_received(struct conns *conns, struct conn *conn, uint64_t bytes)
{
	conn->owed += bytes;
	if (conn->owed == 0)
		return;
	if (run_pool_low(conns->run)) {
		conns_wake(conns, conn);
		return;
	}
	run_op(conns->run, THOLE_OP_RECEIVED, conn->handle)->bytes = (uint32_t)conn->owed;
	conn->owed = 0;
}

void
conn_send(struct conns *conns, struct conn *conn, struct rte_mbuf *chain)
{
	conn->credit -= chain->pkt_len;
	run_op(conns->run, THOLE_OP_SEND, conn->handle)->mbuf = chain;
}

void
conn_shutdown(struct conns *conns, struct conn *conn)
{
	if (conn->shut || conn->closing)
		return;
	conn->shut = true;
	run_op(conns->run, THOLE_OP_SHUTDOWN, conn->handle);
}

void
conn_close(struct conns *conns, struct conn *conn)
{
	if (conn->closing)
		return;
	conn->closing = true;
	if (conn->owed != 0) /* else it would count as unread, and be answered by RST */
		run_op(conns->run, THOLE_OP_RECEIVED, conn->handle)->bytes = (uint32_t)conn->owed;
	conn->owed = 0;
	run_op(conns->run, THOLE_OP_CLOSE, conn->handle);
}

/* Also of a connection that is closing: it may be waiting for its peer. */
void
conn_abort(struct conns *conns, struct conn *conn)
{
	conn->closing = true;
	run_op(conns->run, THOLE_OP_ABORT, conn->handle);
}
