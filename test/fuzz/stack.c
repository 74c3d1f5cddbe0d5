/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stack.c: a whole stack: segments whose numbers are near the connections' own, or far off; time;
 * the application's calls; mbufs that run short. What must hold is checked after each step.
 *
 * Input: how the stack is set up, two bytes, then ops: a byte that says what, and what that needs.
 */
#include <string.h>

#include "rig.h"
#include "base/time.h"

#define PAYLOAD_MAX 1024

enum {
	FIN = 1,
	SYN = 2,
	RST = 4,
	PSH = 8,
	ACK = 16,
	ECE = 64,
	CWR = 128,
};

/* What comes with each segment once both offered them: live ones, give or take. */
static uint32_t
put_timestamps(uint8_t *o, const struct rig_view *v, uint32_t later, uint32_t older)
{
	memcpy(o, (const uint8_t[]){ 1, 1, 8, 10 }, 4);
	fuzz_put32(o + 4, (uint32_t)(rig.now / TIME_MS) + later);
	fuzz_put32(o + 8, v->ts_val - older);
	return 12;
}

/* A SACK block: from where one of the latest segments began to where one ended, or near that. */
static void
put_block(uint8_t *o, const struct rig_view *v, uint8_t which, struct fuzz_in *in)
{
	const struct rig_sent *a = &v->sent[which % RIG_SENT];
	const struct rig_sent *b = &v->sent[which / 8 % RIG_SENT];
	uint32_t left = a->left, right = b->right;

	if (which == 0xff) { /* a lie */
		left = v->acked + fuzz_u8(in) * 16u;
		right = left + (uint32_t)fuzz_magnitude(in, 24);
	} else if ((which & 0xc0) == 0x40) { /* off by some */
		right += fuzz_u8(in) - 128u;
	} else if ((which & 0xc0) == 0x80) { /* what is acknowledged: a D-SACK if it is the first */
		right = RTE_MIN(right - left, v->acked - left) + left;
	}
	fuzz_put32(o, left);
	fuzz_put32(o + 4, right);
}

static uint32_t
put_sack(uint8_t *o, uint32_t room, const struct rig_view *v, struct fuzz_in *in)
{
	uint32_t n = fuzz_u8(in) % 3 + 1;

	n = RTE_MIN(n, room < 12 ? 0 : (room - 4) / 8);
	if (n == 0)
		return 0;
	memcpy(o, (const uint8_t[]){ 1, 1, 5, 0 }, 4);
	o[3] = (uint8_t)(2 + 8 * n);
	for (uint32_t i = 0; i < n; i++)
		put_block(o + 4 + 8 * i, v, fuzz_u8(in), in);
	return 4 + 8 * n;
}

/* Options as their bits say: sound ones for the most part. @return their bytes. */
static uint32_t
put_options(uint8_t *o, uint8_t which, bool syn, const struct rig_view *v, struct fuzz_in *in)
{
	uint8_t *start = o;

	if ((which & 1) != 0) {
		memcpy(o, (const uint8_t[]){ 2, 4 }, 2);
		fuzz_put16(o + 2, fuzz_u8(in) * 8u);
		o += 4;
	}
	if ((which & 2) != 0) {
		memcpy(o, (const uint8_t[]){ 4, 2, 1, 1 }, 4);
		o += 4;
	}
	if ((which & 4) != 0)
		o += put_timestamps(o, v, fuzz_u8(in) - 64u, fuzz_u8(in));
	else if (v->has_ts || (syn && (which & 2) != 0))
		o += put_timestamps(o, v, 0, 0);
	if ((which & 8) != 0) {
		memcpy(o, (const uint8_t[]){ 1, 3, 3 }, 3);
		o[3] = fuzz_u8(in) % 16;
		o += 4;
	}
	if ((which & 16) != 0)
		o += put_sack(o, (uint32_t)(40 - (o - start)), v, in);
	if ((which & 32) != 0 && o - start <= 36) {
		fuzz_put32(o, fuzz_u32(in)); /* whatever it is */
		o += 4;
	}
	return (uint32_t)(o - start);
}

static uint32_t
choose_seq(uint8_t how, const struct rig_view *v, struct fuzz_in *in)
{
	switch (how % 8) {
	case 0:
	case 1:
	case 2:
		return v->rcv_nxt;
	case 3:
		return v->rcv_nxt + fuzz_u8(in) * 4u;
	case 4:
		return v->rcv_nxt - fuzz_u8(in);
	case 5:
		return v->rcv_nxt + (v->wnd << v->wscale) + fuzz_u8(in) - 128u;
	case 6:
		return UINT32_C(0xffffff00) + fuzz_u8(in) * 2u; /* where SYNs of peers begin */
	default:
		return fuzz_u32(in);
	}
}

