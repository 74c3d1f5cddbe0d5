/* SPDX-License-Identifier: BSD-3-Clause */
/* side.c: settings of a side in their order, its port, its workers, and whether its mbufs come
 * back.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "side.h"

#define DEFAULT_SERVER	 0x0a090001U /* 10.9.0.1 */
#define DEFAULT_PREFIX	 16
#define SPARE_NEIGHBOURS 64U

__attribute__((format(printf, 3, 4))) static int
say(struct thole_why *why, int rc, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return rc;
}

static struct thole_address
default_server(void)
{
	return (struct thole_address){
		.first = thole_addr_ip4(DEFAULT_SERVER), .count = 1, .prefix_len = DEFAULT_PREFIX
	};
}

/* The server's MAC address, which the flood goes to, and its way to where that says to come from.
 */
static void
set_flood(struct side *side, const struct options *o, const struct thole_addr *server)
{
	static const struct rte_ether_addr mac = FLOOD_SERVER_MAC;
	struct thole_stack_config *stack = &side->config.worker.stack;

	stack->mac = mac;
	if (thole_addr_is_any(&stack->gateway))
		stack->gateway =
			o->clients.count != 0 ? o->clients.first : thole_addr_plus(server, 1);
}

/* The addresses after the server's, without the subnet's last, which is the broadcast address. */
static int
default_clients(const struct thole_address *server, uint32_t wanted, struct thole_address *out,
	struct thole_why *why)
{
	const uint8_t *b = &server->first.b[12];
	uint32_t ip = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	uint32_t hosts = server->prefix_len == 0 ? UINT32_MAX : UINT32_MAX >> server->prefix_len;
	uint32_t room;

	if (server->prefix_len == 32)
		hosts = 0;
	room = hosts - (ip & hosts);
	if (room < 2)
		return say(why, -EINVAL,
			"no client addresses after the server's in its /%u; give "
			"--client-addresses",
			server->prefix_len);
	*out = (struct thole_address){ .first = thole_addr_plus(&server->first, 1),
		.count = RTE_MIN(wanted, room - 1),
		.prefix_len = server->prefix_len };
	return 0;
}

static int
set_addresses(
	struct side *side, const struct options *o, const struct plan *plan, struct thole_why *why)
{
	struct thole_stack_config *stack = &side->config.worker.stack;
	bool in_file = stack->nb_addresses != 0;
	struct thole_address *own = &side->config.addresses[0];
	struct thole_address server = default_server();
	int rc = 0;

	stack->addresses = side->config.addresses;
	if (o->role == ROLE_CLIENT) {
		if (!thole_addr_is_any(&o->peer))
			server.first = o->peer;
	} else if (o->address.count != 0) {
		server = o->address;
	} else if (in_file) {
		server = *own;
	}
	if (side->is_server) {
		*own = server;
	} else if (o->clients.count != 0) {
		*own = o->clients;
	} else if (o->role == ROLE_CLIENT && o->address.count != 0) {
		*own = o->address;
	} else if (o->role != ROLE_CLIENT || !in_file) {
		rc = default_clients(&server, plan->clients, own, why);
	}
	stack->nb_addresses = 1;
	if (!thole_addr_is_any(&o->gateway))
		stack->gateway = o->gateway;
	if (side->is_server && o->flood != 0)
		set_flood(side, o, &server.first);
	if (!side->is_server) {
		side->server_addr = !thole_addr_is_any(&o->peer) ? o->peer : server.first;
	}
	return rc;
}

static void
set_plan(struct side *side, const struct options *o, const struct plan *plan)
{
	struct thole_stack_config *stack = &side->config.worker.stack;
	struct thole_port_config *port = &side->config.port;
	bool closes = o->client_closes != side->is_server;

	port->pool_mbufs = plan->pool_mbufs;
	port->pretend_checksums = o->offload_checksums;
	if (o->role == ROLE_BOTH)
		port->rx_desc = port->tx_desc = (uint16_t)plan->cable_entries;
	stack->max_conns = plan->max_conns + plan->idle;
	stack->max_flights = plan->max_conns; /* what is idle has none */
	stack->max_embryos = plan->max_embryos;
	stack->max_time_wait = closes ? plan->max_time_wait : plan->other_time_wait;
	stack->max_neighbours = RTE_MAX(stack->max_neighbours, plan->clients + SPARE_NEIGHBOURS);
	if (!side->is_server) {
		stack->port_min = CLIENT_PORT_MIN;
		stack->port_max = UINT16_MAX;
	}
}

