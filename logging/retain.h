/* SPDX-License-Identifier: Apache-2.0 */
/*
 * retain.h - which closed file of the log may go.  By age beyond log.keep.max,
 * by size beyond log.keep.size, but none younger than log.keep.min and none
 * while a file hold.CASE stands in the folder.
 */
#ifndef LOGGING_RETAIN_H
#define LOGGING_RETAIN_H

#include "lib/settings.h"

#include <stdbool.h>
#include <stdint.h>

struct retain_choice {
	uint64_t number;
	uint64_t last_us;	/* time of its last record */
	bool by_age;		/* else by size */
};

/* The oldest file, if it may go now.  open is the number of the file in use. */
bool retain_choose(int folder, const struct settings *settings,
    uint64_t open, uint64_t now_us, struct retain_choice *choice);

#endif
