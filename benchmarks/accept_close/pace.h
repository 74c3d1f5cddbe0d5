/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pace.h: the times of an open loop: so many a second, evenly spaced, counted from a start and
 * never from when the one before was done. Whoever comes late finds all that were due meanwhile.
 * Several can share a rate: their times interleave. Fractions of a nanosecond are carried along,
 * so that the n-th time is right to a nanosecond however large n is.
 */
#ifndef PACE_H
#define PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	uint64_t next_ns; /* when the next is due */
	uint64_t step_ns; /* between two, */
	uint64_t rest;	  /* and so many per_s-ths of a nanosecond, */
	uint64_t carry;	  /* of which so many are still to be waited for */
	uint64_t per_s;	  /* of all that share the rate; 0: there is no pace */
};

/** Due now, then @p per_s times a second, divided among @p sharers, of whom this is @p number. */
void pace_start(
	struct pace *pace, uint64_t per_s, uint32_t number, uint32_t sharers, uint64_t now_ns);

/** How many are due and not taken. */
uint64_t pace_behind(const struct pace *pace, uint64_t now_ns);

static inline bool
pace_due(const struct pace *pace, uint64_t now_ns)
{
	return pace->next_ns <= now_ns;
}

/** Takes the next. @return when it is due. */
static inline uint64_t
pace_take(struct pace *pace)
{
	uint64_t due_ns = pace->next_ns;

	pace->next_ns += pace->step_ns;
	pace->carry += pace->rest;
	if (pace->carry >= pace->per_s) {
		pace->carry -= pace->per_s;
		pace->next_ns++;
	}
	return due_ns;
}

#endif