int
side_configure(struct side *side, bool is_server, const struct options *o, const struct plan *plan,
	struct thole_why *why)
{
	int rc;

	memset(side, 0, sizeof(*side));
	side->used = true;
	side->is_server = is_server;
	thole_config_init(&side->config);
	side->config.worker.idle.sleep = false; /* what is measured is work, not waking up */
	side->config.port.rx_interrupts = false;
	if (plan != NULL)
		set_plan(side, o, plan);
	if (o->config != NULL) {
		rc = thole_config_load(&side->config, o->config, why);
		if (rc != 0)
			return why->text[0] != '\0'
				       ? rc
				       : say(why, rc, "--config %s: %s", o->config, strerror(-rc));
	}
	for (uint32_t i = 0; i < o->nb_sets; i++) {
		const struct option_set *set = &o->sets[i];

		rc = thole_config_set(&side->config, set->section, set->key, set->value, why);
		if (rc != 0)
			return rc;
	}
	if (side->config.port.nb_workers != 1)
		return say(why, -EINVAL, "port.workers: give --workers N");
	side->config.port.nb_workers = (uint16_t)o->workers;
	/* One side only: were both shifted, packets would be right again. */
	side->config.port.wrong_worker = o->wrong_worker && (is_server || o->role != ROLE_BOTH);
	return plan != NULL ? set_addresses(side, o, plan, why) : 0;
}

void
side_unconfigure(struct side *side)
{
	if (side->used)
		thole_config_fini(&side->config);
	side->used = false;
}

int
side_open(struct side *side, struct thole_why *why)
{
	side->config.port.lcores = side->lcores;
	return thole_port_open(&side->config.port, &side->port, why);
}

/* Server or client, with its application context. */
static int
start_end(struct side *side, struct lane *lane, uint16_t number, const struct options *o)
{
	const struct thole_app_config app = { .ring_entries = 0 };
	struct rte_mempool *pool = thole_port_pool(side->port, number);
	const struct thole_stack_config *stack = &side->config.worker.stack;
	int rc;

	if (side->is_server) {
		lane->end = &lane->server.end;
		rc = server_init(&lane->server, o, stack->max_conns);
	} else {
		lane->end = &lane->client.end;
		rc = client_init(&lane->client, o, number, lane->worker, &side->config.addresses[0],
			&side->server_addr);
		flood_init(&lane->client.flood, o, &side->server_addr, thole_port_id(side->port),
			pool, stack->max_embryos);
	}
	if (rc != 0)
		return rc;
	rc = thole_app_create(thole_worker_stack(lane->worker), &app, &lane->end->app);
	if (rc != 0)
		return rc;
	lane->end->pool = pool;
	lane->end->gather = RTE_MIN(lane->end->gather, (uint32_t)stack->tcp.rcvbuf_bytes / 4);
	if (side->is_server)
		server_listen(&lane->server);
	return 0;
}

static int
start_lane(struct side *side, uint16_t number, const struct options *o, struct thole_why *why)
{
	struct thole_worker_config config = side->config.worker;
	struct lane *lane = &side->lanes[number];
	int rc;

	config.port = side->port;
	config.queue = number;
	config.stack.core = side->is_server ? 0 : 1; /* with several workers it is their number */
	config.app_turn = side->is_server ? server_turn : client_turn;
	config.app_ctx = side->is_server ? (void *)&lane->server : (void *)&lane->client;
	if (o->starve_s > 0 &&
		hog_init(&lane->hog, thole_port_pool(side->port, number), &config) != 0)
		return say(why, -ENOMEM, "out of memory");
	rc = thole_worker_create(&config, &lane->worker, why);
	if (rc != 0)
		return rc;
	rc = start_end(side, lane, number, o);
	return rc == 0 ? 0
		       : say(why, rc, "the %s doesn't start: %s",
				 side->is_server ? "server" : "client", strerror(-rc));
}

int
side_start(struct side *side, const struct options *o, struct thole_why *why)
{
	int rc = 0;

	side->nb_lanes = o->workers;
	for (uint16_t i = 0; i < side->nb_lanes; i++)
		side->lanes[i].mbufs_before =
			rte_mempool_in_use_count(thole_port_pool(side->port, i));
	for (uint16_t i = 0; i < side->nb_lanes && rc == 0; i++)
		rc = start_lane(side, i, o, why);
	side->end = side->lanes[0].end;
	return rc;
}

