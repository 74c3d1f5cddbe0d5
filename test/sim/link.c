/* SPDX-License-Identifier: BSD-3-Clause */
/* link.c: see link.h. A frame's way: loss, path MTU, bottleneck, delay, and on arrival cut and
 * tail. */
#include <stdlib.h>
#include <string.h>

#include "../script/frame.h"
#include "base/prng.h"
#include "base/time.h"
#include "link.h"
#include "wire/tcp.h"

#define ETH	   14
#define TCP_AT	   (ETH + 20)
#define SMALL	   128
#define ROUTER	   UINT32_C(0x0a0000fe) /* who says that a packet is too big */
#define ECN_CE	   3
#define ICMP_QUOTE 28

const char *
link_fate_name(enum link_fate fate)
{
	static const char *const names[] = { "", "lost", "lost in a burst", "lost at the tail",
		"lost in a cut", "no room in the queue", "too big", "dropped" };

	return names[fate];
}

/* A frame and its bytes in one piece. Small and large ones are kept apart for the next use. */
union kept {
	union kept *next;
	struct frame frame;
};

#define KEEP !LINK_SANITIZED

static union kept *kept[2];

static struct frame *
frame_get(const uint8_t *bytes, uint32_t len)
{
	bool large = len > SMALL;
	size_t room = !KEEP ? len : large ? FRAME_MAX : SMALL;
	union kept *k = KEEP ? kept[large] : NULL;

	if (k != NULL)
		kept[large] = k->next;
	else if ((k = malloc(sizeof(*k) + room)) == NULL)
		abort();
	k->frame = (struct frame){ .len = len, .bytes = (uint8_t *)(k + 1) };
	memcpy(k->frame.bytes, bytes, len);
	return &k->frame;
}

/* Its len may have been made less: then a large one stands among the small. */
void
link_free(struct frame *f)
{
	union kept *k = (union kept *)(void *)f;
	bool large = f->len > SMALL;

	if (!KEEP) {
		free(k);
		return;
	}
	k->next = kept[large];
	kept[large] = k;
}

static bool
chance(struct link *l, uint32_t in_million)
{
	return in_million != 0 && prng_below(&l->prng, 1000000) < in_million;
}

static uint64_t
up_to(struct link *l, uint64_t ns)
{
	return ns == 0 ? 0 : prng_next(&l->prng) % (ns + 1);
}

void
link_init(struct link *l, const struct link_params ways[SIDES], uint64_t seed)
{
	memset(l, 0, sizeof(*l));
	l->prng = seed;
	for (unsigned int i = 0; i < SIDES; i++)
		l->way[i].p = ways[i];
}

void
link_fini(struct link *l)
{
	while (l->n != 0)
		link_free(l->heap[--l->n].frame);
	free(l->heap);
	l->heap = NULL;
	l->room = 0;
}

