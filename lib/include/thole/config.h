/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * thole/config.h: a configuration file (rte_cfgfile's format) and the same settings one by one, as
 * command-line options give them. config/ has commented samples; docs for every key are there.
 */
#ifndef THOLE_CONFIG_H
#define THOLE_CONFIG_H

#include <thole/port.h>

#ifdef __cplusplus
extern "C" {
#endif

#define THOLE_CONFIG_EAL_ARGS  64 /**< EAL's arguments: the most */
#define THOLE_CONFIG_ADDRESSES 16 /**< runs of addresses: the most */

/** Everything a program needs to start workers on one port. */
struct thole_config {
	char *eal_args[THOLE_CONFIG_EAL_ARGS]; /**< owned; after the program's name */
	int nb_eal_args;		       /**< of them in use */
	char device[64];		       /**< the port's; "": none yet */
	struct thole_port_config port;	   /**< .device points to device: don't copy the whole */
	struct thole_worker_config worker; /**< .stack.addresses points to addresses */
	struct thole_address addresses[THOLE_CONFIG_ADDRESSES]; /**< worker.stack.nb_addresses */
	/** For thole_worker_drain(): how long connections have to finish when the program is to
	 * end: 5 s. */
	uint64_t drain_ns;
};

/** The defaults of config/reference.conf: those of the parts, but that a worker with nothing to do
 * sleeps (worker.idle.sleep, port.rx_interrupts). Any thread: each call here touches
 * nothing but the configuration that it is given. */
THOLE_API void thole_config_init(struct thole_config *config);

/** Frees what the configuration owns. Any thread. */
THOLE_API void thole_config_fini(struct thole_config *config);

/**
 * Reads @p path over what @p config holds. Any thread.
 * @return 0, -ENOENT or what else keeps the file from being read, -EINVAL (unknown section or key,
 * or a value out of range: @p why names file, section and key), -ENOMEM.
 */
THOLE_API int thole_config_load(
	struct thole_config *config, const char *path, struct thole_why *why);

/**
 * Sets one key: section "tcp", key "msl", value "30s". Times take ns, us, ms, s, min; numbers k, M,
 * G (powers of 1024); addresses 10.0.0.2/24 or 10.0.0.2+100/16 (100 addresses from there on).
 * "address" starts the list of addresses anew, "address1" to "address15" go on with it. [eal]
 * "args" (split at blanks) and "arg" (taken whole) add to the arguments there are; all else
 * replaces. Any thread.
 * @return 0, -EINVAL or -ENOMEM.
 */
THOLE_API int thole_config_set(struct thole_config *config, const char *section, const char *key,
	const char *value, struct thole_why *why);

#ifdef __cplusplus
}
#endif
#endif
