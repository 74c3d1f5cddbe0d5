/* SPDX-License-Identifier: BSD-3-Clause */
/* main.c: wire and stream in turn, round after round; the table and the JSON file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "stream.h"

#define FULL_BYTES  1448 /* a segment of Ethernet's 1500 with timestamps */
#define LEAST_BYTES 536
#define TIMESTAMPS  12
#define CACHE_MBUFS 256 /* what is acknowledged is sent next, while it is at hand */
#define SPARE_MBUFS 512 /* caches of two cores, and what is in hand */
#define MEM_MB	    224
#define FLOOR	    0.6
#define WARM_SHARE  4 /* of a turn */
#define WARM_MOST   UINT64_C(50000000)

static const struct duo_program program = {
	.name = "stream",
	.version = "stream (thole) 0.1.0",
	.doc = "Measures one bulk stream over two ports joined back to back in memory, sender and "
	       "receiver on a core each, without a copy of the payload, beside the bare wire of "
	       "the "
	       "same size whose both ends checksum it."
	       "\v"
	       "EAL's own options follow after --, for instance:\n"
	       "  stream --duration 5 --json out.json -- -l 2,3\n\n"
	       "Exit status: 0, 1 if the run failed or --check doesn't hold, 2 for bad arguments.",
	.size_doc = "Payload of a segment: 536 to 1448 (1448)",
	.check_doc = "Fail unless the stream has 60 % of the wire's rate, no byte of it was copied "
		     "and no loss seen",
	.size = FULL_BYTES,
	.size_least = LEAST_BYTES,
	.size_most = FULL_BYTES,
	.queue_kib = 256, /* of a core's second cache it leaves half */
};

struct bench {
	struct duo duo;
	struct duo_options options;
	struct rte_mempool *pool;
	struct thole_stats sender, receiver;
	double wire[1000], stream[1000]; /* bytes a second, of each round */
	double shares[1000];
	uint32_t rounds; /* that were made */
	uint32_t leaked;
};

/* What is shown. */
struct figures {
	double stream, wire; /* bytes a second */
	double share, share_least, share_most;
	double acks_per_segment;
};

/* Every mbuf has its payload before the first is sent. */
static void
write_payload(struct rte_mempool *pool, void *arg, void *object, unsigned int index)
{
	struct rte_mbuf *m = object;
	uint8_t *bytes = (uint8_t *)m->buf_addr + RTE_PKTMBUF_HEADROOM;

	(void)pool;
	(void)arg;
	for (uint32_t i = 0; i < FULL_BYTES; i++)
		bytes[i] = (uint8_t)(index * 31 + i * 7 + (i >> 8));
}

static int
start(struct bench *b)
{
	const struct duo_options *o = &b->options;
	int status = 0;

	b->pool = rte_pktmbuf_pool_create("payload", o->queue_kib * 1024 / o->size + SPARE_MBUFS,
		CACHE_MBUFS, 0, RTE_MBUF_DEFAULT_BUF_SIZE, -1);
	if (b->pool == NULL)
		return duo_complain(&b->duo, "no memory for the payload: give less --queue", 1);
	rte_mempool_obj_iter(b->pool, write_payload, NULL);
	for (int i = 0; i < DUO_SIDES && status == 0; i++) {
		struct thole_worker_config config;

		thole_worker_config_init(&config);
		config.stack.tcp.sndbuf_bytes = o->queue_kib * 1024;
		if (o->size != FULL_BYTES)
			config.stack.tcp.mss = (uint16_t)(o->size + TIMESTAMPS);
		config.app_turn = stream_app_turn;
		config.app_ctx = stream_app_ctx((enum duo_side)i);
		status = duo_worker(&b->duo, (enum duo_side)i, &config);
	}
	if (status == 0 && stream_start(&b->duo, o->size, b->pool) != 0)
		status = duo_complain(&b->duo, "the receiver doesn't listen", 1);
	return status;
}

static int
go_round(struct bench *b)
{
	uint64_t ns = (uint64_t)(b->options.duration_s * 1e9 / b->options.rounds);
	struct turn turn = { .duo = &b->duo,
		.pool = b->pool,
		.size = b->options.size,
		.warm_ns = RTE_MIN(ns / WARM_SHARE, WARM_MOST),
		.ns = ns };
	char text[128];
	int rc;

	rc = stream_wire(&turn);
	if (rc != 0) {
		snprintf(text, sizeof(text), "bare wire: %s", strerror(-rc));
		return duo_complain(&b->duo, text, 1);
	}
	b->wire[b->rounds] = (double)turn.bytes * 1e9 / (double)RTE_MAX(turn.elapsed_ns, 1u);
	rc = stream_stacks(&turn);
	if (rc != 0) {
		snprintf(
			text, sizeof(text), "the stream didn't come to its end: %s", strerror(-rc));
		return duo_complain(&b->duo, text, 1);
	}
	b->stream[b->rounds] = (double)turn.bytes * 1e9 / (double)RTE_MAX(turn.elapsed_ns, 1u);
	b->shares[b->rounds] =
		b->wire[b->rounds] > 0 ? b->stream[b->rounds] / b->wire[b->rounds] : 0;
	return duo_signals != 0 ? duo_complain(&b->duo, "interrupted", 1) : 0;
}

