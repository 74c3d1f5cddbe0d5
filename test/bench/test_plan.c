/* SPDX-License-Identifier: BSD-3-Clause */
/* test_plan.c: room for all TIME-WAITs, and tuples for them, grow with the run up to 2 MSL. */
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "plan.h"
#include "suites.h"

#define MBUF_BYTES 2560.0

/* 2 MSL: a minute; a second. */
static const struct thole_tcp_params tcp = {
	.msl_ns = UINT64_C(30000000000), .sndbuf_bytes = 262144, .rcvbuf_bytes = 65535
};
static const struct thole_tcp_params brief = {
	.msl_ns = UINT64_C(500000000), .sndbuf_bytes = 262144, .rcvbuf_bytes = 65535
};

static struct options
some_options(double duration_s)
{
	return (struct options){ .duration_s = duration_s,
		.workers = 1,
		.inflight = 512,
		.port_first = 8000,
		.port_last = 8015 };
}

static double
tuples(const struct options *o, const struct plan *plan)
{
	return (double)plan->clients * (o->port_last - o->port_first + 1) * CLIENT_PORTS;
}

static void
test_grows(void)
{
	const double durations[] = { 0.1, 1, 5, 30, 59 };
	struct plan last = { .max_time_wait = 0 };

	for (unsigned int i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		struct options o = some_options(durations[i]);
		struct plan plan;

		plan_make(&o, &tcp, true, &plan);
		CU_ASSERT_TRUE(plan.short_of_memory || plan.max_time_wait > last.max_time_wait);
		CU_ASSERT_TRUE(tuples(&o, &plan) >= plan.max_time_wait);
		CU_ASSERT_FALSE(plan.short_of_tuples);
		CU_ASSERT_FALSE(plan.fits_hugepages);
		/* The table must be able to hold what is promised. */
		CU_ASSERT_TRUE(plan.wanted_mb * 1048576.0 >= plan.max_time_wait * 72.0);
		last = plan;
	}
}

static void
test_ends_at_two_msl(void)
{
	struct options minute = some_options(60), day = some_options(86400);
	struct plan a, b;

	plan_make(&minute, &tcp, true, &a);
	plan_make(&day, &tcp, true, &b);
	/* Both are bounded by the same memory, which moves a little between two looks at it. */
	CU_ASSERT_TRUE(a.short_of_memory == b.short_of_memory);
	CU_ASSERT_TRUE(a.short_of_memory || a.max_time_wait == b.max_time_wait);
	CU_ASSERT_EQUAL(a.clients, b.clients);
	plan_make(&day, &brief, true, &b);
	CU_ASSERT_TRUE(b.max_time_wait <= a.max_time_wait);
	CU_ASSERT_TRUE(b.clients < a.clients);
}

static void
test_given_addresses(void)
{
	struct options o = some_options(5);
	struct plan plan;

	o.clients = (struct thole_address){ .count = 1, .prefix_len = 16 };
	o.port_last = o.port_first;
	plan_make(&o, &tcp, true, &plan);
	CU_ASSERT_EQUAL(plan.clients, 1);
	CU_ASSERT_TRUE(plan.short_of_tuples);
}

static void
test_room_for_inflight(void)
{
	struct options o = some_options(1);
	struct plan plan;

	o.inflight = 100000;
	plan_make(&o, &tcp, true, &plan);
	CU_ASSERT_TRUE(plan.max_conns >= 2 * o.inflight);
	CU_ASSERT_TRUE(plan.max_embryos >= 2 * o.inflight);
	CU_ASSERT_TRUE(plan.pool_mbufs >= 2 * plan.cable_entries);
	CU_ASSERT_EQUAL(plan.cable_entries & (plan.cable_entries - 1), 0);
}

/* Each connection may have its whole send buffer queued; what no machine has is not planned. */
static void
test_room_for_data(void)
{
	struct options o = some_options(1);
	struct plan empty, some, full, most;

	o.inflight = 64;
	plan_make(&o, &tcp, true, &empty);
	o.response_bytes = 100000;
	plan_make(&o, &tcp, true, &some);
	CU_ASSERT_TRUE(some.pool_mbufs - empty.pool_mbufs >= 64 * 100000 / 2048);
	o.response_bytes = 0;
	o.request_bytes = 1000000;
	plan_make(&o, &tcp, true, &full);
	CU_ASSERT_TRUE(full.pool_mbufs - empty.pool_mbufs >= 64 * 262144 / 2048);
	o.request_bytes = 1000000000;
	plan_make(&o, &tcp, true, &most);
	CU_ASSERT_EQUAL(most.pool_mbufs, full.pool_mbufs);
	o.inflight = 65536;
	plan_make(&o, &tcp, true, &most);
	CU_ASSERT_TRUE(most.pool_mbufs >= 2 * most.cable_entries);
	CU_ASSERT_TRUE(most.pool_mbufs * MBUF_BYTES < 4e9);
}

static void
test_room_for_workers(void)
{
	struct options o = some_options(1);
	struct plan one, four;

	plan_make(&o, &tcp, true, &one);
	o.workers = 4;
	plan_make(&o, &tcp, true, &four);
	/* What all have together is as much; each has a pool, and room for packets of the others.
	 */
	CU_ASSERT_TRUE(one.short_of_memory || four.short_of_memory ||
		       four.max_time_wait == (one.max_time_wait + 3) / 4);
	CU_ASSERT_TRUE(four.pool_mbufs >= one.pool_mbufs + 3 * 1024);
	CU_ASSERT_TRUE(four.mem_mb > 2 * one.mem_mb);
}

