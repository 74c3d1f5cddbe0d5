/* SPDX-License-Identifier: BSD-3-Clause */
/* rate.c: added up over the client's workers. */
#include <stdio.h>

#include "report.h"

void
rate_figures(const struct run *run, struct rate_figures *out)
{
	*out = (struct rate_figures){ .served = (double)run->client->end->counts.done };
	for (uint32_t i = 0; i < run->client->nb_lanes; i++) {
		const struct client *client = &run->client->lanes[i].client;

		out->opened += (double)(client->opened - client->before_opened);
		out->served -= (double)client->before_done;
		out->waited += (double)client->waited;
		out->unopened += (double)client->unopened;
		out->run_s = RTE_MAX(out->run_s, (double)(client->stop_ns - client->run_ns) / 1e9);
	}
	if (out->opened > 0)
		out->served_share = out->served / out->opened;
}

void
rate_print(const struct run *run)
{
	const struct options *o = run->options;
	char a[GROUPED_BYTES];
	struct rate_figures f;

	if (o->rate == 0 || run->client == NULL)
		return;
	rate_figures(run, &f);
	printf("  offered            %14s conns/s", grouped(o->rate, a));
	printf("; %s had to wait for others to end,", grouped(f.waited, a));
	printf(" %s were never opened\n", grouped(f.unopened, a));
}

json_t *
rate_object(const struct run *run)
{
	json_t *object = json_object();
	struct rate_figures f;

	rate_figures(run, &f);
	json_object_set_new(object, "opened", json_integer((json_int_t)f.opened));
	json_object_set_new(object, "served", json_integer((json_int_t)f.served));
	json_object_set_new(object, "served_share", json_real(f.served_share));
	json_object_set_new(object, "waited", json_integer((json_int_t)f.waited));
	json_object_set_new(object, "unopened", json_integer((json_int_t)f.unopened));
	json_object_set_new(object, "run_s", json_real(f.run_s));
	return object;
}
