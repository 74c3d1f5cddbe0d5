/* SPDX-License-Identifier: BSD-3-Clause */
/* hog.c: in every turn what came free since the last one. */
#include <errno.h>
#include <stdlib.h>

#include <rte_mbuf.h>

#include "hog.h"

#define BITE 32U

static void
take(struct hog *hog)
{
	uint32_t bite = BITE;

	while (hog->n + bite <= hog->pool->size) {
		if (rte_pktmbuf_alloc_bulk(hog->pool, &hog->held[hog->n], bite) == 0)
			hog->n += bite;
		else if (bite > 1)
			bite = 1;
		else
			break;
	}
	hog->most = RTE_MAX(hog->most, hog->n);
}

static void
give_back(struct hog *hog)
{
	rte_pktmbuf_free_bulk(hog->held, hog->n);
	hog->n = 0;
}

static void
hog_turn(void *ctx, struct thole_worker *worker, uint64_t now_ns)
{
	struct hog *hog = ctx;

	hog->app_turn(hog->app_ctx, worker, now_ns);
	if (__atomic_load_n(&hog->wanted, __ATOMIC_RELAXED))
		take(hog);
	else if (hog->n != 0)
		give_back(hog);
}

int
hog_init(struct hog *hog, struct rte_mempool *pool, struct thole_worker_config *config)
{
	*hog = (struct hog){
		.pool = pool,
		.held = calloc(pool->size, sizeof(*hog->held)),
		.app_turn = config->app_turn,
		.app_ctx = config->app_ctx,
	};
	if (hog->held == NULL)
		return -ENOMEM;
	config->app_turn = hog_turn;
	config->app_ctx = hog;
	return 0;
}

void
hog_fini(struct hog *hog)
{
	if (hog->held == NULL)
		return;
	give_back(hog);
	free(hog->held);
	hog->held = NULL;
}

void
hog_want(struct hog *hog, bool wanted)
{
	__atomic_store_n(&hog->wanted, wanted, __ATOMIC_RELAXED);
}
