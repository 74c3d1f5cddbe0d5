/* SPDX-License-Identifier: BSD-3-Clause */
/* steps.c: the application's steps of a script, its events, and what may be looked at from inside.
 */
#include "engine.h"

#define LISTENER_USER 0x1157
#define CONNECT_USER  0xc0ec
#define ICMP_PROTO    1

/* The connection's key as the stack has it: our one address is its address 0. */
struct flow_key
script_key(void)
{
	struct thole_addr addr = thole_addr_ip4(S->peer_ip);
	struct flow_key key = { .laddr = 0, .rport = S->port, .lport = S->our_port };

	memcpy(key.raddr, addr.b, sizeof(key.raddr));
	return key;
}

static struct script_peek
look(void)
{
	struct flow_key key = script_key();

	return script_peek(S->stack, &key);
}

const struct tcb *
script_tcb(void)
{
	const struct tcb *t = look().tcb;

	if (t == NULL)
		script_fail("the connection has no TCB");
	return t;
}

bool
script_tcb_alive(void)
{
	return look().tcb != NULL;
}

const char *
script_state_name(enum tcp_state state)
{
	static const char *const names[] = { "CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED",
		"ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK",
		"TIME-WAIT" };

	return names[state];
}

enum tcp_state
script_now_state(void)
{
	enum tcp_state state = look().state;

	return state == TCP_CLOSED && S->listening ? TCP_LISTEN : state;
}

void
script_state(enum tcp_state state)
{
	enum tcp_state is = script_now_state();

	/* A passive connection that is over has only its listener left: CLOSED as well as LISTEN.
	 */
	if (is == state || (is == TCP_LISTEN && state == TCP_CLOSED))
		return;
	script_fail("state %s in place of %s", script_state_name(is), script_state_name(state));
}

static void
submit(const struct thole_op *op)
{
	/* The stack's clock is that of its last call. */
	thole_stack_run(S->stack, S->now);
	if (thole_app_submit(S->app, op, 1) != 1)
		script_fail("an op wasn't taken");
	if (!S->holding)
		script_turn();
}

static thole_conn
conn_now(void)
{
	struct lane *lane = script_lane();

	/* Before CONNECTED an application has no handle; the script looks it up. */
	return lane->conn != 0 ? lane->conn : look().conn;
}

void
script_op(enum thole_op_type type, uint32_t bytes)
{
	struct thole_op op = { .type = type, .bytes = bytes };

	if (!S->holding)
		script_quiet("before this step");
	if (type == THOLE_OP_UNLISTEN) {
		op.local.port = OUR_PORT;
		S->listening = false;
	} else {
		op.conn = conn_now();
	}
	submit(&op);
}

void
script_set(enum thole_op_type type, enum thole_option option, uint64_t value)
{
	struct thole_op op = { .type = type, .option = option, .value = value };

	if (!S->holding)
		script_quiet("before this step");
	if (type != THOLE_OP_SET_NEW)
		op.conn = conn_now();
	submit(&op);
}

void
script_get(enum thole_option option, uint64_t value)
{
	script_set(THOLE_OP_GET, option, 0);
	script_event(&(struct script_want_event){
		.type = THOLE_EV_OPTION, .bytes = option, .user = value });
}

static uint32_t
next_event(struct thole_event *ev)
{
	memset(ev, 0, sizeof(*ev));
	return (uint32_t)thole_app_events(S->app, ev, 1);
}

/* The memory's old content shows through nowhere. */
static struct thole_event
ask_info(struct thole_info *info)
{
	struct thole_op op = { .type = THOLE_OP_INFO, .conn = conn_now(), .info = info };
	struct thole_event ev;

	if (info != NULL)
		memset(info, 0xa5, sizeof(*info));
	if (thole_app_submit(S->app, &op, 1) != 1)
		script_fail("INFO wasn't taken");
	if (next_event(&ev) == 0)
		script_fail("no answer to INFO");
	if (ev.conn != op.conn || ev.info != info)
		script_fail("the answer to INFO is about another connection, or memory");
	return ev;
}

void
script_info(struct thole_info *info)
{
	struct thole_event ev = ask_info(info);

	if (ev.type != THOLE_EV_INFO || ev.status != 0)
		script_fail("INFO is refused: %d", ev.status);
}

void
script_info_refused(struct thole_info *info, int status)
{
	struct thole_event ev = ask_info(info);

	if (ev.type != THOLE_EV_REFUSED || ev.op != THOLE_OP_INFO || ev.status != status)
		script_fail("INFO: status %d in place of %d", ev.status, status);
}

