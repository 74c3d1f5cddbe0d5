/* SPDX-License-Identifier: BSD-3-Clause */
/* test_options.c: what is given comes out, and a mistake is named in one line. */
#include <stdio.h>
#include <string.h>

#include "options.h"
#include "suites.h"

#define MAX_ARGS 32

static struct options o;
static struct options_error error;

/* Splits @p line at blanks. */
static int
parse(const char *line)
{
	static char text[512];
	static char *argv[MAX_ARGS + 1];
	int argc = 0;
	char *save = NULL;

	snprintf(text, sizeof(text), "accept-close %s", line);
	error.text[0] = '\0';
	for (char *word = strtok_r(text, " ", &save); word != NULL && argc < MAX_ARGS;
		word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	argv[argc] = NULL;
	return options_parse(&o, argc, argv, &error);
}

static void
test_defaults(void)
{
	CU_ASSERT_EQUAL(parse(""), 0);
	CU_ASSERT_EQUAL(o.duration_s, 5);
	CU_ASSERT_EQUAL(o.inflight, 512);
	CU_ASSERT_EQUAL(o.flood, 0);
	CU_ASSERT_EQUAL(o.rate, 0);
	CU_ASSERT_EQUAL(o.starve_s, 0);
	CU_ASSERT_EQUAL(o.standing, 0);
	CU_ASSERT_EQUAL(o.workers, 1);
	CU_ASSERT_FALSE(o.wrong_worker);
	CU_ASSERT_EQUAL(o.role, ROLE_BOTH);
	CU_ASSERT_FALSE(o.client_closes);
	CU_ASSERT_EQUAL(o.request_bytes, 0);
	CU_ASSERT_EQUAL(o.response_bytes, 0);
	CU_ASSERT_EQUAL(o.port_first, 8000);
	CU_ASSERT_EQUAL(o.port_last, 8015);
	CU_ASSERT_EQUAL(o.address.count, 0);
	CU_ASSERT_EQUAL(o.nb_eal_args, 0);
	CU_ASSERT_PTR_NULL(o.json);
}

static void
test_all_given(void)
{
	char text[THOLE_ADDR_TEXT];

	CU_ASSERT_EQUAL(
		parse("-d 2.5 --json=x.json --inflight 64 --closer client --request 10 --response "
		      "20 --flood 10 --idle 1000 --time-wait 70000 --no-wire --no-kernel"),
		0);
	CU_ASSERT_EQUAL(o.duration_s, 2.5);
	CU_ASSERT_STRING_EQUAL(o.json, "x.json");
	CU_ASSERT_EQUAL(o.inflight, 64);
	CU_ASSERT_EQUAL(o.flood, 10);
	CU_ASSERT_EQUAL(o.idle, 1000);
	CU_ASSERT_EQUAL(o.time_wait, 70000);
	CU_ASSERT_TRUE(o.client_closes);
	CU_ASSERT_EQUAL(o.request_bytes, 10);
	CU_ASSERT_EQUAL(o.response_bytes, 20);
	CU_ASSERT_TRUE(o.no_wire && o.no_kernel);

	/* An open loop has more in flight unless it is told otherwise. */
	CU_ASSERT_EQUAL(parse("--rate 100000 --flood 10"), 0);
	CU_ASSERT_EQUAL(o.rate, 100000);
	CU_ASSERT_EQUAL(o.inflight, 4096);
	CU_ASSERT_EQUAL(parse("--rate 1 --inflight 7 --workers 3"), 0);
	CU_ASSERT_EQUAL(o.inflight, 7);
	CU_ASSERT_EQUAL(parse("--starve 0.5 --duration 1"), 0);
	CU_ASSERT_EQUAL(o.starve_s, 0.5);

	CU_ASSERT_EQUAL(
		parse("--role client --device net_tap0 --client-addresses 10.1.2.3+40/16 --peer "
		      "10.1.0.1 --gateway 10.1.0.254 --ports 80-82"),
		0);
	CU_ASSERT_EQUAL(o.role, ROLE_CLIENT);
	CU_ASSERT_STRING_EQUAL(o.device, "net_tap0");
	CU_ASSERT_STRING_EQUAL(thole_addr_format(&o.clients.first, text), "10.1.2.3");
	CU_ASSERT_EQUAL(o.clients.count, 40);
	CU_ASSERT_EQUAL(o.clients.prefix_len, 16);
	CU_ASSERT_STRING_EQUAL(thole_addr_format(&o.peer, text), "10.1.0.1");
	CU_ASSERT_STRING_EQUAL(thole_addr_format(&o.gateway, text), "10.1.0.254");
	CU_ASSERT_EQUAL(o.port_first, 80);
	CU_ASSERT_EQUAL(o.port_last, 82);
}

static void
test_standing(void)
{
	CU_ASSERT_EQUAL(parse("--standing 1000000"), 0);
	CU_ASSERT_EQUAL(o.standing, 1000000);
	CU_ASSERT_EQUAL(o.inflight, 2048);
	CU_ASSERT_EQUAL(o.request_bytes, 64);
	CU_ASSERT_EQUAL(o.response_bytes, 64);
	CU_ASSERT_TRUE(o.client_closes);
	CU_ASSERT_EQUAL(parse("--standing 512"), 0);
	CU_ASSERT_EQUAL(o.inflight, 512);
	CU_ASSERT_EQUAL(
		parse("--inflight 9 --request 1 --response 300 --closer client --standing 3 "
		      "--workers 3"),
		0);
	CU_ASSERT_EQUAL(o.inflight, 9);
	CU_ASSERT_EQUAL(o.request_bytes, 1);
	CU_ASSERT_EQUAL(o.response_bytes, 300);
}

static void
test_sets(void)
{
	CU_ASSERT_EQUAL(parse("--set tcp.msl=30s --set stack.mac=a=b"), 0);
	CU_ASSERT_EQUAL(o.nb_sets, 2);
	CU_ASSERT_STRING_EQUAL(o.sets[0].section, "tcp");
	CU_ASSERT_STRING_EQUAL(o.sets[0].key, "msl");
	CU_ASSERT_STRING_EQUAL(o.sets[0].value, "30s");
	CU_ASSERT_STRING_EQUAL(o.sets[1].value, "a=b");
}

static void
test_eal_args(void)
{
	char *const argv[] = { (char *)"x", (char *)"-l0,1", (char *)"--lcores=2",
		(char *)"--no-hugely", NULL };

	CU_ASSERT_EQUAL(parse("--no-wire -- --bogus -l 0,1 -- x"), 0);
	CU_ASSERT_EQUAL(o.nb_eal_args, 5);
	CU_ASSERT_STRING_EQUAL(o.eal_args[0], "--bogus");
	CU_ASSERT_STRING_EQUAL(o.eal_args[4], "x");
	CU_ASSERT_TRUE(options_eal_has(4, argv, "-l"));
	CU_ASSERT_TRUE(options_eal_has(4, argv, "--lcores"));
	CU_ASSERT_FALSE(options_eal_has(4, argv, "--no-huge"));
	CU_ASSERT_FALSE(options_eal_has(4, argv, "-c"));
}

/* Each of these is refused in one line that has the second in it. */
static void
refuse_all(const char *const (*bad)[2], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int rc = parse(bad[i][0]);

		if (rc == 0 || strstr(error.text, bad[i][1]) == NULL ||
			strchr(error.text, '\n') != NULL)
			printf("# %s: %d \"%s\"\n", bad[i][0], rc, error.text);
		CU_ASSERT_TRUE(rc < 0);
		CU_ASSERT_PTR_NOT_NULL(strstr(error.text, bad[i][1]));
		CU_ASSERT_PTR_NULL(strchr(error.text, '\n'));
	}
}

