/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main.c: opens, accepts and closes connections between two stacks in this process, in virtual
 * time, the server closing first. It measures nothing itself: ./run has callgrind count the
 * instructions inside serve() or inside drive(). The same options give the same packets, so the
 * count repeats.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <thole/port.h>

#include "side.h"

#define TURN_NS	  4000 /* 32 packets each way: 8 M packets a second */
#define START_NS  UINT64_C(1000000000000)
#define IDLE_MOST 10000 /* turns without a packet before something must have gone wrong */

static const char usage[] =
	"usage: instructions [OPTION]...\n"
	"Opens and closes connections between two stacks in memory. See "
	"benchmarks/instructions/run.\n"
	"\n"
	"  --conns N            connections in all (2000)\n"
	"  --inflight N         of them at a time (512)\n"
	"  --request BYTES      from the client on each connection (0)\n"
	"  --response BYTES     from the server (0)\n"
	"  --time-wait N        TIME-WAITs that the server has room for (1048576)\n"
	"  --offload-checksums  as if a NIC summed and verified them\n"
	"  --bulk               one connection, on which the client sends --conns segments of 1448 "
	"B\n"
	"                       in chains that aren't copied\n";

enum option_id {
	OPT_CONNS = 1,
	OPT_INFLIGHT,
	OPT_REQUEST,
	OPT_RESPONSE,
	OPT_TIME_WAIT,
	OPT_OFFLOAD,
	OPT_BULK
};

static const struct option options[] = {
	{ "conns", required_argument, NULL, OPT_CONNS },
	{ "inflight", required_argument, NULL, OPT_INFLIGHT },
	{ "request", required_argument, NULL, OPT_REQUEST },
	{ "response", required_argument, NULL, OPT_RESPONSE },
	{ "time-wait", required_argument, NULL, OPT_TIME_WAIT },
	{ "offload-checksums", no_argument, NULL, OPT_OFFLOAD },
	{ "bulk", no_argument, NULL, OPT_BULK },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static uint32_t
number(const char *text, unsigned long least, unsigned long most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end != '\0' || *text < '0' || *text > '9' || n < least || n > most) {
		fprintf(stderr, "instructions: %s: not a number from %lu to %lu\n", text, least,
			most);
		exit(2);
	}
	return (uint32_t)n;
}

static void
parse(int argc, char **argv, struct settings *set)
{
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case OPT_CONNS:
			set->conns = number(optarg, 1, 100000000);
			break;
		case OPT_INFLIGHT:
			set->inflight = number(optarg, 1, 100000);
			break;
		case OPT_REQUEST:
			set->request = number(optarg, 0, MAX_DATA);
			break;
		case OPT_RESPONSE:
			set->response = number(optarg, 0, MAX_DATA);
			break;
		case OPT_TIME_WAIT:
			set->time_wait = number(optarg, 1, 1 << 30);
			break;
		case OPT_OFFLOAD:
			set->offload_checksums = true;
			break;
		case OPT_BULK:
			set->bulk = true;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			exit(2);
		}
	}
}

/* What callgrind collects: it must find these two by name. */
__attribute__((noinline)) static void
serve(struct side *s, uint64_t now_ns, struct cable *in, struct cable *out)
{
	rte_compiler_barrier(); /* or gcc folds it and drive() into one */
	side_turn(s, now_ns, in, out);
}

__attribute__((noinline)) static void
drive(struct side *s, uint64_t now_ns, struct cable *in, struct cable *out)
{
	side_turn(s, now_ns, in, out);
}

static bool
run(struct side *server, struct side *client, const struct settings *set)
{
	struct cable there = { .n = 0 }, back = { .n = 0 };
	uint64_t now_ns = START_NS;
	uint32_t idle = 0;

	while ((client->closed < set->conns || server->closed < set->conns) && idle < IDLE_MOST) {
		drive(client, now_ns, &back, &there);
		serve(server, now_ns, &there, &back);
		idle = there.n + back.n == 0 ? idle + 1 : 0;
		now_ns += TURN_NS;
	}
	rte_pktmbuf_free_bulk(back.pkts, back.n);
	return idle < IDLE_MOST;
}

/* Nothing was lost, so nothing may have been repeated. */
static bool
judge(const struct side *s, const struct settings *set, const char *name)
{
	struct thole_stats st;

	thole_stats_get(s->stack, &st);
	printf("%s: %u connections, %llu packets in, %llu out, %llu TIME-WAITs evicted\n", name,
		s->closed, (unsigned long long)st.rx_pkts, (unsigned long long)st.tx_pkts,
		(unsigned long long)st.time_wait_evicted);
	return s->failed == 0 && s->opened == set->conns && s->closed == set->conns &&
	       st.retransmits + st.timeouts + st.aborted + st.resets_rx + st.tx_nombuf == 0;
}

static int
start(void)
{
	static char *argv[] = { (char *)"instructions", (char *)"--no-huge", (char *)"--no-pci",
		(char *)"--no-telemetry", (char *)"--no-shconf", (char *)"-l", (char *)"0",
		(char *)"--log-level=4", NULL };
	struct thole_why why;
	int rc = thole_eal_start((int)(sizeof(argv) / sizeof(argv[0])) - 1, argv, 256, &why);

	if (rc != 0)
		fprintf(stderr, "instructions: %s\n", why.text);
	return rc;
}

int
main(int argc, char **argv)
{
	struct settings set = { .conns = 2000, .inflight = 512, .time_wait = 1 << 20 };
	struct side server, client;
	const char *why;
	bool good;

	parse(argc, argv, &set);
	if (set.bulk) {
		set.segments = RTE_MIN(set.conns, UINT32_MAX / SEGMENT);
		set.conns = set.inflight = 1;
	}
	if (start() != 0)
		return 1;
	if (side_init(&server, &set, true, &why) != 0 ||
		side_init(&client, &set, false, &why) != 0) {
		fprintf(stderr, "instructions: %s\n", why);
		return 1;
	}
	side_listen(&server);
	good = run(&server, &client, &set);
	good &= judge(&server, &set, "server");
	good &= judge(&client, &set, "client");
	side_fini(&client);
	side_fini(&server);
	thole_eal_stop();
	if (!good)
		fprintf(stderr, "instructions: not every connection went as it should\n");
	return good ? 0 : 1;
}
