/* SPDX-License-Identifier: BSD-3-Clause */
/* rig_frame.c: frames to the rig's stack, and those that it sends, read without its code. */
#include <string.h>

#include "base/seq.h"
#include "rig.h"

#define IP_OFF	  14
#define L4_OFF	  34
#define FRAME_MAX 4096

uint32_t
rig_put_ip(uint8_t *frame, unsigned int peer, uint8_t proto, uint32_t n)
{
	static const uint8_t eth[14] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };

	memcpy(frame, eth, sizeof(eth));
	frame[11] = (uint8_t)(frame[11] + peer);
	memset(frame + IP_OFF, 0, 20);
	frame[14] = 0x45;
	fuzz_put16(frame + 16, 20 + n);
	frame[22] = 64;
	frame[23] = proto;
	fuzz_put32(frame + 26, RIG_PEER + peer);
	fuzz_put32(frame + 30, RIG_LOCAL);
	return L4_OFF + n;
}

void
rig_mend(uint8_t *frame, uint32_t n)
{
	uint32_t l4_len = n - L4_OFF;

	fuzz_put16(frame + 24, 0);
	fuzz_put16(frame + 24, fuzz_csum(0, frame + IP_OFF, 20));
	if (frame[23] == 6 && l4_len >= 20) {
		fuzz_put16(frame + L4_OFF + 16, 0);
		fuzz_put16(
			frame + L4_OFF + 16, fuzz_l4_csum(frame + IP_OFF, frame + L4_OFF, l4_len));
	} else if (frame[23] == 1 && l4_len >= 8) {
		fuzz_put16(frame + L4_OFF + 2, 0);
		fuzz_put16(frame + L4_OFF + 2, fuzz_csum(0, frame + L4_OFF, l4_len));
	}
}

/*
 * Our bytes are the stream's, from our initial sequence number on: one of the latest, for a SYN
 * cookie that was given before another may still come back.
 */
static void
judge_payload(const struct rig_view *v, uint32_t seq, const uint8_t *bytes, uint32_t n)
{
	uint32_t known = RTE_MIN(v->nb_iss, (uint32_t)RIG_ISS);
	bool ours = false;

	/* A view that was given up for another one, and made anew, doesn't know. */
	if (known == 0 || v->nb_iss > RIG_ISS)
		return;
	for (uint32_t i = 0; i < known && !ours; i++)
		ours = fuzz_stream_has(seq - v->iss[i] - 1, bytes, n);
	FUZZ_CHECK(ours, "data sent: not all of %u bytes from %u on are ours", n, seq);
}

static void
note_iss(struct rig_view *v, uint32_t iss)
{
	for (uint32_t i = 0; i < v->nb_iss && i < RIG_ISS; i++)
		if (v->iss[i] == iss)
			return;
	v->iss[v->nb_iss++ % RIG_ISS] = iss;
}

static void
note_options(struct rig_view *v, const uint8_t *o, uint32_t n)
{
	while (n > 0) {
		uint32_t len = o[0] == 1 ? 1 : n > 1 ? o[1] : 0;

		if (o[0] == 0)
			return;
		FUZZ_CHECK(len != 0 && len <= n && (o[0] == 1 || len >= 2),
			"options that don't parse are sent");
		if (o[0] == 8) {
			FUZZ_CHECK(len == 10, "timestamps of %u bytes are sent", len);
			v->ts_val = fuzz_get32(o + 2);
			v->has_ts = true;
		}
		if (o[0] == 3)
			v->wscale = o[2];
		FUZZ_CHECK(
			o[0] != 3 || (len == 3 && v->wscale <= 14), "a bad window scale is sent");
		FUZZ_CHECK(o[0] != 5 || (len >= 10 && len % 8 == 2), "a bad SACK option is sent");
		o += len;
		n -= len;
	}
}

