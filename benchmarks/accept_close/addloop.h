/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * addloop.h: how fast both cores are right now, by a loop of additions that each need the one
 * before: about the clock rate, whatever the compiler; and for how much of the time each was away,
 * for it is shared. A run that was slow because the machine was shows here.
 */
#ifndef ADDLOOP_H
#define ADDLOOP_H

struct addloop_core {
	double per_s;	/* additions a second */
	double stopped; /* share of the time in gaps of more than 50 us, 0 to 1 */
};

struct addloop {
	struct addloop_core main;  /* this lcore */
	struct addloop_core other; /* the other one at the same time; 0 if there is none */
};

/** Takes about 100 ms. @p other is an lcore that waits for work, or the number of none. */
void addloop_measure(unsigned int other, struct addloop *out);

#endif
