/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * thole/rss.h: which of several stacks a connection belongs to. It is a pure function of the tuple,
 * the one that NICs spread packets by (receive-side scaling): the Toeplitz hash of the addresses
 * and ports, whose low bits choose an entry of a table. Who receives a packet can tell whose it is,
 * and who opens a connection can find a source port that makes the answer come back to him.
 */
#ifndef THOLE_RSS_H
#define THOLE_RSS_H

#include <thole/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define THOLE_RSS_KEY_BYTES 40	/**< what addresses and ports of IPv4 or IPv6 need */
#define THOLE_RSS_RETA_MAX  512 /**< entries of the largest table */

/** Whose a flow is. */
struct thole_rss {
	/** Of the Toeplitz hash, its first byte first. */
	uint8_t key[THOLE_RSS_KEY_BYTES] __attribute__((aligned(8)));
	uint16_t reta_size;		  /**< a power of two, up to THOLE_RSS_RETA_MAX */
	uint8_t reta[THOLE_RSS_RETA_MAX]; /**< by the hash's low bits: the stack's core number */
};

/**
 * Spreads flows over cores 0 to @p nb_cores - 1 evenly, by 128 entries (512 for more than 32 cores)
 * and a symmetric key: both directions of a flow have the same owner, so that two ends that use it
 * with as many cores agree. @p nb_cores is 1 to 256. Pure; any
 * thread.
 */
THOLE_API void thole_rss_init(struct thole_rss *rss, uint16_t nb_cores);

/**
 * The core number whose flow it is. @p local is the destination of received packets; both are IPv4
 * addresses. Pure; any thread.
 */
THOLE_API uint8_t thole_rss_owner(const struct thole_rss *rss, const struct thole_endpoint *local,
	const struct thole_endpoint *remote);

#ifdef __cplusplus
}
#endif
#endif
