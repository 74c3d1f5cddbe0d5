/* SPDX-License-Identifier: BSD-3-Clause */
/* test_scenes.c: two stacks on a link that does exactly so, to the packet and its time. */
#include <string.h>

#include "scene.h"
#include "suites.h"
#include "wire/tcp.h"

#define PORT  80
#define DELAY (10 * TIME_MS)
#define RTT   (2 * DELAY)
#define MSS   1460
#define RATE  (UINT64_C(100000000)) /* bit/s; a full packet takes 121 us */

static struct scene_params
plain(void)
{
	struct scene_params p = { .seed = 1, .keep_packets = true };

	p.link[0].delay_ns = p.link[1].delay_ns = DELAY;
	/* Packets of a flight arrive one by one: those of one burst are answered with one ACK. */
	p.link[0].rate_bps = p.link[1].rate_bps = RATE;
	p.link[0].queue_bytes = p.link[1].queue_bytes = 1000000;
	return p;
}

/* Side 0 is to send so much to side 1, and to close. */
static struct scene *
transfer(const struct scene_params *p, uint64_t bytes)
{
	struct scene *s = scene_make(p);
	uint32_t i;

	scene_listen(s, 1, PORT);
	i = scene_connect(s, 0, PORT);
	scene_send(s, 0, i, bytes);
	scene_close(s, 0, i);
	return s;
}

/* All arrived, and both ends closed well. */
static void
check_done(struct scene *s, uint64_t bytes)
{
	const char *why;

	CU_ASSERT_FATAL(s->side[1].nb_conns == 1);
	CU_ASSERT(s->side[1].conns[0].received == bytes);
	CU_ASSERT(s->side[0].conns[0].over && s->side[0].conns[0].status == 0);
	CU_ASSERT(s->side[1].conns[0].over && s->side[1].conns[0].status == 0);
	why = scene_end(s);
	CU_ASSERT(why == NULL);
}

/* The copy number @p n (from 1) of the segment at @p seq; NULL. */
static const struct scene_packet *
copy_of(const struct scene *s, unsigned int from, uint32_t seq, unsigned int n)
{
	for (uint32_t i = 0; i < s->nb_packets; i++)
		if (s->packets[i].from == from && s->packets[i].len != 0 &&
			s->packets[i].seq == seq && --n == 0)
			return &s->packets[i];
	return NULL;
}

static const struct scene_packet *
data_number(const struct scene *s, unsigned int from, uint64_t n)
{
	for (uint32_t i = 0; i < s->nb_packets; i++)
		if (s->packets[i].from == from && s->packets[i].data_number == n)
			return &s->packets[i];
	return NULL;
}

static void
good_link(void)
{
	struct scene_params p = plain();
	struct scene *s = transfer(&p, 100 * MSS);

	CU_ASSERT(scene_run_read(s, 1, 0, 100 * MSS, TIME_S));
	CU_ASSERT(s->side[1].conns[0].last_ns == s->now);
	scene_run(s, 10 * TIME_S);
	/* ARP, which tells the other side about us as well, and the handshake: a round trip each.
	 */
	CU_ASSERT(s->side[0].conns[0].opened_ns > 2 * RTT);
	CU_ASSERT(s->side[0].conns[0].opened_ns < 2 * RTT + TIME_MS);
	CU_ASSERT(s->watch[0].again_pkts == 0 && s->watch[0].vain_pkts == 0);
	CU_ASSERT(scene_stats(s, 0).retransmits == 0);
	CU_ASSERT(s->watch[0].bytes == 100 * MSS);
	check_done(s, 100 * MSS);
}

/* RFC 5681, 3.2: three duplicate ACKs, and it goes again a round trip after it was lost. */
static void
one_lost(void)
{
	struct scene_params p = plain();
	struct scene *s = transfer(&p, 100 * MSS);
	const struct scene_packet *first, *second;

	scene_drop_data(s, 0, 20);
	scene_run(s, 10 * TIME_S);
	first = data_number(s, 0, 20);
	CU_ASSERT_FATAL(first != NULL);
	CU_ASSERT(first->fate == LINK_HOOK && first->arrived_ns == 0);
	second = copy_of(s, 0, first->seq, 2);
	CU_ASSERT_FATAL(second != NULL);
	CU_ASSERT(second->sent_ns >= first->sent_ns + RTT);
	CU_ASSERT(second->sent_ns <= first->sent_ns + 2 * RTT);
	CU_ASSERT(second->arrived_ns > second->sent_ns + DELAY);
	CU_ASSERT(copy_of(s, 0, first->seq, 3) == NULL);
	CU_ASSERT(s->watch[0].again_pkts == 1 && s->watch[0].vain_pkts == 0);
	CU_ASSERT(scene_stats(s, 0).rto_fired == 0);
	check_done(s, 100 * MSS);
}