static uint32_t
choose_ack(uint8_t how, const struct rig_view *v, struct fuzz_in *in)
{
	switch (how % 8) {
	case 0:
	case 1:
	case 2:
		return v->snd_max;
	case 3:
		return v->snd_max - fuzz_u8(in) * 4u;
	case 4:
		return v->acked;
	case 5:
		return v->sent[fuzz_u8(in) % RIG_SENT].right;
	case 6:
		return v->snd_max + fuzz_u8(in);
	default:
		return fuzz_u32(in);
	}
}

/* A segment to the stack, with the stream's bytes. */
static void
send_segment(struct rig_view *v, uint32_t seq, uint32_t ack, uint8_t flags, uint32_t wnd,
	uint32_t len, const uint8_t *opts, uint32_t opt_bytes, uint8_t cut, uint8_t tos)
{
	static uint8_t frame[34 + 60 + PAYLOAD_MAX];
	uint8_t *tcp = frame + 34, *payload = tcp + 20 + opt_bytes;
	uint32_t first = seq + ((flags & SYN) != 0), n;

	memset(tcp, 0, 20);
	fuzz_put16(tcp, v->rport);
	fuzz_put16(tcp + 2, v->lport);
	fuzz_put32(tcp + 4, seq);
	fuzz_put32(tcp + 8, (flags & ACK) != 0 ? ack : 0);
	tcp[12] = (uint8_t)((20 + opt_bytes) / 4 << 4);
	tcp[13] = flags;
	fuzz_put16(tcp + 14, wnd);
	memcpy(tcp + 20, opts, opt_bytes);
	fuzz_stream_copy(payload, first, len);
	n = rig_put_ip(frame, v->peer, 6, 20 + opt_bytes + len);
	frame[15] = tos;
	if ((rig.config & RIG_TRUST) == 0)
		rig_mend(frame, n);
	if ((flags & ACK) != 0)
		v->acked = ack;
	rig_rx(frame, n, cut);
}

static struct rig_view *
choose_view(uint8_t which)
{
	struct rig_view *v = &rig.views[which / 2 % RIG_VIEWS];

	if (which % 2 != 0 && v->used)
		return v;
	return rig_view(which / 2 % RIG_PEERS, (uint16_t)(1000 + which / 4 % 3),
		which < 240 ? RIG_PORT : (uint16_t)(40000 + which % 4));
}

static void
any_segment(struct fuzz_in *in)
{
	struct rig_view *v = choose_view(fuzz_u8(in));
	uint8_t flags = fuzz_u8(in), how = fuzz_u8(in), which = fuzz_u8(in), opts[64];
	uint32_t seq, ack, len = 0, wnd = 65535, opt_bytes = 0;
	uint8_t ecn = 0, cut = 0;

	if ((flags & 0xc0) == 0)
		flags |= ACK; /* nothing goes on without */
	flags &= 0x3f;
	seq = choose_seq(how, v, in);
	ack = choose_ack(how >> 3, v, in);
	if ((how & 0x40) != 0)
		len = fuzz_u8(in) * (how & 0x80 ? 4u : 1u);
	if ((which & 0x40) != 0)
		wnd = (uint32_t)fuzz_magnitude(in, 8) & 0xffff;
	opt_bytes = put_options(opts, which & 0x3f, (flags & SYN) != 0, v, in);
	if ((which & 0x80) != 0) { /* ECE, CWR and CE, and how it is cut */
		ecn = fuzz_u8(in);
		cut = fuzz_u8(in);
	}
	flags |= ecn & 0xc0;
	send_segment(v, seq, ack, flags, wnd, len, opts, opt_bytes, cut, ecn & 3);
}

/* What a peer in its right mind would say now: answer a SYN, acknowledge all, send some, end. */
static void
good_segment(struct fuzz_in *in)
{
	struct rig_view *v = choose_view(fuzz_u8(in));
	uint8_t how = fuzz_u8(in), flags = ACK;
	uint32_t len = how & 8 ? how : 0, seq = v->rcv_nxt, opt_bytes = 0;
	uint8_t opts[40];

	if (v->rcv_nxt == 0) {
		/* It begins: with a SYN, or the answer to one. */
		flags = v->nb_iss != 0 ? SYN | ACK : SYN;
		seq = UINT32_C(0xffffff00) + (how & 0xf0) * 2u;
		len = 0;
		/* The segments that it takes are small, so that there are many. */
		memcpy(opts, (const uint8_t[]){ 2, 4, 0, 128, 4, 2, 1, 1, 1, 3, 3, 2 }, 12);
		opts[2] = how & 2;
		opt_bytes = how & 4 ? 4 : 12;
		if ((rig.tcp & RIG_ECN) != 0)
			flags |= v->nb_iss != 0 ? ECE : ECE | CWR;
	} else if ((how & 3) == 3) {
		flags |= FIN;
	}
	if (v->has_ts || (opt_bytes == 12 && v->nb_iss == 0))
		opt_bytes += put_timestamps(opts + opt_bytes, v, 0, 0);
	send_segment(v, seq, v->snd_max, flags, 65535, len, opts, opt_bytes, 0,
		how & 128 && how & 64 ? 3 : 0);
}

