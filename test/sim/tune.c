/* SPDX-License-Identifier: BSD-3-Clause */
/* tune.c: options that applications set, of what they will open and of what they have: buffers and
 * MSS. What the stack says it has set is what must be seen on the wire. */
#include <errno.h>

#include "../script/frame.h"
#include "sim.h"
#include "wire/tcp.h"

#define TCP_AT	  34
#define LEAST_BUF 4096
#define MOST_BUF  (UINT32_C(1) << 30)
#define LEAST_MSS 88
#define MOST_MSS  65495

static void
set_new(struct context *c, enum thole_option option, uint64_t value)
{
	user_op(c,
		&(struct thole_op){ .type = THOLE_OP_SET_NEW, .option = option, .value = value });
}

void
tune_new(struct sim *s, unsigned int side, struct context *c)
{
	const struct more *more = &s->plan.more[side];

	if (more->tunes == 0)
		return;
	if (sim_more(s, 2) == 0)
		set_new(c, THOLE_OPT_SNDBUF, LEAST_BUF + sim_more(s, 60000));
	/* Who shares an endpoint must offer the same; one in eight doesn't, and is refused. */
	if (more->rcvbuf != 0)
		set_new(c, THOLE_OPT_RCVBUF, more->rcvbuf + (sim_more(s, 8) == 0));
	if (more->mss != 0)
		set_new(c, THOLE_OPT_MSS, more->mss + (sim_more(s, 8) == 0));
}

void
tune_end_new(const struct side *me, struct end *e)
{
	const struct thole_tcp_params *p = &me->config.tcp;

	/* By SET_NEW they may be as much. */
	e->snd_most = RTE_MAX(p->sndbuf_bytes, LEAST_BUF + UINT32_C(60000));
	e->rcv_most = RTE_MAX(p->rcvbuf_bytes, LEAST_BUF + UINT32_C(80000));
	e->mss_most = UINT64_MAX;
}

static bool
may_be(uint32_t option, uint64_t value)
{
	if (option == THOLE_OPT_MSS)
		return value == 0 || (value >= LEAST_MSS && value <= MOST_MSS);
	return value >= LEAST_BUF && value <= MOST_BUF;
}

void
tune_now_and_then(struct sim *s, unsigned int side, struct end *e)
{
	static const enum thole_option options[] = { THOLE_OPT_SNDBUF, THOLE_OPT_RCVBUF,
		THOLE_OPT_MSS };
	struct context *c = &s->side[side].contexts[e->context];
	struct thole_op op = { .type = THOLE_OP_SET, .conn = e->conn };

	if (s->plan.more[side].tunes == 0 || e->asked ||
		sim_more(s, 1000) >= s->plan.more[side].tunes)
		return;
	e->option = options[sim_more(s, RTE_DIM(options))];
	if (e->option == THOLE_OPT_MSS) /* with small segments a bad link takes days */
		e->value = sim_more(s, 8) == 0	   ? 0
			   : s->kind == SIM_STRICT ? 536 + sim_more(s, 1000)
						   : sim_more(s, 1600);
	else
		e->value = sim_more(s, sim_more(s, 2) == 0 ? 10000 : 100000);
	op.option = e->option;
	op.value = e->value;
	user_op(c, &op);
	op.type = THOLE_OP_GET;
	op.value = 0;
	user_op(c, &op);
	e->asked = true;
	e->set_refused = false;
	if (e->option == THOLE_OPT_SNDBUF) {
		e->shrunk |= e->value < e->snd_most;
		e->snd_most = RTE_MAX(e->snd_most, e->value);
	} else if (e->option == THOLE_OPT_RCVBUF) {
		e->rcv_most = RTE_MAX(e->rcv_most, e->value);
	} else if (may_be(e->option, e->value) && (e->value == 0 || e->value > e->mss_most)) {
		e->mss_most = UINT64_MAX; /* until it is known */
	}
	s->side[side].tuned++;
}

void
tune_answered(struct sim *s, struct end *e, const struct thole_event *ev)
{
	sim_failed_unless(s, e->asked && ev->bytes == e->option, "OPTION that nothing called for");
	e->asked = false;
	if (!e->set_refused && ev->user != e->value)
		sim_fail(s, "option %u is %ju, and was set to %ju", e->option, (uintmax_t)ev->user,
			(uintmax_t)e->value);
	/* As the stack is configured it bounds the peer alone. */
	if (e->option == THOLE_OPT_MSS && !e->set_refused && ev->user != 0)
		e->mss_most = ev->user;
}

void
tune_refused(struct sim *s, struct end *e, const struct thole_event *ev)
{
	/* -ENOSPC: too many are set differently. */
	if (ev->op == THOLE_OP_GET || (ev->status != -ENOSPC && ev->status != -EINVAL) ||
		(ev->status == -EINVAL && may_be(ev->bytes, ev->user)))
		sim_fail(s, "option %u to %ju is refused with %d", ev->bytes, (uintmax_t)ev->user,
			ev->status);
	if (e != NULL)
		e->set_refused = true;
}

/* The one end with these ports that isn't over; NULL also if there are two. */
static const struct end *
end_at(const struct side *me, uint16_t local, uint16_t remote)
{
	const struct end *found = NULL;

	for (uint32_t i = 0; i < me->nb_ends; i++) {
		const struct end *e = &me->ends[i];

		if (!e->opened || e->over || e->local.port != local || e->remote.port != remote)
			continue;
		if (found != NULL)
			return NULL;
		found = e;
	}
	return found;
}

void
tune_sent(struct sim *s, unsigned int from, const struct flow *flow, const uint8_t *bytes,
	uint32_t len)
{
	const uint8_t *tcp = bytes + TCP_AT;
	const struct end *e;
	uint32_t wnd, shift = 0;

	if (s->plan.more[from].tunes == 0 || frame_kind(bytes, len) != FRAME_TCP ||
		(tcp[13] & (TCP_SYN | TCP_RST)) != 0)
		return;
	e = end_at(&s->side[from], get16(tcp), get16(tcp + 2));
	if (e == NULL)
		return;
	/* The MSS has the options in it (RFC 6691). */
	if (len - TCP_AT > (tcp[12] >> 4) * 4u && len - TCP_AT - 20 > e->mss_most)
		sim_fail(s, "side %u: a segment of %u bytes, the MSS is %ju", from,
			len - TCP_AT - 20, (uintmax_t)e->mss_most);
	if (flow == NULL)
		return;
	if (flow->shift[0] >= 0 && flow->shift[1] >= 0)
		shift = (uint32_t)flow->shift[from];
	wnd = (uint32_t)get16(tcp + 14) << shift;
	if (wnd > e->rcv_most + (UINT64_C(2) << shift))
		sim_fail(s, "side %u: a window of %u, the buffer is %ju", from, wnd,
			(uintmax_t)e->rcv_most);
}
