/* SPDX-License-Identifier: BSD-3-Clause */
/* snd_share.h: segments whose bytes are those of the send queue, without a copy. */
#ifndef TCP_SND_SHARE_H
#define TCP_SND_SHARE_H

#include <rte_prefetch.h>

#include "tcp/tcp.h"

/* Up to here copying is cheaper than an indirect mbuf and its atomic reference count. */
#define COPY_BYTES 192

/*
 * An indirect mbuf of @p len bytes of @p src from @p off on. Of one whose buffer is its own we say
 * ourselves what rte_pktmbuf_attach() would, in the first cache line: the second belongs to the
 * peer's core, maybe, which frees it.
 */
static inline struct rte_mbuf *
snd_share(struct tcp_env *env, struct rte_mbuf *src, uint32_t off, uint32_t len)
{
	struct rte_mbuf *m = mbufs_take(env->mbufs);

	if (unlikely(m == NULL) && (m = mbufs_get(env->mbufs)) == NULL)
		return NULL;
	/* It may be one that was received, of another pool. */
	if (likely(RTE_MBUF_DIRECT(src) && src->priv_size == env->mbufs->priv_size &&
		    m->pool == env->mbufs->pool)) {
		rte_mbuf_refcnt_update(src, 1);
		rte_mbuf_iova_set(m, rte_mbuf_iova_get(src));
		m->buf_addr = src->buf_addr;
		m->buf_len = src->buf_len;
		m->ol_flags = RTE_MBUF_F_INDIRECT;
	} else {
		rte_pktmbuf_attach(m, src);
	}
	mbufs_rearm(m, (uint16_t)(src->data_off + off));
	m->packet_type = 0;
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	return m;
}

/* Whether headers can be written in front of the first byte of @p m: nobody reads what is there. */
static inline bool
snd_has_room(const struct rte_mbuf *m)
{
	return m->data_off >= WIRE_HEADERS_MAX && mbufs_is_private(m);
}

/* Asks for the room for headers of @p m, which a peer in this process has read last, maybe. @return
 * the mbuf behind it. */
static inline const struct rte_mbuf *
snd_prefetch(const struct rte_mbuf *m)
{
	const uint8_t *end;

	if (unlikely(m == NULL))
		return NULL;
	end = rte_pktmbuf_mtod(m, const uint8_t *) - 1;
	rte_prefetch0_write(end);
	rte_prefetch0_write(end - RTE_CACHE_LINE_SIZE);
	return m->next;
}

/* tcp_snd_cut(), inline for what bulk data mostly are: an mbuf for each segment. */
static __rte_always_inline struct rte_mbuf *
snd_cut_next(struct tcp_env *env, struct rte_mbuf *from, uint32_t seq, uint32_t len)
{
	if (likely(from->hash.usr == seq && from->data_len == len && len > COPY_BYTES &&
		    snd_has_room(from)))
		return snd_share(env, from, 0, len);
	return tcp_snd_cut(env, from, seq, len);
}

#endif
