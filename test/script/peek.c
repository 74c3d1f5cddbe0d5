/* SPDX-License-Identifier: BSD-3-Clause */
/* peek.c: finds a connection's record in a stack and says what state it stands for. Changes
 * nothing. */
#include "script.h"
#include "stack/stack.h"

struct script_peek
script_peek(const struct thole_stack *stack, const struct flow_key *key)
{
	table_ref ref = table_find(&stack->table, stack_hash(stack, key), key);
	struct script_peek peek = { .state = TCP_CLOSED };
	const struct tcb *t;

	if (ref == REF_NONE)
		return peek;
	switch (ref_kind(ref)) {
	case REF_TCB:
		t = stack_tcb(stack, ref_index(ref));
		peek.tcb = t;
		peek.state = (enum tcp_state)t->state;
		peek.conn = conn_handle(stack, t);
		break;
	case REF_EMBRYO:
		peek.embryo = true;
		peek.state = TCP_SYN_RECEIVED;
		break;
	case REF_TOMBSTONE:
		peek.tombstone = true;
		peek.state = TCP_TIME_WAIT;
		break;
	case REF_KINDS:
		break;
	}
	return peek;
}
