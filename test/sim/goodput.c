/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * goodput.c: how much of a link one bulk flow gets, by congestion control, rate, round-trip time
 * and random loss, beside what the published response functions allow. Virtual time, seeded,
 * integers: the table is the same wherever it is made, and is kept in goodput.golden.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs.h"
#include "response.h"
#include "scene.h"

#define SEEDS_MAX  100
#define PORT	   80
#define FRAME_FULL 1514
#define MBIT	   UINT64_C(1000000)
#define QUICK_PKTS UINT64_C(60000) /* of a run */

enum cc {
	CC_CUBIC,
	CC_NEWRENO,
};

static const char *const cc_names[] = { "cubic", "newreno" };
static const uint64_t rates[] = { 10 * MBIT, 1000 * MBIT };
static const uint64_t rtts_ms[] = { 1, 20, 100 };
static const uint32_t losses[] = { 0, 1000, 10000, 50000 }; /* in 1,000,000 */

struct cell {
	enum cc cc;
	uint64_t rate_bps;
	uint64_t rtt_ms;
	uint32_t loss;
};

/* What a run came to. */
struct result {
	bool done;
	uint64_t goodput_bps;
	uint64_t mss;
	uint64_t data_pkts;
	uint64_t timeouts;
	uint64_t again;
	uint64_t vain;
	char why[160];
};

struct table {
	unsigned int seeds;
	bool quick;
	uint64_t nb_cells;
	struct cell cells[64];
	struct result *results; /* SEEDS_MAX of each cell */
};

/* The one place that knows how congestion control is chosen. @return false: there is no such one
 * yet. */
static bool
choose(struct thole_stack_config *config, enum cc cc)
{
	config->tcp.cc = cc == CC_NEWRENO ? THOLE_CC_NEWRENO : THOLE_CC_CUBIC;
	return true;
}

static uint64_t
bdp_bytes(const struct cell *c)
{
	return c->rate_bps / 8 * c->rtt_ms / 1000;
}

/* A short run wouldn't see many losses where round trips are long. */
static uint64_t
run_ns(const struct cell *c)
{
	return 10 * TIME_S + (c->loss != 0 ? 500 * c->rtt_ms * TIME_MS : 0);
}

static void
configure(struct thole_stack_config *config, unsigned int side, void *ctx)
{
	const struct cell *c = ctx;
	uint32_t buffer = (uint32_t)RTE_MAX(2 * bdp_bytes(c), UINT64_C(65536));

	config->tcp.sndbuf_bytes = RTE_MAX(buffer, config->tcp.sndbuf_bytes);
	config->tcp.rcvbuf_bytes = RTE_MAX(buffer, config->tcp.rcvbuf_bytes);
	choose(config, c->cc);
	(void)side;
}

/* One flow for so long: a queue of one BDP, but room for an initial window; loss of data only. */
static void
run(const struct cell *c, uint64_t seed, struct result *r)
{
	struct scene_params p = { .configure = configure, .seed = seed };
	struct thole_stats stats;
	const char *why;
	struct scene *s;
	uint32_t i;

	for (unsigned int k = 0; k < SIDES; k++) {
		p.link[k].rate_bps = c->rate_bps;
		p.link[k].delay_ns = c->rtt_ms * TIME_MS / 2;
		p.link[k].queue_bytes = (uint32_t)RTE_MAX(bdp_bytes(c), UINT64_C(10) * FRAME_FULL);
	}
	p.link[0].loss = c->loss;
	/* What the buffers hold, in mbufs; half of a pool may hold what was received. */
	p.mbufs[1] = 65535;
	p.app_mbufs[0] = 16383;
	p.ctx = (void *)(uintptr_t)c;
	s = scene_make(&p);
	scene_listen(s, 1, PORT);
	i = scene_connect(s, 0, PORT);
	scene_send(s, 0, i, UINT64_C(1) << 60);
	scene_run(s, run_ns(c));
	stats = scene_stats(s, 0);
	if (s->side[1].nb_conns != 0)
		r->goodput_bps = s->side[1].conns[0].received * 8 / (run_ns(c) / TIME_MS) * 1000;
	r->mss = s->watch[0].pkts != 0 ? s->watch[0].bytes / s->watch[0].pkts : 0;
	r->data_pkts = s->watch[0].pkts;
	r->timeouts = stats.rto_fired;
	r->again = s->watch[0].again_pkts;
	r->vain = s->watch[0].vain_pkts;
	why = scene_end(s);
	snprintf(r->why, sizeof(r->why), "%s", why != NULL ? why : "");
	r->done = true;
}