static bool
lose_fin(struct scene *s, const struct scene_packet *p, void *ctx)
{
	unsigned int *left = ctx;

	(void)s;
	return p->from == 0 && (p->flags & TCP_FIN) != 0 && (*left)-- > 0;
}

/* A hook decides: here on the first FIN. */
static void
fin_lost(void)
{
	struct scene_params p = plain();
	unsigned int left = 1;
	struct scene *s;

	p.drop = lose_fin;
	p.ctx = &left;
	s = transfer(&p, 0);
	scene_run(s, 10 * TIME_S);
	CU_ASSERT(s->link.way[0].fates[LINK_HOOK] == 1);
	CU_ASSERT(scene_stats(s, 0).retransmits >= 1);
	check_done(s, 0);
}

/* RFC 9293, 3.8.6.1: nothing goes into a closed window but probes. */
static void
deaf_reader(void)
{
	struct scene_params p = plain();
	struct scene *s = scene_make(&p);
	uint32_t i;

	scene_listen(s, 1, PORT);
	i = scene_connect(s, 0, PORT);
	scene_run(s, TIME_S);
	CU_ASSERT_FATAL(s->side[1].nb_conns == 1);
	s->side[1].conns[0].deaf = true;
	scene_send(s, 0, i, 1000000);
	scene_run(s, 20 * TIME_S);
	CU_ASSERT(s->side[1].conns[0].received != 0);
	CU_ASSERT(s->side[1].conns[0].received <= s->side[1].config.tcp.rcvbuf_bytes);
	CU_ASSERT(scene_stats(s, 0).probes >= 3);
	CU_ASSERT(s->side[0].conns[i].opened && !s->side[0].conns[i].over);
	CU_ASSERT(scene_end(s) == NULL);
}

/* Frames of somebody else: SYNs that nobody will follow up. */
static void
spoofed(struct scene *s, uint32_t from, uint32_t to)
{
	struct frame_path path = scene_path(s, 0);
	uint8_t buf[FRAME_MAX];

	for (uint32_t i = from; i < to; i++) {
		struct frame_tcp tcp = { .sport = (uint16_t)(1024 + i),
			.dport = PORT,
			.seq = i,
			.wnd = 1000,
			.flags = TCP_SYN };

		path.src_ip = UINT32_C(0xc6336400) + i % 256; /* 198.51.100.0/24 */
		scene_inject(s, 1, buf, frame_tcp_build(buf, &path, &tcp));
	}
}

/* What isn't on the link goes to the other side, which hands it back. */
static void
peer_is_gateway(struct thole_stack_config *config, unsigned int side, void *ctx)
{
	(void)ctx;
	config->gateway = thole_addr_ip4(UINT32_C(0x0a000002) - side);
}

static void
among_spoofed_syns(void)
{
	struct scene_params p = plain();
	struct scene *s;

	p.configure = peer_is_gateway;
	s = scene_make(&p);
	scene_listen(s, 1, PORT);
	for (unsigned int i = 0; i < 50; i++) {
		spoofed(s, i * 10, i * 10 + 10);
		scene_send(s, 0, scene_connect(s, 0, PORT), 1000);
		scene_run(s, s->now + 5 * TIME_MS);
	}
	scene_run(s, s->now + TIME_S);
	CU_ASSERT(scene_stats(s, 1).embryos == 500);
	CU_ASSERT(scene_stats(s, 0).rx_rejected >= 500); /* SYN-ACKs to nobody */
	CU_ASSERT(s->side[1].nb_conns == 50);
	for (uint32_t i = 0; i < s->side[1].nb_conns; i++)
		CU_ASSERT(s->side[1].conns[i].received == 1000);
	CU_ASSERT(scene_end(s) == NULL);
}

static const struct test_case cases[] = {
	{ "a good link loses nothing, and nothing is sent twice", good_link },
	{ "one lost packet goes once more, a round trip later", one_lost },
	{ "a lost FIN goes again", fin_lost },
	{ "a reader that never opens its window is probed", deaf_reader },
	{ "connections open among spoofed SYNs", among_spoofed_syns },
	{ NULL, NULL },
};
const struct test_suite suite_scenes = { "scenes", cases };
