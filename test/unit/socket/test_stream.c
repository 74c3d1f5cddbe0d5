/* SPDX-License-Identifier: BSD-3-Clause */
/* test_stream.c: bytes by copy and by mbuf, in small buffers and through full rings; both ends of a
 * connection, and what each call says after. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mempool.h>

#include "socket/world.h"

#define PORT 80

static struct thole_sockets *c, *s;
static thole_sock listener, client, server;

static void
begin(const struct world_config *config)
{
	world_begin(config);
	c = world.sides[0].sockets;
	s = world.sides[1].sockets;
	listener = world_listen(PORT, 8);
	world_pair(listener, PORT, &client, &server);
}

static uint8_t
byte_at(uint64_t offset)
{
	return (uint8_t)(offset * 131 + (offset >> 8) * 7);
}

static void
fill(uint8_t *p, uint64_t offset, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = byte_at(offset + i);
}

static bool
matches(const uint8_t *p, uint64_t offset, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != byte_at(offset + i))
			return false;
	return true;
}

static void
there_and_back(void)
{
	char text[16] = "";

	begin(&(struct world_config){ 0 });
	CU_ASSERT_EQUAL(thole_recv(s, server, text, sizeof(text), 0), -EAGAIN);
	CU_ASSERT_EQUAL(thole_recv(s, server, text, sizeof(text), 1000000), -EAGAIN);
	CU_ASSERT_EQUAL(thole_send(c, client, "hello", 5, 0), 5);
	CU_ASSERT_EQUAL(thole_recv(s, server, text, 3, WORLD_LONG), 3);
	CU_ASSERT_EQUAL(thole_recv(s, server, text + 3, 13, 0), 2);
	CU_ASSERT_STRING_EQUAL(text, "hello");
	CU_ASSERT_EQUAL(thole_send(s, server, "world", 5, WORLD_LONG), 5);
	CU_ASSERT_EQUAL(thole_recv(c, client, text, sizeof(text), WORLD_LONG), 5);
	CU_ASSERT_STRING_EQUAL(text, "world");
	CU_ASSERT_EQUAL(thole_send(c, client, text, 0, 0), 0);
	CU_ASSERT_EQUAL(thole_recv(c, client, text, 0, 0), 0);
	world_end();
}

/* More than buffers and rings hold, in odd pieces, both ways at once: each side sends what it can
 * and reads what there is. */
struct flow {
	uint64_t sent, received;
};

static void
exchange(uint64_t total, size_t piece)
{
	struct flow flows[2] = { { 0, 0 }, { 0, 0 } };
	struct thole_sockets *socks[2] = { c, s };
	thole_sock sock[2] = { client, server };
	uint8_t *buf = malloc(piece);

	CU_ASSERT_PTR_NOT_NULL_FATAL(buf);
	for (unsigned int idle = 0;
		idle < 1000000 && (flows[0].received < total || flows[1].received < total);
		idle++) {
		for (int i = 0; i < 2; i++) {
			struct flow *f = &flows[i];
			size_t n = RTE_MIN((uint64_t)piece, total - f->sent);
			int64_t got;

			fill(buf, f->sent, n);
			got = n != 0 ? thole_send(socks[i], sock[i], buf, n, 0) : 0;
			CU_ASSERT_TRUE_FATAL(got >= 0 || got == -EAGAIN);
			f->sent += got > 0 ? (uint64_t)got : 0;
			got = thole_recv(socks[i], sock[i], buf, piece - 1, 0);
			CU_ASSERT_TRUE_FATAL(got > 0 || got == -EAGAIN);
			if (got <= 0)
				continue;
			CU_ASSERT_TRUE_FATAL(matches(buf, f->received, (size_t)got));
			f->received += (uint64_t)got;
			idle = 0;
		}
		world_turn(NULL);
	}
	free(buf);
	CU_ASSERT_EQUAL(flows[0].received, total);
	CU_ASSERT_EQUAL(flows[1].received, total);
}

static void
small_buffers(void)
{
	begin(&(struct world_config){ .buf_bytes = 8192 });
	exchange(1000003, 3001);
	world_end();
}

/* Ops of a few bytes each: the ring of 64 is full all the time. */
static void
small_pieces(void)
{
	begin(&(struct world_config){ 0 });
	exchange(100003, 7);
	world_end();
}

