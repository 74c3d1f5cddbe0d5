/* SPDX-License-Identifier: BSD-3-Clause */
/* main.c: starts EAL without hugepages, runs the suites in test_suites[] and prints TAP. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <rte_mbuf.h>

#include "test.h"

static unsigned int done, failed;

static void
on_test_complete(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failure)
{
	done++;
	if (failure != NULL)
		failed++;
	printf("%s %u - %s: %s\n", failure != NULL ? "not ok" : "ok", done, suite->pName,
		test->pName);
	for (CU_pFailureRecord f = failure; f != NULL; f = f->pNext)
		printf("# %s:%u: %s\n", f->strFileName, f->uiLineNumber, f->strCondition);
	fflush(stdout);
}

static void
start_eal(void)
{
	static char prefix[64];
	static char *args[] = { (char *)"test", (char *)"--no-huge", (char *)"-m", (char *)"256",
		(char *)"--no-pci", (char *)"--no-telemetry", (char *)"--no-shconf",
		(char *)"--log-level=4", (char *)"-l", (char *)"0", prefix, NULL };

	snprintf(prefix, sizeof(prefix), "--file-prefix=thole-test-%d", (int)getpid());
	if (rte_eal_init((int)(sizeof(args) / sizeof(args[0])) - 1, args) < 0) {
		printf("Bail out! EAL doesn't start: %s\n", rte_strerror(rte_errno));
		exit(1);
	}
}

struct rte_mempool *
test_pool(const char *name, unsigned int n)
{
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create(name, n, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);

	if (pool == NULL) {
		printf("Bail out! no pool %s: %s\n", name, rte_strerror(rte_errno));
		exit(1);
	}
	return pool;
}

struct exact {
	struct rte_mbuf_ext_shared_info info;
	uint8_t *data;
};

static void
free_exact(void *addr, void *opaque)
{
	struct exact *exact = opaque;

	free(exact->data);
	free(exact);
	(void)addr;
}

struct rte_mbuf *
test_exact_mbuf(struct rte_mempool *pool, const void *bytes, unsigned int n)
{
	struct exact *exact = malloc(sizeof(*exact));
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	if (exact == NULL || m == NULL || (exact->data = malloc(n != 0 ? n : 1)) == NULL)
		abort();
	memcpy(exact->data, bytes, n);
	exact->info.free_cb = free_exact;
	exact->info.fcb_opaque = exact;
	rte_mbuf_ext_refcnt_set(&exact->info, 1);
	rte_pktmbuf_attach_extbuf(
		m, exact->data, (rte_iova_t)(uintptr_t)exact->data, (uint16_t)n, &exact->info);
	m->data_off = 0;
	m->data_len = (uint16_t)n;
	m->pkt_len = n;
	return m;
}

int
main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : NULL;
	static char runtime[256];

	start_eal();
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	for (const struct test_suite *const *s = test_suites; *s != NULL; s++) {
		if (only != NULL && strcmp(only, (*s)->name) != 0)
			continue;
		CU_pSuite suite = CU_add_suite((*s)->name, NULL, NULL);

		for (const struct test_case *c = (*s)->cases; c->name != NULL; c++)
			CU_add_test(suite, c->name, c->run);
	}
	CU_set_test_complete_handler(on_test_complete);
	CU_run_all_tests();
	CU_cleanup_registry();
	printf("1..%u\n", done);
	fflush(stdout);
	snprintf(runtime, sizeof(runtime), "%s", rte_eal_get_runtime_dir());
	rte_eal_cleanup();
	rmdir(runtime); /* EAL leaves it, empty */
	return failed != 0;
}