static uint64_t
link_most(const struct cell *c, uint64_t mss)
{
	return c->rate_bps * mss / (mss + 54);
}

/* Goodput that the response function allows, on this link. */
static uint64_t
allowed_bps(const struct cell *c, uint64_t mss)
{
	uint64_t most = link_most(c, mss), window, rate;

	if (c->loss == 0)
		return most;
	window = c->cc == CC_CUBIC ? response_cubic(c->loss, c->rtt_ms * 1000)
				   : response_reno(c->loss, 1);
	rate = window * mss * 8 / c->rtt_ms; /* 1/1000 of a window in 1/1000 s */
	return rate < most ? rate : most;
}

/* Where many packets are lost and many more go, each run takes as long as all of another cell. */
static bool
left_out(const struct table *t, const struct cell *c)
{
	return t->quick && c->loss != 0 &&
	       allowed_bps(c, FRAME_FULL) / 8 / FRAME_FULL * (run_ns(c) / TIME_MS) / 1000 >
		       QUICK_PKTS;
}

/* --- pieces of work: a run each, the long ones first --- */

static void
begin(void *ctx)
{
	(void)ctx;
	start_eal(512);
}

static bool
work(void *ctx, uint64_t piece)
{
	struct table *t = ctx;
	uint64_t cell = piece / t->seeds, seed = piece % t->seeds;
	struct thole_stack_config config;

	thole_stack_config_init(&config);
	/* Without loss there is no chance in it: one run says all. */
	if (left_out(t, &t->cells[cell]))
		return true;
	if (choose(&config, t->cells[cell].cc) && (t->cells[cell].loss != 0 || seed == 0))
		run(&t->cells[cell], 1 + seed, &t->results[cell * SEEDS_MAX + seed]);
	return true;
}

static void
finish(void *ctx)
{
	(void)ctx;
	start_end();
}

static void
broke(void *ctx, uint64_t piece)
{
	const struct table *t = ctx;

	fprintf(stderr, "goodput: a process ended in cell %" PRIu64 ", seed %" PRIu64 "\n",
		piece / t->seeds, piece % t->seeds + 1);
}

/* --- the table --- */

static int
by_goodput(const void *a, const void *b)
{
	uint64_t x = ((const struct result *)a)->goodput_bps;
	uint64_t y = ((const struct result *)b)->goodput_bps;

	return (x > y) - (x < y);
}

static const char *
mbit(uint64_t bps)
{
	static char text[4][32];
	static unsigned int i;

	i = (i + 1) % 4;
	snprintf(text[i], sizeof(text[i]), "%" PRIu64 ".%03" PRIu64, bps / MBIT, bps % MBIT / 1000);
	return text[i];
}

