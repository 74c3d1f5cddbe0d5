/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hog.h: somebody in a worker's thread who takes every mbuf of its pool that he can get, while he
 * is told to, and gives them back after that. What is left to the stack is what it keeps for
 * itself, what is on the cable, and what other lcores' caches hold.
 */
#ifndef HOG_H
#define HOG_H

#include <rte_mempool.h>

#include <thole/port.h>

struct hog {
	struct rte_mempool *pool;
	struct rte_mbuf **held;
	uint32_t n;
	uint32_t most; /* that it held at a time */
	bool wanted;   /* set by another thread */
	/* Whom the worker's turn is for; the hog comes after. */
	void (*app_turn)(void *ctx, struct thole_worker *worker, uint64_t now_ns);
	void *app_ctx;
};

/** Puts a hog into @p config, behind the application that is there. @return 0 or -ENOMEM. */
int hog_init(struct hog *hog, struct rte_mempool *pool, struct thole_worker_config *config);

/** Gives back what it has. The worker is at rest. */
void hog_fini(struct hog *hog);

/** Takes, or gives back, from the worker's next turn on; from any thread. */
void hog_want(struct hog *hog, bool wanted);

#endif
