/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * replay.c: what does the endpoint answer to a capture? net_pcap reads one and writes the other,
 * and the capture's own time stamps are the stack's clock: between two packets it is woken whenever
 * something is due. Time, secret and seed being arguments, the same input gives the same output,
 * byte for byte: a regression test of a packet trace needs no more than a comparison of files.
 *
 * net_pcap stamps what it writes by the time of day, so the stamps are set to the stack's clock
 * when the file is complete.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_arp.h>
#include <rte_ethdev.h>
#include <rte_mbuf_dyn.h>

#include <thole/config.h>

#define BURST	    32
#define POOL_MBUFS  16383
#define MBUF_ROOM   RTE_MBUF_DEFAULT_BUF_SIZE /* a longer frame is a chain */
#define EAL_MB	    96
#define RESPOND_MAX (1u << 20)
#define PORTS	    16
#define SECOND	    UINT64_C(1000000000)

enum app {
	APP_ECHO,    /* sends back what comes; closes when the peer has */
	APP_DISCARD, /* reads what comes; closes when the peer has */
	APP_RESPOND, /* sends so many bytes when the first data comes, and closes */
};

/* A connection, by its handle's index. */
struct conn {
	int64_t credit;	       /* bytes that may be sent; the last chain may overdraw it */
	struct rte_mbuf *held; /* to be sent back when there is credit */
	bool peer_closed;
	bool closing;
};

struct replay {
	/* from the command line */
	struct thole_config config;
	enum app app;
	uint32_t respond_bytes;
	uint16_t ports[PORTS];
	unsigned int nb_ports;
	struct rte_ether_addr neighbour_mac; /* of neighbour, if the capture has no ARP of it */
	uint32_t neighbour;		     /* network order; 0: none */
	uint64_t after_ns; /* how long the clock goes on when the capture has ended */
	const char *in, *out;

	uint16_t port; /* net_pcap's */
	struct rte_mempool *pool;
	struct thole_stack *stack;
	struct thole_app *context;
	struct conn *conns;
	size_t stamp; /* where an mbuf's time stamp is, and the flag that says so */
	uint64_t stamped;
	uint64_t now_ns;
	uint64_t *sent_ns; /* when each packet was sent */
	size_t nb_sent, sent_room;
	uint64_t nb_read, nb_rejected;
	bool failed;
};

static int
fail(struct replay *r, const char *what, const char *why)
{
	fprintf(stderr, "replay: %s: %s\n", what, why);
	r->failed = true;
	return -1;
}

/* --- the application --- */

static void
submit(struct replay *r, const struct thole_op *op)
{
	if (thole_app_submit(r->context, op, 1) == 1)
		return;
	if (op->type == THOLE_OP_SEND)
		rte_pktmbuf_free(op->mbuf);
	fail(r, "an op was not taken", "too many answers wait");
}

static void
close_conn(struct replay *r, thole_conn handle, struct conn *conn)
{
	if (conn->closing)
		return;
	conn->closing = true;
	submit(r, &(struct thole_op){ .type = THOLE_OP_CLOSE, .conn = handle });
}

static void
send_back(struct replay *r, thole_conn handle, struct conn *conn)
{
	if (conn->held != NULL && conn->credit > 0 && !conn->closing) {
		uint32_t bytes = conn->held->pkt_len;

		conn->credit -= bytes;
		submit(r, &(struct thole_op){
				  .type = THOLE_OP_RECEIVED, .conn = handle, .bytes = bytes });
		submit(r, &(struct thole_op){
				  .type = THOLE_OP_SEND, .conn = handle, .mbuf = conn->held });
		conn->held = NULL;
	}
	if (conn->held == NULL && conn->peer_closed)
		close_conn(r, handle, conn);
}

static void
respond(struct replay *r, thole_conn handle, struct conn *conn)
{
	static uint8_t body[RESPOND_MAX];

	for (uint32_t i = 0; i < r->respond_bytes; i++)
		body[i] = (uint8_t)('a' + i % 26);
	if (!conn->closing && thole_app_send_copy(r->context, handle, r->pool, body,
				      r->respond_bytes) != (int64_t)r->respond_bytes)
		fail(r, "a response", "no mbufs are left for it");
	close_conn(r, handle, conn);
}

