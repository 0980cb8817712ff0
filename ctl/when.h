/* SPDX-License-Identifier: Apache-2.0 */
/*
 * when.h - the times that people type: "10:15", "yesterday", "2h",
 * "2026-03-02 10:15".  Local time, unless a zone is written.
 */
#ifndef CTL_WHEN_H
#define CTL_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/* Read text as seen at now.  With ends, the last microsecond of what was named
 * ("until 10:15" includes that minute, "until yesterday" that day).  A time of
 * day that is still to come means yesterday's.  False if it is no time. */
bool when_read(const char *text, uint64_t now_us, bool ends, uint64_t *us);

#endif
