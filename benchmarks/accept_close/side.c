/* SPDX-License-Identifier: BSD-3-Clause */
/* side.c: settings of a side in their order, its port, its worker, and whether its mbufs come back.
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
		side->client.server.addr = !thole_addr_is_any(&o->peer) ? o->peer : server.first;
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
	/* Alone, who knows who closes first. */
	stack->max_time_wait =
		closes || o->role != ROLE_BOTH ? plan->max_time_wait : plan->other_time_wait;
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
	return thole_port_open(&side->config.port, &side->port, why);
}

/* Server or client, with its application context. */
static int
start_end(struct side *side, const struct options *o)
{
	const struct thole_app_config app = { .ring_entries = 0 };
	int rc;

	if (side->is_server) {
		side->end = &side->server.end;
		rc = server_init(&side->server, o, side->config.worker.stack.max_conns);
	} else {
		const struct thole_addr server = side->client.server.addr;

		side->end = &side->client.end;
		rc = client_init(&side->client, o, &side->config.addresses[0], &server);
		flood_init(&side->client.flood, o, &server, thole_port_id(side->port),
			thole_port_pool(side->port, 0), side->config.worker.stack.max_embryos);
	}
	if (rc != 0)
		return rc;
	rc = thole_app_create(thole_worker_stack(side->worker), &app, &side->end->app);
	if (rc != 0)
		return rc;
	side->end->pool = thole_port_pool(side->port, 0);
	if (side->is_server)
		server_listen(&side->server);
	return 0;
}

int
side_start(struct side *side, const struct options *o, struct thole_why *why)
{
	struct thole_worker_config *config = &side->config.worker;
	int rc;

	side->mbufs_before = rte_mempool_in_use_count(thole_port_pool(side->port, 0));
	config->port = side->port;
	config->queue = 0;
	config->stack.core = side->is_server ? 0 : 1;
	config->app_turn = side->is_server ? server_turn : client_turn;
	config->app_ctx = side->is_server ? (void *)&side->server : (void *)&side->client;
	rc = thole_worker_create(config, &side->worker, why);
	if (rc != 0)
		return rc;
	rc = start_end(side, o);
	return rc == 0 ? 0
		       : say(why, rc, "the %s doesn't start: %s",
				 side->is_server ? "server" : "client", strerror(-rc));
}

void
side_stop(struct side *side)
{
	if (side->worker == NULL)
		return;
	if (side->end != NULL && side->end->app != NULL) {
		thole_app_destroy(side->end->app);
		side->end->app = NULL;
	}
	if (side->is_server)
		end_fini(&side->server.end);
	else
		client_fini(&side->client);
	thole_worker_destroy(side->worker);
	side->worker = NULL;
}

uint32_t
side_leaked_mbufs(struct side *side)
{
	uint16_t id = thole_port_id(side->port);
	struct rte_mempool *pool = thole_port_pool(side->port, 0);
	uint32_t leaked = 0, in_use;

	rte_eth_tx_done_cleanup(id, 0, 0); /* what a NIC has sent and not given back; few need it */
	in_use = rte_mempool_in_use_count(pool);
	if (in_use > side->mbufs_before)
		leaked = in_use - side->mbufs_before;
	if (leaked != 0) {
		/* In use when the device has given back all: surely leaked. What it keeps isn't. */
		rte_eth_dev_stop(id);
		in_use = rte_mempool_in_use_count(pool);
		leaked = RTE_MIN(leaked, in_use);
	}
	return leaked;
}

void
side_close(struct side *side)
{
	if (side->port != NULL)
		thole_port_close(side->port);
	side->port = NULL;
}

void
side_stats(const struct side *side, struct thole_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	if (side->worker != NULL)
		thole_stats_get(thole_worker_stack(side->worker), stats);
}
