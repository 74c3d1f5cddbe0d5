/* SPDX-License-Identifier: BSD-3-Clause */
/* standing_report.c: figures of the count, from its two samples and the client's histogram. */
#include <stdio.h>

#include "standing_report.h"

static double
us(const struct histogram *h, double share)
{
	return (double)histogram_percentile(h, share) / 1e3;
}

void
standing_figures(const struct run *run, struct standing_figures *out)
{
	const struct sample *a = &run->first, *b = &run->last;
	double seconds = (double)(b->ns - a->ns) / 1e9;
	double requests = (double)(b->done - a->done);
	double rx = (double)(b->server.rx_pkts - a->server.rx_pkts);
	double tx = (double)(b->server.tx_pkts - a->server.tx_pkts);

	*out = (struct standing_figures){ .requests_per_s = 0 };
	if (run->options->standing == 0)
		return;
	/* A client alone sees the server's packets from the other end. */
	if (run->server == NULL) {
		rx = (double)(b->client.tx_pkts - a->client.tx_pkts);
		tx = (double)(b->client.rx_pkts - a->client.rx_pkts);
	}
	if (seconds > 0)
		out->requests_per_s = requests / seconds;
	if (requests > 0) {
		out->server_rx_pkts_per_request = rx / requests;
		out->server_tx_pkts_per_request = tx / requests;
	}
	if (run->client != NULL) {
		const struct histogram *h = &run->client->end->request_ns;

		out->request_us_p50 = us(h, 0.5);
		out->request_us_p99 = us(h, 0.99);
		out->request_us_p999 = us(h, 0.999);
	}
}

double
standing_wire_trips(const struct options *o, const struct standing_figures *f)
{
	double least = standing_trips(o->request_bytes, o->response_bytes);
	double trips = (f->server_rx_pkts_per_request + f->server_tx_pkts_per_request) / 2;

	return f->requests_per_s * RTE_MIN(least, trips);
}

void
standing_print_head(const struct options *o)
{
	char text[GROUPED_BYTES];

	printf("accept-close: one request after another on %s standing connections\n",
		grouped(o->standing, text));
}

void
standing_print(const struct run *run)
{
	struct standing_figures f;

	standing_figures(run, &f);
	printf("  server's packets   %14.2f in %10.2f out, a request\n",
		f.server_rx_pkts_per_request, f.server_tx_pkts_per_request);
	if (run->client == NULL)
		return;
	printf("  request            %14.1f us p50 %10.1f p99 %10.1f p99.9\n", f.request_us_p50,
		f.request_us_p99, f.request_us_p999);
}
