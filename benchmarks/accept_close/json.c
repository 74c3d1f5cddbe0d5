/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json.c: the figures, all of them numbers, at the top; what else is good to know is under "extra".
 */
#include <stdio.h>

#include <jansson.h>

#include "json_file.h"
#include "standing_report.h"

/* A whole number without a fraction: JSON readers show it as it is meant. */
static json_t *
number(double value)
{
	if (value >= 0 && value < 9e15 && value == (double)(json_int_t)value)
		return json_integer((json_int_t)value);
	return json_real(value);
}

static json_t *
figures_object(const struct figures *f)
{
	const struct {
		const char *name;
		double value;
	} all[] = {
		{ "conns_per_s", f->conns_per_s },
		{ "offered_per_s", f->offered_per_s },
		{ "wire_round_trips_per_s", f->wire_round_trips_per_s },
		{ "wire_fraction", f->wire_fraction },
		{ "kernel_conns_per_s", f->kernel_conns_per_s },
		{ "server_rx_pkts_per_conn", f->server_rx_pkts_per_conn },
		{ "server_tx_pkts_per_conn", f->server_tx_pkts_per_conn },
		{ "connect_us_p50", f->connect_us_p50 },
		{ "connect_us_p99", f->connect_us_p99 },
		{ "connect_us_p999", f->connect_us_p999 },
		{ "close_us_p50", f->close_us_p50 },
		{ "close_us_p99", f->close_us_p99 },
		{ "failed_conns", f->failed_conns },
		{ "retransmits", f->retransmits },
		{ "syn_retransmits", f->syn_retransmits },
		{ "time_wait_peak", f->time_wait_peak },
		{ "time_wait_evicted", f->time_wait_evicted },
		{ "time_wait_min_age_ms", f->time_wait_min_age_ms },
		{ "leaked_mbufs", f->leaked_mbufs },
		{ "leaked_conns", f->leaked_conns },
	};
	json_t *object = json_object();

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		json_object_set_new(object, all[i].name, number(all[i].value));
	return object;
}

/* What there is besides with --standing. */
static void
add_standing(json_t *top, const struct run *run)
{
	struct standing_figures f;

	standing_figures(run, &f);
	json_object_set_new(top, "requests_per_s", number(f.requests_per_s));
	json_object_set_new(top, "request_us_p50", number(f.request_us_p50));
	json_object_set_new(top, "request_us_p99", number(f.request_us_p99));
	json_object_set_new(top, "request_us_p999", number(f.request_us_p999));
	json_object_set_new(
		top, "server_rx_pkts_per_request", number(f.server_rx_pkts_per_request));
	json_object_set_new(
		top, "server_tx_pkts_per_request", number(f.server_tx_pkts_per_request));
}

static json_t *
numbers(const double *values, uint32_t n)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(array, number(values[i]));
	return array;
}

/* Minimum, percentiles and maximum: enough to draw how latencies are spread. */
static const double shares[] = { 0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995,
	0.998, 0.999, 0.9995, 0.9998, 0.9999, 0.99995, 0.99999, 0.999995, 0.999999, 1 };
#define SHARES (sizeof(shares) / sizeof(shares[0]))

/* What each of the shares doesn't exceed, in microseconds; none when nothing was timed. */
static json_t *
spread(const struct histogram *h)
{
	double us[SHARES];

	for (size_t i = 0; i < SHARES; i++)
		us[i] = (double)histogram_percentile(h, shares[i]) / 1e3;
	return numbers(us, h->total == 0 ? 0 : SHARES);
}

static json_t *
latency_object(const struct run *run)
{
	const struct histogram *close_ns = report_close_ns(run);
	json_t *object = json_object();

	json_object_set_new(object, "shares", numbers(shares, SHARES));
	if (run->client != NULL)
		json_object_set_new(object, "connect_us", spread(&run->client->end->connect_ns));
	if (close_ns != NULL)
		json_object_set_new(object, "close_us", spread(close_ns));
	return object;
}

