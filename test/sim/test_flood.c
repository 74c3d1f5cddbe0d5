/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_flood.c: real clients connect while spoofed SYNs come at ten times their rate, and as many
 * ACKs that guess at cookies, over a link that loses 1 % each way. The client's side is also the
 * gateway to where the spoofed addresses are; nobody there answers.
 */
#include <stdio.h>

#include "base/prng.h"
#include "scene.h"
#include "stack/stack.h"
#include "suites.h"

#define PORT	 80
#define CLIENTS	 1000u
#define FIRST_MS 1000u /* the flood is on for a second before the first */
#define EACH_MS	 10u   /* a client; a spoofed SYN comes each ms */
#define EMBRYOS	 256
#define BYTES	 3000
#define SPOOFED	 UINT32_C(0xc6336400) /* 198.51.100.0/24 */

struct flood {
	uint8_t cookies;
	bool timestamps; /* the clients offer them */
};

/* What came of it. */
struct outcome {
	unsigned int served; /* clients that opened and whose bytes were all read */
	unsigned int syns;   /* of theirs, repeats included */
	unsigned int full;   /* connections with SACK, window scale and timestamps at the server */
	unsigned int plain;  /* with none of them */
	uint64_t slowest_ns;
	struct thole_stats stats;
};

static void
configure(struct thole_stack_config *c, unsigned int side, void *ctx)
{
	const struct flood *f = ctx;

	if (side == 0) {
		c->tcp.timestamps = f->timestamps;
		return;
	}
	c->max_embryos = EMBRYOS;
	c->tcp.syn_cookies = f->cookies;
	c->gateway = thole_addr_ip4(0x0a000001);
}

static void
spoof(struct scene *s, uint64_t *prng, uint8_t flags)
{
	static const uint8_t offer[] = { 2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3,
		3, 7 };
	struct frame_path path = scene_path(s, 0);
	uint8_t frame[FRAME_MAX];
	struct frame_tcp tcp = {
		.sport = (uint16_t)(1024 + prng_below(prng, 60000)),
		.dport = PORT,
		.seq = (uint32_t)prng_next(prng),
		.wnd = 65535,
		.flags = flags,
	};

	if ((flags & TCP_SYN) != 0) {
		tcp.nb_opts = sizeof(offer);
		memcpy(tcp.opts, offer, sizeof(offer));
	} else {
		tcp.ack = (uint32_t)prng_next(prng);
	}
	path.src_ip = SPOOFED + 1 + prng_below(prng, 254);
	scene_inject(s, 1, frame, frame_tcp_build(frame, &path, &tcp));
}

static void
count_options(const struct thole_stack *server, struct outcome *o)
{
	const uint8_t all = TO_TIMESTAMPS | TO_SACK | TO_WSCALE;

	for (uint32_t i = 0; i < server->tcbs.fresh; i++) {
		const struct tcb *t = stack_tcb(server, i);

		if (t->app == APP_NONE)
			continue;
		o->full += (t->opts & all) == all;
		o->plain += (t->opts & all) == 0;
	}
}

static void
count(struct scene *s, struct outcome *o)
{
	const struct scene_side *client = &s->side[0], *server = &s->side[1];
	unsigned int whole = 0;

	for (uint32_t i = 0; i < server->nb_conns; i++)
		whole += server->conns[i].received == BYTES;
	for (uint32_t i = 0; i < client->nb_conns; i++) {
		const struct scene_conn *c = &client->conns[i];

		if (!c->opened || c->over)
			continue;
		o->served++;
		o->slowest_ns = RTE_MAX(o->slowest_ns, c->opened_ns - c->asked_ns);
	}
	o->served = RTE_MIN(o->served, whole);
	for (uint32_t i = 0; i < s->nb_packets; i++)
		o->syns += s->packets[i].from == 0 && (s->packets[i].flags & TCP_SYN) != 0;
	count_options(server->stack, o);
	o->stats = scene_stats(s, 1);
}

