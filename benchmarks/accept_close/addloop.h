/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * addloop.h: how fast both cores are right now, by a loop of additions that each need the one
 * before: about the clock rate, whatever the compiler. A run that was slow because the machine was
 * shows here.
 */
#ifndef ADDLOOP_H
#define ADDLOOP_H

struct addloop {
	double main_per_s;  /* additions a second on this lcore */
	double other_per_s; /* on the other one at the same time; 0 if there is none */
};

/** Takes about 50 ms. @p other is an lcore that waits for work, or the number of none. */
void addloop_measure(unsigned int other, struct addloop *out);

#endif