static void
icmp_error(struct fuzz_in *in)
{
	struct rig_view *v = choose_view(fuzz_u8(in));
	uint8_t frame[34 + 36 + 64] = { 0 }, code = fuzz_u8(in), *icmp = frame + 34;
	uint8_t *quoted = icmp + 8;
	uint32_t n;

	if (code >= 128) { /* an echo request instead */
		icmp[0] = 8;
		n = rig_put_ip(frame, v->peer, 1, 8 + code % 64u);
	} else {
		icmp[0] = 3;
		icmp[1] = code % 16;
		fuzz_put16(icmp + 6, fuzz_u8(in) * 8u);
		quoted[0] = 0x45;
		quoted[9] = 6;
		fuzz_put32(quoted + 12, RIG_LOCAL);
		fuzz_put32(quoted + 16, RIG_PEER + v->peer);
		fuzz_put16(quoted + 20, v->lport);
		fuzz_put16(quoted + 22, v->rport);
		fuzz_put32(quoted + 24, v->snd_max - fuzz_u8(in) * 4u);
		n = rig_put_ip(frame, v->peer, 1, 36);
	}
	rig_mend(frame, n);
	rig_rx(frame, n, code & 4); /* an echo is answered in place if the mbuf allows it */
}

static void
app_call(struct fuzz_in *in)
{
	uint8_t what = fuzz_u8(in), arg = fuzz_u8(in);
	struct rig_conn *c = &rig.conns[what / 16 % RIG_CONNS];

	switch (what % 16) {
	case 0:
	case 1:
	case 2:
		rig_send(c, arg * (what & 2 ? 16u : 3u), fuzz_u8(in));
		break;
	case 3:
	case 4:
		rig_op(THOLE_OP_RECEIVED, c, c->owed);
		c->owed = 0;
		break;
	case 5:
		rig_op(THOLE_OP_RECEIVED, c, arg); /* maybe more than there was */
		c->owed -= RTE_MIN(c->owed, (uint32_t)arg);
		break;
	case 6:
		rig_op(THOLE_OP_SHUTDOWN, c, 0);
		break;
	case 7:
		rig_op(THOLE_OP_CLOSE, c, 0);
		break;
	case 8:
		rig_op(THOLE_OP_ABORT, c, 0);
		break;
	case 9:
		rig_set(c, arg, fuzz_u8(in));
		break;
	case 10:
	case 11:
		rig_connect(arg % RIG_PEERS, (uint16_t)(2000 + arg / 2 % 2), arg & 4);
		break;
	case 12:
		rig_listen(arg / 4 % RIG_APPS, arg & 2 ? THOLE_OP_LISTEN_SHARED : THOLE_OP_LISTEN,
			arg & 1 ? RIG_PORT : 40000, arg);
		break;
	case 13:
		rig_listen(arg / 4 % RIG_APPS, THOLE_OP_UNLISTEN, RIG_PORT, 0);
		break;
	case 14:
		if (arg != THOLE_OP_SEND) /* which brings an mbuf: that is given above */
			rig_op(arg, &(struct rig_conn){ .handle = c->handle ^ arg }, arg);
		break;
	case 15:
		if ((arg & 1) != 0)
			rig_give(c);
		else
			rig_op(THOLE_OP_SET_USER, c, 0);
		rig_get(c, arg);
		rig_info(c);
		break;
	}
}

/* More than 16 events are never read at once. */
static void
read_or_end(unsigned int how)
{
	if (how == 31)
		rig_drain();
	else if (how == 30)
		rig_cut();
	else if (how >= 28)
		rig_renew(how % RIG_APPS);
	else
		rig_events(how);
}

static void
step(uint8_t what, struct fuzz_in *in)
{
	switch (what % 8) {
	case 0:
	case 1:
		any_segment(in);
		break;
	case 2:
		good_segment(in);
		break;
	case 3:
		app_call(in);
		break;
	case 4:
		rig_run(fuzz_magnitude(in, 32)); /* up to 18 minutes */
		break;
	case 5:
		read_or_end(what / 8);
		break;
	case 6:
		if ((what & 128) != 0)
			icmp_error(in);
		else if ((what & 64) != 0)
			rig_arp(what / 8 % RIG_PEERS, what & 32 ? 1 : 2);
		else
			rig_tx(what / 8);
		break;
	case 7:
		fuzz_pool_limit(rig.pool, what < 64 ? what / 8u : FUZZ_NO_LIMIT);
		break;
	}
	/* One turn in four is left out, so that things pile up. */
	if (what % 8 <= 4 && (what & 0xc0) != 0xc0) {
		while (rig_events(16) != 0)
			;
		rig_run(0);
		rig_tx_all();
	}
	rig_check();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz_in in = { data, bytes };

	uint8_t config = fuzz_u8(&in);

	rig_up(config, fuzz_u8(&in));
	while (in.left > 0)
		step(fuzz_u8(&in), &in);
	rig_down();
	return 0;
}
