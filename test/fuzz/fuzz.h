/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz.h: what the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput(): bytes
 * in, and everything that happens follows from them; what must hold is checked against a model, and
 * the first thing that doesn't ends the process. libFuzzer links against it, or replay.c, which
 * runs the corpus as an ordinary test.
 *
 * There is no EAL: pools are made by hand (pool.c), so that a process starts at once, and mbufs
 * that are in a pool, and the gaps between them, are poisoned for the address sanitizer.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

/* The interface that libFuzzer gives a target. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* The input, as a target takes it apart: what lies beyond its end reads as 0. */
struct fuzz_in {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t
fuzz_u8(struct fuzz_in *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

static inline uint16_t
fuzz_u16(struct fuzz_in *in)
{
	uint16_t low = fuzz_u8(in);

	return (uint16_t)(low | fuzz_u8(in) << 8);
}

static inline uint32_t
fuzz_u32(struct fuzz_in *in)
{
	uint32_t low = fuzz_u16(in);

	return low | (uint32_t)fuzz_u16(in) << 16;
}

/* A number of any magnitude in two bytes: 8 significant bits, and how far they are shifted. */
static inline uint64_t
fuzz_magnitude(struct fuzz_in *in, unsigned int shift_max)
{
	uint64_t n = fuzz_u8(in);

	return n << (fuzz_u8(in) % (shift_max + 1));
}

/* The stream that every target sends. */
#define FUZZ_STREAM 32768
extern uint8_t fuzz_stream[FUZZ_STREAM];
/* Fills it; the first call does. */
void fuzz_stream_init(void);

/* Whether @p n bytes are the stream's from @p at on, which goes round and round. */
bool fuzz_stream_has(uint32_t at, const uint8_t *bytes, uint32_t n);
/* Copies them. */
void fuzz_stream_copy(uint8_t *out, uint32_t at, uint32_t n);

/* Says why, and ends the process as a finding. */
void fuzz_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn, cold));

#define FUZZ_CHECK(ok, ...)                                                                        \
	do {                                                                                       \
		if (!(ok))                                                                         \
			fuzz_fail(__VA_ARGS__);                                                    \
	} while (0)

/* --- memory --- */

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FUZZ_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define FUZZ_ASAN 1
#endif
#ifdef FUZZ_ASAN
#include <sanitizer/asan_interface.h>
#define FUZZ_POISON(at, n)   ASAN_POISON_MEMORY_REGION(at, n)
#define FUZZ_UNPOISON(at, n) ASAN_UNPOISON_MEMORY_REGION(at, n)
#else
#define FUZZ_POISON(at, n)   ((void)(at), (void)(n))
#define FUZZ_UNPOISON(at, n) ((void)(at), (void)(n))
#endif

/* A function that looks at a model's own arrays only, many times: it isn't the one to be watched.
 */
#ifdef FUZZ_ASAN
#define FUZZ_MODEL __attribute__((no_sanitize("address")))
#else
#define FUZZ_MODEL
#endif

/*
 * Memory for one input, as struct mem wants it: handed out in order, given back all at once, and
 * poisoned where it isn't. It holds zeros, or what nobody may count on if ctx says so.
 */
#define FUZZ_ARENA_JUNK ((void *)1)
void fuzz_arena_reset(void);
void *fuzz_arena_alloc(void *ctx, size_t bytes, size_t align);
void fuzz_arena_free(void *ctx, void *p, size_t bytes);
/* How many blocks aren't given back. */
unsigned int fuzz_arena_blocks(void);

/* --- pools --- */

/* A pool of @p n mbufs with @p room bytes each, headroom included; for the process's whole life. */
struct rte_mempool *fuzz_pool(unsigned int n, uint16_t room);
/* At the start of an input: all is back; the same mbufs come out in the same order. No limit. */
void fuzz_pool_reset(struct rte_mempool *pool);
/* Only so many more can be had, until it is said again. */
void fuzz_pool_limit(struct rte_mempool *pool, unsigned int more);
#define FUZZ_NO_LIMIT UINT32_MAX
/* How many are out, how often one was taken, and how often one was refused since the reset. */
unsigned int fuzz_pool_out(const struct rte_mempool *pool);
uint64_t fuzz_pool_taken(const struct rte_mempool *pool);
uint64_t fuzz_pool_refused(const struct rte_mempool *pool);

/* --- mbufs --- */

/*
 * A buffer of exactly @p n bytes, amid poison, that goes when @p info says so; as late as may be it
 * is used again.
 */
uint8_t *fuzz_buffer(uint32_t n, struct rte_mbuf_ext_shared_info **info);
/* An mbuf of exactly @p n bytes, in an external buffer of that size. */
struct rte_mbuf *fuzz_exact(struct rte_mempool *pool, const uint8_t *bytes, uint32_t n);
/* One whose bytes are in its own room, which they must fit. */
struct rte_mbuf *fuzz_direct(struct rte_mempool *pool, const uint8_t *bytes, uint32_t n);
/*
 * A packet in several mbufs: @p cut says where it is cut and of which kind they are; 0: one exact
 * mbuf. pkt_len and nb_segs are right.
 */
struct rte_mbuf *fuzz_packet(
	struct rte_mempool *pool, const uint8_t *bytes, uint32_t n, uint8_t cut);
/* Copies all bytes of a packet to @p out, which has room for @p most; checks its lengths. */
uint32_t fuzz_flatten(const struct rte_mbuf *m, uint8_t *out, uint32_t most);

/* --- frames, without the code under test --- */

/* The Internet checksum two bytes at a time (RFC 1071), host order; 0 over what has a right one. */
uint16_t fuzz_csum(uint32_t sum, const uint8_t *bytes, uint32_t n);
/* With the pseudo-header of the IPv4 header at @p ip. */
uint16_t fuzz_l4_csum(const uint8_t *ip, const uint8_t *l4, uint32_t n);

static inline void
fuzz_put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
fuzz_put32(uint8_t *p, uint32_t v)
{
	fuzz_put16(p, v >> 16);
	fuzz_put16(p + 2, v);
}

static inline uint16_t
fuzz_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
fuzz_get32(const uint8_t *p)
{
	return (uint32_t)fuzz_get16(p) << 16 | fuzz_get16(p + 2);
}

#endif
