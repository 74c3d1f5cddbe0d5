/* SPDX-License-Identifier: BSD-3-Clause */
/* watch.c: see watch.h. */
#include <stdlib.h>
#include <string.h>

#include "../script/frame.h"
#include "watch.h"

#define TCP_AT 34

static uint32_t
payload(const uint8_t *bytes, uint32_t len)
{
	return len - TCP_AT - (bytes[TCP_AT + 12] >> 4) * 4u;
}

static bool
is_ours(const struct watch *w, const uint8_t *tcp)
{
	return w->started && get16(tcp) == w->sport && get16(tcp + 2) == w->dport;
}

/* Where a sequence number stands, counted from the first byte; it is near the highest sent. */
static uint64_t
offset(const struct watch *w, uint32_t seq)
{
	int32_t from_high = (int32_t)(seq - (w->first_seq + (uint32_t)w->high));

	return w->high + (uint64_t)(int64_t)from_high;
}

bool
watch_sent(struct watch *w, const uint8_t *bytes, uint32_t len)
{
	const uint8_t *tcp = bytes + TCP_AT;
	uint64_t from, to;

	if (!w->started) {
		w->started = true;
		w->sport = get16(tcp);
		w->dport = get16(tcp + 2);
		w->first_seq = get32(tcp + 4);
	}
	if (!is_ours(w, tcp))
		return false;
	from = offset(w, get32(tcp + 4));
	to = from + payload(bytes, len);
	w->pkts++;
	w->bytes += to - from;
	if (from < w->high)
		w->again_pkts++;
	if (to > w->high)
		w->high = to;
	return true;
}

static void
insert(struct watch *w, uint32_t at, uint64_t from, uint64_t to)
{
	if (w->nb_ahead == w->room) {
		w->room = w->room * 2 + 16;
		w->ahead = realloc(w->ahead, w->room * sizeof(*w->ahead));
		if (w->ahead == NULL)
			abort();
	}
	memmove(w->ahead + at + 1, w->ahead + at, (w->nb_ahead - at) * sizeof(*w->ahead));
	w->ahead[at] = (struct watch_range){ from, to };
	w->nb_ahead++;
}

static void
drop(struct watch *w, uint32_t at, uint32_t n)
{
	memmove(w->ahead + at, w->ahead + at + n, (w->nb_ahead - at - n) * sizeof(*w->ahead));
	w->nb_ahead -= n;
}

/* Adds a range, joined with those that it touches. @return whether any of it is new. */
static bool
add(struct watch *w, uint64_t from, uint64_t to)
{
	uint32_t a = w->nb_ahead, b;

	while (a > 0 && w->ahead[a - 1].to >= from)
		a--;
	for (b = a; b < w->nb_ahead && w->ahead[b].from <= to; b++) {
		if (w->ahead[b].from <= from && w->ahead[b].to >= to)
			return false;
		from = w->ahead[b].from < from ? w->ahead[b].from : from;
		to = w->ahead[b].to > to ? w->ahead[b].to : to;
	}
	if (b == a) {
		insert(w, a, from, to);
		return true;
	}
	w->ahead[a] = (struct watch_range){ from, to };
	drop(w, a + 1, b - a - 1);
	return true;
}

void
watch_arrived(struct watch *w, const uint8_t *bytes, uint32_t len)
{
	const uint8_t *tcp = bytes + TCP_AT;
	uint64_t from, to;

	if (!is_ours(w, tcp))
		return;
	from = offset(w, get32(tcp + 4));
	to = from + payload(bytes, len);
	if (to <= w->low || !add(w, from < w->low ? w->low : from, to)) {
		w->vain_pkts++;
		return;
	}
	if (w->ahead[0].from <= w->low) {
		w->low = w->ahead[0].to;
		drop(w, 0, 1);
	}
}

void
watch_fini(struct watch *w)
{
	free(w->ahead);
	memset(w, 0, sizeof(*w));
}
