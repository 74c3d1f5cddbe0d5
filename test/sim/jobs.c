/* SPDX-License-Identifier: BSD-3-Clause */
/* jobs.c: see jobs.h. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jobs.h"

#define PROCESSES_MAX 64
#define NOTHING	      UINT64_MAX

struct shared {
	uint64_t next;
	uint64_t at[PROCESSES_MAX]; /* what each is working on */
};

static volatile sig_atomic_t interrupted;

static void
interrupt(int number)
{
	interrupted = number;
}

void *
jobs_share(uint64_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		printf("Bail out! no memory\n");
		exit(1);
	}
	return p;
}

static void
work(const struct jobs *jobs, struct shared *shared, unsigned int me)
{
	uint64_t piece;

	jobs->begin(jobs->ctx);
	for (;;) {
		piece = __atomic_fetch_add(&shared->next, 1, __ATOMIC_RELAXED);
		if (piece >= jobs->pieces)
			break;
		shared->at[me] = piece;
		if (!jobs->work(jobs->ctx, piece))
			break;
	}
	shared->at[me] = NOTHING;
	jobs->end(jobs->ctx);
	fflush(stdout);
}

static bool
await(const struct jobs *jobs, const struct shared *shared, const pid_t *pids, unsigned int n)
{
	bool good = true;

	for (unsigned int i = 0; i < n; i++) {
		int status = 0;

		/* A signal, to the parent alone or to all of its group, ends all. */
		while (waitpid(pids[i], &status, 0) < 0 && errno == EINTR && interrupted)
			for (unsigned int k = i; k < n; k++)
				kill(pids[k], SIGTERM);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			continue;
		good = false;
		if (shared->at[i] != NOTHING)
			jobs->broke(jobs->ctx, shared->at[i]);
	}
	return good;
}

bool
jobs_run(const struct jobs *jobs)
{
	struct shared *shared = jobs_share(sizeof(*shared));
	unsigned int n = jobs->processes;
	pid_t pids[PROCESSES_MAX];
	cpu_set_t cpus;
	bool good;

	if (n == 0)
		n = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? (unsigned)CPU_COUNT(&cpus) : 1;
	n = n > PROCESSES_MAX ? PROCESSES_MAX : n;
	n = n > jobs->pieces ? (unsigned int)jobs->pieces : n;
	for (unsigned int i = 0; i < n; i++)
		shared->at[i] = NOTHING;
	if (jobs->here) {
		work(jobs, shared, 0);
		return true;
	}
	fflush(stdout);
	for (unsigned int i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			work(jobs, shared, i);
			exit(0);
		}
		if (pids[i] < 0)
			abort();
	}
	sigaction(SIGTERM, &(struct sigaction){ .sa_handler = interrupt }, NULL);
	sigaction(SIGINT, &(struct sigaction){ .sa_handler = interrupt }, NULL);
	good = await(jobs, shared, pids, n);
	munmap(shared, sizeof(*shared));
	return good;
}
