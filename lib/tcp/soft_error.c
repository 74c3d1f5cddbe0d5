/* SPDX-License-Identifier: BSD-3-Clause */
/* soft_error.c: what goes wrong and ends nothing yet (RFC 9293, 3.9.1.8, 3.9.2.2; RFC 5461, 2). */
#include <errno.h>

#include "tcp/tcp.h"

int
tcp_soft_errno(enum soft_error what)
{
	switch (what) {
	case SOFT_NONE:
		break;
	case SOFT_NET:
		return ENETUNREACH;
	case SOFT_HOST:
		return EHOSTUNREACH;
	case SOFT_REFUSED:
		return ECONNREFUSED;
	case SOFT_PARAMETER:
		return EPROTO;
	case SOFT_NO_PROGRESS:
		return ETIMEDOUT;
	}
	return 0;
}

void
tcp_soft_error(const struct tcp_env *env, struct tcb *t, enum soft_error what)
{
	if (t->state == TCP_CLOSED)
		return;
	/* What the network says is a better reason than that nothing was heard. */
	if (what != SOFT_NO_PROGRESS)
		t->reason = (unsigned int)what & 7u;
	else if ((t->events & TE_SOFT_ERROR) != 0)
		return;
	if (!env->profiles[t->profile].soft_errors || (t->flags & TF_APP_CLOSED) != 0)
		return;
	t->soft = (unsigned int)what & 7u;
	t->events |= TE_SOFT_ERROR;
}

void
tcp_give_up(struct tcp_env *env, struct tcb *t)
{
	int reason =
		t->reason != SOFT_NONE ? tcp_soft_errno((enum soft_error)t->reason) : ETIMEDOUT;

	/* RFC 9293, 3.10.8; the peer of a connection, should it live, learns of it. */
	if (t->state == TCP_SYN_SENT || t->state == TCP_SYN_RECEIVED)
		tcp_closed(env, t, ETIMEDOUT);
	else
		tcp_abort(env, t, ETIMEDOUT);
	t->error = (uint8_t)reason;
}
