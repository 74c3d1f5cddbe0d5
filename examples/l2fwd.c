/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * l2fwd.c: a stack in somebody else's loop. This program owns EAL, its two ports, its mbufs and its
 * loop, and forwards every frame from one port to the other, as a cable would. In between it shows
 * each burst to a stack, which takes what is for its own address and hands the rest back untouched.
 * At that address the program serves a page of its counters:
 *
 *	example-l2fwd -l 0 --vdev=net_tap0 --vdev=net_tap1 -- 10.0.0.9/24
 *
 * Of thole it uses thole/stack.h and thole/app.h, and no thread, device or clock of its. A turn is:
 * each port's burst through the stack, the page's events, run, tx.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_jhash.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include <thole/app.h>
#include <thole/stack.h>

#define SIDES	   2
#define BURST	   32
#define DESC	   1024
#define MBUFS	   8191
#define HTTP_PORT  80
#define BACKLOG	   64
#define PAGE_BYTES 16384
#define STATIONS   1024		 /* a power of two */
#define IDLE_TURNS 1000		 /* turns without a packet before it naps */
#define NAP_NS	   50000ull	 /* the longest nap: no interrupt ends it */
#define DRAIN_NS   5000000000ull /* for connections to finish, at the end */
#define LOOK_NS	   10000000ull	 /* how often it looks whether they have */

/* One of the two ports. */
struct side {
	uint16_t port;
	char name[RTE_ETH_NAME_MAX_LEN];
	bool multi_segs; /* it sends an mbuf of several segments */
	struct rte_eth_dev_tx_buffer *out;
	uint64_t pkts; /* came in here and was forwarded to the other */
	uint64_t bytes;
	uint64_t lost; /* frames that the device wouldn't take */
};

/* Where a host is that talks to us. */
struct station {
	struct rte_ether_addr mac;
	uint8_t side;
};

struct l2fwd {
	struct side sides[SIDES];
	struct rte_mempool *pool;
	struct thole_address address;
	struct rte_ether_addr mac; /* the stack's */
	struct thole_stack *stack;
	struct thole_app *app;
	uint64_t pages;
	uint64_t until_ns; /* then it ends; 0: nobody has said so */
	uint64_t look_ns;
	struct station stations[STATIONS];
};

static volatile sig_atomic_t signals;

static void
on_signal(int number)
{
	(void)number;
	signals = signals + 1;
}

static int
fail(const char *what, int error)
{
	fprintf(stderr, "l2fwd: %s: %s\n", what, rte_strerror(error < 0 ? -error : error));
	return -1;
}

/* The stack's time: any clock that doesn't go back. */
static uint64_t
clock_ns(void)
{
	const uint64_t hz = rte_get_timer_hz(), now = rte_get_timer_cycles();

	return now / hz * 1000000000u + now % hz * 1000000000u / hz;
}

/* --- The ports -------------------------------------------------------------------------------- */

static int
start_queues(struct side *side, struct rte_mempool *pool)
{
	struct rte_eth_conf conf = { .rxmode = { .mq_mode = RTE_ETH_MQ_RX_NONE } };
	const unsigned int node = (unsigned int)rte_eth_dev_socket_id(side->port);
	uint16_t rx = DESC, tx = DESC;
	struct rte_eth_dev_info info;
	int err = rte_eth_dev_info_get(side->port, &info);

	if (err != 0)
		return err;
	/* The stack sends payload in place, mostly behind headers in an mbuf of their own. */
	conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	side->multi_segs = conf.txmode.offloads != 0;
	err = rte_eth_dev_configure(side->port, 1, 1, &conf);
	if (err == 0)
		err = rte_eth_dev_adjust_nb_rx_tx_desc(side->port, &rx, &tx);
	if (err == 0)
		err = rte_eth_rx_queue_setup(side->port, 0, rx, node, NULL, pool);
	if (err == 0)
		err = rte_eth_tx_queue_setup(side->port, 0, tx, node, NULL);
	if (err == 0)
		err = rte_eth_dev_start(side->port);
	return err;
}

