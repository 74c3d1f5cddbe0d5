/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cc_cubic.c: CUBIC (RFC 9438). Windows are in bytes, times in microseconds, all in integers: C is
 * 2/5 segment/s^3, beta 7/10, so alpha is 9/17 (4.3) and fast convergence leaves 17/20 (4.7).
 *
 * An epoch is a stage of congestion avoidance; it begins with the first ACK of one (FF_EPOCH), as
 * cwnd is known only then: PRR or slow start brought it here.
 */
#include "tcp/cc.h"

/*
 * The longest t: beyond it W_cubic is above any window that there is, and the clock's wrap must not
 * start it anew.
 */
#define T_MAX_US (UINT32_C(1) << 30)

uint32_t
cubic_root(uint64_t x)
{
	uint64_t root = 0;

	/* Bit by bit, from the top; 2642245 is the root of 2^64 - 1. */
	for (uint64_t bit = 1 << 21; bit != 0; bit >>= 1) {
		uint64_t y = root | bit;

		if (y <= 2642245 && y * y * y <= x)
			root = y;
	}
	return (uint32_t)root;
}

/* RFC 9438, 4.2, figure 2: K = cbrt((W_max - cwnd_epoch) / C). */
uint32_t
cubic_k_us(uint32_t below_bytes, uint32_t mss)
{
	uint64_t x = (uint64_t)below_bytes * 5;
	unsigned int thirds;

	if (x == 0)
		return 0;
	/* The root has a third of the bits: as many below the point as 64 bits allow. */
	thirds = (unsigned int)__builtin_clzll(x) / 3;
	x = (x << (3 * thirds)) / (2 * RTE_MAX(mss, 1u));
	return (uint32_t)((uint64_t)cubic_root(x) * 1000000 >> thirds);
}

/* Figure 1: W_cubic(t) = C (t - K)^3 + W_max. */
uint32_t
cubic_window(uint32_t w_max, uint32_t k_us, uint32_t mss, uint32_t t_us)
{
	uint64_t d = t_us > k_us ? t_us - k_us : k_us - t_us;
	/* In units of 2^30 us^3: below 2^64 as long as d is below 2^31.3. */
	uint64_t cube = ((d * d) >> 30) * d;
	uint64_t delta = UINT32_C(1) << 31;

	/* 10^18 us^3 / 2^30, times 5/2 for C. */
	if (!__builtin_mul_overflow(cube, 2 * (uint64_t)mss, &cube))
		delta = RTE_MIN(cube / UINT64_C(4656612873), delta);
	if (t_us >= k_us)
		return (uint32_t)RTE_MIN(w_max + delta, UINT64_C(1) << 31);
	return w_max > delta ? (uint32_t)(w_max - delta) : 0;
}

static void
cubic_init(struct tcb *t, struct flight *f, uint32_t now_us)
{
	f->cubic = (struct cubic){ .last_us = now_us };
	f->flags &= (uint8_t)~FF_EPOCH;
}

static void
begin_epoch(const struct tcb *t, struct flight *f, uint32_t now_us)
{
	struct cubic *c = &f->cubic;

	if (c->w_max <= f->cwnd) {
		/* Undefined: after HyStart++ (4.10), a timeout (4.8), a rest. Or passed already. */
		c->w_max = f->cwnd;
	}
	if (c->cwnd_prior == 0)
		c->cwnd_prior = f->cwnd;
	c->k_us = cubic_k_us(c->w_max - f->cwnd, t->mss);
	c->epoch_us = now_us;
	c->w_est = f->cwnd;
	c->w_est_part = c->ca_part = 0;
	f->flags |= FF_EPOCH;
}

/* t of figure 1. */
static uint32_t
elapsed_us(struct cubic *c, uint32_t now_us)
{
	uint32_t t_us = now_us - c->epoch_us;

	if (t_us >= UINT32_C(1) << 31) /* idle time was taken for more than it was */
		t_us = 0;
	t_us = RTE_MIN(t_us, T_MAX_US);
	c->epoch_us = now_us - t_us;
	return t_us;
}

/* Figure 4, with bytes. */
static void
grow_estimate(struct cubic *c, const struct flight *f, uint32_t bytes, uint32_t mss)
{
	uint64_t per = f->cwnd;

	if (c->w_est < c->cwnd_prior)
		per = per * 17 / 9;
	c->w_est += cc_grow_linear(&c->w_est_part, bytes, mss, (uint32_t)per);
	c->w_est = RTE_MIN(c->w_est, CC_CWND_MAX);
}