/* Every counter of a side's stack at the end, by its name. */
static json_t *
counters(const struct thole_stats *stats)
{
	const uint64_t *values = (const uint64_t *)(const void *)stats;
	json_t *object = json_object();
	const char *name, *text;

	for (unsigned int i = 0; thole_stats_describe(i, &name, &text) == 0; i++)
		json_object_set_new(object, name, json_integer((json_int_t)values[i]));
	return object;
}

/* Of a side whose workers share its port. */
static json_t *
sharing_object(const struct side *side)
{
	const struct thole_sharing *sharing = thole_port_sharing(side->port);
	const struct thole_worker_stats *w = &side->workers;
	json_t *object = json_object();

	json_object_set_new(object, "workers", json_integer(sharing->nb_workers));
	json_object_set_new(object, "queues", json_integer(sharing->nb_queues));
	json_object_set_new(object, "by_device", json_boolean(sharing->by_device));
	json_object_set_new(object, "symmetric", json_boolean(sharing->symmetric));
	json_object_set_new(object, "why", json_string(sharing->why));
	json_object_set_new(object, "rx_pkts", json_integer((json_int_t)w->rx_pkts));
	json_object_set_new(object, "handed_out", json_integer((json_int_t)w->handed_out));
	json_object_set_new(object, "handed_in", json_integer((json_int_t)w->handed_in));
	json_object_set_new(object, "handover_lost", json_integer((json_int_t)w->handover_lost));
	json_object_set_new(object, "handover_waits", json_integer((json_int_t)w->handover_waits));
	json_object_set_new(object, "relayed", json_integer((json_int_t)w->relayed));
	return object;
}

static json_t *
side_object(const struct side *side, const struct thole_stats *stats)
{
	const struct end_counts *counts = &side->end->counts;
	json_t *object = json_object();

	json_object_set_new(object, "established", json_integer((json_int_t)counts->established));
	json_object_set_new(object, "done", json_integer((json_int_t)counts->done));
	json_object_set_new(object, "failed", json_integer((json_int_t)counts->failed));
	json_object_set_new(object, "refused", json_integer((json_int_t)counts->refused));
	json_object_set_new(object, "requests", json_integer((json_int_t)counts->requests));
	/* Of the turns that had events, the share that had several kinds: how well the loop is
	 * mixed. */
	json_object_set_new(object, "mixed_turns",
		json_real(counts->busy_turns == 0
				  ? 0
				  : (double)counts->mixed_turns / (double)counts->busy_turns));
	json_object_set_new(object, "stack", counters(stats));
	if (side->nb_lanes > 1)
		json_object_set_new(object, "sharing", sharing_object(side));
	return object;
}

static json_t *
flood_object(const struct run *run)
{
	json_t *object = json_object();
	struct flood_figures f;

	report_flood(run, &f);
	json_object_set_new(object, "syns_per_conn", json_integer(run->options->flood));
	json_object_set_new(object, "spoofed_syns", number(f.spoofed_syns));
	json_object_set_new(object, "spoofed_per_s", number(f.spoofed_per_s));
	json_object_set_new(object, "opened", number(f.conns.opened));
	json_object_set_new(object, "served", number(f.conns.served));
	json_object_set_new(object, "served_share", number(f.conns.served_share));
	json_object_set_new(object, "syn_retries", number(f.syn_retries));
	json_object_set_new(object, "embryos", number(f.embryos));
	return object;
}

/* At the beginning and at the end of the count. */
static json_t *
memory_object(const struct memory *memory)
{
	json_t *object = json_object();

	json_object_set_new(object, "heap_bytes", json_integer((json_int_t)memory->heap_bytes));
	json_object_set_new(
		object, "resident_bytes", json_integer((json_int_t)memory->resident_bytes));
	return object;
}

/* What the workers, who never sleep, had of their cores: the rest others had, on a busy machine. */
static double
cpu_share(const struct run *run)
{
	uint32_t workers = run->options->workers * (run->options->role == ROLE_BOTH ? 2 : 1);
	double had = (double)(run->last.cpu_ns - run->first.cpu_ns);

	return had / workers / (double)(run->last.ns - run->first.ns);
}

static uint64_t
evicted(const struct sample *sample)
{
	return sample->server.time_wait_evicted + sample->client.time_wait_evicted;
}

