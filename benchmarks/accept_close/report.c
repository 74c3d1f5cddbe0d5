/* SPDX-License-Identifier: BSD-3-Clause */
/* report.c: figures from samples and histograms, and the table. */
#include <stdio.h>
#include <string.h>

#include "standing_report.h"

const char *
grouped(double value, char text[GROUPED_BYTES])
{
	char digits[GROUPED_BYTES];
	int n = snprintf(digits, sizeof(digits), "%.0f", value);
	char *p = text;

	/* 20 digits and their commas fit; more than that nobody counts here. */
	if (n <= 0 || n > 20) {
		snprintf(text, GROUPED_BYTES, "%g", value);
		return text;
	}
	for (int i = 0; i < n; i++) {
		if (i != 0 && digits[i - 1] != '-' && (n - i) % 3 == 0)
			*p++ = ',';
		*p++ = digits[i];
	}
	*p = '\0';
	return text;
}

static double
us(const struct histogram *h, double share)
{
	return (double)histogram_percentile(h, share) / 1e3;
}

const struct histogram *
report_close_ns(const struct run *run)
{
	const struct side *closer =
		run->options->client_closes || run->options->rate != 0 ? run->client : run->server;

	return closer != NULL ? &closer->end->close_ns : NULL;
}

static void
figure_latencies(const struct run *run, struct figures *f)
{
	const struct histogram *close_ns = report_close_ns(run);

	if (run->client != NULL) {
		f->connect_us_p50 = us(&run->client->end->connect_ns, 0.5);
		f->connect_us_p99 = us(&run->client->end->connect_ns, 0.99);
		f->connect_us_p999 = us(&run->client->end->connect_ns, 0.999);
	}
	if (close_ns != NULL) {
		f->close_us_p50 = us(close_ns, 0.5);
		f->close_us_p99 = us(close_ns, 0.99);
	}
}

static void
figure_packets(const struct run *run, double conns, struct figures *f)
{
	const struct sample *a = &run->first, *b = &run->last;
	double rx = (double)(b->server.rx_pkts - a->server.rx_pkts);
	double tx = (double)(b->server.tx_pkts - a->server.tx_pkts);

	/* A client alone sees the server's packets from the other end. */
	if (run->server == NULL) {
		rx = (double)(b->client.tx_pkts - a->client.tx_pkts);
		tx = (double)(b->client.rx_pkts - a->client.rx_pkts);
	}
	if (conns > 0) {
		f->server_rx_pkts_per_conn = rx / conns;
		f->server_tx_pkts_per_conn = tx / conns;
	}
}

static uint64_t
least_but_0(uint64_t a, uint64_t b)
{
	return a == 0 ? b : b == 0 ? a : RTE_MIN(a, b);
}

static void
figure_wire(const struct report *r, struct figures *f)
{
	double trips = (f->server_rx_pkts_per_conn + f->server_tx_pkts_per_conn) / 2;
	double used = f->conns_per_s * RTE_MIN(3.0, trips);
	struct standing_figures standing;

	if (r->options->standing != 0) {
		standing_figures(r->run, &standing);
		used = standing_wire_trips(r->options, &standing);
	}
	f->wire_round_trips_per_s = wire_better(r->wire_before.best, r->wire_after.best);
	/* So fast is only what stays in a cache that both lcores share: no measure for two. */
	if (r->wire_rc == 0 && f->wire_round_trips_per_s > 0 &&
		f->wire_round_trips_per_s <= WIRE_REJECT_PER_S)
		f->wire_fraction = used / f->wire_round_trips_per_s;
}

