/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * opts.c: getopt_long over two tables, the common options and the program's own. getopt's own
 * messages are off: a mistake gets one line that says what to type instead.
 */
#include "opts.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

#define OPTS_MAX   32
#define OPTS_FIRST 256 /* getopt's val of the first option: above any character */

int
opts_number(const char *text, uint64_t min, uint64_t max, const char *what, uint64_t *out,
	struct thole_why *why)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || n < min || n > max) {
		snprintf(why->text, sizeof(why->text),
			"%s is a number from %llu to %llu, not \"%s\"", what,
			(unsigned long long)min, (unsigned long long)max, text);
		return -EINVAL;
	}
	*out = n;
	return 0;
}

static int
set_device(void *ctx, const char *value, struct thole_why *why)
{
	struct opts *opts = ctx;

	if (value[0] == '\0' || strlen(value) >= sizeof(opts->config.device)) {
		snprintf(why->text, sizeof(why->text),
			"--device \"%s\" can't be an ethdev's name: give one such as net_tap0 or "
			"0000:03:00.0",
			value);
		return -EINVAL;
	}
	strcpy(opts->config.device, value);
	opts->config.port.device = opts->config.device;
	return 0;
}

static int
set_address(void *ctx, const char *value, struct thole_why *why)
{
	struct opts *opts = ctx;

	return thole_config_set(&opts->config, "stack", "address", value, why);
}

static int
set_gateway(void *ctx, const char *value, struct thole_why *why)
{
	struct opts *opts = ctx;

	return thole_config_set(&opts->config, "stack", "gateway", value, why);
}

static int
set_drain(void *ctx, const char *value, struct thole_why *why)
{
	struct opts *opts = ctx;

	return thole_config_set(&opts->config, "worker", "drain", value, why);
}

static int
set_any(void *ctx, const char *value, struct thole_why *why)
{
	struct opts *opts = ctx;
	char text[256];
	char *dot, *equals;

	if (strlen(value) < sizeof(text)) {
		strcpy(text, value);
		dot = strchr(text, '.');
		equals = strchr(text, '=');
		if (dot != NULL && equals != NULL && dot < equals) {
			*dot = '\0';
			*equals = '\0';
			return thole_config_set(&opts->config, text, dot + 1, equals + 1, why);
		}
	}
	snprintf(why->text, sizeof(why->text),
		"--set wants section.key=value, such as tcp.msl=10s, not \"%s\"", value);
	return -EINVAL;
}

static int
set_app_core(void *ctx, const char *value, struct thole_why *why)
{
	struct opts *opts = ctx;

	(void)value;
	(void)why;
	opts->app_core = true;
	return 0;
}

static int
set_stats(void *ctx, const char *value, struct thole_why *why)
{
	struct opts *opts = ctx;

	(void)value;
	(void)why;
	opts->stats = true;
	return 0;
}

/* The first three are looked at before all others. */
static const struct opts_def common[] = {
	{ "help", NULL, "show this and exit", NULL },
	{ "version", NULL, "show the version and exit", NULL },
	{ "config", "FILE", "read settings from FILE first; options on this line go over them",
		NULL },
	{ "device", "NAME", "ethdev to use: net_tap0, 0000:03:00.0; default: the only one",
		set_device },
	{ "address", "ADDR/LEN", "our address and its prefix length: 10.99.0.2/24", set_address },
	{ "gateway", "ADDR", "where packets to other links go", set_gateway },
	{ "set", "SECTION.KEY=VALUE", "any setting of the configuration file: tcp.msl=10s",
		set_any },
	{ "drain", "TIME", "from SIGINT or SIGTERM until connections are cut off (5s)", set_drain },
	{ "app-core", NULL, "run the application on a second lcore, over rings (EAL: -l 0,1)",
		set_app_core },
	{ "stats", NULL, "say at the end what the stack has counted, on stderr", set_stats },
};
#define NB_COMMON  ((int)(sizeof(common) / sizeof(common[0])))
#define OPT_HELP   (OPTS_FIRST + 0)
#define OPT_VERS   (OPTS_FIRST + 1)
#define OPT_CONFIG (OPTS_FIRST + 2)

static void
print_def(const struct opts_def *def)
{
	char left[64];

	snprintf(left, sizeof(left), "--%s%s%s", def->name, def->arg != NULL ? " " : "",
		def->arg != NULL ? def->arg : "");
	printf("  %-26s %s\n", left, def->help);
}

static void
print_help(const struct opts_program *program)
{
	printf("usage: %s [options]%s%s [-- EAL options]\n%s\n\n", program->name,
		program->operands[0] != '\0' ? " " : "", program->operands, program->summary);
	for (const struct opts_def *def = program->defs; def->name != NULL; def++)
		print_def(def);
	for (int i = 0; i < NB_COMMON; i++)
		print_def(&common[i]);
	printf("\nSIGINT and SIGTERM let connections finish until --drain is over, a second one "
	       "until now.\n"
	       "exit status: 0; 1 it failed; 2 its arguments are wrong; 3 a signal came before "
	       "all was done\n");
	printf("\nexample: %s --address 10.99.0.2/24%s%s -- --vdev=net_tap0,iface=thole0\n",
		program->name, program->operands[0] != '\0' ? " " : "", program->operands);
}

