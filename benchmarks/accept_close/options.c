/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options.c: argp lays out --help and walks the arguments. It answers a mistake with two lines that
 * don't say how to mend it, so names are looked up here first and every value is checked with its
 * own message.
 */
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "standing.h"

#define CLOSED_INFLIGHT 512U
#define OPEN_INFLIGHT	4096U

__attribute__((visibility("default"))) const char *argp_program_version =
	"accept-close (thole) 0.1.0";

enum {
	OPT_REQUEST = 256,
	OPT_RESPONSE,
	OPT_CLOSER,
	OPT_ROLE,
	OPT_ADDRESS,
	OPT_PEER,
	OPT_GATEWAY,
	OPT_CLIENTS,
	OPT_PORTS,
	OPT_NO_KERNEL,
	OPT_NO_WIRE,
	OPT_WIRE,
	OPT_OFFLOAD,
	OPT_EPHEMERAL,
	OPT_DEVICE,
	OPT_CONFIG,
	OPT_SET,
	OPT_WAIT,
	OPT_RATE,
	OPT_STARVE,
	OPT_FLOOD,
	OPT_IDLE,
	OPT_STANDING,
	OPT_TIME_WAIT,
	OPT_WORKERS,
	OPT_WRONG_WORKER,
	OPT_JSON,
};

static const char doc[] = "Counts the TCP connections that a core accepts and closes in a second.\n"
			  "By default one process runs a client and a server, each on its own "
			  "core, over two ports joined "
			  "back to back in memory. Every connection is a real handshake and a FIN "
			  "from both sides, and waits "
			  "out TIME-WAIT. The same run measures the bare cable without TCP, and "
			  "the host kernel's TCP doing "
			  "the same over loopback.\v"
			  "EAL's own options follow after --, for instance:\n"
			  "  accept-close --duration 10 --json out.json\n"
			  "  accept-close --request 64 --response 64 -- -l 2,3\n"
			  "  accept-close --role server --device net_memif0 -- -l 0 \\\n"
			  "      --vdev=net_memif0,role=server,socket=/run/accept-close.sock\n"
			  "  accept-close --role client --device net_memif0 -- -l 1 \\\n"
			  "      --vdev=net_memif0,role=client,socket=/run/accept-close.sock\n\n"
			  "Exit status: 0, 1 if the run or a connection failed or something "
			  "leaked, 2 for bad arguments.";