static void
test_mistakes(void)
{
	static const char *const bad[][2] = {
		{ "--bogus", "--bogus" },
		{ "--durati 3", "--durati" },
		{ "-z", "-z" },
		{ "stray", "stray" },
		{ "--duration", "--duration" },
		{ "--duration 0", "--duration 0" },
		{ "--duration -1", "--duration -1" },
		{ "--duration 5x", "5x" },
		{ "--duration nan", "nan" },
		{ "--no-wire=1", "--no-wire" },
		{ "--inflight 0", "--inflight 0" },
		{ "--inflight 99999999999", "99999999999" },
		{ "--request -1", "--request -1" },
		{ "--response 1k", "1k" },
		{ "--closer both", "both" },
		{ "--role boss", "boss" },
		{ "--address 10.0.0.1", "prefix" },
		{ "--address 10.0.0.256/8", "10.0.0.256" },
		{ "--address 10.0.0.1/33", "10.0.0.1/33" },
		{ "--address 10.0.0.1+2/8", "--client-addresses" },
		{ "--client-addresses 10.0.0.1+0/8", "+0" },
		{ "--client-addresses 10.0.0.1+x/8", "+x" },
		{ "--client-addresses /8", "/8" },
		{ "--peer ten", "ten" },
		{ "--gateway 1.2.3", "1.2.3" },
		{ "--ports 0-5", "0-5" },
		{ "--ports 9-5", "9-5" },
		{ "--ports 1-65536", "1-65536" },
		{ "--ports 80,81", "80,81" },
		{ "--ports 1000-2000", "256" },
		{ "--set tcp.msl", "tcp.msl" },
		{ "--set .msl=3", ".msl=3" },
		{ "--device net_tap0", "--role" },
		{ "--role server --offload-checksums", "--offload-checksums" },
		{ "--wire", "--wire" },
		{ "--role client --wire --no-wire", "--wire" },
		{ "--role server --wire --workers 2", "--wire" },
		{ "--role server --peer 10.0.0.1", "--peer" },
	};

	refuse_all(bad, sizeof(bad) / sizeof(bad[0]));
}