static void
cores_set(json_t *extra, const char *when, const struct addloop *cores)
{
	const double per_s[] = { cores->main.per_s, cores->other.per_s };
	const double away[] = { cores->main.stopped, cores->other.stopped };
	char key[32];

	snprintf(key, sizeof(key), "additions_per_s_%s", when);
	json_object_set_new(extra, key, numbers(per_s, 2));
	snprintf(key, sizeof(key), "away_share_%s", when);
	json_object_set_new(extra, key, numbers(away, 2));
}

static json_t *
extra_object(const struct report *r)
{
	const struct options *o = r->options;
	const struct run *run = r->run;
	json_t *extra = json_object();

	json_object_set_new(
		extra, "duration_s", number((double)(run->last.ns - run->first.ns) / 1e9));
	json_object_set_new(extra, "cpu_share", number(cpu_share(run)));
	json_object_set_new(extra, "workers", json_integer(o->workers));
	json_object_set_new(extra, "inflight", json_integer(o->inflight));
	json_object_set_new(extra, "request_bytes", json_integer(o->request_bytes));
	json_object_set_new(extra, "response_bytes", json_integer(o->response_bytes));
	json_object_set_new(extra, "closer", json_string(o->client_closes ? "client" : "server"));
	json_object_set_new(extra, "latency", latency_object(run));
	json_object_set_new(extra, "hugepages", json_boolean(r->hugepages));
	json_object_set_new(extra, "rx_checksums_offloaded",
		json_boolean(
			(r->offloads & (THOLE_OFFLOAD_RX_CSUM | THOLE_OFFLOAD_RX_TRUST)) != 0));
	json_object_set_new(extra, "tx_checksums_offloaded",
		json_boolean((r->offloads & THOLE_OFFLOAD_TX_CSUM) != 0));
	json_object_set_new(extra, "max_time_wait", json_integer(r->plan->max_time_wait));
	json_object_set_new(extra, "client_addresses", json_integer(r->plan->clients));
	json_object_set_new(extra,
		o->standing != 0 ? "requests_per_s_each_second" : "conns_per_s_each_second",
		numbers(run->per_second, run->nb_per_second));
	json_object_set_new(
		extra, "wire_before", numbers(r->wire_before.round_trips_per_s, WIRE_DEPTHS));
	json_object_set_new(
		extra, "wire_after", numbers(r->wire_after.round_trips_per_s, WIRE_DEPTHS));
	json_object_set_new(extra, "wire_rejected",
		json_integer((json_int_t)r->wire_before.rejected + r->wire_after.rejected));
	cores_set(extra, "before", &r->add_before);
	cores_set(extra, "after", &r->add_after);
	json_object_set_new(
		extra, o->standing != 0 ? "standing" : "idle", json_integer((json_int_t)run->idle));
	json_object_set_new(extra, "heap_bytes", json_integer((json_int_t)run->memory.heap_bytes));
	json_object_set_new(
		extra, "resident_bytes", json_integer((json_int_t)run->memory.resident_bytes));
	json_object_set_new(extra, "memory_first", memory_object(&run->memory_first));
	json_object_set_new(extra, "memory_last", memory_object(&run->memory_last));
	json_object_set_new(extra, "time_wait_end",
		json_integer(
			(json_int_t)(run->last.server.time_wait + run->last.client.time_wait)));
	json_object_set_new(extra, "time_wait_evicted_in_count",
		json_integer((json_int_t)(evicted(&run->last) - evicted(&run->first))));
	if (o->starve_s > 0)
		json_object_set_new(extra, "starve", starve_object(run));
	if (o->rate != 0 && run->client != NULL)
		json_object_set_new(extra, "rate", rate_object(run));
	if (o->flood != 0)
		json_object_set_new(extra, "flood", flood_object(run));
	if (run->client != NULL)
		json_object_set_new(extra, "client", side_object(run->client, &run->end.client));
	if (run->server != NULL)
		json_object_set_new(extra, "server", side_object(run->server, &run->end.server));
	return extra;
}

int
report_json(const struct report *r, const struct figures *f, const char *path)
{
	json_t *top = figures_object(f);

	if (r->options->standing != 0)
		add_standing(top, r->run);
	json_object_set_new(top, "extra", extra_object(r));
	return json_file_write(top, path);
}