static int
start_side(struct side *side, uint16_t port, struct rte_mempool *pool)
{
	int err;

	side->port = port;
	rte_eth_dev_get_name_by_port(port, side->name);
	side->out = rte_zmalloc("l2fwd", RTE_ETH_TX_BUFFER_SIZE(BURST), 0);
	if (side->out == NULL)
		return fail(side->name, ENOMEM);
	rte_eth_tx_buffer_init(side->out, BURST);
	rte_eth_tx_buffer_set_err_callback(
		side->out, rte_eth_tx_buffer_count_callback, &side->lost);
	err = start_queues(side, pool);
	if (err != 0)
		return fail(side->name, err);
	/* Neither what is forwarded nor the stack's own has the port's address. */
	err = rte_eth_promiscuous_enable(port);
	return err != 0 ? fail(side->name, err) : 0;
}

static int
start_ports(struct l2fwd *l)
{
	unsigned int n = 0;

	l->pool = rte_pktmbuf_pool_create(
		"l2fwd", MBUFS, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (l->pool == NULL)
		return fail("mbufs", rte_errno);
	if (rte_eth_dev_count_avail() != SIDES) {
		fprintf(stderr,
			"l2fwd: EAL found %u ports and two are needed: choose them with "
			"--vdev or --allow\n",
			rte_eth_dev_count_avail());
		return -1;
	}
	for (uint16_t port = 0; n < SIDES && port < RTE_MAX_ETHPORTS; port++) {
		if (rte_eth_dev_is_valid_port(port) &&
			start_side(&l->sides[n++], port, l->pool) != 0)
			return -1;
	}
	return 0;
}

/* A device that takes a single segment may want its bytes in the mbuf's own buffer, too
 * (net_af_xdp); the stack's first mbuf may refer to another's. */
static bool
is_takeable(const struct side *side, const struct rte_mbuf *m)
{
	return side->multi_segs || (m->nb_segs == 1 && RTE_MBUF_DIRECT(m));
}

/* Frames wait here for the end of the turn, or until a burst is full. */
static void
send_to(struct l2fwd *l, unsigned int to, struct rte_mbuf *m)
{
	struct side *side = &l->sides[to];

	if (!is_takeable(side, m)) {
		struct rte_mbuf *copy = rte_pktmbuf_copy(m, l->pool, 0, UINT32_MAX);

		rte_pktmbuf_free(m);
		m = copy;
		if (m == NULL) {
			side->lost++;
			return;
		}
	}
	rte_eth_tx_buffer(side->port, 0, side->out, m);
}

static void
flush(struct l2fwd *l)
{
	for (unsigned int i = 0; i < SIDES; i++)
		rte_eth_tx_buffer_flush(l->sides[i].port, 0, l->sides[i].out);
}

/* --- Which side a host is on --------------------------------------------------------------------
 */

static struct station *
station_of(struct l2fwd *l, const struct rte_ether_addr *mac)
{
	return &l->stations[rte_jhash(mac, sizeof(*mac), 0) & (STATIONS - 1)];
}

/*
 * The stack can be reached from both sides, and doesn't know of them. Who sends to it, or to all,
 * is remembered; of two hosts in one place the latest, and the other's frames go to both sides.
 */
static void
learn(struct l2fwd *l, unsigned int from, struct rte_mbuf *const *pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(pkts[i], struct rte_ether_hdr *);

		if (pkts[i]->data_len < sizeof(*eth) || !rte_is_unicast_ether_addr(&eth->src_addr))
			continue;
		if (rte_is_same_ether_addr(&eth->dst_addr, &l->mac) ||
			rte_is_broadcast_ether_addr(&eth->dst_addr))
			*station_of(l, &eth->src_addr) =
				(struct station){ eth->src_addr, (uint8_t)from };
	}
}

