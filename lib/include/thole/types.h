/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * thole/types.h: what every other public header names: addresses, handles, time.
 *
 * Times are uint64_t nanoseconds on a clock of the caller's choice that doesn't go back. Ports are
 * in host byte order. Functions return 0, a count, or a negative errno value.
 */
#ifndef THOLE_TYPES_H
#define THOLE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the library shows: lib/thole.map lists the same functions. */
#define THOLE_API __attribute__((visibility("default")))

/** No deadline: what thole_stack_next_deadline() returns when only a packet or an op can wake it.
 */
#define THOLE_NEVER UINT64_MAX

/** An IPv6 address, or an IPv4 one in its mapped form \::ffff:a.b.c.d (RFC 4291, 2.5.5.2); network
 * order. */
struct thole_addr {
	uint8_t b[16]; /**< most significant first */
};

/** An address and a port (host order). All zero: any address, any port. */
struct thole_endpoint {
	struct thole_addr addr; /**< all zero: any */
	uint16_t port;		/**< host order; 0: any */
};

/**
 * A connection. Core in bits 56 to 63, index in 32 to 55, generation in 0 to 31: a handle whose
 * connection has ended is refused with -EBADF and never means another connection. 0 is none.
 */
typedef uint64_t thole_conn;

#define THOLE_ADDR_TEXT 46 /**< bytes that thole_addr_format() needs at most */

/**
 * Reads a dotted-quad address. Any thread.
 * @return 0, or -EINVAL when @p text isn't one (@p out is untouched then).
 */
THOLE_API int thole_addr_parse(const char *text, struct thole_addr *out);

/** Writes @p addr as text, always terminated. Any thread. @return @p buf. */
THOLE_API const char *thole_addr_format(const struct thole_addr *addr, char buf[THOLE_ADDR_TEXT]);

/** The mapped form of an IPv4 address given in host order (0x7f000001 is 127.0.0.1). Any thread. */
THOLE_API struct thole_addr thole_addr_ip4(uint32_t host_order);

/** The address @p n after @p addr (IPv4: within its last 32 bits). Any thread. */
THOLE_API struct thole_addr thole_addr_plus(const struct thole_addr *addr, uint32_t n);

/** Whether @p addr is all zero: "any" when listening, "choose one" when connecting. Any thread.
 */
THOLE_API bool thole_addr_is_any(const struct thole_addr *addr);

#ifdef __cplusplus
}
#endif
#endif
