/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options.c: what can be set and asked. Before there is a connection options are kept here, and
 * their values are looked at here; on a connection it is the stack that takes or refuses them.
 */
#include <errno.h>

#include "socket/socket.h"

#define SECOND 1000000000ull
#define GIB    (1ull << 30)

/* Of enum thole_option, as thole/app.h says them; 0 stands for "as configured" where also says so.
 */
static const struct {
	uint64_t least, most;
	uint64_t also; /* one value more */
} ranges[SOCK_OPTIONS] = {
	[THOLE_OPT_USER_TIMEOUT] = { 0, 65534 * SECOND, THOLE_NEVER },
	[THOLE_OPT_NO_DELAY] = { 0, 1, 0 },
	[THOLE_OPT_KEEPALIVE] = { 0, 1, 0 },
	[THOLE_OPT_KEEPALIVE_IDLE] = { SECOND, 86400 * SECOND, SECOND },
	[THOLE_OPT_KEEPALIVE_INTERVAL] = { SECOND / 1000, 3600 * SECOND, SECOND },
	[THOLE_OPT_KEEPALIVE_PROBES] = { 1, 255, 1 },
	[THOLE_OPT_TTL] = { 1, 255, 1 },
	[THOLE_OPT_DSCP] = { 0, 63, 0 },
	[THOLE_OPT_CC] = { 0, THOLE_CC_COUNT - 1, 0 },
	[THOLE_OPT_PACING] = { 0, 1, 0 },
	[THOLE_OPT_SOFT_ERRORS] = { 0, 1, 0 },
	[THOLE_OPT_SNDBUF] = { 4096, GIB, 4096 },
	[THOLE_OPT_RCVBUF] = { 4096, GIB, 4096 },
	[THOLE_OPT_MSS] = { 88, 65495, 0 },
	[THOLE_OPT_COUNTERS] = { 0, 1, 0 },
};

static bool
is_known(uint32_t option)
{
	return option > THOLE_OPT_DEFAULTS && option < SOCK_OPTIONS;
}

static bool
in_range(uint32_t option, uint64_t value)
{
	return value == ranges[option].also ||
	       (value >= ranges[option].least && value <= ranges[option].most);
}

/* Options that the stack knows nothing of. */
static int
set_own(struct sock *k, uint32_t option, uint64_t value)
{
	if (option == THOLE_SO_LINGER) {
		k->linger_ns = value;
		return 0;
	}
	if (option != THOLE_SO_REUSE)
		return -ENOPROTOOPT;
	if (value > 1 || k->state != SOCK_NEW)
		return -EINVAL;
	k->flags = (uint16_t)(value != 0 ? k->flags | SF_REUSE : k->flags & ~SF_REUSE);
	return 0;
}

static int
get_own(struct sock *k, uint32_t option, uint64_t *value)
{
	switch (option) {
	case THOLE_SO_LINGER:
		*value = k->linger_ns;
		return 0;
	case THOLE_SO_REUSE:
		*value = (k->flags & SF_REUSE) != 0;
		return 0;
	case THOLE_SO_ERROR:
		*value = (uint64_t)-sock_tell_error(k);
		return 0;
	case THOLE_SO_SOFT_ERROR:
		*value = (uint64_t)k->soft_error;
		k->soft_error = 0;
		return 0;
	case THOLE_SO_UNREAD:
		*value = sock_has_stream(k) ? k->stream.unread : 0;
		return 0;
	case THOLE_SO_USER:
		*value = k->user;
		return 0;
	}
	return -ENOPROTOOPT;
}

/* Whether there is a connection that can be asked. */
static int
askable(const struct sock *k)
{
	if (k->conn != 0)
		return 0;
	return k->state == SOCK_CONNECTING ? -EALREADY : -ENOTCONN;
}

/*
 * GET's answer follows whatever SET is answered, so that silence is known to be consent. One
 * question at a time: an answer that is late would be taken for the next one's.
 */