static bool
earlier(const struct link_slot *a, const struct link_slot *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void
heap_push(struct link *l, struct frame *f)
{
	struct link_slot slot = { f->at_ns, l->order++, f };
	uint32_t i = l->n++;

	if (l->n > l->room) {
		l->room = l->room * 2 + 64;
		l->heap = realloc(l->heap, l->room * sizeof(*l->heap));
		if (l->heap == NULL)
			abort();
	}
	for (; i > 0 && earlier(&slot, &l->heap[(i - 1) / 2]); i = (i - 1) / 2)
		l->heap[i] = l->heap[(i - 1) / 2];
	l->heap[i] = slot;
}

static struct frame *
heap_pop(struct link *l)
{
	struct frame *top = l->heap[0].frame;
	struct link_slot last = l->heap[--l->n];
	uint32_t i = 0, child;

	while ((child = 2 * i + 1) < l->n) {
		if (child + 1 < l->n && earlier(&l->heap[child + 1], &l->heap[child]))
			child++;
		if (!earlier(&l->heap[child], &last))
			break;
		l->heap[i] = l->heap[child];
		i = child;
	}
	l->heap[i] = last;
	return top;
}

static void
digest(struct link *l, uint64_t at_ns, unsigned int way, const uint8_t *bytes, uint32_t len)
{
	uint64_t h = l->digest ^ at_ns ^ (uint64_t)way << 62 ^ (uint64_t)len << 40;

	for (uint32_t i = 0; i < len; i += 8) {
		uint64_t word = 0;

		/* Byte by byte: the same on a machine of the other order. */
		for (uint32_t k = 0; k < 8 && i + k < len; k++)
			word |= (uint64_t)bytes[i + k] << 8 * k;
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	l->digest = h;
}

/*
 * A single bit, which checksums always catch. ARP has none, and of the Ethernet header's bytes
 * nobody looks at the source: the check of that is Ethernet's own.
 */
static void
damage(struct link *l, struct frame *f)
{
	uint32_t at = prng_below(&l->prng, f->len);

	if (frame_kind(f->bytes, f->len) == FRAME_ARP || (at >= 6 && at < 12))
		return;
	f->bytes[at] ^= (uint8_t)(1u << prng_below(&l->prng, 8));
	f->damaged = true;
}

static bool
lost(struct link *l, struct link_way *w, enum link_fate *fate)
{
	if (w->p.burst_begin != 0) {
		if (chance(l, w->bad ? w->p.burst_end : w->p.burst_begin))
			w->bad = !w->bad;
		*fate = LINK_BURST;
		if (w->bad && chance(l, w->p.burst_loss))
			return true;
	}
	*fate = LINK_LOST;
	return chance(l, w->p.loss);
}

/* RFC 1191, 4: the router's word to the sender, on the way that answers take. */
static void
too_big(struct link *l, uint64_t now, unsigned int from, const uint8_t *bytes)
{
	uint8_t out[FRAME_MAX], icmp[8 + ICMP_QUOTE] = { 3, 4 };
	struct frame_path path = { .src_ip = ROUTER, .dst_ip = get32(bytes + ETH + 12) };
	uint32_t len;

	memcpy(path.src_mac, bytes, 6);
	memcpy(path.dst_mac, bytes + 6, 6);
	put16(icmp + 6, l->way[from].p.mtu);
	memcpy(icmp + 8, bytes + ETH, ICMP_QUOTE);
	put16(icmp + 2, frame_csum(icmp, sizeof(icmp), 0));
	len = frame_ip_build(out, &path, 1, icmp, sizeof(icmp));
	if (chance(l, l->way[!from].p.loss))
		return;
	link_inject(l, now + l->way[from].p.delay_ns / 2 + l->way[!from].p.delay_ns / 2, from, out,
		len);
}

/* RFC 3168, 5: a router that would rather not drop. */
static void
mark(struct link_way *w, struct frame *f)
{
	uint8_t *ip = f->bytes + ETH;

	if (f->len < TCP_AT || get16(f->bytes + 12) != 0x0800 || (ip[1] & ECN_CE) == 0)
		return;
	ip[1] |= ECN_CE;
	frame_fix_ip_csum(f->bytes);
	w->marked++;
}

static uint64_t
bits_ns(uint64_t bytes, uint64_t rate_bps)
{
	return bytes * 8 * TIME_S / rate_bps;
}

/* @return whether there is room; *out_ns: when the last bit has left. */
static bool
bottleneck(struct link_way *w, uint64_t now, uint32_t len, uint64_t *out_ns, uint64_t *queued)
{
	uint64_t wait = w->free_ns > now ? w->free_ns - now : 0;

	*out_ns = now;
	*queued = 0;
	if (w->p.rate_bps == 0)
		return true;
	/* 128 bits: a long wait times a high rate is beyond 64. */
	*queued = (uint64_t)((unsigned __int128)wait * w->p.rate_bps / (8 * TIME_S));
	if (wait != 0 && *queued + len > w->p.queue_bytes)
		return false;
	w->free_ns = now + wait + bits_ns(len, w->p.rate_bps);
	*out_ns = w->free_ns;
	return true;
}

static bool
is_data(const uint8_t *bytes, uint32_t len)
{
	const uint8_t *tcp = bytes + TCP_AT;

	return frame_kind(bytes, len) == FRAME_TCP && len >= TCP_AT + 20 &&
	       len > TCP_AT + (tcp[12] >> 4) * 4u;
}

/* Which flight it belongs to, and how many of that are to be lost at its end. */
static void
count_flight(struct link *l, uint64_t now, struct link_way *w)
{
	if (now - w->data_ns > w->p.delay_ns || w->flight == 0) {
		w->flight++;
		w->in_flight = 0;
		w->tail = chance(l, w->p.tail) ? 1 + prng_below(&l->prng, w->p.tail_max) : 0;
	}
	w->data_ns = now;
	w->in_flight++;
}

static struct frame *
put_on(struct link *l, unsigned int from, const uint8_t *bytes, uint32_t len, uint64_t out_ns,
	uint64_t queued)
{
	struct link_way *w = &l->way[from];
	struct frame *f = frame_get(bytes, len);

	f->to = !from;
	f->data = is_data(bytes, len);
	f->flight = w->flight;
	f->number = w->in_flight;
	if (w->p.mark_bytes != 0 && queued > w->p.mark_bytes)
		mark(w, f);
	f->at_ns = out_ns + w->p.delay_ns + up_to(l, w->p.jitter_ns);
	if (chance(l, w->p.late)) {
		f->at_ns += up_to(l, w->p.late_ns);
	} else {
		if (f->at_ns < w->last_ns)
			f->at_ns = w->last_ns;
		w->last_ns = f->at_ns;
	}
	if (chance(l, w->p.damaged))
		damage(l, f);
	heap_push(l, f);
	return f;
}

enum link_fate
link_send(struct link *l, uint64_t now, unsigned int from, const uint8_t *bytes, uint32_t len,
	struct frame **first, struct frame **second)
{
	struct link_way *w = &l->way[from];
	enum link_fate fate = LINK_PASSES;
	uint64_t out_ns, queued;

	*first = *second = NULL;
	if (l->digesting)
		digest(l, now, from, bytes, len);
	if (w->p.tail != 0 && is_data(bytes, len))
		count_flight(l, now, w);
	if (lost(l, w, &fate)) {
		w->fates[fate]++;
		return fate;
	}
	fate = LINK_PASSES;
	if (w->p.mtu != 0 && now >= w->p.mtu_since_ns && len > ETH + (uint32_t)w->p.mtu &&
		get16(bytes + 12) == 0x0800) {
		too_big(l, now, from, bytes);
		fate = LINK_MTU;
	} else if (!bottleneck(w, now, len, &out_ns, &queued)) {
		fate = LINK_QUEUE;
	} else {
		*first = put_on(l, from, bytes, len, out_ns, queued);
		if (chance(l, w->p.twice)) {
			*second = put_on(l, from, bytes, len, out_ns, queued);
			(*second)->again = true;
		}
	}
	w->fates[fate]++;
	return fate;
}

struct frame *
link_inject(struct link *l, uint64_t at_ns, unsigned int to, const uint8_t *bytes, uint32_t len)
{
	struct frame *f = frame_get(bytes, len);

	f->at_ns = at_ns;
	f->to = (uint8_t)to;
	f->forged = true;
	heap_push(l, f);
	return f;
}

void
link_drop(struct link *l, uint64_t now, unsigned int from, const uint8_t *bytes, uint32_t len)
{
	if (l->digesting)
		digest(l, now, from, bytes, len);
	l->way[from].fates[LINK_HOOK]++;
}

uint64_t
link_next(const struct link *l)
{
	return l->n != 0 ? l->heap[0].at_ns : TIME_NEVER;
}

unsigned int
link_next_to(const struct link *l, uint64_t now)
{
	return l->n != 0 && l->heap[0].at_ns <= now ? l->heap[0].frame->to : SIDES;
}

static bool
is_cut(const struct link *l, uint64_t at_ns)
{
	for (unsigned int i = 0; i < LINK_CUTS; i++)
		if (at_ns >= l->cuts[i].from_ns && at_ns < l->cuts[i].until_ns)
			return true;
	return false;
}

/* By now it is known whether more was sent behind it. */
static bool
is_tail(const struct link *l, const struct frame *f)
{
	const struct link_way *w = &l->way[!f->to];

	return f->data && !f->forged && w->tail != 0 && f->flight == w->flight &&
	       w->in_flight - f->number < w->tail;
}

struct frame *
link_arrival(struct link *l, uint64_t now, unsigned int to, enum link_fate *fate)
{
	struct frame *f;

	if (link_next_to(l, now) != to)
		return NULL;
	f = heap_pop(l);
	*fate = is_cut(l, f->at_ns) ? LINK_CUT : is_tail(l, f) ? LINK_TAIL : LINK_PASSES;
	if (*fate != LINK_PASSES)
		l->way[!to].fates[*fate]++;
	if (l->digesting)
		digest(l, f->at_ns, 2 | to, f->bytes, f->len);
	return f;
}