void
report_figures(const struct report *r, struct figures *f)
{
	const struct run *run = r->run;
	const struct thole_stats *s = &run->end.server, *c = &run->end.client;
	double seconds = (double)(run->last.ns - run->first.ns) / 1e9;
	double conns = run->options->standing != 0 ? 0 : (double)(run->last.done - run->first.done);

	*f = (struct figures){
		.kernel_conns_per_s = r->kernel.conns_per_s,
		.failed_conns = (double)run->end.failed,
		.offered_per_s = r->run->client != NULL ? r->options->rate : 0,
		.retransmits = (double)(s->retransmits + c->retransmits),
		.syn_retransmits = (double)c->syn_retransmits,
		.time_wait_peak = (double)(s->time_wait_peak + c->time_wait_peak),
		.time_wait_evicted = (double)(s->time_wait_evicted + c->time_wait_evicted),
		.time_wait_min_age_ms =
			(double)least_but_0(s->time_wait_min_age_ns, c->time_wait_min_age_ns) / 1e6,
		.leaked_mbufs = r->leaked_mbufs,
		.leaked_conns = (double)(s->conns + s->embryos + c->conns + c->embryos),
	};
	if (seconds > 0)
		f->conns_per_s = conns / seconds;
	figure_packets(run, conns, f);
	figure_latencies(run, f);
	figure_wire(r, f);
}

void
report_flood(const struct run *run, struct flood_figures *out)
{
	*out = (struct flood_figures){
		.spoofed_syns = (double)run->end.spoofed,
		.spoofed_per_s = (double)(run->last.spoofed - run->first.spoofed) * 1e9 /
				 (double)(run->last.ns - run->first.ns),
		.syn_retries = (double)run->end.client.syn_retransmits,
		.embryos = (double)run->last.server.embryos,
	};
	rate_figures(run, &out->conns);
}

/* How the workers of a side share its flows, and why so. */
static void
print_sharing(const struct side *side, const char *name)
{
	const struct thole_sharing *sharing;

	if (!side->used || side->port == NULL)
		return;
	sharing = thole_port_sharing(side->port);
	if (sharing->nb_workers > 1)
		printf("  %s: %u workers, %u queue%s, flows spread %s (%s)\n", name,
			sharing->nb_workers, sharing->nb_queues, sharing->nb_queues == 1 ? "" : "s",
			sharing->by_device ? "by the device" : "by our own hash", sharing->why);
}

/* How fast the cores were, and for how much of the time others had them. */
static void
print_cores(const struct addloop *before, const struct addloop *after)
{
	bool two = before->other.per_s > 0;

	printf("  additions          %14.2f G/s before %5.2f after", before->main.per_s / 1e9,
		after->main.per_s / 1e9);
	if (two)
		printf(", %.2f and %.2f on the other core", before->other.per_s / 1e9,
			after->other.per_s / 1e9);
	printf("\n  away for over 50 us %11.2f %%   before %5.2f after", before->main.stopped * 100,
		after->main.stopped * 100);
	if (two)
		printf(", %.2f and %.2f on the other core", before->other.stopped * 100,
			after->other.stopped * 100);
	printf("\n");
}

static void
print_handover(const struct side *side, const char *name)
{
	const struct thole_worker_stats *w;
	char a[GROUPED_BYTES], b[GROUPED_BYTES], c[GROUPED_BYTES];

	if (side == NULL || side->nb_lanes < 2)
		return;
	w = &side->workers;
	printf("  %s handed over %14s packets %9s lost", name, grouped((double)w->handed_out, a),
		grouped((double)w->handover_lost, b));
	if (w->relayed != 0)
		printf(", %s sent for others", grouped((double)w->relayed, c));
	printf("\n");
}