/* A frame of the stack's: it must not be written to, since its payload may still be the stack's. */
static void
send_own(struct l2fwd *l, struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	const struct station *station = station_of(l, &eth->dst_addr);
	struct rte_mbuf *copy;

	if (rte_is_same_ether_addr(&station->mac, &eth->dst_addr)) {
		send_to(l, station->side, m);
		return;
	}
	copy = rte_pktmbuf_copy(m, l->pool, 0, UINT32_MAX);
	if (copy != NULL)
		send_to(l, 1, copy);
	send_to(l, 0, m);
}

/* --- The page -----------------------------------------------------------------------------------
 */

static size_t
print_page(const struct l2fwd *l, char *page, size_t room)
{
	struct thole_stats stats;
	const uint64_t *values = (const uint64_t *)(const void *)&stats;
	const char *name, *text;
	size_t n = 0;

	for (unsigned int i = 0; i < SIDES; i++)
		n += (size_t)snprintf(page + n, room - n,
			"from %s to %s: %" PRIu64 " packets, %" PRIu64
			" bytes; lost at %s: %" PRIu64 "\n",
			l->sides[i].name, l->sides[!i].name, l->sides[i].pkts, l->sides[i].bytes,
			l->sides[!i].name, l->sides[!i].lost);
	thole_stats_get(l->stack, &stats);
	for (unsigned int i = 0; thole_stats_describe(i, &name, &text) == 0 && n < room; i++)
		n += (size_t)snprintf(
			page + n, room - n, "%s %" PRIu64 ": %s\n", name, values[i], text);
	return n < room ? n : room - 1;
}

static void
submit(struct l2fwd *l, const struct thole_op *op)
{
	/* A direct context takes all, unless answers pile up, which are read in each turn. */
	(void)thole_app_submit(l->app, op, 1);
}

/* Whatever was asked for, it gets the one page. */
static void
answer(struct l2fwd *l, thole_conn conn)
{
	static char page[PAGE_BYTES], text[PAGE_BYTES + 128];
	size_t bytes = print_page(l, page, sizeof(page));
	int n = snprintf(text, sizeof(text),
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
		"Connection: close\r\n\r\n%s",
		bytes, page);

	if (thole_app_send_copy(l->app, conn, l->pool, text, (uint32_t)n) != n) {
		submit(l, &(struct thole_op){ .type = THOLE_OP_ABORT, .conn = conn });
		return;
	}
	l->pages++;
	submit(l, &(struct thole_op){ .type = THOLE_OP_CLOSE, .conn = conn });
}

/*
 * A request ends with an empty line. How much of one was seen last is all that there is to remember
 * of a connection: its user value holds that, and comes with every event.
 */
static void
take_request(struct l2fwd *l, const struct thole_event *ev)
{
	static const char end[] = "\r\n\r\n";
	uint64_t seen = ev->user;

	for (const struct rte_mbuf *m = ev->mbuf; m != NULL; m = m->next) {
		const char *p = rte_pktmbuf_mtod(m, const char *);

		for (uint16_t i = 0; i < m->data_len && seen < 4; i++)
			seen = p[i] == end[seen] ? seen + 1 : p[i] == '\r';
	}
	submit(l,
		&(struct thole_op){
			.type = THOLE_OP_RECEIVED, .conn = ev->conn, .bytes = ev->mbuf->pkt_len });
	rte_pktmbuf_free(ev->mbuf);
	if (seen == 4)
		answer(l, ev->conn);
	else if (seen != ev->user)
		submit(l, &(struct thole_op){
				  .type = THOLE_OP_SET_USER, .conn = ev->conn, .user = seen });
}

/* @return how many events there were. */
static int32_t
serve(struct l2fwd *l)
{
	struct thole_event events[BURST];
	int32_t n = thole_app_events(l->app, events, BURST);

	for (int32_t i = 0; i < n; i++) {
		switch (events[i].type) {
		case THOLE_EV_DATA:
			take_request(l, &events[i]);
			break;
		case THOLE_EV_PEER_CLOSED: /* closed already, if the request came with it: REFUSED
					    */
			submit(l, &(struct thole_op){
					  .type = THOLE_OP_CLOSE, .conn = events[i].conn });
			break;
		default: /* the port is free and a page fits the send buffer: no more is needed */
			break;
		}
	}
	return n;
}

