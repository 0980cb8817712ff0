/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_line.h - appending to a line of the log in its one canonical form
 * (audit-log.md, section 3.2).  Writing beyond the end is not done and
 * remembered in `full`; nothing here allocates or calls printf.
 */
#ifndef LOGGING_JSON_LINE_H
#define LOGGING_JSON_LINE_H

#include "lib/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_line {
	char *bytes;
	size_t length;
	size_t size;
	bool full;
	/* seconds printed lately; zero them with the rest */
	struct { uint64_t second; char text[28]; } seconds[4];
};

/* Bytes as they are. */
void json_put_raw(struct json_line *line, const char *bytes, size_t n);
/* A JSON string with its quotes; what is not UTF-8 becomes U+FFFD, one for each
 * maximal bad part. */
void json_put_string(struct json_line *line, const unsigned char *bytes, size_t n);
/* Decimal; at most 2^53-1 in magnitude, larger ones become that. */
void json_put_number(struct json_line *line, uint64_t number);
void json_put_signed(struct json_line *line, int64_t number);
/* "YYYY-MM-DDTHH:MM:SS.ffffffZ" with its quotes. */
void json_put_date(struct json_line *line, uint64_t wall_us);
/* An address with its quotes. */
void json_put_address(struct json_line *line, const struct address *address);

/* Length of the well-formed UTF-8 character at bytes (0 if there is none), and
 * how many bytes are bad together then. */
size_t utf8_length(const unsigned char *bytes, size_t n, size_t *bad);

#endif