void
report_head(const struct report *r)
{
	const struct options *o = r->options;
	const char *closer = o->client_closes ? "client" : "server";
	char text[GROUPED_BYTES];

	if (o->role == ROLE_SERVER)
		printf("accept-close: a server alone, ports %u-%u\n", o->port_first, o->port_last);
	else if (o->standing != 0)
		standing_print_head(o);
	else if (o->rate == 0)
		printf("accept-close: %u connections in flight, the %s closes first\n", o->inflight,
			closer);
	else
		printf("accept-close: %s connections a second, at most %u in flight, the %s closes "
		       "first\n",
			grouped(o->rate, text), o->inflight, closer);
	if (o->flood != 0)
		printf("  beside each, %u SYNs from addresses that don't exist\n", o->flood);
	if ((o->request_bytes | o->response_bytes) != 0)
		printf("  request %u B, response %u B\n", o->request_bytes, o->response_bytes);
	printf("  checksums: sent %s, received %s\n",
		(r->offloads & THOLE_OFFLOAD_TX_CSUM) != 0 ? "by the device" : "in software",
		(r->offloads & (THOLE_OFFLOAD_RX_CSUM | THOLE_OFFLOAD_RX_TRUST)) != 0
			? "by the device"
			: "in software");
	printf("  room for %s connections in TIME-WAIT, %s\n",
		grouped(r->plan->max_time_wait, text),
		r->hugepages ? "on hugepages" : "without hugepages, which is slower");
	print_sharing(r->server, "server");
	print_sharing(r->client, "client");
	if (r->plan->short_of_memory)
		printf("  note: memory for %u MiB is missing. Above %s connections a second "
		       "TIME-WAITs "
		       "are evicted: free memory, or make --duration shorter\n",
			r->plan->missing_mb, grouped(r->plan->kept_per_s, text));
	if (r->plan->short_of_tuples)
		printf("  note: the client has fewer addresses and ports than it may need: a new "
		       "connection can meet its tuple's TIME-WAIT; see --client-addresses\n");
	fflush(stdout);
}

static void
print_failures(const struct side *side, const char *name)
{
	const struct end *end;
	char text[GROUPED_BYTES];

	if (side == NULL)
		return;
	end = side->end;
	for (uint32_t i = 0; i < end->nb_statuses; i++)
		printf("    %s at the %s: %s\n", grouped((double)end->status_counts[i], text), name,
			end->statuses[i] == 0 ? "closed before all was exchanged"
					      : strerror(-end->statuses[i]));
	if (end->counts.refused != 0)
		printf("    %s operations of the %s refused\n",
			grouped((double)end->counts.refused, text), name);
}

static void
print_wire(const struct report *r, const struct figures *f)
{
	uint32_t rejected = r->wire_before.rejected + r->wire_after.rejected;
	char a[GROUPED_BYTES];

	if (r->options->role == ROLE_BOTH ? r->options->no_wire || r->options->workers > 1
					  : !r->options->wire || r->options->role == ROLE_SERVER)
		return;
	printf("  bare wire          %14s round trips/s", grouped(f->wire_round_trips_per_s, a));
	if (r->wire_rc != 0)
		printf("  (incomplete: %s)", strerror(-r->wire_rc));
	else if (f->wire_round_trips_per_s > WIRE_REJECT_PER_S)
		printf("  (rejected: above 30 M the lcores share a cache, if not a core; "
		       "choose with -- -l)");
	else if (f->wire_round_trips_per_s == 0)
		printf("  (not measured: the cable holds too few frames)");
	else if (f->wire_round_trips_per_s < WIRE_SUSPECT_PER_S)
		printf("  (suspect: below 10 M the machine is busy, or isn't fit for this)");
	printf("\n    in flight 64, 256, 512, before:");
	for (uint32_t i = 0; i < WIRE_DEPTHS; i++)
		printf(" %.1f", r->wire_before.round_trips_per_s[i] / 1e6);
	printf(" M; after:");
	for (uint32_t i = 0; i < WIRE_DEPTHS; i++)
		printf(" %.1f", r->wire_after.round_trips_per_s[i] / 1e6);
	printf(" M; %u rejected\n  of what the wire allows   ", rejected);
	if (f->wire_fraction > 0)
		printf("%.3f\n", f->wire_fraction);
	else
		printf("not measured\n");
}

static void
print_kernel(const struct report *r, const struct figures *f)
{
	char a[GROUPED_BYTES];

	if (r->options->no_kernel || r->options->role != ROLE_BOTH)
		return;
	printf("  host kernel        %14s conns/s", grouped(f->kernel_conns_per_s, a));
	if (r->kernel_rc != 0)
		printf("  (not measured: %s: %s)",
			r->kernel.failed_at != NULL ? r->kernel.failed_at : "stopped",
			strerror(-r->kernel_rc));
	else if (f->kernel_conns_per_s > 0)
		printf("  over loopback: thole makes %.1f times as many",
			f->conns_per_s / f->kernel_conns_per_s);
	printf("\n");
}

