/* SPDX-License-Identifier: BSD-3-Clause */
/* records.c: sockets by handle, and by connection. */
#include <errno.h>
#include <string.h>

#include "socket/socket.h"

#define GENERATION_MOST 0x7fffffffu /* so that a handle is above 0 */

uint32_t
sock_index(const struct thole_sockets *s, const struct sock *k)
{
	return (uint32_t)(k - s->socks);
}

thole_sock
sock_handle(const struct thole_sockets *s, const struct sock *k)
{
	return (thole_sock)((uint64_t)k->generation << 32 | sock_index(s, k));
}

struct sock *
sock_new(struct thole_sockets *s)
{
	struct sock *k;
	uint32_t generation, next_edge;
	uint16_t edge;

	if (s->stats.sockets + s->reserved >= s->config.max_sockets)
		return NULL;
	if (s->free_head != SOCK_NONE) {
		k = &s->socks[s->free_head];
		s->free_head = k->next;
	} else {
		k = &s->socks[s->fresh++];
	}
	/* The place in the list of edges is the record's. */
	generation = k->generation < GENERATION_MOST ? k->generation + 1 : 1;
	next_edge = k->next_edge;
	edge = k->flags & SF_EDGE;
	memset(k, 0, sizeof(*k));
	k->generation = generation;
	k->next_edge = next_edge;
	k->flags = edge;
	k->state = SOCK_NEW;
	k->next = SOCK_NONE;
	k->linger_ns = THOLE_NEVER;
	s->stats.sockets++;
	return k;
}

void
sock_free(struct thole_sockets *s, struct sock *k)
{
	k->state = SOCK_FREE;
	k->watched = 0;
	k->edges = 0;
	k->next = s->free_head;
	s->free_head = sock_index(s, k);
	s->stats.sockets--;
}

struct sock *
sock_find(const struct thole_sockets *s, thole_sock sock)
{
	uint32_t i = (uint32_t)sock;
	struct sock *k;

	if (sock <= 0 || i >= s->fresh)
		return NULL;
	k = &s->socks[i];
	if (k->generation != (uint64_t)sock >> 32 || k->state == SOCK_FREE)
		return NULL;
	return k;
}

int
sock_get(const struct thole_sockets *s, thole_sock sock, struct sock **out)
{
	struct sock *k;
	int error = sock_check(s);

	if (error != 0)
		return error;
	k = sock_find(s, sock);
	/* One that waits to be accepted has a handle that nobody was given. */
	if (k == NULL || k->state == SOCK_CLOSING || (k->flags & SF_QUEUED) != 0)
		return -EBADF;
	*out = k;
	if (k->state != SOCK_GIVING)
		return 0;
	return (k->flags & (SF_OWES_CLOSE | SF_OWES_ABORT)) != 0 ? -EBADF : -EALREADY;
}

static uint32_t
home(const struct thole_sockets *s, uint16_t ring, thole_conn conn)
{
	uint64_t h = (conn ^ (uint64_t)ring << 48) * 0x9e3779b97f4a7c15u;

	return (uint32_t)(h >> 32) & s->map_mask;
}

/* The slot of a connection, or the empty one where it would be. The map is at most half full. */
static uint32_t
slot_of(const struct thole_sockets *s, uint16_t ring, thole_conn conn)
{
	uint32_t i = home(s, ring, conn);

	for (; s->map[i] != 0; i = (i + 1) & s->map_mask) {
		const struct sock *k = &s->socks[s->map[i] - 1];

		if (k->conn == conn && k->ring == ring)
			break;
	}
	return i;
}

void
sock_map_add(struct thole_sockets *s, const struct sock *k)
{
	s->map[slot_of(s, k->ring, k->conn)] = sock_index(s, k) + 1;
}

void
sock_come(struct thole_sockets *s, struct sock *k, uint16_t ring, const struct thole_event *ev)
{
	k->state = SOCK_OPEN;
	k->flags |= SF_PEER | SF_QUEUED;
	k->ring = ring;
	k->conn = ev->conn;
	k->local = ev->local;
	k->remote = ev->remote;
	sock_map_add(s, k);
}

struct sock *
sock_map_find(const struct thole_sockets *s, uint16_t ring, thole_conn conn)
{
	uint32_t at = s->map[slot_of(s, ring, conn)];

	return at != 0 ? &s->socks[at - 1] : NULL;
}

/* Those behind move up, so that no search stops at the gap. */
void
sock_map_remove(struct thole_sockets *s, const struct sock *k)
{
	uint32_t gap = slot_of(s, k->ring, k->conn), i = gap;

	if (s->map[gap] == 0)
		return;
	for (;;) {
		const struct sock *other;
		uint32_t h;

		i = (i + 1) & s->map_mask;
		if (s->map[i] == 0)
			break;
		other = &s->socks[s->map[i] - 1];
		h = home(s, other->ring, other->conn);
		if (((i - h) & s->map_mask) < ((i - gap) & s->map_mask))
			continue;
		s->map[gap] = s->map[i];
		gap = i;
	}
	s->map[gap] = 0;
}
