/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * eal_start.c: starting and ending EAL, good and bad. EAL can be started once in a process, so each
 * case is a child process with stdout and stderr in a pipe: what it prints there of its own accord
 * is an error. Prints TAP.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_memory.h>

#include <thole/port.h>

#include "port/eal_system.h"
#include "port/memory.h"

#define ARGS 16

static char dir[256]; /* of the child that runs: it must be gone afterwards */

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

/* thole_eal_start() with arguments split at blanks. */
static int
start(const char *line, uint32_t mem_mb, struct thole_why *why)
{
	static char text[512], *argv[ARGS + 1];
	char *save = NULL;
	int argc = 0;

	snprintf(text, sizeof(text), "%s", line);
	for (char *p = strtok_r(text, " ", &save); p != NULL && argc < ARGS;
		p = strtok_r(NULL, " ", &save))
		argv[argc++] = p;
	argv[argc] = NULL;
	return thole_eal_start(argc, argv, mem_mb, why);
}

/* The line is there, and has the part. */
static void
check_refused(const char *line, uint32_t mem_mb, int error, const char *part)
{
	struct thole_why why = { "" };
	int result = start(line, mem_mb, &why);

	if (result != error || strstr(why.text, part) == NULL || strchr(why.text, '\n') != NULL) {
		fprintf(stderr, "%s: %d, %s\n", line, result, why.text);
		exit(1);
	}
	CHECK(start(line, mem_mb, NULL) < 0);
	thole_eal_stop(); /* nothing to do, and it does nothing */
}

static void
starts_and_ends(void)
{
	struct thole_why why = { "" };
	const uint64_t need = (uint64_t)(64 + EAL_ARGS_RESERVE) << 20;
	struct eal_facts facts, later;

	eal_system_facts(&facts);
	CHECK(start("prog -l 0", 64, &why) == 0);
	CHECK(why.text[0] == '\0');
	eal_system_facts(&later);
	/* Unless somebody else took or gave back pages meanwhile. */
	if (facts.huge_free_bytes >= need && later.huge_free_bytes >= need)
		CHECK(thole_eal_has_hugepages());
	if (facts.huge_free_bytes < need && later.huge_free_bytes < need)
		CHECK(!thole_eal_has_hugepages());
	snprintf(dir, sizeof(dir), "%s", rte_eal_get_runtime_dir());
	CHECK(access(dir, F_OK) == 0);
	CHECK(thole_clock_ns() > 0);
	CHECK(start("prog", 64, &why) == -EALREADY);
	CHECK(strstr(why.text, "once") != NULL);
	thole_eal_stop();
	CHECK(access(dir, F_OK) != 0);
	thole_eal_stop();
	CHECK(start("prog", 64, &why) == -EALREADY);
}

/* Tables are on hugepages while there are any, and beyond them in ordinary memory. */
static void
tables_memory(void)
{
	int node = 0;
	size_t huge = (size_t)1 << 36; /* pages that aren't touched cost nothing */
	uint8_t *small, *large;

	CHECK(start("prog -l 0", 64, NULL) == 0);
	small = memory_alloc(&node, 1 << 20, 64);
	large = memory_alloc(&node, huge, 64);
	CHECK(small != NULL && large != NULL);
	CHECK((rte_mem_virt2memseg_list(small) != NULL) == thole_eal_has_hugepages());
	CHECK(rte_mem_virt2memseg_list(large) == NULL);
	CHECK(small[0] == 0 && small[(1 << 20) - 1] == 0);
	CHECK(large[0] == 0 && large[huge - 1] == 0);
	memory_free(&node, large, huge);
	memory_free(&node, small, 1 << 20);
	thole_eal_stop();
}

static void
users_prefix(void)
{
	char line[64];

	snprintf(line, sizeof(line), "prog --no-huge -m 64 -l 0 --file-prefix=tholetest%d",
		(int)getpid());
	CHECK(start(line, 0, NULL) == 0);
	CHECK(!thole_eal_has_hugepages());
	snprintf(dir, sizeof(dir), "%s", rte_eal_get_runtime_dir());
	CHECK(strstr(dir, "tholetest") != NULL);
	thole_eal_stop();
	CHECK(access(dir, F_OK) != 0);
}