static void
print_latencies(const struct run *run, const struct figures *f)
{
	if (run->client != NULL)
		printf("  connect            %14.1f us p50 %10.1f p99 %10.1f p99.9\n",
			f->connect_us_p50, f->connect_us_p99, f->connect_us_p999);
	if (run->options->rate != 0)
		printf("  over               %14.1f us p50 %10.1f p99, both from when it was due\n",
			f->close_us_p50, f->close_us_p99);
	else if (report_close_ns(run) != NULL)
		printf("  close              %14.1f us p50 %10.1f p99\n", f->close_us_p50,
			f->close_us_p99);
}

static void
print_flood(const struct run *run)
{
	const struct thole_stats *s = &run->end.server;
	char a[GROUPED_BYTES], b[GROUPED_BYTES], c[GROUPED_BYTES];
	struct flood_figures f;

	if (run->options->flood == 0)
		return;
	report_flood(run, &f);
	printf("  flood              %14s SYNs %11s a second %11s embryos\n",
		grouped(f.spoofed_syns, a), grouped(f.spoofed_per_s, b), grouped(f.embryos, c));
	printf("  beside it          %13.2f%% served, of %s opened\n", f.conns.served_share * 100,
		grouped(f.conns.opened, a));
	printf("  SYN cookies        %14s sent %11s accepted", grouped((double)s->cookies_sent, a),
		grouped((double)s->cookies_accepted, b));
	printf(": %s with SACK,", grouped((double)s->cookies_sack, c));
	printf(" %s with window scale\n", grouped((double)s->cookies_wscale, c));
}

static void
print_counted(const struct run *run, const struct figures *f)
{
	bool standing = run->options->standing != 0;
	struct standing_figures s;
	char text[GROUPED_BYTES];

	standing_figures(run, &s);
	printf("\n  %-18s %14s %s/s  over %.1f s\n", standing ? "requests" : "connections",
		grouped(standing ? s.requests_per_s : f->conns_per_s, text),
		standing ? "requests" : "conns", (double)(run->last.ns - run->first.ns) / 1e9);
}

void
report_table(const struct report *r, const struct figures *f)
{
	const struct run *run = r->run;
	char a[GROUPED_BYTES], b[GROUPED_BYTES], c[GROUPED_BYTES];

	print_counted(run, f);
	rate_print(run);
	print_wire(r, f);
	print_kernel(r, f);
	if (run->options->standing != 0) {
		standing_print(run);
	} else {
		printf("  server's packets   %14.2f in %10.2f out, a connection\n",
			f->server_rx_pkts_per_conn, f->server_tx_pkts_per_conn);
		print_latencies(run, f);
	}
	printf("  failed             %14s %10s retransmits, of which %s SYNs\n",
		grouped(f->failed_conns, a), grouped(f->retransmits, b),
		grouped(f->syn_retransmits, c));
	print_failures(run->client, "client");
	print_failures(run->server, "server");
	print_handover(run->client, "client");
	print_handover(run->server, "server");
	print_flood(run);
	starve_print(run);
	printf("  TIME-WAIT          %14s peak %10s evicted", grouped(f->time_wait_peak, a),
		grouped(f->time_wait_evicted, b));
	if (f->time_wait_min_age_ms > 0)
		printf(", the youngest ended after %s ms", grouped(f->time_wait_min_age_ms, c));
	if (run->cut != 0)
		printf("\n  cut off            %14s connections that hadn't finished",
			grouped((double)run->cut, a));
	printf("\n  leaked             %14s mbufs %9s connections\n", grouped(f->leaked_mbufs, a),
		grouped(f->leaked_conns, b));
	print_cores(&r->add_before, &r->add_after);
	fflush(stdout);
}