/* What the other threads counted comes to the first. */
static void
merge_lane(struct side *side, struct lane *lane)
{
	struct thole_worker_stats stats;
	const uint64_t *from = (const uint64_t *)(const void *)&stats;
	uint64_t *to = (uint64_t *)(void *)&side->workers;

	thole_worker_stats_get(lane->worker, &stats);
	for (size_t i = 0; i < sizeof(stats) / sizeof(*from); i++)
		to[i] += from[i];
	if (lane != &side->lanes[0] && lane->end != NULL)
		end_merge(side->end, lane->end);
}

void
side_stop(struct side *side)
{
	for (uint32_t i = 0; i < side->nb_lanes; i++) {
		struct lane *lane = &side->lanes[i];

		hog_fini(&lane->hog);
		if (lane->worker == NULL)
			continue;
		merge_lane(side, lane);
		if (lane->end != NULL && lane->end->app != NULL) {
			thole_app_destroy(lane->end->app);
			lane->end->app = NULL;
		}
		if (side->is_server)
			end_fini(&lane->server.end);
		else
			client_fini(&lane->client);
		thole_worker_destroy(lane->worker);
		lane->worker = NULL;
	}
}

static uint32_t
in_use_more(const struct side *side, uint16_t lane, uint32_t before)
{
	uint32_t in_use = rte_mempool_in_use_count(thole_port_pool(side->port, lane));

	return in_use > before ? in_use - before : 0;
}

uint32_t
side_leaked_mbufs(struct side *side)
{
	uint16_t id = thole_port_id(side->port);
	uint32_t leaked[MAX_WORKERS], all = 0;

	for (uint16_t i = 0; i < side->nb_lanes; i++) {
		/* What a NIC has sent and not given back; few need it. */
		if (i < thole_port_sharing(side->port)->nb_queues)
			rte_eth_tx_done_cleanup(id, i, 0);
	}
	for (uint16_t i = 0; i < side->nb_lanes; i++) {
		leaked[i] = in_use_more(side, i, side->lanes[i].mbufs_before);
		all += leaked[i];
	}
	if (all == 0)
		return 0;
	/* In use when the device has given back all: surely leaked. What it keeps isn't. */
	rte_eth_dev_stop(id);
	all = 0;
	for (uint16_t i = 0; i < side->nb_lanes; i++)
		all += RTE_MIN(leaked[i], in_use_more(side, i, 0));
	return all;
}

void
side_close(struct side *side)
{
	if (side->port != NULL)
		thole_port_close(side->port);
	side->port = NULL;
}

static uint64_t
least_but_0(uint64_t a, uint64_t b)
{
	return a == 0 ? b : b == 0 ? a : RTE_MIN(a, b);
}

void
side_stats(const struct side *side, struct thole_stats *stats)
{
	uint64_t *to = (uint64_t *)(void *)stats;

	memset(stats, 0, sizeof(*stats));
	for (uint32_t i = 0; i < side->nb_lanes; i++) {
		uint64_t age = stats->time_wait_min_age_ns;
		struct thole_stats one;
		const uint64_t *from = (const uint64_t *)(const void *)&one;

		if (side->lanes[i].worker == NULL)
			continue;
		thole_stats_get(thole_worker_stack(side->lanes[i].worker), &one);
		for (size_t k = 0; k < sizeof(one) / sizeof(*from); k++)
			to[k] += from[k];
		stats->time_wait_min_age_ns = least_but_0(age, one.time_wait_min_age_ns);
	}
}

struct end_counts
side_counts(const struct side *side)
{
	struct end_counts all = { 0 };

	for (uint32_t i = 0; i < side->nb_lanes; i++) {
		const struct end_counts *c = &side->lanes[i].end->counts;

		all.established += end_counted(&c->established);
		all.done += end_counted(&c->done);
		all.failed += end_counted(&c->failed);
		all.refused += end_counted(&c->refused);
		all.idle += end_counted(&c->idle);
		all.standing += end_counted(&c->standing);
		all.requests += end_counted(&c->requests);
	}
	return all;
}

void
side_record(const struct side *side, bool on)
{
	for (uint32_t i = 0; i < side->nb_lanes; i++)
		__atomic_store_n(&side->lanes[i].end->recording, on, __ATOMIC_RELAXED);
}