static int
measure(struct bench *b)
{
	int status = start(b);

	addloop_measure(b->duo.other, &b->duo.add_before);
	for (; b->rounds < b->options.rounds && status == 0; b->rounds++)
		status = go_round(b);
	if (status != 0)
		return status;
	thole_stats_get(thole_worker_stack(b->duo.workers[DUO_CLIENT]), &b->sender);
	thole_stats_get(thole_worker_stack(b->duo.workers[DUO_SERVER]), &b->receiver);
	stream_stop();
	b->leaked = duo_stop(&b->duo) + rte_mempool_in_use_count(b->pool);
	addloop_measure(b->duo.other, &b->duo.add_after);
	return 0;
}

static struct figures
figures(const struct bench *b)
{
	double values[1000];
	struct figures f;

	memcpy(values, b->stream, sizeof(values));
	f.stream = duo_median(values, b->rounds);
	memcpy(values, b->wire, sizeof(values));
	f.wire = duo_median(values, b->rounds);
	memcpy(values, b->shares, sizeof(values));
	f.share = duo_median(values, b->rounds);
	f.share_least = values[0];
	f.share_most = values[b->rounds - 1];
	f.acks_per_segment = (double)b->receiver.tx_tcp_segs * b->options.size /
			     (double)RTE_MAX(b->receiver.rx_data_bytes, 1u);
	return f;
}

static void
table(const struct bench *b, const struct figures *f)
{
	const struct duo_options *o = &b->options;

	printf("stream: one bulk stream in segments of %u B, %u KiB queued, each form %g s in %u "
	       "rounds\n",
		o->size, o->queue_kib, o->duration_s, b->rounds);
	printf("  stream         %12.2f Gbit/s %12.0f segments/s\n", f->stream * 8e-9,
		f->stream / o->size);
	printf("  bare wire      %12.2f Gbit/s %12.0f frames/s, both ends checksum the payload\n",
		f->wire * 8e-9, f->wire / o->size);
	printf("  of the wire    %12.1f %%      %.1f to %.1f in the rounds\n", f->share * 100,
		f->share_least * 100, f->share_most * 100);
	printf("  copied         %12llu B by the sender %12llu by the receiver\n",
		(unsigned long long)b->sender.tx_copied_bytes,
		(unsigned long long)b->receiver.rx_copied_bytes);
	printf("  sent again     %12llu segments %11llu of them to probe a tail\n",
		(unsigned long long)b->sender.retransmits,
		(unsigned long long)b->sender.tail_probes);
	printf("  ACKs           %12.3f a segment\n", f->acks_per_segment);
	printf("  leaked         %12u mbufs\n", b->leaked);
}

static json_t *
numbers(const double *values, uint32_t n, double by)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(array, json_real(values[i] * by));
	return array;
}

static json_t *
json_figures(const struct bench *b, const struct figures *f)
{
	const struct duo_options *o = &b->options;
	json_t *top = json_pack("{s:I, s:f, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f}", "size",
		(json_int_t)o->size, "duration_s", o->duration_s, "rounds", (json_int_t)b->rounds,
		"queue_kib", (json_int_t)o->queue_kib, "gbit_per_s", f->stream * 8e-9,
		"segments_per_s", f->stream / o->size, "wire_gbit_per_s", f->wire * 8e-9,
		"wire_frames_per_s", f->wire / o->size, "wire_share", f->share, "acks_per_segment",
		f->acks_per_segment);
	const struct {
		const char *name;
		uint64_t value;
	} counts[] = {
		{ "bytes", b->receiver.rx_data_bytes },
		{ "tx_copied_bytes", b->sender.tx_copied_bytes },
		{ "rx_copied_bytes", b->receiver.rx_copied_bytes },
		{ "retransmits", b->sender.retransmits },
		{ "tail_probes", b->sender.tail_probes },
		{ "leaked_mbufs", b->leaked },
	};

	for (size_t i = 0; i < RTE_DIM(counts); i++)
		json_object_set_new(top, counts[i].name, json_integer((json_int_t)counts[i].value));
	json_object_set_new(top, "round_gbit_per_s", numbers(b->stream, b->rounds, 8e-9));
	json_object_set_new(top, "round_wire_gbit_per_s", numbers(b->wire, b->rounds, 8e-9));
	json_object_set_new(top, "round_wire_share", numbers(b->shares, b->rounds, 1));
	return top;
}

static int
judge(const struct bench *b, const struct figures *f)
{
	uint64_t copied = b->sender.tx_copied_bytes + b->receiver.rx_copied_bytes;
	uint64_t lost = b->sender.fast_retransmits + b->sender.rto_fired;
	char text[160];

	if (b->leaked != 0)
		return duo_complain(&b->duo, "mbufs leaked: see the table", 1);
	if (!b->options.check || (f->share >= FLOOR && copied == 0 && lost == 0))
		return 0;
	snprintf(text, sizeof(text),
		"--check: %.1f %% of the wire's rate, %llu B copied, %llu losses seen; it "
		"should be %g %% at least, and none",
		f->share * 100, (unsigned long long)copied, (unsigned long long)lost, FLOOR * 100);
	return duo_complain(&b->duo, text, 1);
}

int
main(int argc, char **argv)
{
	static struct bench b;
	int status;

	duo_options_parse(&b.options, &program, argc, argv);
	status = duo_open(&b.duo, &program, &b.options, MEM_MB + 4 * b.options.queue_kib / 1024);
	if (status == 0)
		status = measure(&b);
	if (status == 0) {
		struct figures f = figures(&b);

		table(&b, &f);
		status = duo_write(&b.duo, json_figures(&b, &f));
		if (status == 0)
			status = judge(&b, &f);
	}
	stream_stop();
	duo_close(&b.duo);
	return status;
}