static void
unknown_option(void)
{
	check_refused(
		"prog --no-such-option", 64, -EINVAL, "unrecognized option '--no-such-option'");
}

static void
bad_cores(void)
{
	check_refused("prog -l 4711", 64, -EINVAL, "core list");
}

static void
bad_driver(void)
{
	check_refused("prog -l 0 --vdev=net_nope0", 64, -EINVAL, "net_nope0");
}

static void
too_much_memory(void)
{
	check_refused("prog -l 0", 1 << 30, -ENOMEM, "MiB are available");
}

static void
dma_without_hugepages(void)
{
	check_refused("prog -l 0 -a 0000:ff:1f.7", 1 << 30, -ENOMEM, "vm.nr_hugepages=");
}

static void
help(void)
{
	check_refused("prog --help", 64, -EINVAL, "--help");
}

static void
device_that_stays_down(void)
{
	struct thole_port_config c;
	struct thole_port *port;
	struct thole_why why = { "" };

	CHECK(start("prog -l 0 --vdev=net_pcap0,rx_pcap=/no/such/file.pcap,tx_pcap=/dev/null", 64,
		      &why) == 0);
	thole_port_config_init(&c);
	c.device = "net_pcap0";
	CHECK(thole_port_open(&c, &port, &why) == -ENODEV);
	CHECK(strstr(why.text, "net_pcap0") != NULL);
	CHECK(strstr(why.text, "/no/such/file.pcap") != NULL);
	thole_eal_stop();
}

static void
stdout_is_closed(void)
{
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	CHECK(start("prog -l 0", 64, NULL) == 0);
	thole_eal_stop();
}

static void
log_is_shown(void)
{
	CHECK(start("prog -l 0 --log-level=info", 64, NULL) == 0);
	thole_eal_stop();
}

static const struct {
	const char *name;
	void (*run)(void);
	const char *prints; /* NULL: nothing */
} cases[] = {
	{ "starts and ends without a word, once", starts_and_ends, NULL },
	{ "memory for tables", tables_memory, NULL },
	{ "the user's prefix; its directory goes, too", users_prefix, NULL },
	{ "unknown option", unknown_option, NULL },
	{ "cores that aren't there", bad_cores, NULL },
	{ "a driver that isn't there", bad_driver, NULL },
	{ "too much memory", too_much_memory, NULL },
	{ "a PCI device without hugepages", dma_without_hugepages, NULL },
	{ "--help", help, NULL },
	{ "why a device stays down", device_that_stays_down, NULL },
	{ "with stdin and stdout closed", stdout_is_closed, NULL },
	{ "a log level shows EAL's log", log_is_shown, "EAL: Detected" },
};

/* Runs a case. @return whether it held; @p out gets what it printed. */
static bool
run(void (*function)(void), char *out, size_t bytes)
{
	int pipes[2], status = -1;
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	if (pipe(pipes) != 0)
		return false;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		dup2(pipes[1], STDERR_FILENO);
		close(pipes[0]);
		close(pipes[1]);
		function();
		fflush(stdout);
		_exit(0);
	}
	close(pipes[1]);
	while (pid > 0 && n < bytes - 1 && (got = read(pipes[0], out + n, bytes - 1 - n)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	close(pipes[0]);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

int
main(void)
{
	size_t n = sizeof(cases) / sizeof(cases[0]);
	int failed = 0;

	for (size_t i = 0; i < n; i++) {
		char out[8192];
		bool good = run(cases[i].run, out, sizeof(out));

		if (cases[i].prints == NULL)
			good = good && out[0] == '\0';
		else
			good = good && strstr(out, cases[i].prints) != NULL;
		printf("%s %zu - eal_start: %s\n", good ? "ok" : "not ok", i + 1, cases[i].name);
		for (char *save = NULL, *p = strtok_r(out, "\n", &save); p != NULL && !good;
			p = strtok_r(NULL, "\n", &save))
			printf("# %s\n", p);
		failed += !good;
	}
	printf("1..%zu\n", n);
	return failed != 0;
}