static void
data_came(struct replay *r, const struct thole_event *event, struct conn *conn)
{
	uint32_t bytes = event->mbuf->pkt_len;

	if (r->app == APP_ECHO && conn->held == NULL) {
		conn->held = event->mbuf;
	} else if (r->app == APP_ECHO) {
		if (rte_pktmbuf_chain(conn->held, event->mbuf) != 0) {
			rte_pktmbuf_free(event->mbuf);
			fail(r, "an echo", "its chain is too long");
		}
	} else {
		rte_pktmbuf_free(event->mbuf);
		submit(r, &(struct thole_op){
				  .type = THOLE_OP_RECEIVED, .conn = event->conn, .bytes = bytes });
		if (r->app == APP_RESPOND)
			respond(r, event->conn, conn);
	}
}

static void
heed(struct replay *r, const struct thole_event *event)
{
	struct conn *conn = &r->conns[(uint32_t)(event->conn >> 32) & 0xffffff];

	switch (event->type) {
	case THOLE_EV_ACCEPTED:
		*conn = (struct conn){ .credit = event->bytes };
		break;
	case THOLE_EV_DATA:
		data_came(r, event, conn);
		break;
	case THOLE_EV_PEER_CLOSED:
		conn->peer_closed = true;
		break;
	case THOLE_EV_SENDABLE:
		conn->credit += event->bytes;
		break;
	case THOLE_EV_CLOSED:
		rte_pktmbuf_free(conn->held);
		*conn = (struct conn){ .closing = true };
		break;
	case THOLE_EV_LISTENING:
		if (event->status != 0)
			fail(r, "can't listen", strerror(-event->status));
		return;
	default: /* REFUSED: the connection has just ended; the rest isn't for servers */
		return;
	}
	if (event->type != THOLE_EV_CLOSED)
		send_back(r, event->conn, conn);
}

/* --- the loop --- */

static void
note_sent(struct replay *r, uint16_t n)
{
	if (r->nb_sent + n > r->sent_room) {
		size_t room = r->sent_room * 2 + 1024;
		uint64_t *more = realloc(r->sent_ns, room * sizeof(*more));

		if (more == NULL) {
			fail(r, r->out, "out of memory for its time stamps");
			return;
		}
		r->sent_ns = more;
		r->sent_room = room;
	}
	for (uint16_t i = 0; i < n; i++)
		r->sent_ns[r->nb_sent++] = r->now_ns;
}

/* A turn of the stack: packets in, the application, packets out, until all is said for now. */
static void
turn(struct replay *r, uint64_t now_ns, struct rte_mbuf **pkts, uint16_t n)
{
	struct rte_mbuf *out[BURST], *rejects[BURST];
	struct thole_event events[BURST];
	int32_t heard;

	r->now_ns = RTE_MAX(now_ns, r->now_ns);
	uint16_t back = thole_stack_rx(r->stack, r->now_ns, pkts, n, rejects);

	r->nb_rejected += back;
	rte_pktmbuf_free_bulk(rejects, back);
	do {
		heard = thole_app_events(r->context, events, BURST);
		for (int32_t i = 0; i < heard; i++)
			heed(r, &events[i]);
		thole_stack_run(r->stack, r->now_ns);
		n = thole_stack_tx(r->stack, r->now_ns, out, BURST);
		uint16_t taken = rte_eth_tx_burst(r->port, 0, out, n);

		note_sent(r, taken);
		if (taken < n) {
			rte_pktmbuf_free_bulk(out + taken, (unsigned int)(n - taken));
			fail(r, r->out, "net_pcap could not write a packet");
		}
	} while ((heard != 0 || n != 0) && !r->failed);
}

