/* SPDX-License-Identifier: BSD-3-Clause */
/* eal_args.c: see eal_args.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port/eal_args.h"
#include "port/why.h"

#define MIB (UINT64_C(1) << 20)

struct given {
	int argc;
	char *const *argv;
};

/* The value of an option, "" when it has none, NULL when it isn't given. "-m 64", "-m64", "--a=b",
 * "--a b". */
static const char *
given_value(const struct given *given, const char *option)
{
	size_t n = strlen(option);
	bool is_long = option[1] == '-';

	for (int i = 1; i < given->argc; i++) {
		const char *arg = given->argv[i];

		if (strcmp(arg, "--") == 0)
			return NULL;
		if (strncmp(arg, option, n) != 0)
			continue;
		if (arg[n] == '\0')
			return i + 1 < given->argc ? given->argv[i + 1] : "";
		if (is_long && arg[n] == '=')
			return arg + n + 1;
		if (!is_long)
			return arg + n;
	}
	return NULL;
}

static bool
given_any(const struct given *given, const char *const options[])
{
	for (int i = 0; options[i] != NULL; i++)
		if (given_value(given, options[i]) != NULL)
			return true;
	return false;
}

static int
add(struct eal_args *args, const char *format, ...)
{
	va_list list;
	char *text = NULL;

	va_start(list, format);
	int n = vasprintf(&text, format, list);

	va_end(list);
	if (n < 0)
		return -ENOMEM;
	args->owned[args->argc] = text;
	args->argv[args->argc++] = text;
	return 0;
}

/* MiB that the user's -m or --socket-mem asks for; 0 when there is neither. */
static uint64_t
given_mib(const struct given *given)
{
	const char *m = given_value(given, "-m");
	const char *sockets = given_value(given, "--socket-mem");
	uint64_t mib = 0;

	if (m != NULL)
		return strtoull(m, NULL, 10);
	while (sockets != NULL && *sockets != '\0') {
		char *end;

		mib += strtoull(sockets, &end, 10);
		if (*end != ',')
			break;
		sockets = end + 1;
	}
	return mib;
}

static int
say_no_hugepages(
	const struct eal_facts *facts, uint64_t need_mib, const char *what, struct thole_why *why)
{
	uint64_t page = facts->huge_page_bytes != 0 ? facts->huge_page_bytes : 2 * MIB;

	return why_set(why, -ENOMEM,
		"%s needs hugepages: %llu MiB, and %llu MiB are free; reserve them with: sysctl -w "
		"vm.nr_hugepages=%llu (or start with --no-huge)",
		what, (unsigned long long)need_mib,
		(unsigned long long)(facts->huge_free_bytes / MIB),
		(unsigned long long)((need_mib * MIB + page - 1) / page));
}

static int
add_no_huge_memory(struct eal_args *args, const struct given *given, uint64_t need_mib,
	const struct eal_facts *facts, struct thole_why *why)
{
	if (facts->available_bytes != 0 && need_mib > facts->available_bytes / MIB)
		return why_set(why, -ENOMEM,
			"%llu MiB of memory are needed and %llu MiB are available: ask for fewer "
			"mbufs (pool_mbufs), connections (max_conns) or less with -m",
			(unsigned long long)need_mib,
			(unsigned long long)(facts->available_bytes / MIB));
	return given_mib(given) != 0 ? 0 : add(args, "-m%llu", (unsigned long long)need_mib);
}

/* Without hugepages nothing needs to be shared, so EAL may keep its records out of the file system.
 */
static int
add_no_shconf(struct eal_args *args, const struct given *given)
{
	if (given_value(given, "--no-shconf") != NULL)
		return 0;
	if (given_value(given, "--proc-type") != NULL)
		return 0;
	args->in_memory = true;
	return add(args, "--no-shconf");
}

/* Hugepages or not, and how much. */
static int
add_memory(struct eal_args *args, const struct given *given, uint32_t mem_mb,
	const struct eal_facts *facts, struct thole_why *why)
{
	static const char *const files[] = { "--in-memory", "--huge-dir", "--huge-unlink",
		"--proc-type", "--legacy-mem", NULL };
	static const char *const huge[] = { "--in-memory", "--huge-dir", "--huge-unlink",
		"--socket-mem", NULL };
	static const char *const devices[] = { "-a", "--allow", NULL };
	uint64_t need = given_mib(given);
	bool in_memory = given_value(given, "--in-memory") != NULL;
	int error;

	if (need == 0)
		need = (uint64_t)mem_mb + EAL_ARGS_RESERVE;
	if (need < EAL_ARGS_LEAST && given_mib(given) == 0)
		need = EAL_ARGS_LEAST;
	if (given_value(given, "--no-huge") != NULL) {
		error = add_no_shconf(args, given);
		return error != 0 ? error : add_no_huge_memory(args, given, need, facts, why);
	}

	bool ours = !given_any(given, files);
	bool enough = facts->huge_free_bytes >= need * MIB;

	/* With --in-memory EAL needs no hugetlbfs, and a process that is killed leaves no file
	 * there. */
	if (enough && (ours || in_memory || facts->huge_mounted)) {
		args->in_memory = ours || in_memory;
		return ours ? add(args, "--in-memory") : 0;
	}
	if (given_any(given, huge))
		return say_no_hugepages(facts, need, "EAL with these arguments", why);
	if (given_any(given, devices))
		return say_no_hugepages(facts, need, "a device that does DMA", why);
	error = add(args, "--no-huge");
	if (error == 0)
		error = add_no_shconf(args, given);
	return error != 0 ? error : add_no_huge_memory(args, given, need, facts, why);
}

