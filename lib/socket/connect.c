/* SPDX-License-Identifier: BSD-3-Clause */
/* connect.c: sockets made, bound, connected, and whose ends are told. */
#include <errno.h>

#include "socket/socket.h"

thole_sock
thole_socket(struct thole_sockets *sockets)
{
	struct sock *k;
	int error = sock_check(sockets);

	if (error != 0)
		return error;
	k = sock_new(sockets);
	return k != NULL ? sock_handle(sockets, k) : -EMFILE;
}

int
thole_bind(struct thole_sockets *sockets, thole_sock sock, const struct thole_endpoint *local)
{
	struct sock *k;
	int error = sock_get(sockets, sock, &k);

	if (error != 0)
		return error;
	if (k->state != SOCK_NEW || (k->flags & SF_BOUND) != 0)
		return -EINVAL;
	k->local = *local;
	k->flags |= SF_BOUND;
	return 0;
}

bool
sock_post_open(struct thole_sockets *s, const struct sock *k, struct sock_ring *r,
	const struct thole_op *op)
{
	struct thole_op ops[SOCK_OPTIONS + 2];
	uint32_t n = 0;

	for (uint32_t o = 0; o < SOCK_OPTIONS; o++)
		if ((k->set & 1u << o) != 0)
			ops[n++] = (struct thole_op){
				.type = THOLE_OP_SET_NEW,
				.option = o,
				.conn = (thole_conn)sock_handle(s, k), /* for REFUSED */
				.value = k->options[o],
			};
	ops[n++] = *op;
	if (k->set != 0)
		ops[n++] = (struct thole_op){
			.type = THOLE_OP_SET_NEW,
			.option = THOLE_OPT_DEFAULTS,
			.conn = (thole_conn)sock_handle(s, k),
		};
	return sock_post(r, ops, n);
}

static bool
post_connect(struct thole_sockets *s, struct sock *k)
{
	const struct thole_op op = {
		.type = THOLE_OP_CONNECT,
		.bytes = 1,
		.local = (k->flags & SF_BOUND) != 0 ? k->local
						    : (struct thole_endpoint){ .port = 0 },
		.remote = k->remote,
		.user = (uint64_t)sock_handle(s, k),
	};

	return sock_post_open(s, k, &s->rings[k->ring], &op);
}

int
sock_connect_next(struct thole_sockets *s, struct sock *k)
{
	int error = -ENOENT;

	while (k->tried < s->nb_rings) {
		k->ring = (uint16_t)(k->ring + 1 < s->nb_rings ? k->ring + 1 : 0);
		k->tried++;
		if (post_connect(s, k))
			return 0;
		error = -EAGAIN;
	}
	return error;
}

void
sock_connect_failed(struct sock *k, int status)
{
	k->state = SOCK_NEW;
	k->error = (int16_t)-status;
	k->refused = 0;
	k->conn = 0;
	k->stream.gets = 0;
	k->flags &= SF_BOUND | SF_REUSE | SF_EDGE | SF_OWED;
}

int
sock_tell_error(struct sock *k)
{
	int error = -k->error;

	k->error = 0;
	return error;
}

/* The worker whose the connection is, if both ends are known; else the next in turn. */
static uint16_t
choose_ring(struct thole_sockets *s, const struct sock *k)
{
	uint16_t next = s->next_ring;

	s->next_ring = (uint16_t)(next + 1 < s->nb_rings ? next + 1 : 0);
	if ((k->flags & SF_BOUND) == 0 || k->local.port == 0 || thole_addr_is_any(&k->local.addr))
		return next;
	for (uint16_t i = 0; i < s->nb_rings; i++) {
		uint16_t ring = (uint16_t)((next + i) % s->nb_rings);

		if (thole_worker_owns(s->rings[ring].worker, &k->local, &k->remote))
			return ring;
	}
	return next;
}

/* -EAGAIN: no room. */
static int
begin(struct thole_sockets *s, struct sock *k, const struct thole_endpoint *remote)
{
	switch ((enum sock_state)k->state) {
	case SOCK_NEW:
		break;
	case SOCK_LISTENING:
	case SOCK_TAKING:
		return -EOPNOTSUPP;
	case SOCK_CONNECTING:
	case SOCK_GIVING:
		return -EALREADY;
	case SOCK_OPEN:
		return -EISCONN;
	case SOCK_OVER:
	case SOCK_CLOSING:
	case SOCK_FREE:
		return k->error != 0 ? sock_tell_error(k) : -EISCONN;
	}
	if (k->error != 0)
		return sock_tell_error(k);
	if ((k->flags & (SF_LISTENER | SF_OWED)) != 0) /* it owes the end of that */
		return -EAGAIN;
	k->stream = (struct sock_stream){ .credit = 0 };
	k->remote = *remote;
	k->ring = choose_ring(s, k);
	k->tried = 1;
	if (!post_connect(s, k))
		return -EAGAIN;
	k->state = SOCK_CONNECTING;
	return 0;
}

int
thole_connect(struct thole_sockets *sockets, thole_sock sock, const struct thole_endpoint *remote,
	uint64_t timeout_ns)
{
	struct sock_wait wait;
	struct sock *k;
	int error = sock_get(sockets, sock, &k);

	if (error != 0)
		return error;
	sock_wait_begin(&wait, timeout_ns);
	do
		error = begin(sockets, k, remote);
	while (error == -EAGAIN && sock_wait_more(sockets, &wait));
	if (error == 0) {
		while (k->state == SOCK_CONNECTING && sock_wait_more(sockets, &wait))
			;
		if (k->state == SOCK_CONNECTING)
			error = -EINPROGRESS;
		else if (k->state == SOCK_NEW || k->state == SOCK_OVER)
			error = sock_tell_error(k);
	}
	sock_wait_end(sockets, &wait);
	return error;
}

int
thole_local(struct thole_sockets *sockets, thole_sock sock, struct thole_endpoint *out)
{
	struct sock *k;
	int error = sock_get(sockets, sock, &k);

	if (error == 0)
		*out = k->local;
	return error;
}

int
thole_peer(struct thole_sockets *sockets, thole_sock sock, struct thole_endpoint *out)
{
	struct sock *k;
	int error = sock_get(sockets, sock, &k);

	if (error != 0)
		return error;
	if ((k->flags & SF_PEER) == 0)
		return -ENOTCONN;
	*out = k->remote;
	return 0;
}
