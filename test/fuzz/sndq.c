/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sndq.c: the send queue against a model that is two numbers: from which position on, and up to
 * which, the stream is queued. Whatever part is cut out must hold the stream's bytes, and go on
 * holding them while the queue moves on; at the end every mbuf is back.
 *
 * Input: where the stream begins, then ops: a byte that says what, and what that needs.
 */
#include <string.h>

#include "fuzz.h"
#include "tcp/tcp.h"

#define NB_MBUFS 512
#define SEG_MAX	 768
#define FLYING	 8 /* packets that a device still has */

struct flying {
	struct rte_mbuf *m;
	uint32_t pos;
	uint32_t len;
	uint8_t mark; /* stands for its headers */
};

static struct {
	struct tcp_env env;
	struct thole_stats stats;
	struct mbufs mbufs;
	struct tcb t;
	struct rte_mempool *app;  /* the application's */
	struct rte_mempool *pool; /* the stack's */
	uint32_t base;		  /* sequence number of position 0 */
	uint32_t una;		  /* positions */
	uint32_t nxt;
	uint32_t end;
	uint8_t mark;
	struct flying flying[FLYING];
} f;

static void
do_append(struct fuzz_in *in)
{
	uint8_t cut = fuzz_u8(in);
	uint32_t len = fuzz_u8(in) * ((cut & 128) != 0 ? 3u : 1u);
	struct rte_mbuf *chain;

	/* tcp_send() lets no empty chain through. */
	if (len == 0 || f.end + len > FUZZ_STREAM || fuzz_pool_out(f.app) + 4 > NB_MBUFS)
		return;
	chain = fuzz_packet(f.app, fuzz_stream + f.end, len, cut);
	tcp_snd_append(&f.t, chain);
	f.end += len;
	FUZZ_CHECK(f.t.snd_end == f.base + f.end, "SND.END at %u, not %u", f.t.snd_end - f.base,
		f.end);
}

static uint8_t *
headers(const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod(m, uint8_t *) - WIRE_HEADERS_MAX;
}

static void
check_flying(const struct flying *p)
{
	static uint8_t bytes[SEG_MAX];

	FUZZ_CHECK(fuzz_flatten(p->m, bytes, SEG_MAX) == p->len, "a packet of other than %u bytes",
		p->len);
	FUZZ_CHECK(memcmp(bytes, fuzz_stream + p->pos, p->len) == 0,
		"a packet of %u bytes from %u on isn't the stream's", p->len, p->pos);
	for (uint32_t i = 0; i < WIRE_HEADERS_MAX; i++)
		FUZZ_CHECK(headers(p->m)[i] == p->mark, "another packet's headers before it");
}

static void
land(struct flying *p)
{
	if (p->m == NULL)
		return;
	check_flying(p);
	rte_pktmbuf_free(p->m);
	p->m = NULL;
}

/* What is new is looked for from where the last was cut; a segment that was sent knows its mbuf. */
static struct rte_mbuf *
find(uint32_t pos)
{
	struct rte_mbuf *m = f.t.snd_head;
	uint32_t seq = f.base + pos;

	if (pos >= f.nxt) {
		m = tcp_snd_seek(&f.t, seq);
		FUZZ_CHECK(m == f.t.snd_cur, "SND.CUR is another than what was found");
		f.nxt = pos;
	}
	while (pos < f.nxt && seq - m->hash.usr >= m->data_len)
		m = m->next;
	FUZZ_CHECK(seq - m->hash.usr < m->data_len, "%u isn't in the mbuf found", pos);
	return m;
}

