/* SPDX-License-Identifier: BSD-3-Clause */
/* close.c: the end of a socket. None of it needs room in a ring: what there is none for is owed. */
#include <errno.h>

#include "socket/socket.h"

#define ASK_AGAIN_NS 1000000ull

void
sock_release(struct thole_sockets *s, struct sock *k)
{
	if (k->state == SOCK_OVER)
		sock_drop_input(s, k);
	if (k->conn != 0)
		sock_map_remove(s, k); /* its reset is under way */
	k->watched = 0;
	k->edges = 0;
	if ((k->flags & (SF_OWED | SF_LISTENER)) != 0)
		k->state = SOCK_CLOSING; /* still in a list; freed when it is through */
	else
		sock_free(s, k);
}

void
sock_end(struct thole_sockets *s, struct sock *k, uint16_t owes)
{
	if (k->conn != 0)
		sock_map_remove(s, k);
	k->state = SOCK_CLOSING; /* what is thrown away needs no RECEIVED */
	sock_drop_input(s, k);
	k->watched = 0;
	k->edges = 0;
	k->stream.unsaid = 0;
	k->flags |= owes;
	sock_settle(s, k);
}

static void
end_listener(struct thole_sockets *s, struct sock *k)
{
	k->watched = 0;
	k->edges = 0;
	k->state = SOCK_CLOSING;
	sock_unlisten(s, k);
}

int
thole_shutdown(struct thole_sockets *sockets, thole_sock sock, enum thole_shut how)
{
	struct sock *k;
	int error = sock_get(sockets, sock, &k);

	if (error != 0)
		return error;
	if (how < THOLE_SHUT_RD || how > THOLE_SHUT_RDWR)
		return -EINVAL;
	if (k->state != SOCK_OPEN)
		return -ENOTCONN;
	if ((how & THOLE_SHUT_RD) != 0) {
		k->flags |= SF_SHUT_RD;
		sock_drop_input(sockets, k);
		sock_edge(sockets, k, THOLE_IN);
	}
	if ((how & THOLE_SHUT_WR) != 0 && (k->flags & SF_SHUT_WR) == 0) {
		k->flags |= SF_SHUT_WR | SF_OWES_SHUTDOWN;
		sock_settle(sockets, k);
	}
	return 0;
}

/* The peer has acknowledged our FIN, and with it all else. */
static bool
all_acked(const struct sock_ring *r, const struct sock *k)
{
	return r->info_state == ASK_ANSWERED && r->info_status == 0 && r->info_conn == k->conn &&
	       (r->info.state == THOLE_FIN_WAIT_2 || r->info.state == THOLE_TIME_WAIT ||
		       r->info.state == THOLE_CLOSED);
}

/* After a shutdown: until all is acknowledged, or it is over. No event says the first: it is asked
 * for now and then. */
static int
linger(struct thole_sockets *s, struct sock *k)
{
	struct sock_ring *r = &s->rings[k->ring];
	uint64_t asked_ns = 0;
	struct sock_wait wait;
	bool acked = false;

	sock_wait_begin(&wait, k->linger_ns);
	while (k->state == SOCK_OPEN && !acked) {
		uint64_t now_ns = thole_clock_ns();

		if (now_ns - asked_ns >= ASK_AGAIN_NS && sock_ask_info(r, k))
			asked_ns = now_ns;
		if (!sock_wait_more(s, &wait))
			break;
		acked = asked_ns != 0 && all_acked(r, k);
	}
	sock_wait_end(s, &wait);
	if (k->state == SOCK_OVER)
		return sock_tell_error(k);
	return acked ? 0 : -EAGAIN;
}

static int
close_open(struct thole_sockets *s, thole_sock sock, struct sock *k)
{
	int error = 0;

	if (k->linger_ns != 0 && k->linger_ns != THOLE_NEVER && k->stream.unread == 0) {
		(void)thole_shutdown(s, sock, THOLE_SHUT_WR);
		error = linger(s, k);
	}
	if (k->state == SOCK_OVER) {
		sock_release(s, k);
	} else if (k->linger_ns == 0 || k->stream.unread != 0) {
		sock_end(s, k, SF_OWES_ABORT);
	} else {
		sock_end(s, k, SF_OWES_CLOSE);
	}
	return error;
}

static int
finish(struct thole_sockets *s, thole_sock sock, bool reset)
{
	struct sock *k;
	int error = sock_get(s, sock, &k);

	if (error == -EALREADY) { /* what comes if it isn't taken */
		k->flags |= reset || k->linger_ns == 0 ? SF_OWES_ABORT : SF_OWES_CLOSE;
		return 0;
	}
	if (error != 0)
		return error;
	(void)sock_serve(s); /* what came counts as unread */
	switch ((enum sock_state)k->state) {
	case SOCK_LISTENING:
		end_listener(s, k);
		return 0;
	case SOCK_TAKING:
		sock_stop_taking(s);
		break;
	case SOCK_CONNECTING:
		sock_end(s, k, reset ? SF_OWES_ABORT : SF_OWES_CLOSE);
		return 0;
	case SOCK_OPEN:
		if (!reset)
			return close_open(s, sock, k);
		sock_end(s, k, SF_OWES_ABORT);
		return 0;
	case SOCK_OVER:
	case SOCK_NEW:
	case SOCK_GIVING:
	case SOCK_CLOSING:
	case SOCK_FREE:
		break;
	}
	sock_release(s, k);
	return 0;
}

int
thole_close(struct thole_sockets *sockets, thole_sock sock)
{
	return finish(sockets, sock, false);
}

int
thole_abort(struct thole_sockets *sockets, thole_sock sock)
{
	return finish(sockets, sock, true);
}
