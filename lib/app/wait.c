/* SPDX-License-Identifier: BSD-3-Clause */
/* wait.c: what waits in a stack's contexts, for a thread that wants to sleep. */
#include "app/app.h"
#include "base/rings.h"

bool
thole_app_ops_wait(const struct thole_stack *stack)
{
	for (unsigned int i = 0; i < stack->clients_end; i++) {
		const struct thole_app *app = stack->clients[i].ctx;

		/* Ops that could be refused stay where they are while there is no room to say so.
		 */
		if (stack->clients[i].used && app->ring_entries != 0 &&
			app->answers_n < ANSWERS_MAX && !ring_is_empty(app->ops))
			return true;
	}
	return false;
}

bool
thole_app_events_wait(const struct thole_stack *stack)
{
	for (unsigned int i = 0; i < stack->clients_end; i++) {
		const struct thole_app *app = stack->clients[i].ctx;

		if (stack->clients[i].used &&
			(app->answers_n != 0 || !list_empty(&stack->clients[i].ready)))
			return true;
	}
	return false;
}
