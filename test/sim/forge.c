/* SPDX-License-Identifier: BSD-3-Clause */
/* forge.c: frames of somebody who sees all and may send whatever he likes. */
#include <string.h>

#include "../script/frame.h"
#include "sim.h"

#define ETH 14
#define L4  (ETH + 20)

/* A number near @p x, or any. */
static uint32_t
near(struct sim *s, uint32_t x)
{
	static const uint32_t steps[] = { 1, 2, 536, 1460, 65535, 1u << 30, 1u << 31, UINT32_MAX };
	uint32_t step = steps[prng_below(&s->prng, RTE_DIM(steps))];

	switch (prng_below(&s->prng, 4)) {
	case 0:
		return x;
	case 1:
		return x + step;
	case 2:
		return x - prng_below(&s->prng, step);
	default: /* any, mostly near */
		return x + prng_below(&s->prng, step);
	}
}

/* Changes what a TCP header says, and makes its checksum good again, mostly. */
static void
forge_tcp(struct sim *s, struct frame *f)
{
	uint8_t *tcp = f->bytes + L4;

	if (prng_below(&s->prng, 3) != 0)
		put32(tcp + 4, near(s, get32(tcp + 4)));
	if (prng_below(&s->prng, 3) == 0)
		put32(tcp + 8, near(s, get32(tcp + 8)));
	if (prng_below(&s->prng, 2) == 0)
		tcp[13] = (uint8_t)prng_next(&s->prng);
	if (prng_below(&s->prng, 4) == 0)
		put16(tcp + 14, prng_below(&s->prng, 4) == 0 ? prng_below(&s->prng, 65536) : 0);
	if (prng_below(&s->prng, 8) == 0)
		tcp[12] = (uint8_t)prng_next(&s->prng);
	if (prng_below(&s->prng, 16) == 0) {
		uint32_t port = prng_below(&s->prng, 2); /* two draws in one call have no order */

		put16(tcp + 2 * port, prng_below(&s->prng, 65536));
	}
	if (tcp[12] >> 4 > 5 && L4 + (tcp[12] >> 4) * 4u <= f->len &&
		prng_below(&s->prng, 4) == 0) {
		uint32_t at = 20 + prng_below(&s->prng, (tcp[12] >> 4) * 4u - 20); /* an option */

		tcp[at] = (uint8_t)prng_next(&s->prng);
	}
	if (f->len > L4 + 24 && prng_below(&s->prng, 8) == 0)
		put32(tcp + 20, (uint32_t)prng_next(&s->prng)); /* options or data */
	if (prng_below(&s->prng, 8) == 0)			/* less text than before */
		f->len = L4 + 20 + prng_below(&s->prng, f->len - L4 - 19);
	put16(f->bytes + ETH + 2, f->len - ETH);
	frame_fix_ip_csum(f->bytes);
	if (prng_below(&s->prng, 32) != 0)
		frame_fix_tcp_csum(f->bytes, f->len);
}

/* An ICMP error about @p f, to whom sent it. */
static void
forge_icmp(struct sim *s, unsigned int from, const uint8_t *bytes)
{
	struct frame_path path;
	uint8_t icmp[8 + 28] = { 3, (uint8_t)prng_below(&s->prng, 16) };
	uint8_t out[FRAME_MAX];
	uint32_t len = 8 + prng_below(&s->prng, 29);

	memcpy(path.src_mac, bytes, 6);
	memcpy(path.dst_mac, bytes + 6, 6);
	path.src_ip = get32(bytes + ETH + 16);
	path.dst_ip = get32(bytes + ETH + 12);
	memcpy(icmp + 8, bytes + ETH, 28);
	if (prng_below(&s->prng, 8) == 0)
		icmp[0] = 8;
	put16(icmp + 2, frame_csum(icmp, len, 0));
	len = frame_ip_build(out, &path, 1, icmp, len);
	link_inject(&s->link, s->now + s->plan.link[!from].delay_ns, from, out, len);
}

static void
forge_any(struct sim *s, struct frame *f)
{
	uint32_t n = 1 + prng_below(&s->prng, 8);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = prng_below(&s->prng, f->len);

		f->bytes[at] = (uint8_t)prng_next(&s->prng);
	}
	if (prng_below(&s->prng, 4) == 0)
		f->len = prng_below(&s->prng, f->len) + 1;
}

void
forge(struct sim *s, unsigned int from, const uint8_t *bytes, uint32_t len)
{
	const struct link_params *p = &s->plan.link[from];
	uint64_t delay = p->delay_ns + prng_next(&s->prng) % (p->late_ns + 1);
	bool tcp = frame_kind(bytes, len) == FRAME_TCP && len >= L4 + 20;
	struct frame *f;

	s->forged++;
	if (tcp && prng_below(&s->prng, 8) == 0) {
		forge_icmp(s, from, bytes);
		return;
	}
	f = link_inject(&s->link, s->now + delay, !from, bytes, len);
	if (tcp && prng_below(&s->prng, 8) != 0)
		forge_tcp(s, f);
	else
		forge_any(s, f);
}