/* Lets the clock go on to @p until_ns, with a stop whenever something is due. */
static void
pass_time(struct replay *r, uint64_t until_ns)
{
	while (!r->failed) {
		uint64_t due = thole_stack_next_deadline(r->stack);

		if (due >= until_ns)
			return;
		turn(r, RTE_MAX(due, r->now_ns + 1000), NULL, 0); /* a microsecond on, at least */
	}
}

/* The next packet of the capture and its time, or NULL at the end. */
static struct rte_mbuf *
read_packet(struct replay *r, uint64_t *time_ns)
{
	struct rte_mbuf *m;

	if (rte_eth_rx_burst(r->port, 0, &m, 1) != 1)
		return NULL;
	r->nb_read++;
	if ((m->ol_flags & r->stamped) == 0) {
		rte_pktmbuf_free(m);
		fail(r, r->in, "net_pcap gives no time stamps");
		return NULL;
	}
	*time_ns = *RTE_MBUF_DYNFIELD(m, r->stamp, rte_mbuf_timestamp_t *) * 1000;
	return m;
}

/* The neighbour asks for our address, so that the stack need not ask for its. */
static void
introduce(struct replay *r)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(r->pool);
	struct rte_ether_hdr *eth;
	struct rte_arp_hdr *arp;

	if (m == NULL || r->neighbour == 0) {
		rte_pktmbuf_free(m);
		return;
	}
	eth = (struct rte_ether_hdr *)rte_pktmbuf_append(m, sizeof(*eth) + sizeof(*arp));
	arp = (struct rte_arp_hdr *)(eth + 1);
	memset(&eth->dst_addr, 0xff, sizeof(eth->dst_addr));
	eth->src_addr = r->neighbour_mac;
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_ARP);
	*arp = (struct rte_arp_hdr){
		.arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER),
		.arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
		.arp_hlen = RTE_ETHER_ADDR_LEN,
		.arp_plen = sizeof(uint32_t),
		.arp_opcode = RTE_BE16(RTE_ARP_OP_REQUEST),
		.arp_data.arp_sha = r->neighbour_mac,
		.arp_data.arp_sip = r->neighbour,
	};
	memcpy(&arp->arp_data.arp_tip, r->config.addresses[0].first.b + 12, sizeof(uint32_t));
	turn(r, r->now_ns, &m, 1);
}

static void
replay(struct replay *r)
{
	struct rte_mbuf *burst[BURST], *next;
	uint64_t time_ns = 0, next_ns = 0;

	next = read_packet(r, &next_ns);
	turn(r, next_ns, NULL, 0); /* sets the clock: ops go by the time of the turn before */
	for (unsigned int i = 0; i < r->nb_ports; i++)
		submit(r, &(struct thole_op){ .type = THOLE_OP_LISTEN,
				  .bytes = 1024,
				  .local.port = r->ports[i] });
	turn(r, next_ns, NULL, 0);
	introduce(r);
	while (next != NULL && !r->failed) {
		uint16_t n = 0;

		/* What came in the same microsecond is one burst, as from a NIC. */
		time_ns = next_ns;
		do {
			burst[n++] = next;
			next = read_packet(r, &next_ns);
		} while (next != NULL && n < BURST && next_ns == time_ns);
		pass_time(r, time_ns);
		turn(r, time_ns, burst, n);
	}
	rte_pktmbuf_free(next);
	pass_time(r, r->now_ns + r->after_ns);
}

/* --- net_pcap --- */

static int
open_port(struct replay *r)
{
	const struct rte_eth_conf conf = { 0 };
	int stamp;

	if (rte_eth_dev_get_port_by_name("net_pcap0", &r->port) != 0)
		return fail(
			r, r->in, "net_pcap can't open it: is it a capture of Ethernet frames?");
	r->pool = rte_pktmbuf_pool_create("replay", POOL_MBUFS, 0, 0, MBUF_ROOM, SOCKET_ID_ANY);
	if (r->pool == NULL)
		return fail(r, "no memory for mbufs", rte_strerror(rte_errno));
	if (rte_mbuf_dyn_rx_timestamp_register(&stamp, &r->stamped) != 0)
		return fail(r, "no room in mbufs for time stamps", rte_strerror(rte_errno));
	r->stamp = (size_t)stamp;
	if (rte_eth_dev_configure(r->port, 1, 1, &conf) != 0 ||
		rte_eth_rx_queue_setup(r->port, 0, 256, 0, NULL, r->pool) != 0 ||
		rte_eth_tx_queue_setup(r->port, 0, 256, 0, NULL) != 0 ||
		rte_eth_dev_start(r->port) != 0)
		return fail(r, "net_pcap doesn't start", rte_strerror(rte_errno));
	return 0;
}

