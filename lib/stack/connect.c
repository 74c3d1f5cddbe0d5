/* SPDX-License-Identifier: BSD-3-Clause */
/* connect.c: active OPEN (RFC 9293, 3.10.1). */
#include <errno.h>

#include "stack/stack.h"

static int
make_key(struct thole_stack *s, const struct thole_endpoint *local,
	const struct thole_endpoint *remote, struct opening *o)
{
	struct flow_key *key = &o->key;
	struct thole_addr mapped;
	uint32_t dst_be;

	memcpy(&dst_be, &remote->addr.b[12], sizeof(dst_be));
	flow_set_raddr_ip4(key, dst_be);
	memcpy(mapped.b, key->raddr, sizeof(mapped.b));
	if (memcmp(mapped.b, remote->addr.b, sizeof(mapped.b)) != 0 || remote->port == 0)
		return -EINVAL;
	/* No route to ourselves, nor to what isn't one host (RFC 9293, 3.9.2.3). */
	if (ip4_source_bad(rte_be_to_cpu_32(dst_be)) || remote->addr.b[12] >= 240 ||
		local_is_no_peer(s, dst_be))
		return -ENETUNREACH;
	o->hop_be = route_next_hop(s, dst_be);
	if (o->hop_be == 0)
		return -ENETUNREACH;
	key->rport = remote->port;
	if (thole_addr_is_any(&local->addr)) {
		key->laddr = route_source(s, dst_be);
	} else {
		uint32_t src_be;

		memcpy(&src_be, &local->addr.b[12], sizeof(src_be));
		key->laddr = local_find(s, src_be);
		if (key->laddr == LOCAL_NONE)
			return -EADDRNOTAVAIL;
	}
	key->lport = local->port;
	return 0;
}

void
conn_look_ahead(struct thole_stack *s, const struct thole_endpoint *local,
	const struct thole_endpoint *remote, struct opening *o)
{
	o->error = make_key(s, local, remote, o);
	if (o->error != 0 || o->key.lport == 0)
		return;
	o->hash = stack_hash(s, &o->key);
	table_prefetch(&s->table, o->hash);
}

/* Its local port. */
static inline int
settle_port(struct thole_stack *s, struct opening *o)
{
	int err;

	if (o->key.lport != 0) {
		if (!port_is_ours(s, &o->key))
			return -EADDRNOTAVAIL;
		return table_find(&s->table, o->hash, &o->key) == REF_NONE ? 0 : -EADDRINUSE;
	}
	err = port_choose(s, &o->key);
	if (err == 0)
		o->hash = stack_hash(s, &o->key);
	return err;
}

int
conn_connect(struct thole_stack *s, uint8_t app, struct opening *o, uint64_t user, struct tcb **out)
{
	struct tcb *t;
	uint32_t i;
	int err = o->error;

	if (err == 0 && unlikely(s->ending == ENDING_CUT))
		err = -ESHUTDOWN;
	if (err == 0)
		err = settle_port(s, o);
	if (err != 0)
		return err;
	i = conn_alloc(s, &o->key, app, &s->clients[app].settings);
	if (i == SLAB_NONE)
		return -ENOBUFS;
	t = stack_tcb(s, i);
	t->user = user;
	t->neigh = neigh_hint(s, o->hop_be);
	if (table_insert(&s->table, o->hash, ref_make(REF_TCB, i)) != 0) {
		t->flags |= TF_DETACHED;
		conn_release(s, t);
		return -ENOBUFS;
	}
	tcp_open_active(&s->env, t, &s->clients[app].settings.terms);
	conn_settle(s, t);
	*out = t;
	return 0;
}