/* One call takes all, though neither buffer nor pool could hold it. */
static void
sends_all(void)
{
	enum { TOTAL = 1 << 20 };
	uint8_t *out = malloc(TOTAL), *in = malloc(TOTAL);
	uint64_t received = 0;
	int64_t got, more;

	CU_ASSERT_TRUE_FATAL(out != NULL && in != NULL);
	begin(&(struct world_config){ .buf_bytes = 65536 });
	fill(out, 0, TOTAL);
	/* Nobody reads: what was taken is what both buffers hold. */
	got = thole_send(c, client, out, TOTAL, 50000000);
	/* More, if the machine stood still in that time. */
	while ((more = thole_send(c, client, out + got, 1, 0)) == 1)
		CU_ASSERT_TRUE_FATAL(++got < TOTAL);
	CU_ASSERT_EQUAL(more, -EAGAIN);
	CU_ASSERT_TRUE(got >= 65536 && got <= 4 * 65536);
	while (received < (uint64_t)got) {
		int64_t n = thole_recv(s, server, in, TOTAL, WORLD_LONG);

		CU_ASSERT_TRUE_FATAL(n > 0);
		CU_ASSERT_TRUE(matches(in, received, (size_t)n));
		received += (uint64_t)n;
	}
	CU_ASSERT_EQUAL(received, (uint64_t)got);
	world_end();
	free(out);
	free(in);
}

static void
parts(void)
{
	char a[3] = { 'a', 'b', 'c' }, b[1] = { 'd' }, d[5] = { 'e', 'f', 'g', 'h', 'i' };
	const struct iovec out[] = { { a, 3 }, { NULL, 0 }, { b, 1 }, { d, 5 } };
	char x[4], y[16] = "";
	const struct iovec in[] = { { x, 4 }, { NULL, 0 }, { y, 15 } };

	begin(&(struct world_config){ 0 });
	CU_ASSERT_EQUAL(thole_sendv(c, client, out, 4, 0), 9);
	CU_ASSERT_EQUAL(thole_recvv(s, server, in, 3, WORLD_LONG), 9);
	CU_ASSERT_EQUAL(memcmp(x, "abcd", 4), 0);
	CU_ASSERT_STRING_EQUAL(y, "efghi");
	CU_ASSERT_EQUAL(thole_sendv(c, client, out, 0, 0), 0);
	CU_ASSERT_EQUAL(thole_sendv(c, client, out, -1, 0), -EINVAL);
	CU_ASSERT_EQUAL(thole_recvv(s, server, in, -1, 0), -EINVAL);
	world_end();
}

static struct rte_mbuf *
chain_of(struct rte_mempool *pool, uint64_t bytes)
{
	struct rte_mbuf *head = NULL, *last = NULL;

	for (uint64_t at = 0; at < bytes;) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
		uint16_t n = (uint16_t)RTE_MIN(bytes - at, (uint64_t)1500);

		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		fill(rte_pktmbuf_mtod(m, uint8_t *), at, n);
		m->data_len = n;
		if (head == NULL) {
			head = m;
			head->pkt_len = 0;
		} else {
			last->next = m;
			head->nb_segs++;
		}
		head->pkt_len += n;
		last = m;
		at += n;
	}
	return head;
}

/* A chain longer than the send buffer goes whole and uncopied; what comes is taken in mbufs. */
static void
by_mbuf(void)
{
	enum { TOTAL = 200000 };
	struct rte_mbuf *chain, *m;
	struct thole_sockets_stats stats;
	uint64_t received = 0;
	int64_t got;

	begin(&(struct world_config){ .buf_bytes = 65536 });
	chain = chain_of(thole_port_pool(world.sides[0].port, 0), TOTAL);
	CU_ASSERT_EQUAL(thole_send_mbuf(c, client, chain, 0), TOTAL);
	/* No credit now: the next isn't taken and stays ours. */
	chain = chain_of(thole_port_pool(world.sides[0].port, 0), 10);
	CU_ASSERT_EQUAL(thole_send_mbuf(c, client, chain, 0), -EAGAIN);
	rte_pktmbuf_free(chain);
	while (received < TOTAL) {
		got = thole_recv_mbuf(s, server, &chain, 5000, WORLD_LONG);
		CU_ASSERT_TRUE_FATAL(got > 0 && got <= 5000);
		CU_ASSERT_EQUAL(chain->pkt_len, got);
		rte_mbuf_sanity_check(chain, 1);
		for (m = chain; m != NULL; m = m->next) {
			CU_ASSERT_TRUE(
				matches(rte_pktmbuf_mtod(m, uint8_t *), received, m->data_len));
			received += m->data_len;
		}
		rte_pktmbuf_free(chain);
	}
	CU_ASSERT_EQUAL(received, TOTAL);
	CU_ASSERT_EQUAL(thole_sockets_stats_get(c, &stats), 0);
	CU_ASSERT_EQUAL(stats.copied_bytes, 0);
	CU_ASSERT_EQUAL(stats.moved_bytes, TOTAL);
	CU_ASSERT_EQUAL(thole_sockets_stats_get(s, &stats), 0);
	CU_ASSERT_EQUAL(stats.copied_bytes, 0);
	CU_ASSERT_EQUAL(stats.moved_bytes, TOTAL);
	CU_ASSERT_EQUAL(thole_recv_mbuf(s, server, &chain, 5000, 0), -EAGAIN);
	CU_ASSERT_PTR_NULL(chain);
	/* An mbuf is handed out whole: one at least. */
	CU_ASSERT_EQUAL(thole_send(c, client, "abc", 3, WORLD_LONG), 3);
	CU_ASSERT_EQUAL(thole_recv_mbuf(s, server, &chain, 1, WORLD_LONG), 3);
	rte_pktmbuf_free(chain);
	chain = rte_pktmbuf_alloc(thole_port_pool(world.sides[0].port, 0));
	CU_ASSERT_EQUAL(thole_send_mbuf(c, client, chain, 0), -EINVAL);
	rte_pktmbuf_free(chain);
	world_end();
}