/* --- The stack ----------------------------------------------------------------------------------
 */

static int
start_stack(struct l2fwd *l)
{
	struct thole_app_config direct = { 0 };
	struct thole_stack_config config;
	const char *why = NULL;
	int err;

	/* One of its own, made up: the ports' may be those of others, such as a tap's. */
	rte_eth_random_addr(l->mac.addr_bytes);
	thole_stack_config_init(&config);
	config.pool = l->pool;
	config.mac = l->mac;
	config.addresses = &l->address;
	config.nb_addresses = 1;
	config.exclusive = true; /* nobody else has this address: the rest for it is refused */
	config.max_conns = 1024;
	config.max_embryos = 1024;
	config.max_time_wait = 4096;
	config.max_segments = 16384;
	config.max_rx_held = MBUFS / 4; /* the rest is for what is forwarded */
	config.tcp.keepalive = true;	/* a client that went away is noticed */
	config.tcp.keepalive_ns = 30 * 1000000000ull;
	if (getrandom(config.secret, sizeof(config.secret), 0) != sizeof(config.secret) ||
		getrandom(&config.seed, sizeof(config.seed), 0) != sizeof(config.seed))
		return fail("getrandom", errno);
	err = thole_stack_create(&config, &l->stack, &why);
	if (err != 0) {
		fprintf(stderr, "l2fwd: stack: %s\n", why);
		return -1;
	}
	err = thole_app_create(l->stack, &direct, &l->app);
	if (err != 0)
		return fail("application", err);
	thole_stack_run(l->stack, clock_ns()); /* ops go by its time */
	submit(l, &(struct thole_op){ .type = THOLE_OP_LISTEN,
			  .bytes = BACKLOG,
			  .local = { l->address.first, HTTP_PORT } });
	/* Who knows the address has it with the MAC of the last time. */
	err = thole_stack_announce(l->stack, &l->address.first);
	return err != 0 ? fail("announcement", err) : 0;
}

/* A burst from one side: to the stack what is for it, to the other side the rest. */
static uint16_t
pass(struct l2fwd *l, unsigned int from, uint64_t now_ns)
{
	struct side *side = &l->sides[from];
	struct rte_mbuf *pkts[BURST], *others[BURST];
	uint16_t n = rte_eth_rx_burst(side->port, 0, pkts, BURST), nb_others;

	if (n == 0)
		return 0;
	learn(l, from, pkts, n);
	nb_others = thole_stack_rx(l->stack, now_ns, pkts, n, others);
	side->pkts += nb_others;
	for (uint16_t i = 0; i < nb_others; i++) {
		side->bytes += others[i]->pkt_len;
		send_to(l, !from, others[i]);
	}
	return n;
}

static uint16_t
send_burst(struct l2fwd *l, uint64_t now_ns)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t n = thole_stack_tx(l->stack, now_ns, pkts, BURST);

	for (uint16_t i = 0; i < n; i++)
		send_own(l, pkts[i]);
	return n;
}

/* Until the stack has something to do, but not for long: packets don't wake us. */
static void
nap(const struct l2fwd *l)
{
	uint64_t now_ns = clock_ns(), until_ns = thole_stack_next_deadline(l->stack);

	if (until_ns > now_ns)
		rte_delay_us_sleep((unsigned int)(RTE_MIN(until_ns - now_ns, NAP_NS) / 1000));
}

/* The first signal: no new connection, and those there are may finish, until DRAIN_NS are over or a
 * second one comes. Forwarding goes on. @return whether that is done. */
static bool
is_over(struct l2fwd *l, uint64_t now_ns)
{
	if (signals == 0)
		return false;
	if (l->until_ns == 0) {
		thole_stack_drain(l->stack);
		l->until_ns = now_ns + DRAIN_NS;
	}
	if (signals > 1 || now_ns >= l->until_ns)
		return true;
	if (now_ns < l->look_ns) /* thole_stack_left() looks at every connection */
		return false;
	l->look_ns = now_ns + LOOK_NS;
	return thole_stack_left(l->stack, NULL) == 0;
}