static int
add_rest(struct eal_args *args, const struct given *given, const struct eal_facts *facts)
{
	static const char *const telemetry[] = { "--telemetry", "--no-telemetry", NULL };
	static const char *const pci[] = { "-a", "--allow", "-b", "--block", "--no-pci", NULL };
	int error = 0;

	args->wants_log = given_value(given, "--log-level") != NULL;
	args->own_prefix = given_value(given, "--file-prefix") == NULL;
	if (args->own_prefix)
		error = add(args, "--file-prefix=thole-%d", facts->pid);
	if (error == 0 && !given_any(given, telemetry))
		error = add(args, "--no-telemetry");
	if (error == 0 && !given_any(given, pci))
		error = add(args, "--no-pci");
	if (error == 0 && !args->wants_log)
		error = add(args, "--log-level=warning");
	return error;
}

/* The kinds of which EAL takes one: options of a group exclude each other. */
static const char *const single[][4] = {
	{ "-l", "-c", "--lcores", NULL },
	{ "-m", "--socket-mem", NULL },
	{ "--main-lcore", "--master-lcore", NULL },
	{ "--file-prefix", NULL },
	{ "-n", NULL },
	{ "-r", NULL },
	{ "--huge-dir", NULL },
	{ "--proc-type", NULL },
	{ "--iova-mode", NULL },
	{ "--base-virtaddr", NULL },
};

/* The group that an argument belongs to, or -1; how many arguments it takes with its value. */
static int
single_group(const char *arg, int *args)
{
	for (size_t g = 0; g < sizeof(single) / sizeof(single[0]); g++) {
		for (int i = 0; single[g][i] != NULL; i++) {
			size_t n = strlen(single[g][i]);

			if (strncmp(arg, single[g][i], n) != 0)
				continue;
			*args = arg[n] == '\0' ? 2 : 1;
			if (arg[n] == '\0' || arg[n] == '=' || arg[1] != '-')
				return (int)g;
		}
	}
	*args = 1;
	return -1;
}

/*
 * The user's arguments without those that a later one replaces: a command line's come after a
 * configuration file's and go over them, while EAL would refuse or ignore one of the two.
 */
static int
last_of_each(char *const argv[], int argc, char **out)
{
	int n = 0, args;

	out[n++] = argv[0];
	for (int i = 1; i < argc; i += args) {
		int group = single_group(argv[i], &args), later_args;
		bool replaced = false;

		for (int j = i + args; j < argc && group >= 0 && !replaced; j += later_args)
			replaced = single_group(argv[j], &later_args) == group;
		for (int j = i; j < i + args && j < argc && !replaced; j++)
			out[n++] = argv[j];
	}
	out[n] = NULL;
	return n;
}

int
eal_args_build(struct eal_args *args, int argc, char *const argv[], uint32_t mem_mb,
	const struct eal_facts *facts, struct thole_why *why)
{
	static const char *const help[] = { "-h", "--help", NULL };
	struct given given = { .argc = argc, .argv = argv };
	char *last[EAL_ARGS_MAX + 1];
	int error, i;

	*args = (struct eal_args){ 0 };
	if (given_any(&given, help)) /* EAL would print it and exit */
		return why_set(why, -EINVAL,
			"EAL's --help isn't available here: its arguments are in DPDK's manual");
	if (argc > EAL_ARGS_MAX - EAL_ARGS_ADDED)
		return why_set(why, -EINVAL, "more than %d EAL arguments",
			EAL_ARGS_MAX - EAL_ARGS_ADDED - 1);
	if (argc > 0) {
		argc = last_of_each(argv, argc, last);
		given = (struct given){ .argc = argc, .argv = last };
	}
	error = add(args, "%s", argc > 0 ? argv[0] : "thole");
	/* Ours come first: where EAL takes the last of several, that is the user's. */
	if (error == 0)
		error = add_memory(args, &given, mem_mb, facts, why);
	if (error == 0)
		error = add_rest(args, &given, facts);
	for (i = 1; i < argc && error == 0; i++)
		error = add(args, "%s", last[i]);
	if (error != 0)
		eal_args_free(args);
	return error;
}

void
eal_args_free(struct eal_args *args)
{
	for (int i = 0; i < args->argc; i++)
		free(args->owned[i]);
	*args = (struct eal_args){ 0 };
}
