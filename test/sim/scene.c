/* SPDX-License-Identifier: BSD-3-Clause */
/* scene.c: see scene.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "scene.h"
#include "wire/tcp.h"

#define START	     (UINT64_C(1000) * TIME_S) /* a stack's clock at the beginning */
#define BURST	     32
#define CHUNK	     2048
#define CHUNKS	     16	  /* of a SEND */
#define PATTERN	     4093 /* a stream's bytes come again; a prime, unlike the sizes of segments */
#define LISTEN_USER  UINT64_MAX
#define TCP_AT	     34
#define SIDE_IP	     UINT32_C(0x0a000001)
#define STREAM_BYTES (PATTERN + 65536)

static uint8_t stream[STREAM_BYTES];

static void broken(struct scene *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void
broken(struct scene *s, const char *format, ...)
{
	va_list args;

	if (s->why[0] != 0)
		return;
	va_start(args, format);
	vsnprintf(s->why, sizeof(s->why), format, args);
	va_end(args);
}

static void
out_of_memory(void *p)
{
	if (p == NULL)
		abort();
}

static void
make_side(struct scene *s, unsigned int i)
{
	const struct scene_params *p = &s->params;
	struct thole_app_config app = { 0 };
	struct scene_side *me = &s->side[i];
	struct thole_stack_config *c = &me->config;
	const char *why = "?";

	me->pool = start_pool("scene", p->mbufs[i] != 0 ? p->mbufs[i] : 4095, i);
	me->app_pool = start_pool("scene-app", p->app_mbufs[i] != 0 ? p->app_mbufs[i] : 1023, i);
	me->pool_base = rte_mempool_in_use_count(me->pool);
	me->app_pool_base = rte_mempool_in_use_count(me->app_pool);
	thole_stack_config_init(c);
	arena_use(i, c);
	c->pool = me->pool;
	c->mac = (struct rte_ether_addr){ { 2, 0, 0, 0, 0, (uint8_t)(1 + i) } };
	me->address = (struct thole_address){ thole_addr_ip4(SIDE_IP + i), 1, 24 };
	c->addresses = &me->address;
	c->nb_addresses = 1;
	c->core = (uint8_t)i;
	c->max_conns = 4096;
	c->max_embryos = 1024;
	c->max_time_wait = 4096;
	c->max_listeners = 4;
	c->max_neighbours = 64;
	c->secret[0] = p->seed * 4 + i;
	c->secret[1] = ~p->seed;
	c->seed = p->seed + i;
	if (p->configure != NULL)
		p->configure(c, i, p->ctx);
	if (thole_stack_create(c, &me->stack, &why) != 0 ||
		thole_app_create(me->stack, &app, &me->app) != 0) {
		printf("Bail out! no stack: %s\n", why);
		exit(1);
	}
	thole_stack_run(me->stack, START); /* the first ops go by this time */
}

struct scene *
scene_make(const struct scene_params *params)
{
	struct scene *s = calloc(1, sizeof(*s));
	uint64_t prng = 1;

	out_of_memory(s);
	for (uint32_t i = 0; i < PATTERN; i++)
		stream[i] = (uint8_t)prng_next(&prng);
	memcpy(stream + PATTERN, stream, PATTERN);
	for (uint32_t i = 2 * PATTERN; i < STREAM_BYTES; i++)
		stream[i] = stream[i - PATTERN];
	s->params = *params;
	link_init(&s->link, params->link, params->seed);
	for (unsigned int i = 0; i < SIDES; i++)
		make_side(s, i);
	return s;
}

static void
submit(struct scene *s, unsigned int side, const struct thole_op *op)
{
	if (thole_app_submit(s->side[side].app, op, 1) != 1)
		broken(s, "side %u: an op isn't taken", side);
	s->side[side].woken = true;
}

static struct scene_conn *
add_conn(struct scene_side *me)
{
	if (me->nb_conns == me->room) {
		me->room = me->room * 2 + 16;
		me->conns = realloc(me->conns, me->room * sizeof(*me->conns));
		out_of_memory(me->conns);
	}
	me->conns[me->nb_conns] = (struct scene_conn){ 0 };
	return &me->conns[me->nb_conns++];
}

void
scene_listen(struct scene *s, unsigned int side, uint16_t port)
{
	submit(s, side,
		&(struct thole_op){ .type = THOLE_OP_LISTEN,
			.bytes = 1024,
			.local.port = port,
			.user = LISTEN_USER });
}

uint32_t
scene_connect(struct scene *s, unsigned int side, uint16_t port)
{
	struct scene_side *me = &s->side[side];
	struct scene_conn *c = add_conn(me);
	struct thole_op op = { .type = THOLE_OP_CONNECT, .user = me->nb_conns - 1 };

	c->active = true;
	c->asked_ns = s->now;
	op.remote = (struct thole_endpoint){ s->side[!side].address.first, port };
	submit(s, side, &op);
	return me->nb_conns - 1;
}

void
scene_send(struct scene *s, unsigned int side, uint32_t i, uint64_t bytes)
{
	s->side[side].conns[i].to_send += bytes;
	s->side[side].woken = true;
}

void
scene_close(struct scene *s, unsigned int side, uint32_t i)
{
	s->side[side].conns[i].closing = true;
	s->side[side].woken = true;
}

void
scene_drop_data(struct scene *s, unsigned int side, uint64_t n)
{
	struct scene_side *me = &s->side[side];

	if (me->nb_drops == SCENE_DROPS)
		abort();
	me->drops[me->nb_drops++] = n;
}

void
scene_inject(struct scene *s, unsigned int to, const uint8_t *bytes, uint32_t len)
{
	link_inject(&s->link, s->now, to, bytes, len);
}

struct frame_path
scene_path(const struct scene *s, unsigned int from)
{
	struct frame_path path = { .src_ip = SIDE_IP + from, .dst_ip = SIDE_IP + !from };

	memcpy(path.src_mac, &s->side[from].config.mac, 6);
	memcpy(path.dst_mac, &s->side[!from].config.mac, 6);
	return path;
}

/* --- packets --- */

static struct scene_packet
describe(struct scene *s, unsigned int from, const uint8_t *bytes, uint32_t len)
{
	struct scene_packet p = { .sent_ns = s->now, .from = (uint8_t)from };
	const uint8_t *tcp = bytes + TCP_AT;

	if (frame_kind(bytes, len) != FRAME_TCP)
		return p;
	p.sport = get16(tcp);
	p.dport = get16(tcp + 2);
	p.seq = get32(tcp + 4);
	p.ack = get32(tcp + 8);
	p.wnd = get16(tcp + 14);
	p.flags = tcp[13];
	p.len = len - TCP_AT - (tcp[12] >> 4) * 4u;
	if (p.len != 0)
		p.data_number = ++s->side[from].data_pkts;
	return p;
}

static bool
to_be_dropped(struct scene *s, const struct scene_packet *p)
{
	const struct scene_side *me = &s->side[p->from];

	for (uint32_t i = 0; i < me->nb_drops; i++)
		if (p->data_number == me->drops[i])
			return true;
	return s->params.drop != NULL && s->params.drop(s, p, s->params.ctx);
}

static void
keep(struct scene *s, const struct scene_packet *p)
{
	if (s->nb_packets == s->max_packets) {
		s->max_packets = s->max_packets * 2 + 256;
		s->packets = realloc(s->packets, s->max_packets * sizeof(*s->packets));
		out_of_memory(s->packets);
	}
	s->packets[s->nb_packets++] = *p;
}

static void
send_packet(struct scene *s, unsigned int from, struct rte_mbuf *m)
{
	uint8_t copy[FRAME_MAX];
	uint32_t len = m->pkt_len;
	const uint8_t *bytes = rte_pktmbuf_read(m, 0, len, copy);
	struct frame *copies[2] = { NULL, NULL };
	struct scene_packet p;

	if (bytes == NULL) {
		broken(s, "side %u: a packet shorter than it says", from);
		return;
	}
	p = describe(s, from, bytes, len);
	if (p.len != 0)
		watch_sent(&s->watch[from], bytes, len);
	if (to_be_dropped(s, &p)) {
		p.fate = LINK_HOOK;
		link_drop(&s->link, s->now, from, bytes, len);
	} else {
		p.fate = link_send(&s->link, s->now, from, bytes, len, &copies[0], &copies[1]);
	}
	if (!s->params.keep_packets)
		return;
	keep(s, &p);
	if (copies[0] != NULL)
		copies[0]->tag = (void *)(uintptr_t)s->nb_packets;
}

static void
note_arrival(struct scene *s, const struct frame *f, enum link_fate fate)
{
	uintptr_t number = (uintptr_t)f->tag;

	if (number != 0) {
		s->packets[number - 1].fate = fate;
		if (fate == LINK_PASSES)
			s->packets[number - 1].arrived_ns = s->now;
	}
	if (fate == LINK_PASSES && f->data && !f->again && !f->damaged && !f->forged)
		watch_arrived(&s->watch[!f->to], f->bytes, f->len);
}

static void
receive_packets(struct scene *s, unsigned int side)
{
	struct rte_mbuf *pkts[BURST], *rejects[BURST];
	enum link_fate fate;
	struct frame *f;
	uint16_t n, rejected;

	do {
		n = 0;
		while (n < BURST && (f = link_arrival(&s->link, s->now, side, &fate)) != NULL) {
			struct rte_mbuf *m = rte_pktmbuf_alloc(s->side[side].pool);

			note_arrival(s, f, fate);
			if (m != NULL && fate == LINK_PASSES) {
				memcpy(rte_pktmbuf_append(m, (uint16_t)f->len), f->bytes, f->len);
				pkts[n++] = m;
			} else {
				rte_pktmbuf_free(m);
			}
			link_free(f);
		}
		rejected = thole_stack_rx(s->side[side].stack, START + s->now, pkts, n, rejects);
		rte_pktmbuf_free_bulk(rejects, rejected);
	} while (n == BURST);
}

static void
send_packets(struct scene *s, unsigned int side)
{
	struct rte_mbuf *out[BURST];
	uint16_t n;

	do {
		n = thole_stack_tx(s->side[side].stack, START + s->now, out, BURST);
		for (uint16_t i = 0; i < n; i++)
			send_packet(s, side, out[i]);
		rte_pktmbuf_free_bulk(out, n);
	} while (n == BURST);
}

/* --- applications --- */

static void
read_data(struct scene *s, unsigned int side, struct scene_conn *c, const struct thole_event *ev)
{
	for (const struct rte_mbuf *m = ev->mbuf; m != NULL; m = m->next) {
		if (memcmp(rte_pktmbuf_mtod(m, const uint8_t *), stream + c->received % PATTERN,
			    m->data_len) != 0)
			broken(s, "side %u: bytes from %ju on are wrong", side,
				(uintmax_t)c->received);
		c->received += m->data_len;
	}
	c->last_ns = s->now;
	rte_pktmbuf_free(ev->mbuf);
	if (!c->deaf)
		submit(s, side,
			&(struct thole_op){
				.type = THOLE_OP_RECEIVED, .conn = ev->conn, .bytes = ev->bytes });
}

/* Whose event it is: until the handle is known as such, the listener's name stands in it. */
static struct scene_conn *
whose(struct scene_side *me, const struct thole_event *ev)
{
	if (ev->user != LISTEN_USER)
		return ev->user < me->nb_conns ? &me->conns[ev->user] : NULL;
	for (uint32_t i = me->nb_conns; i-- > 0;)
		if (me->conns[i].conn == ev->conn)
			return &me->conns[i];
	return NULL;
}

static void
hear(struct scene *s, unsigned int side, const struct thole_event *ev)
{
	struct scene_side *me = &s->side[side];
	struct scene_conn *c;

	if (ev->type == THOLE_EV_LISTENING)
		return;
	if (ev->type == THOLE_EV_ACCEPTED) {
		c = add_conn(me);
		submit(s, side,
			&(struct thole_op){ .type = THOLE_OP_SET_USER,
				.conn = ev->conn,
				.user = me->nb_conns - 1 });
	} else if ((c = whose(me, ev)) == NULL) {
		if (ev->type == THOLE_EV_DATA)
			rte_pktmbuf_free(ev->mbuf);
		broken(s, "side %u: an event %u about nobody", side, ev->type);
		return;
	}
	switch ((enum thole_event_type)ev->type) {
	case THOLE_EV_ACCEPTED:
	case THOLE_EV_CONNECTED:
		c->conn = ev->conn;
		c->opened = true;
		c->opened_ns = s->now;
		c->credit = ev->bytes;
		break;
	case THOLE_EV_DATA:
		read_data(s, side, c, ev);
		break;
	case THOLE_EV_PEER_CLOSED:
		c->peer_closed = true;
		break;
	case THOLE_EV_SENDABLE:
		c->credit += ev->bytes;
		break;
	case THOLE_EV_CLOSED:
		c->over = true;
		c->over_ns = s->now;
		c->status = ev->status;
		break;
	case THOLE_EV_REFUSED:
		broken(s, "side %u: op %u refused, %d", side, ev->op, ev->status);
		break;
	case THOLE_EV_OPENING:
	case THOLE_EV_LISTENING:
	case THOLE_EV_SOFT_ERROR:
	case THOLE_EV_OPTION:
	case THOLE_EV_INFO:
	case THOLE_EV_GIVEN:
	case THOLE_EV_TAKEN:
		break;
	}
}

static bool
write_some(struct scene *s, unsigned int side, struct scene_conn *c)
{
	uint64_t left = RTE_MIN(c->to_send - c->given, c->credit);
	struct rte_mbuf *head = NULL, *last = NULL;
	uint32_t n = 0;

	for (uint32_t i = 0; i < CHUNKS && n < left; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(s->side[side].app_pool);
		uint32_t len = (uint32_t)RTE_MIN(left - n, (uint64_t)CHUNK);

		if (m == NULL)
			break;
		memcpy(rte_pktmbuf_append(m, (uint16_t)len), stream + (c->given + n) % PATTERN,
			len);
		n += len;
		if (head == NULL) {
			head = m;
		} else {
			last->next = m;
			head->nb_segs++;
			head->pkt_len += len;
		}
		last = m;
	}
	if (head == NULL)
		return false;
	submit(s, side, &(struct thole_op){ .type = THOLE_OP_SEND, .conn = c->conn, .mbuf = head });
	c->given += n;
	c->credit -= n;
	return true;
}

static void
act(struct scene *s, unsigned int side, struct scene_conn *c)
{
	while (c->given < c->to_send && c->credit != 0)
		if (!write_some(s, side, c))
			break;
	/* One that was accepted closes when its peer has, and it has sent all. */
	if (c->given == c->to_send && (c->closing || (c->peer_closed && !c->active))) {
		c->closed = true;
		submit(s, side, &(struct thole_op){ .type = THOLE_OP_CLOSE, .conn = c->conn });
	}
}

static void
application(struct scene *s, unsigned int side)
{
	struct scene_side *me = &s->side[side];
	struct thole_event events[64];
	bool any = me->woken;
	uint32_t n;

	while ((n = (uint32_t)thole_app_events(me->app, events, RTE_DIM(events))) != 0) {
		any = true;
		for (uint32_t i = 0; i < n; i++)
			hear(s, side, &events[i]);
	}
	for (uint32_t i = 0; any && i < me->nb_conns; i++)
		if (me->conns[i].opened && !me->conns[i].over && !me->conns[i].closed)
			act(s, side, &me->conns[i]);
	me->woken = false;
}

/* --- time --- */

static void
turn(struct scene *s, unsigned int side)
{
	receive_packets(s, side);
	application(s, side);
	thole_stack_run(s->side[side].stack, START + s->now);
	application(s, side); /* what timers brought about */
	send_packets(s, side);
}

/* When the side next wants a turn; an arrival comes by itself. */
static uint64_t
side_next(const struct scene *s, unsigned int side)
{
	uint64_t next = thole_stack_next_deadline(s->side[side].stack);

	if (s->side[side].woken)
		return s->now;
	if (next == THOLE_NEVER)
		return TIME_NEVER;
	/* Due now, right after a turn: there was no mbuf. */
	return next <= START + s->now ? s->now + TIME_MS : next - START;
}

static bool
step(struct scene *s, uint64_t until_ns)
{
	uint64_t next[SIDES], at = link_next(&s->link);

	for (unsigned int i = 0; i < SIDES; i++) {
		next[i] = side_next(s, i);
		at = RTE_MIN(at, next[i]);
	}
	if (at > until_ns) {
		s->now = RTE_MAX(s->now, until_ns);
		return false;
	}
	s->now = RTE_MAX(s->now, at);
	for (unsigned int i = 0; i < SIDES; i++)
		if (next[i] <= s->now || link_next_to(&s->link, s->now) == i)
			turn(s, i);
	return true;
}

void
scene_run(struct scene *s, uint64_t until_ns)
{
	while (step(s, until_ns))
		;
}

bool
scene_run_read(struct scene *s, unsigned int to, uint32_t i, uint64_t bytes, uint64_t limit_ns)
{
	const struct scene_side *me = &s->side[to];

	while (i >= me->nb_conns || me->conns[i].received < bytes)
		if (!step(s, limit_ns))
			return false;
	return true;
}

struct thole_stats
scene_stats(const struct scene *s, unsigned int side)
{
	struct thole_stats stats;

	thole_stats_get(s->side[side].stack, &stats);
	return stats;
}

static void
end_side(struct scene *s, unsigned int i)
{
	struct scene_side *me = &s->side[i];

	thole_app_destroy(me->app);
	thole_stack_destroy(me->stack);
	free(me->conns);
}

const char *
scene_end(struct scene *s)
{
	static char why[sizeof(s->why)];

	for (unsigned int i = 0; i < SIDES; i++)
		end_side(s, i); /* mbufs of one may be in use by the other's */
	for (unsigned int i = 0; i < SIDES; i++) {
		const struct scene_side *me = &s->side[i];

		if (rte_mempool_in_use_count(me->pool) != me->pool_base ||
			rte_mempool_in_use_count(me->app_pool) != me->app_pool_base)
			broken(s, "side %u: mbufs leaked", i);
		watch_fini(&s->watch[i]);
	}
	link_fini(&s->link);
	free(s->packets);
	memcpy(why, s->why, sizeof(why));
	free(s);
	return why[0] != 0 ? why : NULL;
}
