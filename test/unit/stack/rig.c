/* SPDX-License-Identifier: BSD-3-Clause */
/* rig.c: see rig.h. */
#include <stdlib.h>
#include <string.h>

#include "rig.h"

static const uint8_t our_mac[6] = { 2, 0, 0, 0, 1, 1 };
static const uint8_t broadcast[6] = { 255, 255, 255, 255, 255, 255 };

static void
mac_of(uint32_t host, uint8_t mac[6])
{
	memcpy(mac, our_mac, 6);
	mac[5] = (uint8_t)host;
}

static void *
mem_alloc(void *ctx, size_t bytes, size_t align)
{
	struct rig *r = ctx;
	void *p;

	if (++r->allocs == r->fail_at)
		return NULL;
	if (posix_memalign(&p, align < sizeof(void *) ? sizeof(void *) : align, bytes) != 0)
		return NULL;
	memset(p, 0, bytes);
	r->bytes_out += bytes;
	return p;
}

static void
mem_free(void *ctx, void *p, size_t bytes)
{
	struct rig *r = ctx;

	r->bytes_out -= bytes;
	free(p);
}

void
rig_configure(struct rig *r, void (*tune)(struct thole_stack_config *config))
{
	static unsigned int pools;
	struct thole_stack_config *c = &r->config;
	char name[32];

	memset(r, 0, sizeof(*r));
	snprintf(name, sizeof(name), "rig-%u", pools++);
	r->pool = test_pool(name, 1023);
	r->pool_base = rte_mempool_in_use_count(r->pool);
	r->now = 1000 * TIME_S;
	thole_stack_config_init(c);
	c->pool = r->pool;
	c->alloc = mem_alloc;
	c->free = mem_free;
	c->alloc_ctx = r;
	memcpy(c->mac.addr_bytes, our_mac, 6);
	r->addresses[0] = (struct thole_address){ thole_addr_ip4(RIG_US), 1, 24 };
	r->addresses[1] = (struct thole_address){ thole_addr_ip4(RIG_NET + 100), 3, 24 };
	c->addresses = r->addresses;
	c->nb_addresses = 2;
	c->gateway = thole_addr_ip4(RIG_GATEWAY);
	c->max_conns = 256;
	c->max_embryos = 256;
	c->max_time_wait = 256;
	c->max_listeners = 8;
	c->max_neighbours = 64;
	c->secret[0] = 11;
	c->secret[1] = 22;
	c->seed = 33;
	if (tune != NULL)
		tune(c);
}

int
rig_create(struct rig *r, const char **why)
{
	int err = thole_stack_create(&r->config, &r->stack, why);

	if (err != 0)
		return err;
	thole_stack_run(r->stack, r->now);
	return thole_app_create(r->stack, &(struct thole_app_config){ 0 }, &r->app);
}

void
rig_open(struct rig *r, void (*tune)(struct thole_stack_config *config))
{
	const char *why = NULL;

	rig_configure(r, tune);
	if (rig_create(r, &why) != 0) {
		printf("Bail out! no stack: %s\n", why != NULL ? why : "?");
		exit(1);
	}
}

bool
rig_close(struct rig *r)
{
	bool whole;

	thole_app_destroy(r->app);
	thole_stack_destroy(r->stack);
	whole = r->bytes_out == 0 && rte_mempool_in_use_count(r->pool) == r->pool_base;
	rte_mempool_free(r->pool);
	r->stack = NULL;
	r->app = NULL;
	return whole;
}

void
rig_turn(struct rig *r)
{
	struct rte_mbuf *pkts[32];
	uint16_t n;

	thole_stack_run(r->stack, r->now);
	while ((n = thole_stack_tx(r->stack, r->now, pkts, RTE_DIM(pkts))) != 0) {
		for (uint16_t i = 0; i < n; i++) {
			struct rig_frame *f = &r->out[r->nb_out % RIG_OUT];
			const void *p = rte_pktmbuf_read(pkts[i], 0, pkts[i]->pkt_len, f->bytes);

			if (p != f->bytes)
				memcpy(f->bytes, p, pkts[i]->pkt_len);
			f->len = pkts[i]->pkt_len;
			f->at_ns = r->now;
			r->nb_out++;
		}
		rte_pktmbuf_free_bulk(pkts, n);
	}
}

