/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - words for the operator.  One line a message on standard error:
 * level, process, words.  Never for auditors: those read records.  Lines that
 * a peer can provoke go through report_limited(), so that nobody outside can
 * fill a disk or drown a message that matters.
 */
#ifndef LIB_REPORT_H
#define LIB_REPORT_H

#include <stdbool.h>
#include <stdint.h>

enum report_level {
	REPORT_ERROR,
	REPORT_WARNING,
	REPORT_INFO,
	REPORT_DEBUG
};

/* Name this process in every later line, e.g. "worker 2".  name is copied. */
void report_init(const char *name, enum report_level least);
/* Change the least important level that is written. */
void report_set_level(enum report_level least);
/* Write one line; control bytes in the result become '?'.  At most 1,000
 * bytes; a longer line is cut. */
void report(enum report_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* One source of repeated messages: at most one line a minute, and the next
 * line that passes says how many were held back. */
struct report_limit {
	uint64_t next_us;
	uint64_t held;
};
void report_limited(struct report_limit *limit, enum report_level level,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A fault of ours: report and abort. */
void report_bug(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));

#endif
