/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line_read.h - reads the lines that our own writer makes: one flat JSON object,
 * no spaces outside strings, values that are strings, integers, booleans or
 * arrays of strings.  Nothing is copied and nothing is allocated: a value is a
 * piece of the line.  Anything else than that form is refused, so a damaged or
 * foreign line is never half understood.
 */
#ifndef LOGGING_LINE_READ_H
#define LOGGING_LINE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_MAX_BYTES 32768	/* without the newline */

enum line_type {
	LINE_STRING,		/* at..: between the quotes, still escaped */
	LINE_NUMBER,
	LINE_BOOL,
	LINE_ARRAY		/* at..: between the brackets */
};

struct line_value {
	enum line_type type;
	const char *at;
	size_t length;
};

struct line_field {
	const char *name;	/* not ended by NUL */
	size_t name_length;
	struct line_value value;
	const char *end;	/* behind the whole field */
};

/* A walk over the fields of one line. */
struct line_walk {
	const char *at;
	const char *end;
	bool first;
	bool whole;		/* the closing brace came where it should */
};

/* Start a walk; length is without the newline. */
void line_walk_init(struct line_walk *walk, const char *line, size_t length);
/* The next field; false at the end (walk->whole) or at the first fault. */
bool line_walk_next(struct line_walk *walk, struct line_field *field);
/* Whether the line has that form from end to end. */
bool line_is_whole(const char *line, size_t length);

/* The value of the first field of that name; false if there is none before the
 * end or the first fault. */
bool line_find(const char *line, size_t length, const char *name,
    struct line_value *value);
/* Whether a field has that name. */
bool line_field_is(const struct line_field *field, const char *name);

/* Write a string (or number, or boolean) with its escapes undone, and a NUL.
 * What does not fit in size is cut between characters.  Returns the length
 * written. */
size_t line_text(const struct line_value *value, char *out, size_t size);
/* Whether the value, escapes undone, is exactly text. */
bool line_equal(const struct line_value *value, const char *text);
/* The number; false if it is none. */
bool line_number(const struct line_value *value, int64_t *number);
/* The next string of an array; *at starts at 0. */
bool line_item(const struct line_value *array, size_t *at,
    struct line_value *item);

#endif
