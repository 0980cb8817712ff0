/* SPDX-License-Identifier: Apache-2.0 */
/*
 * references.h - the writer's side of references: the limit below which numbers
 * may be drawn stands in a file before it stands in the shared page, so that no
 * number is ever drawn twice, whatever is killed or loses power.
 */
#ifndef LOGGING_REFERENCES_H
#define LOGGING_REFERENCES_H

#include "logging/logstate.h"

#include <stdint.h>

#define REFERENCES_AHEAD 1000000

/* Begin above all numbers that may have been drawn; log_size says how long the
 * log is, for the case that the file is gone.  0, or -1 with errno. */
int references_start(int folder, struct logstate *state, uint64_t log_size);
/* Move the limit if it is near; 0, or -1 with errno. */
int references_extend(int folder, struct logstate *state);

#endif
