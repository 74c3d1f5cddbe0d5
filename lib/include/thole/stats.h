/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * thole/stats.h: what a stack counts. Every packet that a stack drops is in exactly one rx_drop_
 * counter, every one it wouldn't send in one tx_drop_ counter.
 */
#ifndef THOLE_STATS_H
#define THOLE_STATS_H

#include <thole/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct thole_stack;

/** The counters: X(name, what it counts) for each. Gauges (values that also fall) are at the end.
 */
#define THOLE_STATS(X)                                                                             \
	X(rx_pkts, "packets given to rx")                                                          \
	X(rx_rejected, "packets handed back as not ours")                                          \
	X(rx_tcp_segs, "TCP segments for us, well formed")                                         \
	X(rx_train_segs, "of these, taken with the one before them, as if sent as one")            \
	X(rx_arp_pkts, "ARP packets taken")                                                        \
	X(rx_icmp_pkts, "ICMP packets taken")                                                      \
	X(rx_drop_short, "frames or headers that end too early")                                   \
	X(rx_drop_ip_header, "bad IP version, header length or total length")                      \
	X(rx_drop_ip_csum, "bad IP header checksum")                                               \
	X(rx_drop_ip_options, "IPv4 options")                                                      \
	X(rx_drop_ip_source, "source address that no packet may have")                             \
	X(rx_drop_fragment, "IP fragments")                                                        \
	X(rx_drop_proto, "IP protocols that nobody takes")                                         \
	X(rx_drop_tcp_header, "bad TCP data offset, or port 0")                                    \
	X(rx_drop_tcp_csum, "bad TCP checksum")                                                    \
	X(rx_drop_tcp_options, "TCP options that don't parse")                                     \
	X(rx_drop_tcp_flags, "TCP flags that nothing may send")                                    \
	X(rx_drop_icmp, "ICMP that doesn't parse, bad checksum or a type we don't take")           \
	X(rx_drop_arp, "ARP that doesn't parse or lies about its sender")                          \
	X(rx_drop_backlog, "handshakes held back by a full accept queue")                          \
	X(rx_drop_embryos, "SYNs beyond the embryo budget")                                        \
	X(rx_drop_route, "SYNs from where there is no way back to")                                \
	X(rx_drop_conns, "handshakes beyond the connection budget")                                \
	X(rx_drop_old, "segments wholly outside the receive window")                               \
	X(rx_drop_ack, "segments with an unacceptable acknowledgment")                             \
	X(rx_drop_state, "segments with no meaning in the connection's state")                     \
	X(rx_drop_memory, "data refused because the receive memory budget is spent")               \
	X(rx_drop_rst, "RSTs that were not exactly in sequence")                                   \
	X(rx_drop_paws, "segments with an old timestamp, or without one")                          \
	X(tx_pkts, "packets given to tx's caller")                                                 \
	X(tx_tcp_segs, "TCP segments sent")                                                        \
	X(tx_rsts, "RSTs sent")                                                                    \
	X(tx_syn_acks, "SYN-ACKs sent, repeats included")                                          \
	X(tx_data_bytes, "payload bytes sent, repeats included")                                   \
	X(tx_copied_bytes, "of these, bytes that were copied into packets, not referred to")       \
	X(tx_drop_replies, "stateless replies beyond their queue")                                 \
	X(tx_drop_limited, "ICMP errors, RSTs and challenge ACKs beyond their rate")               \
	X(tx_drop_neigh, "packets dropped because the next hop doesn't answer ARP")                \
	X(tx_nosegment, "times that data had to wait: max_flights or max_segments is too little")  \
	X(tx_nombuf, "times that no mbuf could be had; what was due is sent later")                \
	X(rx_data_bytes, "payload bytes taken in sequence")                                        \
	X(rx_copied_bytes, "payload bytes copied while small segments were gathered")              \
	X(rx_dup_bytes, "payload bytes that had come before")                                      \
	X(rx_ooo_segs, "segments kept out of order")                                               \
	X(opened_active, "connections opened by us, established")                                  \
	X(opened_passive, "connections opened by peers, established")                              \
	X(failed_active, "connections opened by us that never were established")                   \
	X(closed, "connections ended in an orderly way")                                           \
	X(resets_rx, "connections ended by a peer's RST")                                          \
	X(aborted, "connections reset by us")                                                      \
	X(timeouts, "connections given up: R2, orphan clock")                                      \
	X(retransmits, "segments sent again: SYN, SYN-ACK, data, FIN")                             \
	X(syn_retransmits, "of these, SYNs that open a connection of ours")                        \
	X(rto_fired, "retransmission timeouts")                                                    \
	X(fast_retransmits, "fast recoveries begun")                                               \
	X(tail_probes, "tail loss probes")                                                         \
	X(spurious_recoveries, "recoveries and timeouts that were for nothing, and taken back")    \
	X(ecn_reductions, "times that the window came down for an echo of CE")                     \
	X(probes, "zero-window and keepalive probes")                                              \
	X(challenge_acks, "challenge ACKs (RFC 5961)")                                             \
	X(cookies_sent, "SYNs answered with a SYN cookie")                                         \
	X(cookies_accepted, "connections opened by a SYN cookie that came back")                   \
	X(cookies_sack, "of these, connections with SACK")                                         \
	X(cookies_wscale, "of these, connections with window scale")                               \
	X(cookies_failed, "ACKs to listeners that brought no good SYN cookie while some were out") \
	X(time_wait_reused, "TIME-WAITs ended by a new SYN")                                       \
	X(time_wait_evicted, "TIME-WAITs ended early: no room")                                    \
	X(arp_requests, "ARP requests sent")                                                       \
	X(arp_failures, "next hops given up")                                                      \
	X(events, "events delivered")                                                              \
	X(ops, "ops taken")                                                                        \
	X(conns, "gauge: connections that have a TCB")                                             \
	X(embryos, "gauge: connections in SYN-RECEIVED, opened by peers")                          \
	X(time_wait, "gauge: connections in TIME-WAIT")                                            \
	X(time_wait_peak, "gauge: the most there were in TIME-WAIT")                               \
	X(time_wait_min_age_ns, "gauge: the youngest age at which a TIME-WAIT ended; 0 if none")   \
	X(orphans, "gauge: closed by the application and not yet by TCP")                          \
	X(mbufs_held, "gauge: mbufs in receive and reassembly queues")

/** A member for each counter of THOLE_STATS, in its order. */
struct thole_stats {
#define THOLE_STATS_FIELD(name, text) uint64_t name; /**< text */
	THOLE_STATS(THOLE_STATS_FIELD)
#undef THOLE_STATS_FIELD
};

/**
 * Copies the counters of @p stack. From the stack's own thread; from another one each value is
 * whole but they needn't agree with each other.
 */
THOLE_API void thole_stats_get(const struct thole_stack *stack, struct thole_stats *out);

/**
 * Name and meaning of counter @p i of struct thole_stats, counted as uint64_t from its start:
 * static text. Any thread.
 * @return 0, or -ENOENT past the last.
 */
THOLE_API int thole_stats_describe(unsigned int i, const char **name, const char **text);

#ifdef __cplusplus
}
#endif
#endif
