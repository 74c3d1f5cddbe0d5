/* SPDX-License-Identifier: BSD-3-Clause */
/* main.c: the forms in turn, round after round; the table and the JSON file. */
#include <stdio.h>
#include <string.h>

#include "pingpong.h"

#define MOST_BYTES 1448 /* one segment's */
#define MEM_MB	   192
#define FLOOR_US   3.0

static const struct duo_program program = {
	.name = "pingpong",
	.version = "pingpong (thole) 0.1.0",
	.doc = "Times the round trip of a message, one at a time, over two ports joined back to "
	       "back "
	       "in memory: run to completion, with the application on another core than the "
	       "stacks, "
	       "and without TCP. Nothing sleeps but in the last form, whose applications "
	       "wait on an eventfd."
	       "\v"
	       "EAL's own options follow after --, for instance:\n"
	       "  pingpong --duration 5 --json out.json -- -l 2,3\n\n"
	       "Exit status: 0, 1 if the run failed or --check doesn't hold, 2 for bad arguments.",
	.size_doc = "Of the message: 1 to 1448 (64)",
	.check_doc = "Fail unless the p50 with the applications of both ends on another core is "
		     "within 3 us of the p50 run to completion",
	.size = 64,
	.size_least = 1,
	.size_most = MOST_BYTES,
};

static const struct {
	const char *name;
	const char *text;
} forms[FORMS] = {
	[FORM_WIRE] = { "wire_one_core", "bare wire, both ends on one core" },
	[FORM_WIRE_TWO] = { "wire_two_cores", "bare wire, each end on its own" },
	[FORM_DIRECT] = { "direct", "both stacks on one core, run to completion" },
	[FORM_RING] = { "ring", "  client's application on another, by rings" },
	[FORM_RING_BOTH] = { "ring_both", "  both applications on another, by rings" },
	[FORM_RING_ASLEEP] = { "ring_asleep", "  the same, asleep until an event comes" },
};

static const double shares[] = { 0.5, 0.9, 0.99, 0.999, 1 };
static const char *const share_names[] = { "us_p50", "us_p90", "us_p99", "us_p999", "us_max" };
#define SHARES (sizeof(shares) / sizeof(shares[0]))

struct result {
	struct histogram h;
	struct turn turn;
	double round_us[1000]; /* p50 of each round */
};

struct bench {
	struct duo duo;
	struct duo_options options;
	struct result results[FORMS];
	uint32_t rounds; /* that were made */
	uint32_t leaked;
};

static double
us(const struct histogram *h, double share)
{
	return (double)histogram_percentile(h, share) / 1e3;
}

/* What rings add to a round trip: the middle of the rounds' differences, so that all that the
 * machine does for longer than a round is in both. */
static double
added_us(const struct bench *b, enum form form)
{
	double differences[1000];

	for (uint32_t i = 0; i < b->rounds; i++)
		differences[i] = b->results[form].round_us[i] - b->results[FORM_DIRECT].round_us[i];
	return duo_median(differences, b->rounds);
}

static int
start_workers(struct bench *b)
{
	int status = 0;

	for (int i = 0; i < DUO_SIDES && status == 0; i++) {
		struct thole_worker_config config;

		thole_worker_config_init(&config);
		config.stack.tcp.no_delay = true;
		config.app_turn = pingpong_app_turn;
		config.app_ctx = pingpong_app_ctx((enum duo_side)i);
		status = duo_worker(&b->duo, (enum duo_side)i, &config);
	}
	return status;
}

/* One form's turn in a round. */
static int
take_turn(struct bench *b, enum form form)
{
	static struct histogram h;
	struct result *r = &b->results[form];
	char text[128];
	int rc;

	histogram_reset(&h);
	r->turn.duo = &b->duo;
	r->turn.h = &h;
	r->turn.size = b->options.size;
	r->turn.ns = (uint64_t)(b->options.duration_s * 1e9 / b->options.rounds);
	if (form == FORM_WIRE || form == FORM_WIRE_TWO)
		rc = pingpong_wire(&r->turn, form == FORM_WIRE_TWO);
	else
		rc = pingpong_stacks(&r->turn, form);
	if (rc != 0) {
		snprintf(text, sizeof(text), "%s: a message didn't come back as it was sent (%s)",
			forms[form].text, strerror(-rc));
		return duo_complain(&b->duo, text, 1);
	}
	r->round_us[b->rounds] = us(&h, 0.5);
	histogram_merge(&r->h, &h);
	return 0;
}

