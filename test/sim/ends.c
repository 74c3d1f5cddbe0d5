/* SPDX-License-Identifier: BSD-3-Clause */
/* ends.c: how connections ended. With patient applications: well, and nothing was lost. With any:
 * both ends can't tell different stories. */
#include <errno.h>

#include "sim.h"

static bool
may_fail(const struct sim *s, const struct side *me, const struct end *e)
{
	if (e->opened)
		return s->plan.tiny && (e->status == -ECONNRESET || e->status == -ETIMEDOUT ||
					       e->status == -ENOBUFS || e->status == -ECONNABORTED);
	/* Ports that come round so soon that the peer can't tell a new SYN from an old one. */
	if (e->status == -ETIMEDOUT && me->config.port_max - me->config.port_min < 100)
		return true;
	return s->plan.tiny || e->status == -EHOSTUNREACH || e->status == -EADDRNOTAVAIL ||
	       e->status == -ECONNREFUSED;
}

static bool
same_ports(const struct end *a, uint16_t local, uint16_t remote)
{
	return a->opened && a->local.port == local && a->remote.port == remote;
}

static const struct end *
only_one(const struct side *me, uint16_t local, uint16_t remote)
{
	const struct end *found = NULL;

	for (uint32_t i = 0; i < me->nb_ends; i++)
		if (same_ports(&me->ends[i], local, remote)) {
			if (found != NULL)
				return NULL;
			found = &me->ends[i];
		}
	return found;
}

/* The other end of @p e, when the ports alone tell: they may have been used twice. */
static const struct end *
other_end(const struct sim *s, unsigned int side, const struct end *e)
{
	if (only_one(&s->side[side], e->local.port, e->remote.port) != e)
		return NULL;
	return only_one(&s->side[!side], e->remote.port, e->local.port);
}

/*
 * Of two that opened towards each other one may be established while the other's attempt fails for
 * want of an ARP answer.
 */
static bool
crossed_a_failure(const struct sim *s, unsigned int side, const struct end *e)
{
	return e->opened && e->status == -ECONNRESET && e->local.port == e->remote.port &&
	       other_end(s, side, e) == NULL;
}

static void
check_patient(struct sim *s, unsigned int side, uint32_t i)
{
	const struct side *me = &s->side[side];
	const struct end *e = &me->ends[i];

	if (e->status != 0 && !may_fail(s, me, e) && !crossed_a_failure(s, side, e))
		sim_fail(s, "side %u, end %u ended with %d", side, i, e->status);
	if (e->status == 0 && (!e->peer_closed || e->sent != e->to_send || e->refused != 0))
		sim_fail(s, "side %u, end %u: sent %ju of %ju, %u refused", side, i,
			(uintmax_t)e->sent, (uintmax_t)e->to_send, e->refused);
}

/* What @p a was told, and what became of @p b, the other end. */
static void
check_story(struct sim *s, unsigned int side, const struct end *a, const struct end *b)
{
	uintmax_t i = (uintmax_t)(a - s->side[side].ends);

	/* Ended in an orderly way: both said that they send no more, and all of it came. */
	if (a->status == 0 && !(a->shut || a->closed))
		sim_fail(s, "side %u, end %ju ended well, and never closed", side, i);
	if (a->status == 0 && !(b->shut || b->closed))
		sim_fail(s, "side %u, end %ju ended well, and its peer never closed", side, i);
	if (a->status == 0 && b->status == 0 && a->peer_closed && a->received != b->sent)
		sim_fail(s, "side %u, end %ju: read %ju of %ju, and both ended well", side, i,
			(uintmax_t)a->received, (uintmax_t)b->sent);
	/*
	 * A reset has a cause: somebody closed, or gave up, or a listener went while a SYN cookie
	 * was out, and came back before it did.
	 */
	if (!s->plan.fickle && a->status == -ECONNRESET && !a->closed && !b->closed && !b->shut &&
		(b->status == 0 || b->status == -ECONNRESET))
		sim_fail(s, "side %u, end %ju was reset, and nobody did it", side, i);
}

void
ends_check(struct sim *s)
{
	for (unsigned int side = 0; side < SIDES; side++) {
		const struct side *me = &s->side[side];

		for (uint32_t i = 0; i < me->nb_ends; i++) {
			const struct end *e = &me->ends[i], *other;

			sim_failed_unless(s, e->over, "an end that never ended");
			sim_failed_unless(s, e->status <= 0, "a status above 0");
			if (s->kind == SIM_STRICT)
				check_patient(s, side, i);
			if (s->kind == SIM_HOSTILE || !e->opened)
				continue;
			other = other_end(s, side, e);
			if (other != NULL)
				check_story(s, side, e, other);
		}
	}
}