static struct outcome
run(struct flood f)
{
	struct scene_params p = {
		.seed = 11, .configure = configure, .ctx = &f, .keep_packets = true
	};
	struct outcome o = { 0 };
	uint64_t prng = 7;
	struct scene *s;
	const char *why;

	p.link[0].delay_ns = p.link[1].delay_ns = 10 * TIME_MS;
	p.link[0].loss = p.link[1].loss = 10000;
	s = scene_make(&p);
	scene_listen(s, 1, PORT);
	for (uint32_t ms = 0; ms < FIRST_MS + CLIENTS * EACH_MS; ms++) {
		if (ms >= FIRST_MS && ms % EACH_MS == 0)
			scene_send(s, 0, scene_connect(s, 0, PORT), BYTES);
		spoof(s, &prng, TCP_SYN);
		spoof(s, &prng, TCP_ACK);
		scene_run(s, ms * TIME_MS);
	}
	scene_run(s, s->now + 10 * TIME_S);
	count(s, &o);
	printf("# cookies %u: %u of %u clients served, %u SYNs sent again, slowest %u ms; %u with "
	       "SACK and window scale, %u plain; cookies: %u sent, %u accepted, %u failed\n",
		f.cookies, o.served, CLIENTS, o.syns - CLIENTS,
		(unsigned int)(o.slowest_ns / TIME_MS), o.full, o.plain,
		(unsigned int)o.stats.cookies_sent, (unsigned int)o.stats.cookies_accepted,
		(unsigned int)o.stats.cookies_failed);
	why = scene_end(s);
	CU_ASSERT(why == NULL);
	return o;
}

static void
by_cookies(void)
{
	struct outcome o = run((struct flood){ THOLE_SYN_COOKIES_AUTO, true });

	CU_ASSERT(o.served >= CLIENTS * 99 / 100);
	CU_ASSERT(o.stats.embryos >= EMBRYOS / 2); /* the spoofed ones' */
	CU_ASSERT(o.stats.cookies_accepted >= CLIENTS * 99 / 100);
	CU_ASSERT(o.stats.cookies_accepted <= CLIENTS); /* none was guessed */
	CU_ASSERT(o.stats.cookies_sack == o.stats.cookies_accepted);
	CU_ASSERT(o.stats.cookies_wscale == o.stats.cookies_accepted);
	CU_ASSERT(o.stats.cookies_failed >= CLIENTS * EACH_MS);
	CU_ASSERT(o.stats.rx_drop_embryos == 0);
	CU_ASSERT(o.full == o.stats.conns && o.full >= CLIENTS * 99 / 100);
	CU_ASSERT(o.syns < CLIENTS * 105 / 100); /* what the link lost, and no more */
}

static void
by_cookies_without_timestamps(void)
{
	struct outcome o = run((struct flood){ THOLE_SYN_COOKIES_AUTO, false });

	CU_ASSERT(o.served >= CLIENTS * 99 / 100);
	CU_ASSERT(o.stats.cookies_accepted >= CLIENTS * 99 / 100);
	CU_ASSERT(o.plain == o.stats.conns && o.full == 0);
	CU_ASSERT(o.stats.cookies_sack == 0 && o.stats.cookies_wscale == 0);
}

/* What there would be without: the flood is one. */
static void
without_cookies(void)
{
	struct outcome o = run((struct flood){ THOLE_SYN_COOKIES_OFF, true });

	CU_ASSERT(o.served < CLIENTS / 10);
	CU_ASSERT(o.stats.cookies_sent == 0 && o.stats.cookies_failed == 0);
	CU_ASSERT(o.stats.rx_drop_embryos > CLIENTS);
}

static const struct test_case cases[] = {
	{ "clients get through by cookies", by_cookies },
	{ "without timestamps, too", by_cookies_without_timestamps },
	{ "without cookies they don't", without_cookies },
	{ NULL, NULL },
};
const struct test_suite suite_flood = { "flood", cases };
