/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * eal_args.h: the arguments that EAL is started with: the user's own, which always win, and what
 * they leave open. Pure: what the machine has is an argument too, so that each choice can be
 * tested.
 */
#ifndef PORT_EAL_ARGS_H
#define PORT_EAL_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include <thole/port.h>

#define EAL_ARGS_MAX	 128
#define EAL_ARGS_ADDED	 8  /* the most that we add */
#define EAL_ARGS_LEAST	 64 /* MiB: EAL's own default without hugepages */
#define EAL_ARGS_RESERVE 32 /* MiB of EAL's and the drivers' own, beside the program's */

/** What the machine has. */
struct eal_facts {
	uint64_t huge_free_bytes; /* in hugepages that nobody has or is promised */
	uint64_t huge_page_bytes; /* the default size: what to reserve more of */
	bool huge_mounted;	  /* a hugetlbfs is mounted */
	uint64_t available_bytes; /* of ordinary memory; 0: unknown */
	int pid;
};

struct eal_args {
	int argc;
	char *owned[EAL_ARGS_MAX + 1]; /* as built, in order */
	char *argv[EAL_ARGS_MAX + 1];  /* the same pointers for EAL, which moves them about */
	bool own_prefix;	       /* --file-prefix is ours */
	bool in_memory; /* nothing of EAL's is in the file system but its directory */
	bool wants_log; /* the user asked for a log level: show what EAL says */
};

/** @return 0, -EINVAL (--help, too many), -ENOMEM. On success the caller owes eal_args_free(). */
int eal_args_build(struct eal_args *args, int argc, char *const argv[], uint32_t mem_mb,
	const struct eal_facts *facts, struct thole_why *why);

void eal_args_free(struct eal_args *args);

#endif
