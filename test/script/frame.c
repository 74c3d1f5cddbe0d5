/* SPDX-License-Identifier: BSD-3-Clause */
/* frame.c: see frame.h. Written byte by byte from RFC 791, 792, 826 and 9293. */
#include <string.h>

#include "frame.h"

#define ETH_LEN 14
#define IP_LEN	20
#define TCP_LEN 20

uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

void
put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

/* RFC 1071: the complement of the sum of 16-bit words; @p sum is carried in. */
uint16_t
frame_csum(const void *data, uint32_t len, uint32_t sum)
{
	const uint8_t *p = data;

	for (uint32_t i = 0; i + 1 < len; i += 2)
		sum += get16(p + i);
	if (len % 2 != 0)
		sum += (uint32_t)p[len - 1] << 8;
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static uint32_t
pseudo_sum(const uint8_t *ip, uint32_t l4_len)
{
	uint32_t sum = ip[9] + l4_len;

	for (int i = 12; i < 20; i += 2)
		sum += get16(ip + i);
	return sum;
}

static void
eth_build(uint8_t *buf, const struct frame_path *path, uint16_t type)
{
	memcpy(buf, path->dst_mac, 6);
	memcpy(buf + 6, path->src_mac, 6);
	put16(buf + 12, type);
}

void
frame_fix_ip_csum(uint8_t *buf)
{
	uint8_t *ip = buf + ETH_LEN;

	put16(ip + 10, 0);
	put16(ip + 10, frame_csum(ip, (ip[0] & 15u) * 4, 0));
}

void
frame_fix_tcp_csum(uint8_t *buf, uint32_t len)
{
	uint8_t *ip = buf + ETH_LEN;
	uint8_t *tcp = ip + IP_LEN;
	uint32_t l4_len = len - ETH_LEN - IP_LEN;

	put16(tcp + 16, 0);
	put16(tcp + 16, frame_csum(tcp, l4_len, pseudo_sum(ip, l4_len)));
}

uint32_t
frame_ip_build(
	uint8_t *buf, const struct frame_path *path, uint8_t proto, const void *l4, uint32_t len)
{
	uint8_t *ip = buf + ETH_LEN;

	eth_build(buf, path, 0x0800);
	memset(ip, 0, IP_LEN);
	ip[0] = 0x45;
	put16(ip + 2, IP_LEN + len);
	put16(ip + 4, 0x1234); /* unlike ours: somebody may number packets */
	ip[8] = 61;
	ip[9] = proto;
	put32(ip + 12, path->src_ip);
	put32(ip + 16, path->dst_ip);
	if (l4 != NULL)
		memcpy(ip + IP_LEN, l4, len);
	frame_fix_ip_csum(buf);
	return ETH_LEN + IP_LEN + len;
}

uint32_t
frame_tcp_build(uint8_t *buf, const struct frame_path *path, const struct frame_tcp *tcp)
{
	uint8_t *h = buf + ETH_LEN + IP_LEN;
	uint32_t head = TCP_LEN + tcp->nb_opts;
	uint32_t len = frame_ip_build(buf, path, 6, NULL, head + tcp->len);

	put16(h, tcp->sport);
	put16(h + 2, tcp->dport);
	put32(h + 4, tcp->seq);
	put32(h + 8, tcp->ack);
	h[12] = (uint8_t)(head / 4 << 4);
	h[13] = tcp->flags;
	put16(h + 14, tcp->wnd);
	put16(h + 16, 0);
	put16(h + 18, tcp->urg);
	memcpy(h + TCP_LEN, tcp->opts, tcp->nb_opts);
	if (tcp->len != 0)
		memcpy(h + head, tcp->payload, tcp->len);
	frame_fix_tcp_csum(buf, len);
	if (tcp->tos != 0) {
		buf[ETH_LEN + 1] = tcp->tos;
		frame_fix_ip_csum(buf);
	}
	return len;
}

uint32_t
frame_arp_build(
	uint8_t *buf, const struct frame_path *path, uint16_t op, const uint8_t target_mac[6])
{
	uint8_t *arp = buf + ETH_LEN;

	eth_build(buf, path, 0x0806);
	put16(arp, 1);
	put16(arp + 2, 0x0800);
	arp[4] = 6;
	arp[5] = 4;
	put16(arp + 6, op);
	memcpy(arp + 8, path->src_mac, 6);
	put32(arp + 14, path->src_ip);
	memcpy(arp + 18, target_mac, 6);
	put32(arp + 24, path->dst_ip);
	return ETH_LEN + 28;
}

enum frame_kind
frame_kind(const uint8_t *buf, uint32_t len)
{
	if (len < ETH_LEN + IP_LEN)
		return FRAME_OTHER;
	if (get16(buf + 12) == 0x0806)
		return FRAME_ARP;
	if (get16(buf + 12) != 0x0800)
		return FRAME_OTHER;
	if (buf[ETH_LEN + 9] == 6)
		return FRAME_TCP;
	return buf[ETH_LEN + 9] == 1 ? FRAME_ICMP : FRAME_OTHER;
}

static const char *
ip_check(const uint8_t *buf, uint32_t len, const struct frame_path *path)
{
	const uint8_t *ip = buf + ETH_LEN;

	if (memcmp(buf, path->dst_mac, 6) != 0)
		return "wrong destination MAC";
	if (memcmp(buf + 6, path->src_mac, 6) != 0)
		return "wrong source MAC";
	if (ip[0] != 0x45)
		return "IP version or header length";
	if (get16(ip + 2) != len - ETH_LEN)
		return "IP total length isn't the frame's";
	if (get16(ip + 6) != 0x4000)
		return "IP flags: DF alone is wanted";
	if (frame_csum(ip, IP_LEN, 0) != 0)
		return "IP checksum";
	if (get32(ip + 12) != path->src_ip)
		return "wrong source address";
	if (get32(ip + 16) != path->dst_ip)
		return "wrong destination address";
	return NULL;
}

const char *
frame_tcp_parse(
	const uint8_t *buf, uint32_t len, const struct frame_path *path, struct frame_tcp *out)
{
	const uint8_t *h = buf + ETH_LEN + IP_LEN;
	uint32_t l4_len = len - ETH_LEN - IP_LEN;
	const char *wrong;
	uint32_t head;

	if (len < ETH_LEN + IP_LEN + TCP_LEN)
		return "too short for TCP";
	if ((wrong = ip_check(buf, len, path)) != NULL)
		return wrong;
	head = (h[12] >> 4) * 4u;
	if (head < TCP_LEN || head > l4_len)
		return "data offset";
	if ((h[12] & 15) != 0)
		return "reserved bits aren't 0";
	if (frame_csum(h, l4_len, pseudo_sum(buf + ETH_LEN, l4_len)) != 0)
		return "TCP checksum";
	*out = (struct frame_tcp){
		.sport = get16(h),
		.dport = get16(h + 2),
		.seq = get32(h + 4),
		.ack = get32(h + 8),
		.flags = h[13],
		.wnd = get16(h + 14),
		.urg = get16(h + 18),
		.tos = buf[ETH_LEN + 1],
		.ttl = buf[ETH_LEN + 8],
		.nb_opts = (uint8_t)(head - TCP_LEN),
		.len = l4_len - head,
		.payload = h + head,
	};
	memcpy(out->opts, h + TCP_LEN, out->nb_opts);
	if (out->urg != 0)
		return "urgent pointer isn't 0";
	return NULL;
}
