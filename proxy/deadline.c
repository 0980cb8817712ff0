/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deadline.c - the wheel.  A deadline hangs in the slot of the tick at which it
 * must be looked at; when that tick comes it either fires, or, if it was pushed
 * back meanwhile or lies more than a turn ahead, is hung in a later slot.
 */
#include "proxy/deadline.h"

#include "lib/clock.h"

#include <event2/event_struct.h>

#include <stdlib.h>

struct deadlines {
	struct event tick;
	uint64_t now;			/* the last tick handled */
	struct deadline *slot[DEADLINE_SLOTS];
};

static uint64_t
tick_now(void)
{
	return clock_mono_us() / DEADLINE_TICK_US;
}

static void
hang(struct deadlines *wheel, struct deadline *deadline)
{
	uint64_t at = deadline->due;
	struct deadline **slot;

	if (at <= wheel->now)
		at = wheel->now + 1;
	if (at - wheel->now >= DEADLINE_SLOTS)
		at = wheel->now + DEADLINE_SLOTS - 1;
	slot = &wheel->slot[at % DEADLINE_SLOTS];
	deadline->next = *slot;
	deadline->back = slot;
	if (*slot != NULL)
		(*slot)->back = &deadline->next;
	*slot = deadline;
}

static void
look_at(struct deadlines *wheel, struct deadline *list)
{
	/* Firing may set and clear others, also ones on this list: it hangs
	 * on a local head and is taken off one by one. */
	struct deadline *head = list;

	if (head != NULL)
		head->back = &head;
	while (head != NULL) {
		struct deadline *deadline = head;

		deadline_clear(deadline);
		if (deadline->due > wheel->now)
			hang(wheel, deadline);
		else
			deadline->passed(deadline);
	}
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct deadlines *wheel = arg;
	uint64_t to = tick_now();

	(void)fd;
	(void)what;
	/* After a long stop one turn visits every slot. */
	if (to - wheel->now > DEADLINE_SLOTS)
		wheel->now = to - DEADLINE_SLOTS;
	while (wheel->now < to) {
		struct deadline **slot;
		struct deadline *list;

		wheel->now++;
		slot = &wheel->slot[wheel->now % DEADLINE_SLOTS];
		list = *slot;
		*slot = NULL;
		look_at(wheel, list);
	}
}

struct deadlines *
deadlines_new(struct event_base *base)
{
	struct deadlines *wheel = calloc(1, sizeof(*wheel));
	struct timeval tv = { 0, DEADLINE_TICK_US };

	if (wheel == NULL)
		return NULL;
	wheel->now = tick_now();
	if (event_assign(&wheel->tick, base, -1, EV_PERSIST, on_tick,
	    wheel) != 0 || event_add(&wheel->tick, &tv) != 0) {
		free(wheel);
		return NULL;
	}
	return wheel;
}

void
deadlines_free(struct deadlines **deadlines)
{
	if (*deadlines == NULL)
		return;
	(void)event_del(&(*deadlines)->tick);
	free(*deadlines);
	*deadlines = NULL;
}

uint64_t
deadlines_now(const struct deadlines *deadlines)
{
	return deadlines->now * DEADLINE_TICK_US;
}

/* Rounded up, and one more since part of the current tick is over. */
static uint64_t
due_after(const struct deadlines *wheel, uint64_t delay_us)
{
	return wheel->now + 1 +
	    (delay_us + DEADLINE_TICK_US - 1) / DEADLINE_TICK_US;
}

void
deadline_set(struct deadlines *deadlines, struct deadline *deadline,
    uint64_t delay_us, deadline_passed *passed)
{
	deadline_clear(deadline);
	deadline->due = due_after(deadlines, delay_us);
	deadline->passed = passed;
	hang(deadlines, deadline);
}

void
deadline_push(struct deadlines *deadlines, struct deadline *deadline,
    uint64_t delay_us)
{
	uint64_t due = due_after(deadlines, delay_us);

	if (deadline->back == NULL)
		return;
	if (due < deadline->due) {
		/* Forward: it hangs too far back. */
		deadline_set(deadlines, deadline, delay_us, deadline->passed);
		return;
	}
	deadline->due = due;
}

void
deadline_clear(struct deadline *deadline)
{
	if (deadline->back == NULL)
		return;
	*deadline->back = deadline->next;
	if (deadline->next != NULL)
		deadline->next->back = deadline->back;
	deadline->back = NULL;
	deadline->next = NULL;
}