void
rig_after(struct rig *r, uint64_t ns)
{
	uint64_t end = r->now + ns;

	/* As a driver does it: no more turns than the stack asks for. */
	while (thole_stack_next_deadline(r->stack) < end) {
		r->now = RTE_MAX(r->now, thole_stack_next_deadline(r->stack));
		rig_turn(r);
	}
	r->now = end;
	rig_turn(r);
}

uint64_t
rig_wait(struct rig *r, uint64_t most_ns)
{
	uint64_t from = r->now, end = r->now + most_ns;

	while (rig_pending(r) == 0) {
		uint64_t next = thole_stack_next_deadline(r->stack);

		if (next > end) {
			r->now = end;
			rig_turn(r);
			break;
		}
		r->now = RTE_MAX(r->now, next);
		rig_turn(r);
	}
	return r->now - from;
}

bool
rig_rx(struct rig *r, const uint8_t *frame, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(r->pool), *reject;
	uint16_t rejected;

	if (m == NULL)
		abort();
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	rejected = thole_stack_rx(r->stack, r->now, &m, 1, &reject);
	rte_pktmbuf_free_bulk(&reject, rejected);
	rig_turn(r);
	return rejected != 0;
}

static struct frame_path
path_from(uint32_t from)
{
	struct frame_path path = { .dst_ip = RIG_US };

	memcpy(path.dst_mac, our_mac, 6);
	mac_of(from < 256 ? from : 254, path.src_mac);
	path.src_ip = from < 256 ? RIG_NET + from : from;
	return path;
}

bool
rig_arp_as(struct rig *r, uint16_t op, uint32_t mac, uint32_t sender_ip, uint32_t target_ip)
{
	static const uint8_t zero[6];
	struct frame_path path = path_from(mac);
	uint8_t frame[FRAME_MAX];
	uint32_t len;

	path.src_ip = sender_ip;
	path.dst_ip = target_ip;
	if (op == 1)
		memcpy(path.dst_mac, broadcast, 6);
	len = frame_arp_build(frame, &path, op, op == 1 ? zero : our_mac);
	return rig_rx(r, frame, len);
}

bool
rig_arp(struct rig *r, uint16_t op, uint32_t host, uint32_t target_ip)
{
	return rig_arp_as(r, op, host, RIG_NET + host, target_ip);
}

void
rig_seg(struct rig *r, const struct rig_seg *seg)
{
	static const uint8_t text[1460];
	struct frame_path path = path_from(seg->from);
	struct frame_tcp tcp = {
		.sport = seg->sport,
		.dport = seg->dport,
		.seq = seg->seq,
		.ack = seg->ack,
		.wnd = seg->shut ? 0 : 65535,
		.flags = seg->flags,
		.len = seg->len,
		.payload = text,
	};
	uint8_t frame[FRAME_MAX];

	rig_rx(r, frame, frame_tcp_build(frame, &path, &tcp));
}

void
rig_ip(struct rig *r, uint32_t host, uint8_t proto, const void *l4, uint32_t len)
{
	struct frame_path path = path_from(host);
	uint8_t frame[FRAME_MAX];

	rig_rx(r, frame, frame_ip_build(frame, &path, proto, l4, len));
}

uint32_t
rig_pending(const struct rig *r)
{
	return r->nb_out - r->taken;
}

const struct rig_frame *
rig_take(struct rig *r)
{
	return rig_pending(r) != 0 ? &r->out[r->taken++ % RIG_OUT] : NULL;
}

void
rig_drop_output(struct rig *r)
{
	r->taken = r->nb_out;
}

bool
rig_took_arp(struct rig *r, uint16_t op, uint32_t mac, uint32_t target_ip)
{
	const struct rig_frame *f = rig_take(r);
	uint8_t to[6];

	mac_of(mac, to);
	if (mac == 0)
		memcpy(to, broadcast, 6);
	return f != NULL && frame_kind(f->bytes, f->len) == FRAME_ARP &&
	       memcmp(f->bytes, to, 6) == 0 && memcmp(f->bytes + 6, our_mac, 6) == 0 &&
	       get16(f->bytes + 20) == op && get32(f->bytes + 38) == target_ip;
}