static void
cubic_acked(struct tcb *t, struct flight *f, const struct cc_ack *ack)
{
	struct cubic *c = &f->cubic;
	uint32_t bytes = RTE_MIN(ack->bytes, f->cwnd);
	uint32_t t_us, target, grow = 0;

	if ((f->flags & FF_EPOCH) == 0)
		begin_epoch(t, f, ack->now_us);
	grow_estimate(c, f, bytes, t->mss);
	t_us = elapsed_us(c, ack->now_us);
	if (cubic_window(c->w_max, c->k_us, t->mss, t_us) < c->w_est) {
		/* 4.3: Reno-friendly. Never faster than slow start, never down. */
		if (c->w_est > f->cwnd)
			grow = RTE_MIN(c->w_est - f->cwnd, bytes);
	} else {
		/* 4.2, 4.4, 4.5: to where W_cubic is a round-trip time from now. */
		target = cubic_window(c->w_max, c->k_us, t->mss, t_us + (t->srtt_us >> 3));
		target = RTE_MIN(target, f->cwnd + f->cwnd / 2);
		if (target > f->cwnd)
			grow = cc_grow_linear(&c->ca_part, bytes, target - f->cwnd, f->cwnd);
	}
	f->cwnd += grow;
}

static void
cubic_heard(struct tcb *t, struct flight *f, const struct cc_ack *ack)
{
	struct cubic *c = &f->cubic;
	uint32_t gone = ack->now_us - c->last_us;

	/* 4.2, 5.8: t leaves out time in which the application, not cwnd, was what limited. */
	if ((f->flags & (FF_EPOCH | FF_CWND_LIMITED)) == FF_EPOCH && gone < UINT32_C(1) << 31)
		c->epoch_us += gone;
	c->last_us = ack->now_us;
}

static void
cubic_idle(struct tcb *t, struct flight *f, uint32_t idle_us)
{
	f->cubic.epoch_us += idle_us;
	f->cubic.last_us += idle_us;
}

static uint32_t
cubic_congested(struct tcb *t, struct flight *f, uint32_t flight, bool ecn)
{
	struct cubic *c = &f->cubic;

	if (f->phase == FP_OPEN) {
		f->cubic_undo = (struct cubic_undo){ .w_max = c->w_max,
			.cwnd_prior = c->cwnd_prior,
			.k_us = (f->flags & FF_EPOCH) != 0 ? c->k_us : UINT32_MAX,
			.epoch_us = c->epoch_us,
			.w_est = c->w_est };
	}
	/* 4.7: fast convergence. */
	if (f->cwnd < c->w_max)
		c->w_max = (uint32_t)((uint64_t)f->cwnd * 17 / 20);
	else
		c->w_max = f->cwnd;
	c->cwnd_prior = f->cwnd;
	f->flags &= (uint8_t)~FF_EPOCH;
	return (uint32_t)((uint64_t)flight * 7 / 10); /* 4.6, for ECN the same */
}

static void
cubic_timeout(struct tcb *t, struct flight *f)
{
	/* 4.8: K is 0 and W_max is cwnd when congestion avoidance begins. */
	f->cubic.w_max = 0;
	f->flags &= (uint8_t)~FF_EPOCH;
}

static void
cubic_undone(struct tcb *t, struct flight *f)
{
	const struct cubic_undo *u = &f->cubic_undo;
	struct cubic *c = &f->cubic;

	c->w_max = u->w_max;
	c->cwnd_prior = u->cwnd_prior;
	c->epoch_us = u->epoch_us;
	c->w_est = u->w_est;
	f->flags &= (uint8_t)~FF_EPOCH;
	if (u->k_us != UINT32_MAX) {
		c->k_us = u->k_us;
		f->flags |= FF_EPOCH;
	}
}

const struct cc_ops cc_cubic = {
	.name = "cubic",
	.hystart = true,
	.init = cubic_init,
	.acked = cubic_acked,
	.heard = cubic_heard,
	.congested = cubic_congested,
	.timeout = cubic_timeout,
	.undone = cubic_undone,
	.idle = cubic_idle,
};