void
script_header(uint8_t ttl, uint8_t dscp)
{
	S->ttl = ttl;
	S->dscp = dscp;
}

void
script_send(uint32_t bytes, const char *text)
{
	struct lane *lane = script_lane();
	uint8_t *data = malloc(bytes);
	int64_t n;

	if (!S->holding)
		script_quiet("before this step");
	if (data == NULL)
		abort();
	for (uint32_t i = 0; i < bytes; i++)
		data[i] = text != NULL ? (uint8_t)text[i] : script_byte(lane->snd_seq + i, true);
	lane->snd_seq += bytes;
	thole_stack_run(S->stack, S->now);
	n = thole_app_send_copy(S->app, conn_now(), S->pool, data, bytes);
	free(data);
	if (n != bytes)
		script_fail("thole_app_send_copy: %d in place of %u", (int)n, bytes);
	if (!S->holding)
		script_turn();
}

void
script_listen(uint16_t port, uint32_t backlog, int status)
{
	struct thole_op op = { .type = THOLE_OP_LISTEN, .bytes = backlog, .user = LISTENER_USER };

	op.local.port = port;
	submit(&op);
	script_event(&(struct script_want_event){ .type = THOLE_EV_LISTENING, .status = status });
	S->listening = true;
}

void
script_manual_arp(bool manual)
{
	S->manual_arp = manual;
}

void
script_connect(bool early)
{
	struct thole_op op = { .type = THOLE_OP_CONNECT, .bytes = early, .user = CONNECT_USER };

	script_quiet("before this step");
	op.remote.addr = thole_addr_ip4(S->peer_ip);
	op.remote.port = S->port;
	submit(&op);
}

static const char *
event_name(unsigned int type)
{
	static const char *const names[] = { "none", "LISTENING", "ACCEPTED", "OPENING",
		"CONNECTED", "DATA", "PEER_CLOSED", "SENDABLE", "CLOSED", "REFUSED", "SOFT_ERROR",
		"OPTION", "INFO", "GIVEN", "TAKEN" };

	return type < RTE_DIM(names) ? names[type] : "unknown";
}

static void
check_endpoints(const struct thole_event *ev, const struct script_want_event *want)
{
	uint32_t credit = want->bytes != 0 ? want->bytes : S->config.tcp.sndbuf_bytes;
	struct thole_addr peer = thole_addr_ip4(S->peer_ip), our = thole_addr_ip4(S->our_ip);
	uint64_t user = ev->type == THOLE_EV_ACCEPTED ? LISTENER_USER : CONNECT_USER;

	if (memcmp(&ev->remote.addr, &peer, sizeof(peer)) != 0 || ev->remote.port != S->port)
		script_fail("%s names another peer", event_name(ev->type));
	if (memcmp(&ev->local.addr, &our, sizeof(our)) != 0 || ev->local.port != S->our_port)
		script_fail("%s names another local end", event_name(ev->type));
	if (ev->user != user)
		script_fail("%s has another user value", event_name(ev->type));
	if (ev->bytes != credit)
		script_fail("%s: send credit %u", event_name(ev->type), ev->bytes);
	if (ev->conn == 0)
		script_fail("%s without a handle", event_name(ev->type));
}

static void
check_data(struct thole_event *ev, const struct script_want_event *wanted)
{
	const char *text = wanted->text;
	uint32_t want = text != NULL ? (uint32_t)strlen(text) : wanted->bytes;
	struct lane *lane = script_lane();
	uint32_t bytes = ev->mbuf->pkt_len, at = 0;
	int wrong = -1;

	rte_mbuf_sanity_check(ev->mbuf, 1);
	for (const struct rte_mbuf *m = ev->mbuf; m != NULL; m = m->next)
		for (uint32_t i = 0; i < m->data_len; i++, at++) {
			uint8_t byte = text == NULL
					       ? script_byte(lane->rcv_seq + at, wanted->of_stack)
				       : at < strlen(text) ? (uint8_t)text[at]
							   : 0;

			if (rte_pktmbuf_mtod(m, uint8_t *)[i] != byte && wrong < 0)
				wrong = (int)at;
		}
	rte_pktmbuf_free(ev->mbuf);
	if (bytes != want || at != want || ev->bytes != want)
		script_fail(
			"DATA of %u (event says %u) in place of %u bytes", bytes, ev->bytes, want);
	if (wrong >= 0)
		script_fail("DATA's byte %d (sequence number %u) is wrong", wrong,
			lane->rcv_seq + (uint32_t)wrong);
	lane->rcv_seq += bytes;
}

