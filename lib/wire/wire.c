/* SPDX-License-Identifier: BSD-3-Clause */
/* wire.c: getting at a packet's headers, and the headers below the transport on sent ones. */
#include "wire/emit.h"
#include "wire/wire.h"

const uint8_t *
wire_gather(const struct rte_mbuf *m, uint32_t n, uint8_t *scratch, uint32_t *avail)
{
	uint32_t done = 0;

	for (; m != NULL && done < n; m = m->next) {
		uint32_t part = RTE_MIN(n - done, (uint32_t)m->data_len);

		memcpy(scratch + done, rte_pktmbuf_mtod(m, const uint8_t *), part);
		done += part;
	}
	*avail = done;
	return scratch;
}

void
wire_ip4_emit(struct rte_mbuf *m, const struct wire_path *path, uint8_t proto)
{
	uint32_t l4_len = m->pkt_len;

	m->ol_flags = 0;
	if (path->offload_csum) {
		m->tx_offload = rte_mbuf_tx_offload(WIRE_ETH_BYTES, WIRE_IP4_BYTES, 0, 0, 0, 0, 0);
		m->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	}
	wire_put_ip4(wire_prepend(m, WIRE_ETH_BYTES + WIRE_IP4_BYTES), path, proto, l4_len);
}
