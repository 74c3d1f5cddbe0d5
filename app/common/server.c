/* SPDX-License-Identifier: BSD-3-Clause */
/* server.c: LISTEN, and a struct run_program over conns. */
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "say.h"

int
server_set_port(void *ctx, const char *value, struct thole_why *why)
{
	struct server *server = ctx;
	uint64_t port;

	if (opts_number(value, 1, UINT16_MAX, "--port", &port, why) != 0)
		return -EINVAL;
	if (server->nb_ports == SERVER_PORTS) {
		snprintf(why->text, sizeof(why->text), "--port: %d ports at most", SERVER_PORTS);
		return -EINVAL;
	}
	server->ports[server->nb_ports++] = (uint16_t)port;
	return 0;
}

static int
server_start(void *ctx, struct run *run)
{
	struct server *server = ctx;
	const struct thole_stack_config *stack = &server->opts->config.worker.stack;

	server->run = run;
	if (server->init != NULL)
		server->init(server);
	if (conns_init(&server->conns, server->ops, run, stack->max_conns, server) != 0) {
		say("out of memory for %u connections: lower stack.max_conns", stack->max_conns);
		return 1;
	}
	for (unsigned int i = 0; i < server->nb_ports; i++) {
		struct thole_op *op = run_op(run, THOLE_OP_LISTEN, 0);

		op->local.port = server->ports[i];
		op->bytes = SERVER_BACKLOG;
		op->user = server->ports[i];
	}
	return 0;
}

static void
server_listening(struct server *server, const struct thole_event *event)
{
	const struct thole_address *address = &server->opts->config.addresses[0];
	char text[THOLE_ADDR_TEXT];

	if (event->status != 0) {
		say("can't listen at port %u: %s; choose another with --port",
			(unsigned int)event->user, strerror(-event->status));
		server->status = 1;
		return;
	}
	server->listening++;
	if (server->run->number != 0) /* all did before the first turn: one tells */
		return;
	printf("%s: listening at %s port %u\n", server->name,
		thole_addr_format(&address->first, text), (unsigned int)event->user);
	fflush(stdout);
}

static void
server_event(void *ctx, const struct thole_event *event)
{
	struct server *server = ctx;

	if (event->type == THOLE_EV_LISTENING)
		server_listening(server, event);
	else if (event->type == THOLE_EV_INFO ||
		 (event->type == THOLE_EV_REFUSED && event->op == THOLE_OP_INFO))
		server->info(server, event);
	else
		conns_event(&server->conns, event);
}

static void
server_stop(void *ctx)
{
	struct server *server = ctx;

	conns_wake_all(&server->conns);
}

static bool
server_work(void *ctx)
{
	struct server *server = ctx;

	if (server->tick != NULL)
		server->tick(server);
	conns_work(&server->conns);
	/* Some may be established that we haven't heard of. */
	return server->status != 0 || (server->run->drained && server->conns.nb == 0);
}

static int
server_end(void *ctx)
{
	struct server *server = ctx;

	if (server->conns.by_index != NULL)
		conns_fini(&server->conns);
	return server->status;
}

int
server_main(struct server *server, const struct opts *opts, uint16_t default_port)
{
	const struct run_program program = {
		.ctx = server,
		.ctx_bytes = server->bytes,
		.start = server_start,
		.event = server_event,
		.work = server_work,
		.stop = server_stop,
		.end = server_end,
	};

	server->opts = opts;
	server->name = opts->program->name;
	if (server->nb_ports == 0)
		server->ports[server->nb_ports++] = default_port;
	return run_main(opts, &program);
}