/* The pool for copies has nothing: -ENOBUFS at once, and a call that waits goes on when it has. */
static void
empty_pool(void)
{
	struct rte_mempool *pool;
	struct rte_mbuf *held[8192];
	unsigned int n = 0;
	char text[8] = "";

	begin(&(struct world_config){ 0 });
	pool = thole_port_pool(world.sides[0].port, 0);
	while (n < 8192 && (held[n] = rte_pktmbuf_alloc(pool)) != NULL)
		n++;
	CU_ASSERT_EQUAL(thole_send(c, client, "hello", 5, 0), -ENOBUFS);
	CU_ASSERT_EQUAL(thole_send(c, client, "hello", 5, 1000000), -ENOBUFS);
	while (n > 0)
		rte_pktmbuf_free(held[--n]);
	CU_ASSERT_EQUAL(thole_send(c, client, "hello", 5, WORLD_LONG), 5);
	CU_ASSERT_EQUAL(thole_recv(s, server, text, 8, WORLD_LONG), 5);
	CU_ASSERT_STRING_EQUAL(text, "hello");
	world_end();
}

/* One side says that it is done, the other goes on; then the other, too. */
static void
half_closed(void)
{
	char text[8] = "";

	begin(&(struct world_config){ 0 });
	CU_ASSERT_EQUAL(thole_send(c, client, "abc", 3, 0), 3);
	CU_ASSERT_EQUAL(thole_shutdown(c, client, THOLE_SHUT_WR), 0);
	CU_ASSERT_EQUAL(thole_shutdown(c, client, THOLE_SHUT_WR), 0);
	CU_ASSERT_EQUAL(thole_send(c, client, "d", 1, 0), -EPIPE);
	CU_ASSERT_EQUAL(thole_send(c, client, "d", 1, WORLD_LONG), -EPIPE);
	CU_ASSERT_EQUAL(thole_recv(s, server, text, 8, WORLD_LONG), 3);
	CU_ASSERT_EQUAL(thole_recv(s, server, text, 8, WORLD_LONG), 0);
	CU_ASSERT_EQUAL(thole_recv(s, server, text, 8, 0), 0);
	CU_ASSERT_EQUAL(thole_send(s, server, "xyz", 3, 0), 3);
	CU_ASSERT_EQUAL(thole_recv(c, client, text, 8, WORLD_LONG), 3);
	CU_ASSERT_EQUAL(memcmp(text, "xyz", 3), 0);
	CU_ASSERT_EQUAL(thole_close(s, server), 0);
	CU_ASSERT_EQUAL(thole_recv(c, client, text, 8, WORLD_LONG), 0);
	CU_ASSERT_EQUAL(thole_close(c, client), 0);
	world_end();
}

/* Reading is over: what comes is thrown away, and the sender isn't held up. */
static void
reads_no_more(void)
{
	static uint8_t out[100000];
	char text[8];

	begin(&(struct world_config){ .buf_bytes = 8192 });
	CU_ASSERT_EQUAL(thole_send(c, client, "abc", 3, 0), 3);
	CU_ASSERT_EQUAL(thole_recv(s, server, text, 1, WORLD_LONG), 1);
	CU_ASSERT_EQUAL(thole_shutdown(s, server, THOLE_SHUT_RD), 0);
	CU_ASSERT_EQUAL(thole_recv(s, server, text, 8, WORLD_LONG), 0);
	for (size_t at = 0; at < sizeof(out);) {
		int64_t got = thole_send(c, client, out + at, sizeof(out) - at, 1000000);

		CU_ASSERT_TRUE_FATAL(got > 0 || got == -EAGAIN);
		at += got > 0 ? (size_t)got : 0;
		CU_ASSERT_EQUAL(thole_recv(s, server, text, 8, 0), 0);
		(void)thole_poll(s, NULL, 0, 0); /* serves */
	}
	CU_ASSERT_EQUAL(thole_send(s, server, "xyz", 3, 0), 3);
	CU_ASSERT_EQUAL(thole_recv(c, client, text, 8, WORLD_LONG), 3);
	world_end();
}

