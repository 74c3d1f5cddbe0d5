/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * response.h: how fast a flow may be at a loss rate, by the published response functions, in
 * integers. Loss in 1,000,000, 0 excluded; windows in 1/1000 of a segment.
 */
#ifndef SIM_RESPONSE_H
#define SIM_RESPONSE_H

#include <stdint.h>

/**
 * Mathis, Semke, Mahdavi and Ott, 1997, "The macroscopic behavior of the TCP congestion avoidance
 * algorithm": W = sqrt(3 / (2 b p)); @p acked_by is b, the segments that an ACK is for when the
 * window grows by ACKs, 1 when it grows by bytes (RFC 3465).
 */
uint64_t response_reno(uint64_t loss, unsigned int acked_by);

/** RFC 9438, 5.1 and 5.2: the greater of CUBIC's own, 1.054 (RTT / p)^(3/4) with C = 0.4 and beta =
 * 0.7, and the Reno-friendly one, sqrt(3 / (2 p)). */
uint64_t response_cubic(uint64_t loss, uint64_t rtt_us);

/** The largest integer whose square, or fourth power, isn't above @p x. */
uint64_t root2(unsigned __int128 x);
uint64_t root4(unsigned __int128 x);

#endif
