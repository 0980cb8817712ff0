/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_query.h - what somebody looks for in the log, and whether a line is it.
 * Pure: no files, no clock.
 */
#ifndef LOGGING_LOG_QUERY_H
#define LOGGING_LOG_QUERY_H

#include "lib/address.h"
#include "lib/name.h"
#include "logging/logstate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_TIME 28		/* "2026-03-02T09:00:00.000007Z" and NUL */
#define LOG_QUERY_TEXT 1024

/* An empty string, a false or a zero asks for nothing. */
struct log_query {
	char host[NAME_MAX_BYTES + 1];	/* settled; matches as a suffix */
	bool has_client;
	struct network client;
	char since[LOG_TIME];		/* canonical, compared as bytes */
	char until[LOG_TIME];
	char outcome[64];		/* event.outcome or gatebook.outcome */
	char verdict[24];		/* audit, deny, none or report-only */
	char rule[136];
	char method[72];
	char action[40];		/* event.action */
	int status_low;
	int status_high;
	/* Records of one exchange: either of these is enough. */
	char reference[REFERENCE_TEXT];
	char transaction[27];
	/* Bytes that every line looked for contains; quick to try. */
	char needle[NAME_MAX_BYTES + 1];
};

/* Read canonical UTC text; false if it is not that. */
bool log_time_read(const char *text, size_t length, uint64_t *wall_us);
/* Set the filter of that word ("host" "client" "since" "until" "outcome"
 * "verdict" "rule" "method" "action" "status" "reference" "transaction").
 * False, and why in words, if there is no such filter or the value is bad. */
bool log_query_set(struct log_query *query, const char *word,
    const char *value, char *why, size_t why_size);
/* Call once after the last log_query_set(). */
void log_query_settle(struct log_query *query);
/* Write it as "host=social.example limit..." for the record of the search. */
void log_query_print(const struct log_query *query, char out[LOG_QUERY_TEXT]);
/* Whether it asks for nothing but a span of time. */
bool log_query_is_span(const struct log_query *query);
/* Whether a line is looked for. */
bool log_query_match(const struct log_query *query, const char *line,
    size_t length);

#endif