bool
rig_took_seg(struct rig *r, uint32_t mac, uint8_t flags, struct frame_tcp *out)
{
	const struct rig_frame *f = rig_take(r);
	struct frame_path path = { .src_ip = 0 };
	struct frame_tcp tcp;

	if (f == NULL || frame_kind(f->bytes, f->len) != FRAME_TCP)
		return false;
	memcpy(path.src_mac, our_mac, 6);
	mac_of(mac, path.dst_mac);
	path.src_ip = get32(f->bytes + 26);
	path.dst_ip = get32(f->bytes + 30);
	if (frame_tcp_parse(f->bytes, f->len, &path, &tcp) != NULL || tcp.flags != flags)
		return false;
	if (out != NULL)
		*out = tcp;
	return true;
}

void
rig_know(struct rig *r, uint32_t host)
{
	/* It is sent something, so it is asked for; and answers. */
	SEG(r, .from = host, .sport = 9, .dport = 9, .flags = TCP_SYN);
	rig_arp(r, 2, host, RIG_US);
	rig_drop_output(r);
}

void
rig_op(struct rig *r, const struct thole_op *op)
{
	thole_stack_run(r->stack, r->now);
	if (thole_app_submit(r->app, op, 1) != 1)
		abort();
	rig_turn(r);
}

struct thole_event
rig_event(struct rig *r)
{
	struct thole_event ev = { 0 };

	thole_app_events(r->app, &ev, 1);
	if (ev.type == THOLE_EV_DATA)
		rte_pktmbuf_free(ev.mbuf);
	return ev;
}

struct thole_event
rig_until(struct rig *r, enum thole_event_type type)
{
	struct thole_event ev;

	do
		ev = rig_event(r);
	while (ev.type != type && ev.type != 0);
	return ev;
}

int
rig_listen(struct rig *r, uint16_t port, uint32_t backlog)
{
	OP(r, .type = THOLE_OP_LISTEN, .local.port = port, .bytes = backlog, .user = port);
	return rig_until(r, THOLE_EV_LISTENING).status;
}

void
rig_connect(struct rig *r, uint32_t ip, uint16_t port, uint64_t user)
{
	OP(r, .type = THOLE_OP_CONNECT, .remote = { thole_addr_ip4(ip), port }, .user = user);
}

uint32_t
rig_shake(struct rig *r, uint32_t host, uint16_t sport, uint16_t port, uint32_t irs)
{
	struct frame_tcp tcp = { 0 };

	SEG(r, .from = host, .sport = sport, .dport = port, .flags = TCP_SYN, .seq = irs);
	if (!rig_took_seg(r, host, TCP_SYN | TCP_ACK, &tcp))
		CU_FAIL("no SYN-ACK");
	SEG(r, .from = host, .sport = sport, .dport = port, .flags = TCP_ACK, .seq = irs + 1,
		.ack = tcp.seq + 1);
	return tcp.seq;
}

uint32_t
rig_time_wait(struct rig *r, uint32_t host, uint16_t sport, uint16_t port, uint32_t irs)
{
	uint32_t iss = rig_shake(r, host, sport, port, irs);
	struct thole_event ev = rig_until(r, THOLE_EV_ACCEPTED);

	OP(r, .type = THOLE_OP_CLOSE, .conn = ev.conn);
	if (!rig_took_seg(r, host, TCP_FIN | TCP_ACK, NULL))
		CU_FAIL("no FIN");
	SEG(r, .from = host, .sport = sport, .dport = port, .flags = TCP_FIN | TCP_ACK,
		.seq = irs + 1, .ack = iss + 2);
	if (!rig_took_seg(r, host, TCP_ACK, NULL))
		CU_FAIL("no ACK of the FIN");
	if (rig_until(r, THOLE_EV_CLOSED).conn != ev.conn)
		CU_FAIL("CLOSED didn't come");
	return iss + 2;
}

struct thole_stats
rig_stats(const struct rig *r)
{
	struct thole_stats stats;

	thole_stats_get(r->stack, &stats);
	return stats;
}