/* What net_pcap would only say with an error number. */
static int
check_files(struct replay *r)
{
	struct stat in, out;
	FILE *file;

	if (strchr(r->in, ',') != NULL || strchr(r->out, ',') != NULL)
		return fail(r, "a file's name", "net_pcap can't have one with a comma in it");
	if (access(r->in, R_OK) != 0 || stat(r->in, &in) != 0)
		return fail(r, r->in, strerror(errno));
	if (stat(r->out, &out) == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
		return fail(r, r->out, "is the capture to be read: write to another file");
	file = fopen(r->out, "ab");
	if (file == NULL)
		return fail(r, r->out, strerror(errno));
	fclose(file);
	return 0;
}

static int
start(struct replay *r)
{
	struct thole_stack_config *c = &r->config.worker.stack;
	char device[1024], memory[32];
	char *args[] = { "replay", "-l", "0", "--no-huge", "-m", memory, device };
	struct thole_why why = { "" };
	const char *wrong = NULL;
	int error;

	snprintf(memory, sizeof(memory), "%d", EAL_MB);
	if (snprintf(device, sizeof(device), "--vdev=net_pcap0,rx_pcap=%s,tx_pcap=%s", r->in,
		    r->out) >= (int)sizeof(device))
		return fail(r, r->in, "the names of the files are too long");
	if (check_files(r) != 0)
		return -1;
	if (thole_eal_start(RTE_DIM(args), args, EAL_MB, &why) != 0)
		return fail(r, "can't start", why.text);
	if (open_port(r) != 0)
		return -1;
	c->pool = r->pool;
	r->conns = calloc(c->max_conns, sizeof(*r->conns));
	if (r->conns == NULL)
		return fail(r, "out of memory", "lower stack.max_conns");
	error = thole_stack_create(c, &r->stack, &wrong);
	if (error != 0)
		return fail(r, "can't make the stack", wrong != NULL ? wrong : strerror(-error));
	if (thole_app_create(r->stack, &(struct thole_app_config){ 0 }, &r->context) != 0)
		return fail(r, "can't make the application's context", "out of memory");
	return 0;
}

/* Sets the time of each packet in the file: seconds, and micro- or nanoseconds of a second. */
static int
set_times(struct replay *r)
{
	FILE *file = fopen(r->out, "r+b");
	uint32_t head[6], record[4];
	uint32_t unit;
	bool good;

	if (file == NULL)
		return fail(r, r->out, strerror(errno));
	good = fread(head, sizeof(head), 1, file) == 1;
	unit = good && head[0] == 0xa1b23c4d ? 1 : 1000; /* ns of a unit of the stamps */
	for (size_t i = 0; good && i < r->nb_sent; i++) {
		good = fread(record, sizeof(record), 1, file) == 1;
		record[0] = (uint32_t)(r->sent_ns[i] / SECOND);
		record[1] = (uint32_t)(r->sent_ns[i] % SECOND / unit);
		/* C wants a move between reading and writing. */
		good = good && fseek(file, -(long)sizeof(record), SEEK_CUR) == 0 &&
		       fwrite(record, sizeof(record), 1, file) == 1 &&
		       fseek(file, (long)record[2], SEEK_CUR) == 0;
	}
	if (fclose(file) != 0 || !good)
		return fail(r, r->out, "not all packets are in it: is the disk full?");
	return 0;
}

static int
run(struct replay *r)
{
	if (start(r) == 0)
		replay(r);
	if (r->stack != NULL) {
		struct rte_eth_stats stats = { 0 };

		if (rte_eth_stats_get(r->port, &stats) == 0 && stats.rx_nombuf + stats.ierrors != 0)
			fail(r, r->in, "net_pcap lost packets of it");
		for (uint32_t i = 0; i < r->config.worker.stack.max_conns; i++)
			rte_pktmbuf_free(r->conns[i].held);
		if (r->context != NULL)
			thole_app_destroy(r->context);
		thole_stack_destroy(r->stack);
	}
	if (r->pool != NULL) {
		/* What it wrote is in the file when the device stops. */
		if (rte_eth_dev_stop(r->port) != 0 || rte_eth_dev_close(r->port) != 0)
			fail(r, r->out, "net_pcap doesn't stop");
		else if (r->stack != NULL && set_times(r) == 0 && !r->failed)
			printf("%llu packets read, %zu written, %llu not for this endpoint\n",
				(unsigned long long)r->nb_read, r->nb_sent,
				(unsigned long long)r->nb_rejected);
		if (rte_mempool_avail_count(r->pool) != POOL_MBUFS)
			fail(r, "mbufs leaked", r->in);
		rte_mempool_free(r->pool);
	}
	thole_eal_stop();
	free(r->sent_ns);
	free(r->conns);
	return r->failed ? 1 : 0;
}

/* --- the command line --- */

static const char usage[] =
	"usage: example-replay [options] IN.pcap OUT.pcap\n"
	"Writes what the endpoint answers to the packets of a capture, whose time stamps are its "
	"clock.\n"
	"\n"
	"  --address ADDR/LEN       the endpoint's address (10.97.0.2/24)\n"
	"  --port N                 listen at port N (7); may be given up to 16 times\n"
	"  --app echo|discard|respond=BYTES\n"
	"                           what the application does; all close when the peer has (echo)\n"
	"  --neighbour ADDR,MAC     the peer's or the gateway's, where the capture has no ARP: it "
	"asks for ours at\n"
	"                           the start (which is answered), and is known for a day\n"
	"  --secret HEX,HEX         keys initial sequence numbers: two 64-bit numbers (1,2)\n"
	"  --after SECONDS          how long the clock goes on when the capture has ended (1)\n"
	"  --set SECTION.KEY=VALUE  a setting of config/reference.conf's [stack] or [tcp]: "
	"stack.seed=7\n"
	"  --help                   show this and exit\n";

static int
set(struct replay *r, const char *text)
{
	char copy[256];
	char *dot, *equals;
	struct thole_why why = { "" };

	snprintf(copy, sizeof(copy), "%s", text);
	dot = strchr(copy, '.');
	equals = strchr(copy, '=');
	if (strlen(text) >= sizeof(copy) || dot == NULL || equals == NULL || equals < dot)
		return fail(r, "--set wants section.key=value, such as tcp.msl=10s, not", text);
	*dot = *equals = '\0';
	if (strcmp(copy, "stack") != 0 && strcmp(copy, "tcp") != 0)
		return fail(r, "--set sets what is in [stack] and [tcp], not", text);
	if (thole_config_set(&r->config, copy, dot + 1, equals + 1, &why) != 0)
		return fail(r, "--set", why.text);
	return 0;
}

static int
read_app(struct replay *r, const char *text)
{
	unsigned int bytes;
	char rest;

	if (strcmp(text, "echo") == 0)
		r->app = APP_ECHO;
	else if (strcmp(text, "discard") == 0)
		r->app = APP_DISCARD;
	else if (sscanf(text, "respond=%u%c", &bytes, &rest) == 1 && bytes >= 1 &&
		 bytes <= RESPOND_MAX) {
		r->app = APP_RESPOND;
		r->respond_bytes = bytes;
	} else {
		return fail(r, "--app is echo, discard, or respond= and 1 to 1048576, not", text);
	}
	return 0;
}

/* 10.0.0.1,02:00:00:00:00:01 */
static int
read_neighbour(struct replay *r, const char *text)
{
	const char *comma = strchr(text, ',');
	char address[THOLE_ADDR_TEXT] = "";
	struct thole_addr addr;

	if (comma != NULL && comma - text < (ptrdiff_t)sizeof(address))
		memcpy(address, text, (size_t)(comma - text));
	if (thole_addr_parse(address, &addr) != 0 ||
		rte_ether_unformat_addr(comma + 1, &r->neighbour_mac) != 0)
		return fail(r, "--neighbour is ADDR,MAC, such as 10.97.0.1,02:00:00:00:00:01, not",
			text);
	memcpy(&r->neighbour, addr.b + 12, sizeof(r->neighbour));
	r->config.worker.stack.arp_reachable_ns = 24 * 3600 * SECOND; /* nobody answers if asked */
	return 0;
}

static int
read_option(struct replay *r, int option, const char *text)
{
	uint64_t *secret = r->config.worker.stack.secret;
	struct thole_why why = { "" };
	double seconds;
	unsigned int port;
	unsigned long long a, b;
	char rest;

	switch (option) {
	case 'a':
		if (thole_config_set(&r->config, "stack", "address", text, &why) != 0)
			return fail(r, "--address", why.text);
		return 0;
	case 'p':
		if (sscanf(text, "%u%c", &port, &rest) != 1 || port < 1 || port > UINT16_MAX ||
			r->nb_ports == PORTS)
			return fail(r, "--port is 1 to 65535, at most 16 times, not", text);
		r->ports[r->nb_ports++] = (uint16_t)port;
		return 0;
	case 'x':
		if (sscanf(text, "%llx,%llx%c", &a, &b, &rest) != 2)
			return fail(
				r, "--secret is two hexadecimal numbers, such as 1,2, not", text);
		secret[0] = a;
		secret[1] = b;
		return 0;
	case 't':
		if (sscanf(text, "%lf%c", &seconds, &rest) != 1 ||
			!(seconds >= 0 && seconds <= 1e6))
			return fail(r, "--after is 0 to 1000000 seconds, not", text);
		r->after_ns = (uint64_t)(seconds * 1e9);
		return 0;
	case 'n':
		return read_neighbour(r, text);
	case 'A':
		return read_app(r, text);
	case 's':
		return set(r, text);
	default:
		return fail(r, "no such option, or its value is missing",
			"example-replay --help lists them");
	}
}

/* What a replay starts from: few connections, so that a capture reaches the limits. */
static void
defaults(struct replay *r)
{
	struct thole_stack_config *c = &r->config.worker.stack;

	thole_config_init(&r->config);
	thole_config_set(&r->config, "stack", "address", "10.97.0.2/24", NULL);
	c->mac = (struct rte_ether_addr){ { 0x02, 0, 0, 0, 0, 0x02 } };
	c->mtu = RTE_ETHER_MTU;
	c->max_conns = 1024;
	c->max_embryos = 64;
	c->max_time_wait = 1024;
	c->max_segments = 16384;
	c->secret[0] = 1;
	c->secret[1] = 2;
	c->seed = 1;
	r->after_ns = SECOND;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "address", 1, NULL, 'a' },
		{ "port", 1, NULL, 'p' }, { "neighbour", 1, NULL, 'n' }, { "app", 1, NULL, 'A' },
		{ "secret", 1, NULL, 'x' }, { "after", 1, NULL, 't' }, { "set", 1, NULL, 's' },
		{ "help", 0, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	static struct replay r;
	int option, status = 0;

	defaults(&r);
	opterr = 0;
	while (status == 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			thole_config_fini(&r.config);
			return 0;
		}
		status = read_option(&r, option, optarg);
	}
	if (status == 0 && argc - optind != 2)
		status = fail(&r, "two files are wanted, in and out",
			"example-replay --help shows the usage");
	if (status == 0) {
		r.in = argv[optind];
		r.out = argv[optind + 1];
	}
	if (r.nb_ports == 0)
		r.ports[r.nb_ports++] = 7;
	if (status == 0 && run(&r) != 0)
		status = 1;
	thole_config_fini(&r.config);
	return status == 0 ? 0 : r.in != NULL && r.out != NULL ? 1 : 2;
}