static void
check_event(struct thole_event *ev, const struct script_want_event *want)
{
	struct lane *lane = script_lane();

	switch (want->type) {
	case THOLE_EV_OPENING:
		if (ev->conn == 0 || ev->user != CONNECT_USER)
			script_fail("OPENING without a handle or user value");
		lane->conn = ev->conn;
		break;
	case THOLE_EV_ACCEPTED:
	case THOLE_EV_CONNECTED:
		check_endpoints(ev, want);
		lane->conn = ev->conn;
		break;
	case THOLE_EV_DATA:
		check_data(ev, want);
		break;
	case THOLE_EV_SENDABLE:
		if (ev->bytes != want->bytes)
			script_fail("SENDABLE %u in place of %u", ev->bytes, want->bytes);
		break;
	case THOLE_EV_OPTION:
		if (ev->bytes != want->bytes || ev->user != want->user)
			script_fail("option %u is %" PRIu64 " in place of %" PRIu64, ev->bytes,
				ev->user, want->user);
		break;
	case THOLE_EV_LISTENING:
	case THOLE_EV_PEER_CLOSED:
	case THOLE_EV_CLOSED:
	case THOLE_EV_REFUSED:
	case THOLE_EV_SOFT_ERROR:
	case THOLE_EV_INFO:
	case THOLE_EV_GIVEN:
	case THOLE_EV_TAKEN:
		break;
	}
	if (want->type != THOLE_EV_LISTENING && want->op != THOLE_OP_SET_NEW && lane->conn != 0 &&
		ev->conn != lane->conn)
		script_fail("%s of another connection", event_name(ev->type));
}

static void
fail_event(const struct thole_event *ev, const char *wanted)
{
	char text[128];

	snprintf(text, sizeof(text), "event %s status %d (%s) bytes %u", event_name(ev->type),
		ev->status, ev->status != 0 ? strerror(-ev->status) : "-", ev->bytes);
	if (ev->type == THOLE_EV_DATA)
		rte_pktmbuf_free(ev->mbuf);
	script_fail("%s in place of %s", text, wanted);
}

void
script_event(const struct script_want_event *want)
{
	struct thole_event ev;

	if (next_event(&ev) == 0)
		script_fail("no event, but %s is wanted", event_name(want->type));
	if (ev.type != want->type)
		fail_event(&ev, event_name(want->type));
	if (ev.status != want->status || ev.op != want->op)
		script_fail("%s: status %d in place of %d", event_name(ev.type), ev.status,
			want->status);
	check_event(&ev, want);
	/* Reading may open the window, or end the connection. */
	if (!S->holding)
		script_turn();
}

void
script_no_event(void)
{
	struct thole_event ev;

	if (next_event(&ev) != 0)
		fail_event(&ev, "silence");
}

void
script_drop_events(void)
{
	struct thole_event ev;

	while (next_event(&ev) != 0)
		if (ev.type == THOLE_EV_DATA)
			rte_pktmbuf_free(ev.mbuf);
}

uint64_t
script_stat_get(size_t offset)
{
	struct thole_stats stats;
	uint64_t n;

	thole_stats_get(S->stack, &stats);
	memcpy(&n, (const uint8_t *)&stats + offset, sizeof(n));
	return n;
}

void
script_stats(struct thole_stats *out)
{
	thole_stats_get(S->stack, out);
}

void
script_stat(const char *name, size_t offset, uint64_t n)
{
	uint64_t is = script_stat_get(offset);

	if (is != n)
		script_fail("%s is %u in place of %u", name, (unsigned int)is, (unsigned int)n);
}

void
script_check(bool ok, const char *what)
{
	if (!ok)
		script_fail("not so: %s", what);
}

uint32_t
script_wire_ours(uint32_t seq)
{
	return seq + script_lane()->ours;
}

uint32_t
script_wire_peers(uint32_t seq)
{
	return seq + script_lane()->theirs;
}

void
script_icmp(uint8_t type, uint8_t code, uint32_t seq)
{
	struct frame_path path = script_path(), ours = path;
	uint8_t frame[FRAME_MAX], icmp[36] = { type, code }, quoted[FRAME_MAX];
	struct frame_tcp tcp = {
		.sport = S->our_port, .dport = S->port, .seq = script_wire_ours(seq)
	};

	ours.src_ip = path.dst_ip;
	ours.dst_ip = path.src_ip;
	frame_tcp_build(quoted, &ours, &tcp);
	memcpy(icmp + 8, quoted + 14, 28);
	put16(icmp + 2, frame_csum(icmp, sizeof(icmp), 0));
	script_inject(frame, frame_ip_build(frame, &path, ICMP_PROTO, icmp, sizeof(icmp)));
}