/* A reset: what came before it is read, it is told once, by one call, then it is the end. */
static void
reset_by_peer(void)
{
	struct thole_pollfd poll = { .events = THOLE_HUP };
	char text[8] = "";
	uint64_t error = 1;

	begin(&(struct world_config){ 0 });
	CU_ASSERT_EQUAL(thole_send(c, client, "abc", 3, 0), 3);
	world_turns(20);
	CU_ASSERT_EQUAL(thole_abort(c, client), 0);
	poll.sock = server;
	CU_ASSERT_EQUAL(thole_poll(s, &poll, 1, WORLD_LONG), 1);
	while ((poll.revents & THOLE_HUP) == 0)
		CU_ASSERT_EQUAL_FATAL(thole_poll(s, &poll, 1, WORLD_LONG), 1);
	CU_ASSERT_EQUAL(thole_recv(s, server, text, 8, WORLD_LONG), 3);
	CU_ASSERT_EQUAL(thole_recv(s, server, text, 8, 0), -ECONNRESET);
	CU_ASSERT_EQUAL(thole_recv(s, server, text, 8, 0), 0);
	CU_ASSERT_EQUAL(thole_send(s, server, text, 1, 0), -EPIPE);
	CU_ASSERT_EQUAL(thole_get_option(s, server, THOLE_SO_ERROR, &error, 0), 0);
	CU_ASSERT_EQUAL(error, 0);
	CU_ASSERT_EQUAL(thole_shutdown(s, server, THOLE_SHUT_WR), -ENOTCONN);
	CU_ASSERT_EQUAL(thole_close(s, server), 0);
	/* And by THOLE_SO_ERROR. */
	world_pair(listener, PORT, &client, &server);
	CU_ASSERT_EQUAL(thole_abort(c, client), 0);
	poll.sock = server;
	CU_ASSERT_EQUAL(thole_poll(s, &poll, 1, WORLD_LONG), 1);
	CU_ASSERT_EQUAL(poll.revents, THOLE_HUP | THOLE_ERR);
	CU_ASSERT_EQUAL(thole_get_option(s, server, THOLE_SO_ERROR, &error, 0), 0);
	CU_ASSERT_EQUAL(error, ECONNRESET);
	CU_ASSERT_EQUAL(thole_recv(s, server, text, 8, 0), 0);
	world_end();
}

/* Unread data at close: the peer is told by a reset that it was for nothing. */
static void
closed_unread(void)
{
	char text[8];

	begin(&(struct world_config){ 0 });
	CU_ASSERT_EQUAL(thole_send(c, client, "abc", 3, 0), 3);
	world_turns(20);
	CU_ASSERT_EQUAL(thole_close(s, server), 0);
	CU_ASSERT_EQUAL(thole_recv(c, client, text, 8, WORLD_LONG), -ECONNRESET);
	CU_ASSERT_EQUAL(thole_recv(c, client, text, 8, WORLD_LONG), 0);
	world_end();
}

/* Sent, closed, and the context ended at once: it arrives all the same. */
static void
delivered_after_the_end(void)
{
	static uint8_t out[50000], in[50001];
	size_t done = 0;
	int64_t got;

	begin(&(struct world_config){ 0 });
	fill(out, 0, sizeof(out));
	CU_ASSERT_EQUAL(thole_send(c, client, out, sizeof(out), WORLD_LONG), sizeof(out));
	CU_ASSERT_EQUAL(thole_close(c, client), 0);
	CU_ASSERT_EQUAL(thole_sockets_destroy(c), 0);
	world.sides[0].sockets = NULL;
	while ((got = thole_recv(s, server, in + done, sizeof(in) - done, WORLD_LONG)) > 0)
		done += (size_t)got;
	CU_ASSERT_EQUAL(got, 0);
	CU_ASSERT_EQUAL(done, sizeof(out));
	CU_ASSERT_TRUE(matches(in, 0, done));
	world_end();
}

static const struct test_case cases[] = {
	{ "there and back", there_and_back },
	{ "small buffers, both ways", small_buffers },
	{ "small pieces, full rings", small_pieces },
	{ "a call that waits sends all it can", sends_all },
	{ "parts", parts },
	{ "mbufs, uncopied", by_mbuf },
	{ "an empty pool", empty_pool },
	{ "half closed", half_closed },
	{ "reading shut down", reads_no_more },
	{ "reset by the peer", reset_by_peer },
	{ "closed with data unread", closed_unread },
	{ "what was sent arrives after the context's end", delivered_after_the_end },
	{ NULL, NULL },
};

const struct test_suite suite_stream = { "stream", cases };