static void
print_row(const struct table *t, uint64_t cell)
{
	const struct cell *c = &t->cells[cell];
	struct result *r = &t->results[cell * SEEDS_MAX];
	uint64_t allowed, median, pkts = 0, timeouts = 0, again = 0, vain = 0;
	unsigned int n = 0;

	while (n < t->seeds && r[n].done) {
		pkts += r[n].data_pkts;
		timeouts += r[n].timeouts;
		again += r[n].again;
		vain += r[n].vain;
		n++;
	}
	printf("%-8s %6" PRIu64 " %4" PRIu64 " %3u.%u ", cc_names[c->cc], c->rate_bps / MBIT,
		c->rtt_ms, c->loss / 10000, c->loss / 1000 % 10);
	if (n == 0) {
		printf("    - %s\n", left_out(t, c) ? "left out" : "not there yet");
		return;
	}
	qsort(r, n, sizeof(*r), by_goodput);
	median = (r[(n - 1) / 2].goodput_bps + r[n / 2].goodput_bps) / 2;
	allowed = allowed_bps(c, r[n / 2].mss != 0 ? r[n / 2].mss : 1);
	printf("%5u %9s %9s %9s %5" PRIu64 " %9s %6" PRIu64 " %10" PRIu64 " %8" PRIu64 " %8" PRIu64
	       " %8" PRIu64 "\n",
		n, mbit(median), mbit(r[0].goodput_bps), mbit(r[n - 1].goodput_bps),
		median * 100 / link_most(c, r[n / 2].mss != 0 ? r[n / 2].mss : 1), mbit(allowed),
		median * 100 / allowed, pkts, timeouts, again, vain);
}

static const char heading[] =
	"# SPDX-License-Identifier: BSD-3-Clause\n"
	"# One bulk flow through a bottleneck with a queue of one bandwidth-delay product (10 full "
	"frames at least),\n"
	"# buffers of two, data lost at random; 10 virtual seconds, and 500 round trips more if "
	"any is lost.\n"
	"#\n"
	"# median, least, most: what the application read, Mbit/s; link%: median of the payload "
	"that the link can carry\n"
	"# allowed: newreno W = sqrt(3/(2p)) (Mathis et al. 1997); cubic the greater of that and "
	"1.054 (RTT/p)^0.75\n"
	"# (RFC 9438, 5); no more than the link. allow%: median of it\n"
	"# packets with data, timeouts, packets sent again, and of these in vain: of all seeds "
	"together\n"
	"#\n"
	"#cc      Mbit/s   ms loss% seeds    median     least      most link%   allowed allow%    "
	"packets timeouts    again  in vain\n";

static void
print_table(const struct table *t)
{
	fputs(heading, stdout);
	for (uint64_t i = 0; i < t->nb_cells; i++)
		print_row(t, i);
}

static bool
all_well(const struct table *t)
{
	bool good = true;

	for (uint64_t i = 0; i < t->nb_cells * SEEDS_MAX; i++)
		if (t->results[i].why[0] != 0) {
			fprintf(stderr, "goodput: cell %" PRIu64 ": %s\n", i / SEEDS_MAX,
				t->results[i].why);
			good = false;
		}
	return good;
}

static void
make_cells(struct table *t)
{
	for (int cc = CC_CUBIC; cc <= CC_NEWRENO; cc++)
		for (size_t r = 0; r < RTE_DIM(rates); r++)
			for (size_t d = 0; d < RTE_DIM(rtts_ms); d++)
				for (size_t l = 0; l < RTE_DIM(losses); l++)
					t->cells[t->nb_cells++] = (struct cell){ (enum cc)cc,
						rates[r], rtts_ms[d], losses[l] };
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = { { "seeds", 1, NULL, 's' }, { "jobs", 1, NULL, 'j' },
		{ "quick", 0, NULL, 'q' }, { NULL, 0, NULL, 0 } };
	struct table t = { .seeds = 20 };
	struct jobs jobs = {
		.begin = begin, .work = work, .end = finish, .broke = broke, .ctx = &t
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 's')
			t.seeds = (unsigned int)strtoul(optarg, NULL, 10);
		else if (c == 'j')
			jobs.processes = (unsigned int)strtoul(optarg, NULL, 10);
		else if (c == 'q')
			t.quick = true;
		else
			return 2;
	}
	if (t.seeds == 0 || t.seeds > SEEDS_MAX) {
		fprintf(stderr, "goodput: --seeds: from 1 to %d\n", SEEDS_MAX);
		return 2;
	}
	make_cells(&t);
	t.results = jobs_share(t.nb_cells * SEEDS_MAX * sizeof(*t.results));
	jobs.pieces = t.nb_cells * t.seeds;
	if (!jobs_run(&jobs))
		return 1;
	print_table(&t);
	return all_well(&t) ? 0 : 1;
}
