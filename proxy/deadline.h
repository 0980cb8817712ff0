/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deadline.h - every wait of a worker ends by one of these.  A wheel of ticks
 * of 100 ms: setting, moving and clearing cost a few stores, so a deadline can
 * be pushed back at every byte.  It fires up to one tick late, never early.
 */
#ifndef PROXY_DEADLINE_H
#define PROXY_DEADLINE_H

#include <event2/event.h>

#include <stdbool.h>
#include <stdint.h>

#define DEADLINE_TICK_US 100000
#define DEADLINE_SLOTS 512

struct deadline;
typedef void deadline_passed(struct deadline *deadline);

struct deadline {
	struct deadline *next;
	struct deadline **back;		/* what points at us; NULL: not set */
	uint64_t due;			/* in ticks */
	deadline_passed *passed;
};

struct deadlines;

/* The wheel of a worker; NULL without memory. */
struct deadlines *deadlines_new(struct event_base *base);
void deadlines_free(struct deadlines **deadlines);
/* The wheel's clock: clock_mono_us() as of the last tick or event. */
uint64_t deadlines_now(const struct deadlines *deadlines);

/* Call passed(deadline) once after delay_us from now.  Moves one already set. */
void deadline_set(struct deadlines *deadlines, struct deadline *deadline,
    uint64_t delay_us, deadline_passed *passed);
/* Move a set deadline to delay_us from now; cheaper than deadline_set when that is
 * later than it was. */
void deadline_push(struct deadlines *deadlines, struct deadline *deadline,
    uint64_t delay_us);
void deadline_clear(struct deadline *deadline);
static inline bool
deadline_is_set(const struct deadline *deadline)
{
	return deadline->back != NULL;
}

#endif