static void
judge_tcp(const uint8_t *frame, uint32_t n, unsigned int peer)
{
	const uint8_t *tcp = frame + L4_OFF;
	uint32_t head = (tcp[12] >> 4) * 4u, seq = fuzz_get32(tcp + 4), len;
	uint8_t flags = tcp[13];
	struct rig_view *v;

	FUZZ_CHECK(n >= L4_OFF + 20 && head >= 20 && L4_OFF + head <= n, "a short TCP header");
	if ((rig.config & RIG_OFFLOAD) == 0)
		FUZZ_CHECK(fuzz_l4_csum(frame + IP_OFF, tcp, n - L4_OFF) == 0,
			"a wrong TCP checksum is sent");
	len = n - L4_OFF - head;
	FUZZ_CHECK(fuzz_get16(tcp) != 0 && fuzz_get16(tcp + 2) != 0, "a port 0 is sent");
	FUZZ_CHECK((flags & 2) == 0 || (flags & 5) == 0, "flags %x are sent", flags);
	/* Cookies that were on their way out when it was cut. */
	if (rig.is_cut && (flags & 0x3f) == 0x12 && rig.cookies_out != 0)
		rig.cookies_out--;
	else
		FUZZ_CHECK(!rig.is_cut || ((flags & 3) == 0 && len == 0),
			"flags %x and %u bytes are sent by a stack that was cut", flags, len);
	v = rig_view(peer, fuzz_get16(tcp + 2), fuzz_get16(tcp));
	v->has_ts &= (flags & 4) != 0;
	note_options(v, tcp + 20, head - 20);
	if ((flags & 4) != 0) { /* a RST made from a segment has that one's numbers */
		FUZZ_CHECK(len == 0, "a RST with data is sent");
		return;
	}
	if ((flags & 2) != 0) {
		note_iss(v, seq);
		v->snd_max = seq + 1;
	}
	if (len != 0)
		v->sent[v->next_sent++ % RIG_SENT] = (struct rig_sent){ seq, seq + len };
	judge_payload(v, seq + ((flags & 2) != 0), tcp + head, len);
	if (seq_gt(seq + len + ((flags & 3) != 0), v->snd_max))
		v->snd_max = seq + len + ((flags & 3) != 0);
	if ((flags & 16) != 0) {
		v->rcv_nxt = fuzz_get32(tcp + 8);
		v->wnd = fuzz_get16(tcp + 14);
	}
}

void
rig_judge_tx(const struct rte_mbuf *m)
{
	static uint8_t frame[FRAME_MAX];
	uint32_t n = fuzz_flatten(m, frame, sizeof(frame)), dst;

	FUZZ_CHECK(n >= 42, "a frame of %u bytes is sent", n);
	FUZZ_CHECK(memcmp(frame + 6, "\x02\0\0\0\0\x01", 6) == 0, "a frame from another is sent");
	if (fuzz_get16(frame + 12) == 0x806) {
		FUZZ_CHECK(fuzz_get32(frame + 28) == RIG_LOCAL, "ARP for another is sent");
		return;
	}
	FUZZ_CHECK(fuzz_get16(frame + 12) == 0x800 && frame[14] == 0x45,
		"a frame that is no IPv4 is sent");
	FUZZ_CHECK(fuzz_get16(frame + 16) == n - IP_OFF, "a wrong total length is sent");
	FUZZ_CHECK(
		n - IP_OFF <= (rig.config & RIG_SMALL ? 576u : 1500u), "more than the MTU is sent");
	if ((rig.config & RIG_OFFLOAD) == 0)
		FUZZ_CHECK(fuzz_csum(0, frame + IP_OFF, 20) == 0, "a wrong IPv4 checksum is sent");
	dst = fuzz_get32(frame + 30);
	FUZZ_CHECK(fuzz_get32(frame + 26) == RIG_LOCAL, "a packet from another is sent");
	if (frame[23] == 6 && dst - RIG_PEER < RIG_PEERS)
		judge_tcp(frame, n, dst - RIG_PEER);
}