static const struct argp_option table[] = {
	{ NULL, 0, NULL, 0, "The run:", 1 },
	{ "duration", 'd', "S", 0, "Seconds that are counted, after a short warm-up (5)", 1 },
	{ "json", OPT_JSON, "FILE", 0, "Write the result to FILE as JSON, too", 1 },
	{ "inflight", 'n', "N", 0, "Connections that the client keeps open at a time (512)", 1 },
	{ "rate", OPT_RATE, "N", 0,
		"Open N connections a second instead, evenly spaced, whatever becomes of those "
		"before. "
		"At most --inflight (4096) are open at a time; one beyond that waits. Latencies "
		"count "
		"from when a connection was due: connect until it is open, close until it is over",
		1 },
	{ "closer", OPT_CLOSER, "SIDE", 0, "Who closes first: server or client (server)", 1 },
	{ "request", OPT_REQUEST, "BYTES", 0, "The client sends as much on each connection (0)",
		1 },
	{ "response", OPT_RESPONSE, "BYTES", 0, "The server answers with as much (0)", 1 },
	{ "idle", OPT_IDLE, "N", 0,
		"Open N more before the count, to the port after the last of --ports, and leave "
		"them open (0). One side alone must be told, too",
		1 },
	{ "standing", OPT_STANDING, "N", 0,
		"Count requests, not connections: N are opened before the count, and stay. On each "
		"the client says a request and has the response before it says the next, of 64 B "
		"each unless --request and --response are given; --inflight are on their way at a "
		"time (all, up to 2048). In the end the client closes them. What counts of the "
		"wire are the server's packets in and out for each request, divided by two, but "
		"no more than request and response need. One side alone must be told, too",
		1 },
	{ "time-wait", OPT_TIME_WAIT, "N", 0,
		"Room for N connections in TIME-WAIT at the side that closes first, and no count "
		"before it is full: each new one evicts the oldest (room for all of the run)",
		1 },
	{ "flood", OPT_FLOOD, "N", 0,
		"For each connection, N SYNs from addresses that don't exist, besides; and before "
		"the first, as many as the server keeps handshakes (0). With --rate they come by "
		"the clock, too",
		1 },
	{ "starve", OPT_STARVE, "S", 0,
		"For S seconds in the middle of the count take all mbufs that can be had of the "
		"server's pool, then of the client's, half the time each, and give them back: the "
		"rate must come back to half of what it was at least. Connections without data "
		"hardly notice, for a packet that came in is the next one sent: give --request "
		"and --response, too",
		1 },
	{ "workers", 'w', "N", 0,
		"Workers of each side, each on an lcore and a queue of its own: 1 to 16 (1). With "
		"several the bare cable isn't measured, for one pair of cores says nothing of it",
		1 },
	{ "wrong-worker", OPT_WRONG_WORKER, NULL, 0,
		"For a test: every packet comes in at another worker than its flow's, and is "
		"handed over",
		1 },
	{ "no-wire", OPT_NO_WIRE, NULL, 0, "Don't measure the bare cable", 1 },
	{ "no-kernel", OPT_NO_KERNEL, NULL, 0, "Don't measure the host kernel", 1 },
	{ "offload-checksums", OPT_OFFLOAD, NULL, 0,
		"Let the cable stand for a device that does checksums: neither side computes any",
		1 },
	{ "ephemeral", OPT_EPHEMERAL, NULL, 0,
		"Let the client's stack choose local ports. Otherwise the client walks through all "
		"of its "
		"addresses and ports, so that no choice meets a TIME-WAIT at the server",
		1 },

	{ NULL, 0, NULL, 0, "One side alone, on any port of DPDK's:", 2 },
	{ "role", OPT_ROLE, "ROLE", 0, "both, server or client (both)", 2 },
	{ "device", OPT_DEVICE, "NAME", 0, "The port: net_memif0, net_tap0, 0000:03:00.0, ...", 2 },
	{ "wait", OPT_WAIT, "S", 0, "Seconds to wait for the other side (60)", 2 },
	{ "wire", OPT_WIRE, NULL, 0,
		"Measure the bare wire between the sides first: the server's sends back what "
		"comes. "
		"Both must be told",
		2 },

	{ NULL, 0, NULL, 0, "Addresses:", 3 },
	{ "address", OPT_ADDRESS, "A/P", 0,
		"Our own, with the prefix: the server's, or the only one of a client that runs "
		"alone "
		"(10.9.0.1/16)",
		3 },
	{ "peer", OPT_PEER, "ADDR", 0, "The server that the client connects to (10.9.0.1)", 3 },
	{ "client-addresses", OPT_CLIENTS, "A+N/P", 0,
		"The client's: N from A on (the addresses after the server's, as many as the run "
		"needs)",
		3 },
	{ "gateway", OPT_GATEWAY, "ADDR", 0, "The way to addresses beyond the prefix", 3 },
	{ "ports", OPT_PORTS, "FIRST-LAST", 0, "The server listens on these (8000-8015)", 3 },

	{ NULL, 0, NULL, 0, "Settings:", 4 },
	{ "config", OPT_CONFIG, "FILE", 0, "Read settings for the ports and stacks from FILE", 4 },
	{ "set", OPT_SET, "SECTION.KEY=VALUE", 0, "Change one of them, as if FILE had it", 4 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

struct parse {
	struct options *options;
	struct options_error *error;
	bool failed;
	bool sizes_given;
	bool closer_given;
};

__attribute__((format(printf, 2, 3))) static error_t
refuse(struct parse *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(p->error->text, sizeof(p->error->text), format, args);
	va_end(args);
	p->failed = true;
	return EINVAL;
}

static error_t
parse_seconds(struct parse *p, const char *name, const char *arg, double least, double *out)
{
	char *end;
	double value = strtod(arg, &end);

	if (end == arg || *end != '\0' || !isfinite(value) || value < least || value > 86400)
		return refuse(p, "--%s %s: give seconds from %g to 86400", name, arg, least);
	*out = value;
	return 0;
}

static error_t
parse_u32(struct parse *p, const char *name, const char *arg, uint32_t least, uint32_t most,
	uint32_t *out)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(arg, &end, 10);
	if (*arg < '0' || *arg > '9' || *end != '\0' || errno != 0 || value < least || value > most)
		return refuse(p, "--%s %s: give a number from %u to %u", name, arg, least, most);
	*out = (uint32_t)value;
	return 0;
}

static error_t
parse_addr(struct parse *p, const char *name, const char *arg, struct thole_addr *out)
{
	if (thole_addr_parse(arg, out) != 0)
		return refuse(p, "--%s %s: not an address; give one like 10.9.0.1", name, arg);
	return 0;
}

/* A/P or A+N/P. */
static error_t
parse_range(struct parse *p, const char *name, const char *arg, struct thole_address *out)
{
	const char *like = strcmp(name, "address") == 0 ? "10.9.0.1/16" : "10.9.0.2+64/16";
	struct thole_address range = { .count = 1 };
	char text[64];
	char *prefix, *count, *end;
	unsigned long n;

	if (strlen(arg) >= sizeof(text))
		return refuse(p, "--%s %s: not an address; give one like %s", name, arg, like);
	strcpy(text, arg);
	prefix = strchr(text, '/');
	if (prefix == NULL)
		return refuse(p, "--%s %s: the prefix is missing; write %s", name, arg, like);
	*prefix++ = '\0';
	n = strtoul(prefix, &end, 10);
	if (*prefix < '0' || *prefix > '9' || *end != '\0' || n > 32)
		return refuse(p, "--%s %s: the prefix is 0 to 32 bits, as in %s", name, arg, like);
	range.prefix_len = (uint8_t)n;
	count = strchr(text, '+');
	if (count != NULL) {
		*count++ = '\0';
		n = strtoul(count, &end, 10);
		if (*count < '0' || *count > '9' || *end != '\0' || n == 0 || n > 60000)
			return refuse(
				p, "--%s %s: 1 to 60000 addresses, as in %s", name, arg, like);
		range.count = (uint32_t)n;
	}
	if (thole_addr_parse(text, &range.first) != 0)
		return refuse(p, "--%s %s: %s is not an address; write %s", name, arg, text, like);
	*out = range;
	return 0;
}

static error_t
parse_ports(struct parse *p, const char *arg)
{
	unsigned int first, last;
	int used = 0;

	if (sscanf(arg, "%u-%u%n", &first, &last, &used) != 2) {
		used = 0;
		if (sscanf(arg, "%u%n", &first, &used) == 1)
			last = first;
	}
	if (used == 0 || arg[used] != '\0' || first == 0 || last > UINT16_MAX || first > last ||
		last - first >= 256)
		return refuse(p, "--ports %s: give at most 256 ports, as in 8000-8015", arg);
	p->options->port_first = (uint16_t)first;
	p->options->port_last = (uint16_t)last;
	return 0;
}

static error_t
parse_set(struct parse *p, char *arg)
{
	struct options *o = p->options;
	char *dot = strchr(arg, '.');
	char *equals = dot != NULL ? strchr(dot, '=') : NULL;

	if (equals == NULL || dot == arg || equals == dot + 1)
		return refuse(p, "--set %s: write SECTION.KEY=VALUE, as in tcp.msl=30s", arg);
	if (o->nb_sets == OPTIONS_MAX_SETS)
		return refuse(
			p, "--set %s: at most %d of them; use --config", arg, OPTIONS_MAX_SETS);
	*dot = *equals = '\0';
	o->sets[o->nb_sets++] =
		(struct option_set){ .section = arg, .key = dot + 1, .value = equals + 1 };
	return 0;
}

static error_t
parse_role(struct parse *p, const char *arg)
{
	static const char *const names[] = { "both", "server", "client" };

	for (unsigned int i = 0; i < 3; i++)
		if (strcmp(arg, names[i]) == 0) {
			p->options->role = (enum role)i;
			return 0;
		}
	return refuse(p, "--role %s: give both, server or client", arg);
}

static error_t
parse_closer(struct parse *p, const char *arg)
{
	if (strcmp(arg, "server") != 0 && strcmp(arg, "client") != 0)
		return refuse(p, "--closer %s: give server or client", arg);
	p->options->client_closes = strcmp(arg, "client") == 0;
	p->closer_given = true;
	return 0;
}

/* What has no value. */
static error_t
parse_flag(struct options *o, int key)
{
	switch (key) {
	case OPT_WRONG_WORKER:
		o->wrong_worker = true;
		return 0;
	case OPT_NO_KERNEL:
		o->no_kernel = true;
		return 0;
	case OPT_NO_WIRE:
		o->no_wire = true;
		return 0;
	case OPT_WIRE:
		o->wire = true;
		return 0;
	case OPT_OFFLOAD:
		o->offload_checksums = true;
		return 0;
	case OPT_EPHEMERAL:
		o->ephemeral = true;
		return 0;
	default: /* argp's own keys, of which there may be more */
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	struct options *o = p->options;

	switch (key) {
	case 'd':
		return parse_seconds(p, "duration", arg, 0.1, &o->duration_s);
	case OPT_WAIT:
		return parse_seconds(p, "wait", arg, 0, &o->wait_s);
	case 'n':
		return parse_u32(p, "inflight", arg, 1, 1U << 20, &o->inflight);
	case 'w':
		return parse_u32(p, "workers", arg, 1, MAX_WORKERS, &o->workers);
	case OPT_REQUEST:
		p->sizes_given = true;
		return parse_u32(p, "request", arg, 0, 1U << 30, &o->request_bytes);
	case OPT_STARVE:
		return parse_seconds(p, "starve", arg, 0.1, &o->starve_s);
	case OPT_RATE:
		return parse_u32(p, "rate", arg, 1, 100000000, &o->rate);
	case OPT_FLOOD:
		return parse_u32(p, "flood", arg, 0, 1000, &o->flood);
	case OPT_IDLE:
		return parse_u32(p, "idle", arg, 0, 16000000, &o->idle);
	case OPT_TIME_WAIT:
		return parse_u32(p, "time-wait", arg, 1000, 1U << 29, &o->time_wait);
	case OPT_STANDING:
		return parse_u32(p, "standing", arg, 1, 16000000, &o->standing);
	case OPT_RESPONSE:
		p->sizes_given = true;
		return parse_u32(p, "response", arg, 0, 1U << 30, &o->response_bytes);
	case OPT_CLOSER:
		return parse_closer(p, arg);
	case OPT_ROLE:
		return parse_role(p, arg);
	case OPT_ADDRESS:
		return parse_range(p, "address", arg, &o->address);
	case OPT_CLIENTS:
		return parse_range(p, "client-addresses", arg, &o->clients);
	case OPT_PEER:
		return parse_addr(p, "peer", arg, &o->peer);
	case OPT_GATEWAY:
		return parse_addr(p, "gateway", arg, &o->gateway);
	case OPT_PORTS:
		return parse_ports(p, arg);
	case OPT_SET:
		return parse_set(p, arg);
	case OPT_JSON:
		o->json = arg;
		return 0;
	case OPT_CONFIG:
		o->config = arg;
		return 0;
	case OPT_DEVICE:
		o->device = arg;
		return 0;
	case ARGP_KEY_ARG:
		return refuse(p, "%s: unexpected; EAL's options follow after --, see --help", arg);
	default:
		return parse_flag(o, key);
	}
}

/* Every argument that starts with a dash must be an option that we have, with its value. */
static int
check_names(struct parse *p, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const struct argp_option *o = table;
		const char *arg = argv[i];
		size_t len = strcspn(arg, "=");
		bool is_long = strncmp(arg, "--", 2) == 0;

		if (arg[0] != '-' || arg[1] == '\0')
			return refuse(p,
				"%s: unexpected; EAL's options follow after --, see --help", arg);
		if (strcmp(arg, "--help") == 0 || strcmp(arg, "-?") == 0 ||
			strcmp(arg, "--usage") == 0 || strcmp(arg, "--version") == 0 ||
			strcmp(arg, "-V") == 0)
			continue;
		while (o->key != 0 || o->doc != NULL) {
			if (is_long && o->name != NULL && strlen(o->name) == len - 2 &&
				strncmp(o->name, arg + 2, len - 2) == 0)
				break;
			if (!is_long && o->name != NULL && o->key == arg[1])
				break;
			o++;
		}
		if (o->name == NULL)
			return refuse(
				p, "%.*s: unknown option; --help lists them all", (int)len, arg);
		if (o->arg == NULL && is_long && arg[len] == '=')
			return refuse(p, "%s: --%s takes no value", arg, o->name);
		if (o->arg == NULL || (is_long ? arg[len] == '=' : arg[2] != '\0'))
			continue;
		if (++i == argc)
			return refuse(p, "--%s: its value %s is missing", o->name, o->arg);
	}
	return 0;
}

/* Of those that stand the client alone knows when it is over. */
static error_t
check_standing(struct parse *p)
{
	struct options *o = p->options;

	if (o->standing == 0)
		return 0;
	if (!p->sizes_given)
		o->request_bytes = o->response_bytes = STANDING_BYTES;
	if (o->request_bytes == 0 || o->response_bytes == 0)
		return refuse(p, "--standing: needs a request and a response; give both --request "
				 "and --response, or neither");
	if (o->idle != 0 || o->flood != 0 || o->time_wait != 0 || o->rate != 0 || o->starve_s > 0)
		return refuse(p,
			"--standing: not with --idle, --flood, --time-wait, --rate or --starve: "
			"those are for connections that come and go");
	if (p->closer_given && !o->client_closes)
		return refuse(p, "--closer server: not with --standing, where the client closes in "
				 "the end");
	if (o->standing < o->workers)
		return refuse(p, "--standing %u: at least one for each of %u workers", o->standing,
			o->workers);
	if (o->inflight == 0)
		o->inflight = o->standing < STANDING_OUT ? o->standing : STANDING_OUT;
	o->client_closes = true;
	o->no_kernel = true;
	return 0;
}

static error_t
check_combination(struct parse *p)
{
	const struct options *o = p->options;

	if (o->role == ROLE_BOTH && o->device != NULL)
		return refuse(
			p, "--device %s: only with --role server or --role client", o->device);
	if (o->wire && (o->role == ROLE_BOTH || o->no_wire || o->workers > 1))
		return refuse(p, "--wire: only with one worker, --role server or --role client, "
				 "and without --no-wire");
	if (o->role != ROLE_BOTH && o->offload_checksums)
		return refuse(p,
			"--offload-checksums: only with --role both, where the cable is ours; a "
			"device that does checksums is used for them anyway");
	if (o->role != ROLE_BOTH && o->flood != 0)
		return refuse(p, "--flood: only with --role both, where the cable is ours");
	if (o->idle != 0 && o->port_last == UINT16_MAX)
		return refuse(
			p, "--idle: needs the port after the last of --ports: give a lower one");
	if (o->time_wait != 0 && o->role == (o->client_closes ? ROLE_SERVER : ROLE_CLIENT))
		return refuse(p, "--time-wait: not at this side, for it doesn't close first");
	if (o->workers > 1 && o->idle != 0)
		return refuse(p, "--idle: only with one worker, who opens them");
	if (o->workers > 1 && o->flood != 0)
		return refuse(p, "--flood: only with one worker, who sends it");
	if (o->role == ROLE_SERVER && o->rate != 0)
		return refuse(p, "--rate: not with --role server; it is the client that opens");
	if (o->workers == 1 && o->wrong_worker)
		return refuse(p, "--wrong-worker: only with --workers 2 or more");
	if (o->starve_s > o->duration_s / 2)
		return refuse(p, "--starve %g: half of --duration %g at most", o->starve_s,
			o->duration_s);
	if (o->inflight < o->workers)
		return refuse(p, "--inflight %u: at least one for each of %u workers", o->inflight,
			o->workers);
	if (o->address.count > 1)
		return refuse(p, "--address: one address; --client-addresses takes several");
	if (o->role == ROLE_SERVER && o->clients.count != 0)
		return refuse(
			p, "--client-addresses: not with --role server; its own is --address");
	if (o->role == ROLE_SERVER && !thole_addr_is_any(&o->peer))
		return refuse(p, "--peer: not with --role server, which takes who comes");
	if (o->role == ROLE_CLIENT && o->clients.count != 0 && o->address.count != 0)
		return refuse(p, "--address: not with --client-addresses in --role client; give "
				 "one of them");
	return 0;
}

int
options_parse(struct options *options, int argc, char **argv, struct options_error *error)
{
	static const struct argp argp = { .options = table,
		.parser = parse_option,
		.args_doc = "[-- EAL-OPTION...]",
		.doc = doc };
	struct parse p = { .options = options, .error = error };
	int own = 0;

	*options = (struct options){
		.duration_s = 5,
		.wait_s = 60,
		.workers = 1,
		.port_first = 8000,
		.port_last = 8015,
	};
	while (own < argc && (own == 0 || strcmp(argv[own], "--") != 0))
		own++;
	if (own < argc) {
		options->eal_args = &argv[own + 1];
		options->nb_eal_args = argc - own - 1;
	}
	if (check_names(&p, own, argv) != 0)
		return -EINVAL;
	if (argp_parse(&argp, own, argv, ARGP_IN_ORDER, NULL, &p) != 0 || p.failed) {
		if (!p.failed)
			refuse(&p, "the arguments can't be read; see --help");
		return -EINVAL;
	}
	if (check_standing(&p) != 0)
		return -EINVAL;
	if (options->inflight == 0)
		options->inflight = options->rate != 0 ? OPEN_INFLIGHT : CLOSED_INFLIGHT;
	return check_combination(&p) != 0 ? -EINVAL : 0;
}

bool
options_eal_has(int argc, char *const argv[], const char *name)
{
	size_t len = strlen(name);

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], name, len) != 0)
			continue;
		/* -l0,1 and -l 0,1; --lcores=0 and --lcores 0. */
		if (argv[i][len] == '\0' || argv[i][len] == '=' || name[1] != '-')
			return true;
	}
	return false;
}