/* What goes beside the connections, or in their place, and doesn't go together. */
static void
test_load_mistakes(void)
{
	static const char *const bad[][2] = {
		{ "--rate", "--rate" },
		{ "--rate 0", "--rate 0" },
		{ "--rate -5", "--rate -5" },
		{ "--rate 1.5", "1.5" },
		{ "--rate 1e5", "1e5" },
		{ "--rate 100000001", "100000001" },
		{ "--rate 10 --role server", "--rate" },
		{ "--rate 10 --workers 3 --inflight 2", "--inflight 2" },
		{ "--starve", "--starve" },
		{ "--starve 0", "--starve 0" },
		{ "--starve some", "some" },
		{ "--starve 3", "half of --duration 5" },
		{ "--flood", "--flood" },
		{ "--flood -1", "--flood -1" },
		{ "--flood 1001", "--flood 1001" },
		{ "--flood 10 --role server", "--flood" },
		{ "--flood 10 --workers 2", "--flood" },
		{ "--workers 0", "--workers 0" },
		{ "--workers 17", "--workers 17" },
		{ "--wrong-worker", "--workers 2" },
		{ "--workers 3 --inflight 2", "--inflight 2" },
		{ "--time-wait 999", "--time-wait 999" },
		{ "--time-wait 1000 --role server --closer client", "--time-wait" },
		{ "--time-wait 1000 --standing 8", "--time-wait" },
		{ "--standing 0", "--standing 0" },
		{ "--standing 8 --request 0 --response 1", "--request" },
		{ "--standing 8 --response 1", "--request" },
		{ "--standing 8 --idle 8", "--idle" },
		{ "--flood 1 --standing 8", "--flood" },
		{ "--rate 100 --standing 8", "--rate" },
		{ "--starve 1 --standing 8", "--starve" },
		{ "--closer server --standing 8", "--closer server" },
		{ "--standing 2 --workers 3", "--standing 2" },
	};

	refuse_all(bad, sizeof(bad) / sizeof(bad[0]));
}

const struct test_suite suite_options = {
	"options",
	(const struct test_case[]){
		{ "defaults", test_defaults },
		{ "all that is given comes out", test_all_given },
		{ "connections that stand have their defaults", test_standing },
		{ "settings are cut into three", test_sets },
		{ "EAL's arguments follow after --", test_eal_args },
		{ "each mistake is named", test_mistakes },
		{ "each mistake about the load is named", test_load_mistakes },
		{ NULL, NULL },
	},
};