/* The table for getopt: common options, then the program's, then the end. */
static void
make_table(struct option *table, const struct opts_program *program)
{
	int n = 0;

	for (int i = 0; i < NB_COMMON; i++, n++)
		table[n] = (struct option){ common[i].name, common[i].arg != NULL, NULL,
			OPTS_FIRST + n };
	for (const struct opts_def *def = program->defs; def->name != NULL && n < OPTS_MAX;
		def++, n++)
		table[n] = (struct option){ def->name, def->arg != NULL, NULL, OPTS_FIRST + n };
	table[n] = (struct option){ NULL, 0, NULL, 0 };
}

/* First look: mistakes, --help, --version, and the configuration file. */
static int
first_pass(struct opts *opts, int argc, char **argv, const struct option *table)
{
	const struct opts_program *program = opts->program;
	struct thole_why why = { "" };
	int c;

	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", table, NULL)) != -1) {
		switch (c) {
		case OPT_HELP:
			print_help(program);
			return 0;
		case OPT_VERS:
			printf("%s %s\n", program->name, THOLE_VERSION);
			return 0;
		case OPT_CONFIG:
			if (thole_config_load(&opts->config, optarg, &why) != 0) {
				say("%s", why.text);
				return 2;
			}
			break;
		case ':':
			say("option %s needs a value; %s --help shows which", argv[optind - 1],
				program->name);
			return 2;
		case '?':
			say("no such option: %s; %s --help lists them (EAL's own go after --)",
				argv[optind - 1], program->name);
			return 2;
		}
	}
	return OPTS_GO_ON;
}

/* More queues would be filled by the device and read by nobody. */
static int
check_workers(const struct opts *opts)
{
	const struct thole_port_config *port = &opts->config.port;

	if (port->nb_workers > 1 && (!opts->program->many_workers || opts->app_core)) {
		say("port.workers is %u: %s%s has one", port->nb_workers, opts->program->name,
			opts->program->many_workers ? " with --app-core" : "");
		return 2;
	}
	if (port->nb_queues > port->nb_workers) {
		say("port.queues is %u: no more than port.workers, which is %u", port->nb_queues,
			port->nb_workers);
		return 2;
	}
	if (opts->config.worker.queue != 0) {
		say("worker.queue is %u: these programs number their workers themselves: leave it "
		    "0",
			opts->config.worker.queue);
		return 2;
	}
	return OPTS_GO_ON;
}

static int
second_pass(struct opts *opts, int argc, char **argv, const struct option *table)
{
	const struct opts_program *program = opts->program;
	struct thole_why why = { "" };
	int c, status = 0;

	optind = 0;
	while ((c = getopt_long(argc, argv, ":", table, NULL)) != -1) {
		int i = c - OPTS_FIRST;

		if (i < NB_COMMON)
			status = common[i].set != NULL ? common[i].set(opts, optarg, &why) : 0;
		else
			status = program->defs[i - NB_COMMON].set(program->ctx, optarg, &why);
		if (status != 0) {
			say("%s", why.text);
			return 2;
		}
	}
	if (argc - optind != program->nb_operands) {
		if (argc - optind > program->nb_operands)
			say("\"%s\" is one argument too many; %s --help shows the usage",
				argv[optind + program->nb_operands], program->name);
		else
			say("%s is missing; %s --help shows the usage", program->operands,
				program->name);
		return 2;
	}
	opts->operands = argv + optind;
	if (opts->config.worker.stack.nb_addresses == 0) {
		say("no address to answer at: give --address ADDR/LEN, such as 10.99.0.2/24");
		return 2;
	}
	return check_workers(opts);
}

int
opts_read(struct opts *opts, const struct opts_program *program, int argc, char **argv)
{
	struct option table[OPTS_MAX + 1];
	int own = argc, status;

	memset(opts, 0, sizeof(*opts));
	opts->program = program;
	say_init(program->name);
	thole_config_init(&opts->config);
	for (int i = 1; i < argc && own == argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			own = i;
	}
	if (own < argc) {
		opts->eal_argv = argv + own + 1;
		opts->eal_argc = argc - own - 1;
	}
	make_table(table, program);
	status = first_pass(opts, own, argv, table);
	if (status == OPTS_GO_ON)
		status = second_pass(opts, own, argv, table);
	opterr = 1; /* EAL reads its own with getopt, and we look at what that says */
	return status;
}

void
opts_fini(struct opts *opts)
{
	thole_config_fini(&opts->config);
}
