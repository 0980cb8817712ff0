/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redact.h - what never enters a record although its depth would allow it:
 * credentials, tokens, long opaque path segments, search terms and the like
 * (audit-log.md section 4.3, rules 1 to 5).  Works on raw bytes; percent
 * escapes are decoded only to compare.  What is removed becomes '*'.
 */
#ifndef LOGGING_REDACT_H
#define LOGGING_REDACT_H

#include <stdbool.h>
#include <stddef.h>

enum redacted {
	REDACTED_PATH = 1,
	REDACTED_QUERY_VALUE = 2
};

/* Write the redacted path or query to out (never longer than the input; size at
 * least length).  Returns its length and sets bits of enum redacted.  In a
 * query every value becomes '*' unless its name is in keep (space separated,
 * may be NULL) and not on the list of names that always stay hidden. */
size_t redact_path(const char *path, size_t length, char *out,
    unsigned *redacted);
size_t redact_query(const char *query, size_t length, const char *keep,
    char *out, unsigned *redacted);

#endif