static void
do_cut(struct fuzz_in *in, struct flying *p)
{
	uint32_t queued = f.end - f.una, off = fuzz_u16(in), len = fuzz_u16(in);
	uint64_t refused = fuzz_pool_refused(f.pool);

	if (queued == 0)
		return;
	off %= queued;
	len = len % RTE_MIN(queued - off, (uint32_t)SEG_MAX) + 1;
	land(p);
	p->pos = f.una + off;
	p->len = len;
	p->m = tcp_snd_cut(&f.env, find(p->pos), f.base + p->pos, len);
	if (p->m == NULL) {
		FUZZ_CHECK(fuzz_pool_refused(f.pool) != refused, "no packet, and mbufs there are");
		return;
	}
	FUZZ_CHECK(
		rte_mbuf_refcnt_read(p->m) == 1 && rte_pktmbuf_headroom(p->m) >= WIRE_HEADERS_MAX,
		"headers can't be written to the packet");
	p->mark = ++f.mark;
	memset(headers(p->m), p->mark, WIRE_HEADERS_MAX);
	check_flying(p);
}

static void
do_ack(struct fuzz_in *in)
{
	uint32_t n = fuzz_u16(in);

	if (f.end == f.una) /* tcp_input_ack() asks only when there is something */
		return;
	n %= f.end - f.una + 1;
	f.una += n;
	f.nxt = RTE_MAX(f.nxt, f.una);
	tcp_snd_acked(&f.t, f.base + f.una);
	f.t.snd_una = f.base + f.una;
	FUZZ_CHECK(
		f.una != f.end || f.t.snd_head == NULL, "all is acknowledged, and some is queued");
}

static void
do_op(uint8_t what, struct fuzz_in *in)
{
	struct flying *p = &f.flying[what / 8 % FLYING];

	switch (what % 8) {
	case 0:
	case 1:
		do_append(in);
		break;
	case 2:
	case 3:
	case 4:
		do_cut(in, p);
		break;
	case 5:
		do_ack(in);
		break;
	case 6:
		land(p);
		break;
	case 7:
		fuzz_pool_limit(f.pool, what < 128 ? what / 8 % 4 : FUZZ_NO_LIMIT);
		break;
	}
}

static void
start(struct fuzz_in *in)
{
	static const struct flow_key key = { .raddr = { 0, 1 }, .rport = 80, .lport = 4000 };
	struct rte_mempool *app = f.app, *pool = f.pool;

	if (app == NULL) {
		fuzz_stream_init();
		app = fuzz_pool(NB_MBUFS, 128 + 512);
		pool = fuzz_pool(NB_MBUFS, 512);
	}
	fuzz_pool_reset(app);
	fuzz_pool_reset(pool);
	memset(&f, 0, sizeof(f));
	f.app = app;
	f.pool = pool;
	mbufs_init(&f.mbufs, pool, &f.stats);
	tcp_env_clock(&f.env, TIME_S);
	f.env.stats = &f.stats;
	f.env.mbufs = &f.mbufs;
	f.env.params.rcvbuf_bytes = 65535;
	f.env.params.sndbuf_bytes = 65536;
	f.env.mss_mtu = 1460;
	tcp_settings_init(&f.env);
	tcb_init(&f.env, &f.t, &key, &f.env.settings);
	tcp_open_active(&f.env, &f.t, &f.env.settings.terms);
	/* The stream may pass 2^32, or 2^31. */
	f.base = (uint32_t)(fuzz_u8(in) % 4) * 0x40000000 - 1000;
	f.t.snd_una = f.t.snd_nxt = f.t.snd_end = f.t.snd_credited = f.base;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_in in = { data, bytes };

	start(&in);
	while (in.left > 0)
		do_op(fuzz_u8(&in), &in);
	/* Half of the time the queue goes first, half of the time the packets do. */
	if (bytes % 2 != 0)
		tcp_drop_queues(&f.env, &f.t);
	for (unsigned int i = 0; i < FLYING; i++)
		land(&f.flying[i]);
	tcp_drop_queues(&f.env, &f.t);
	mbufs_fini(&f.mbufs);
	FUZZ_CHECK(fuzz_pool_out(f.app) == 0 && fuzz_pool_out(f.pool) == 0,
		"%u and %u mbufs are lost", fuzz_pool_out(f.app), fuzz_pool_out(f.pool));
	return 0;
}