static void
forward(struct l2fwd *l)
{
	unsigned int idle = 0;

	for (;;) {
		const uint64_t now_ns = clock_ns();
		uint32_t moved = 0;

		if (is_over(l, now_ns))
			return;

		for (unsigned int i = 0; i < SIDES; i++)
			moved += pass(l, i, now_ns);
		moved += (uint32_t)serve(l);
		thole_stack_run(l->stack, now_ns);
		moved += send_burst(l, now_ns);
		flush(l);
		if (moved != 0)
			idle = 0;
		else if (++idle > IDLE_TURNS)
			nap(l);
	}
}

/* --- The end ------------------------------------------------------------------------------------
 */

/* Whoever is still connected is told so. */
static void
stop_stack(struct l2fwd *l)
{
	struct thole_left cut;

	thole_stack_cut(l->stack, &cut);
	if (l->app != NULL)
		thole_app_destroy(l->app);
	thole_stack_run(l->stack, clock_ns());
	while (send_burst(l, clock_ns()) != 0)
		flush(l);
	printf("l2fwd: %" PRIu64 " pages served, %u connections cut off\n", l->pages,
		cut.open + cut.orphans);
	thole_stack_destroy(l->stack);
}

static int
stop_ports(struct l2fwd *l)
{
	unsigned int left;

	for (unsigned int i = 0; i < SIDES; i++) {
		struct side *side = &l->sides[i];

		if (side->out == NULL)
			continue;
		(void)rte_eth_dev_stop(side->port);
		(void)rte_eth_dev_close(side->port);
		rte_free(side->out);
		printf("l2fwd: from %s: %" PRIu64 " packets forwarded, %" PRIu64
		       " bytes; to it: %" PRIu64 " lost\n",
			side->name, side->pkts, side->bytes, side->lost);
	}
	if (l->pool == NULL)
		return 0;
	left = rte_mempool_in_use_count(l->pool);
	if (left != 0)
		fprintf(stderr, "l2fwd: %u mbufs not returned\n", left);
	rte_mempool_free(l->pool);
	return left != 0 ? -1 : 0;
}

/* "10.0.0.9/24" */
static int
read_address(const char *text, struct thole_address *out)
{
	char address[THOLE_ADDR_TEXT], end;
	unsigned int prefix;

	if (sscanf(text, "%45[0-9.]/%u%c", address, &prefix, &end) != 2 || prefix > 32 ||
		thole_addr_parse(address, &out->first) != 0)
		return -1;
	out->count = 1;
	out->prefix_len = (uint8_t)prefix;
	return 0;
}

static int
run(struct l2fwd *l)
{
	char address[THOLE_ADDR_TEXT];
	int status = start_ports(l);

	if (status == 0)
		status = start_stack(l);
	if (status == 0) {
		printf("l2fwd: forwarding between %s and %s; http://%s/ is ours\n",
			l->sides[0].name, l->sides[1].name,
			thole_addr_format(&l->address.first, address));
		fflush(stdout);
		forward(l);
	}
	if (l->stack != NULL)
		stop_stack(l);
	if (stop_ports(l) != 0)
		status = -1;
	return status;
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	static struct l2fwd l2fwd;
	int eal_args, status;

	eal_args = rte_eal_init(argc, argv);
	if (eal_args < 0) {
		fprintf(stderr, "l2fwd: EAL doesn't start: %s\n", rte_strerror(rte_errno));
		return 1;
	}
	if (argc - eal_args != 2 || read_address(argv[eal_args + 1], &l2fwd.address) != 0) {
		fprintf(stderr, "usage: %s [EAL OPTIONS] -- ADDRESS/PREFIX\n", argv[0]);
		rte_eal_cleanup();
		return 2;
	}
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	status = run(&l2fwd);
	rte_eal_cleanup();
	return status != 0;
}