/* An open loop leaves no more than it opens. */
static void
test_room_for_rate(void)
{
	struct options o = some_options(3);
	struct plan closed, plan;

	plan_make(&o, &tcp, true, &closed);
	o.rate = 100000;
	plan_make(&o, &tcp, true, &plan);
	CU_ASSERT_TRUE(plan.max_time_wait >= 100000 * (3 + 1) && plan.max_time_wait <= 500000);
	CU_ASSERT_FALSE(plan.short_of_memory || plan.short_of_tuples);
	o.rate = 1;
	plan_make(&o, &tcp, true, &plan);
	CU_ASSERT_TRUE(plan.max_time_wait >= 10000 && plan.max_time_wait <= 100000);
	o.rate = 100000000;
	plan_make(&o, &tcp, true, &plan);
	CU_ASSERT_EQUAL(plan.clients, closed.clients);
}

/* Neither the rate nor how long it goes on matters. */
static void
test_given_time_wait(void)
{
	struct options o = some_options(59);
	struct plan plan;

	o.time_wait = 70000;
	plan_make(&o, &tcp, true, &plan);
	CU_ASSERT_TRUE(plan.short_of_memory || plan.max_time_wait == 70000);
	CU_ASSERT_FALSE(plan.short_of_tuples);
	o.workers = 4;
	plan_make(&o, &tcp, true, &plan);
	CU_ASSERT_TRUE(plan.short_of_memory || plan.max_time_wait == 17500);
}

/* A million that stand, each of which is in TIME-WAIT in the end; the rate doesn't matter. */
/* An end by itself that doesn't close first keeps clear of its peer's TIME-WAITs, and has none. */
static void
test_other_end(void)
{
	struct options first = some_options(5), other = some_options(5);
	struct plan a, b;

	for (int client_closes = 0; client_closes < 2; client_closes++) {
		first.client_closes = other.client_closes = client_closes != 0;
		first.role = client_closes != 0 ? ROLE_CLIENT : ROLE_SERVER;
		other.role = client_closes != 0 ? ROLE_SERVER : ROLE_CLIENT;
		plan_make(&first, &tcp, true, &a);
		plan_make(&other, &tcp, true, &b);
		CU_ASSERT_TRUE(a.short_of_memory || a.max_time_wait > b.max_time_wait);
		CU_ASSERT_EQUAL(b.max_time_wait, b.other_time_wait);
		CU_ASSERT_TRUE(b.short_of_memory || b.wanted_mb < a.wanted_mb);
		CU_ASSERT_EQUAL(a.clients, b.clients);
	}
}

static void
test_room_for_standing(void)
{
	struct options o = some_options(59);
	struct plan few, many;

	o.standing = 512;
	plan_make(&o, &tcp, true, &few);
	CU_ASSERT_TRUE(few.max_conns >= 512 + 2 * o.inflight);
	CU_ASSERT_TRUE(few.max_time_wait < 100000);
	o.standing = 1000000;
	plan_make(&o, &tcp, true, &many);
	CU_ASSERT_TRUE(many.max_conns >= 1000000 + 2 * o.inflight);
	CU_ASSERT_TRUE(many.short_of_memory || many.max_time_wait >= 1000000);
	CU_ASSERT_FALSE(many.short_of_tuples);
	CU_ASSERT_TRUE(tuples(&o, &many) >= 1000000);
	CU_ASSERT_TRUE(many.wanted_mb - few.wanted_mb >= 2 * 1000000 / 1048576.0 * 500);
}

static void
test_lcores(void)
{
	char text[64];
	int cpus[2];

	plan_cpus(cpus);
	CU_ASSERT_EQUAL(plan_lcores(2, text, sizeof(text)), 0);
	CU_ASSERT_EQUAL(strncmp(text, "0@", 2), 0);
	CU_ASSERT_EQUAL(atoi(text + 2), cpus[0]);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, ",1@"));
	CU_ASSERT_EQUAL(plan_lcores(32, text, sizeof(text)), -1);
}

static void
test_cpus(void)
{
	int cpus[2];

	plan_cpus(cpus);
	CU_ASSERT_TRUE(cpus[0] >= 0);
	CU_ASSERT_TRUE(cpus[1] == -1 || cpus[1] > cpus[0]);
}

const struct test_suite suite_plan = {
	"plan",
	(const struct test_case[]){
		{ "TIME-WAITs and tuples grow with the duration", test_grows },
		{ "they stop growing at 2 MSL", test_ends_at_two_msl },
		{ "too few addresses are noticed", test_given_addresses },
		{ "room for what is in flight", test_room_for_inflight },
		{ "room for what is queued", test_room_for_data },
		{ "room for several workers", test_room_for_workers },
		{ "room for a rate", test_room_for_rate },
		{ "room for as many TIME-WAITs as asked for", test_given_time_wait },
		{ "room for those that stand", test_room_for_standing },
		{ "none for the end that doesn't close first", test_other_end },
		{ "CPUs", test_cpus },
		{ "CPUs for lcores", test_lcores },
		{ NULL, NULL },
	},
};
