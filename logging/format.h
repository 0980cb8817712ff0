/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format.h - a record becomes a line.  What the process that made the record may
 * not say itself (sequence, kind, id, who it is) is said here.
 */
#ifndef LOGGING_FORMAT_H
#define LOGGING_FORMAT_H

#include "logging/json_line.h"
#include "logging/pseudonym.h"
#include "logging/record.h"

#define FORMAT_LINE_MAX 32768	/* without the newline */
/* Room that format_line() wants for a record of the longest kind. */
#define FORMAT_ROOM (448 * 1024)

struct format;

struct format_event {
	enum record_kind kind;
	const struct exchange_id *id;	/* of an exchange, else NULL */
	uint64_t wall_us;
	uint64_t boot_us;
	const unsigned char *bytes;
	size_t length;
};

/* pseudonyms stay the caller's; NULL without memory. */
struct format *format_new(const char *node, struct pseudonyms *pseudonyms);
void format_free(struct format **format);
/* Append the line of that place in the log, with its newline.  There must be
 * FORMAT_ROOM left.  It is never longer than FORMAT_LINE_MAX: where it would be,
 * its strings are cut. */
void format_line(struct format *format, const struct format_event *event,
    uint64_t sequence, struct json_line *line);

/* Who may send a record of this kind. */
enum format_source {
	FORMAT_FROM_KEEPER,	/* a worker, by its book */
	FORMAT_FROM_PARENT,
	FORMAT_FROM_READER,
	FORMAT_FROM_WRITER
};
enum format_source format_source(enum record_kind kind);
/* Whether this kind is about one exchange and carries its id. */
bool format_is_exchange(enum record_kind kind);

#endif