static int
measure(struct bench *b)
{
	int status = start_workers(b);

	addloop_measure(b->duo.other, &b->duo.add_before);
	for (; b->rounds < b->options.rounds && status == 0; b->rounds++)
		for (int form = 0; form < FORMS && status == 0; form++) {
			status = take_turn(b, (enum form)form);
			if (status == 0 && duo_signals != 0)
				status = duo_complain(&b->duo, "interrupted", 1);
		}
	if (status != 0)
		return status;
	b->leaked = duo_stop(&b->duo);
	addloop_measure(b->duo.other, &b->duo.add_after);
	return 0;
}

static void
table(const struct bench *b)
{
	const struct duo_options *o = &b->options;

	printf("pingpong: round trips of %u B, one at a time, each form %g s in %u rounds\n",
		o->size, o->duration_s, o->rounds);
	printf("  %-44s %9s %9s %9s %9s %10s\n", "microseconds", "p50", "p90", "p99", "p99.9",
		"max");
	for (int i = 0; i < FORMS; i++) {
		printf("  %-44s", forms[i].text);
		for (size_t k = 0; k < SHARES; k++)
			printf(" %*.2f", k == SHARES - 1 ? 10 : 9, us(&b->results[i].h, shares[k]));
		printf("\n");
	}
	printf("  rings add %37.2f at one end, %.2f at both (middle of the rounds' p50)\n",
		added_us(b, FORM_RING), added_us(b, FORM_RING_BOTH));
	printf("  sleep adds %36.2f to that\n",
		added_us(b, FORM_RING_ASLEEP) - added_us(b, FORM_RING_BOTH));
	printf("  leaked %40u mbufs\n", b->leaked);
}

static json_t *
form_object(const struct bench *b, enum form form)
{
	const struct result *r = &b->results[form];
	json_t *object = json_object(), *rounds = json_array();

	json_object_set_new(object, "round_trips", json_integer((json_int_t)r->turn.trips));
	json_object_set_new(object, "round_trips_per_s",
		json_real(r->turn.elapsed_ns == 0
				  ? 0
				  : (double)r->turn.trips * 1e9 / (double)r->turn.elapsed_ns));
	for (size_t k = 0; k < SHARES; k++)
		json_object_set_new(object, share_names[k], json_real(us(&r->h, shares[k])));
	for (uint32_t i = 0; i < b->rounds; i++)
		json_array_append_new(rounds, json_real(r->round_us[i]));
	json_object_set_new(object, "round_us_p50", rounds);
	return object;
}

static json_t *
figures(const struct bench *b)
{
	const struct duo_options *o = &b->options;
	json_t *top = json_pack("{s:I, s:f, s:I, s:f, s:f, s:f, s:I}", "size", (json_int_t)o->size,
		"duration_s", o->duration_s, "rounds", (json_int_t)b->rounds, "ring_added_us",
		added_us(b, FORM_RING), "ring_both_added_us", added_us(b, FORM_RING_BOTH),
		"ring_asleep_added_us", added_us(b, FORM_RING_ASLEEP), "leaked_mbufs",
		(json_int_t)b->leaked);
	json_t *all = json_object();

	for (int i = 0; i < FORMS; i++)
		json_object_set_new(all, forms[i].name, form_object(b, (enum form)i));
	json_object_set_new(top, "forms", all);
	return top;
}

static int
judge(const struct bench *b)
{
	char text[160];

	if (b->leaked != 0)
		return duo_complain(&b->duo, "mbufs leaked: see the table", 1);
	if (!b->options.check || added_us(b, FORM_RING_BOTH) <= FLOOR_US)
		return 0;
	snprintf(text, sizeof(text),
		"--check: with both applications on another core the p50 is %.2f us above the one "
		"run "
		"to completion, of which %g are allowed",
		added_us(b, FORM_RING_BOTH), FLOOR_US);
	return duo_complain(&b->duo, text, 1);
}

int
main(int argc, char **argv)
{
	static struct bench b;
	int status;

	duo_options_parse(&b.options, &program, argc, argv);
	status = duo_open(&b.duo, &program, &b.options, MEM_MB);
	if (status == 0)
		status = measure(&b);
	if (status == 0) {
		table(&b);
		status = duo_write(&b.duo, figures(&b));
		if (status == 0)
			status = judge(&b);
	}
	duo_close(&b.duo);
	return status;
}