static int
ask(struct thole_sockets *s, struct sock *k, uint32_t option, const uint64_t *set)
{
	struct thole_op ops[2] = {
		{ .type = THOLE_OP_SET, .option = option, .conn = k->conn },
		{ .type = THOLE_OP_GET, .option = option, .conn = k->conn },
	};
	int error = askable(k);

	if (error != 0)
		return error;
	if (set != NULL)
		ops[0].value = *set;
	if (k->stream.gets != 0 || !sock_has_room(&s->rings[k->ring], 2))
		return -EAGAIN;
	k->stream.answer = 0;
	k->stream.gets++;
	(void)sock_post(&s->rings[k->ring], set != NULL ? ops : ops + 1, set != NULL ? 2 : 1);
	return 0;
}

/* Asks, and waits for the answer. */
static int
question(struct thole_sockets *s, struct sock *k, uint32_t option, const uint64_t *set,
	uint64_t *value, uint64_t timeout_ns)
{
	struct sock_wait wait;
	int error;

	sock_wait_begin(&wait, timeout_ns);
	do
		error = ask(s, k, option, set);
	while (error == -EAGAIN && sock_wait_more(s, &wait));
	if (error == 0) {
		while (k->stream.gets != 0 && sock_wait_more(s, &wait))
			;
		if (k->stream.gets != 0)
			error = -EINPROGRESS;
		else if (k->stream.answer == -EBADF || k->conn == 0)
			error = -ENOTCONN;
		else
			error = k->stream.answer;
	}
	sock_wait_end(s, &wait);
	if (error == 0)
		*value = k->stream.value;
	return error;
}

int
thole_set_option(struct thole_sockets *sockets, thole_sock sock, uint32_t option, uint64_t value,
	uint64_t timeout_ns)
{
	struct sock *k;
	uint64_t now;
	int error = sock_get(sockets, sock, &k);

	if (error != 0)
		return error;
	if (!is_known(option))
		return set_own(k, option, value);
	if (!in_range(option, value) || k->state == SOCK_LISTENING)
		return -EINVAL;
	if (k->state == SOCK_NEW) {
		k->set |= 1u << option;
		k->options[option] = value;
		return 0;
	}
	return question(sockets, k, option, &value, &now, timeout_ns);
}

int
thole_get_option(struct thole_sockets *sockets, thole_sock sock, uint32_t option, uint64_t *value,
	uint64_t timeout_ns)
{
	struct sock *k;
	int error = sock_get(sockets, sock, &k);

	if (error != 0)
		return error;
	if (!is_known(option))
		return get_own(k, option, value);
	if (k->state == SOCK_NEW || k->state == SOCK_LISTENING) {
		if ((k->set & 1u << option) == 0)
			return -ENODATA;
		*value = k->options[option];
		return 0;
	}
	return question(sockets, k, option, NULL, value, timeout_ns);
}

bool
sock_ask_info(struct sock_ring *r, const struct sock *k)
{
	const struct thole_op op = { .type = THOLE_OP_INFO, .conn = k->conn, .info = &r->info };

	if (r->info_state == ASK_ASKED || !sock_post(r, &op, 1))
		return false;
	r->info_state = ASK_ASKED;
	r->info_conn = k->conn;
	return true;
}

int
thole_get_info(
	struct thole_sockets *sockets, thole_sock sock, struct thole_info *out, uint64_t timeout_ns)
{
	struct sock_wait wait;
	struct sock_ring *r;
	struct sock *k;
	int error = sock_get(sockets, sock, &k);

	if (error != 0)
		return error;
	r = &sockets->rings[k->ring];
	sock_wait_begin(&wait, timeout_ns);
	do {
		if (k->conn == 0)
			error = -ENOTCONN;
		else
			error = sock_ask_info(r, k) ? 0 : -EAGAIN;
	} while (error == -EAGAIN && sock_wait_more(sockets, &wait));
	if (error == 0) {
		while (r->info_state == ASK_ASKED && sock_wait_more(sockets, &wait))
			;
		error = r->info_state == ASK_ASKED ? -EINPROGRESS : r->info_status;
	}
	sock_wait_end(sockets, &wait);
	if (error == 0)
		*out = r->info;
	return error == -EBADF ? -ENOTCONN : error;
}
