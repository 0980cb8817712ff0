/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields.h - an encoded record taken apart: which fields are there and where
 * their bytes are.  Whatever the bytes are, what comes out is within the
 * table's limits; a field that is not of its row's type is not there.
 */
#ifndef LOGGING_FIELDS_H
#define LOGGING_FIELDS_H

#include "logging/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIELDS_ELEMENTS 96
#define FIELDS_KEPT 8		/* of them for gatebook.privacy.redacted */
#define FIELDS_WORDS ((RECORD_FIELDS + 63) / 64)

struct fields_text {
	const unsigned char *bytes;
	size_t length;
};

struct fields {
	uint64_t present[FIELDS_WORDS];
	struct fields_text value[RECORD_FIELDS];	/* where present */
	struct {
		enum record_field field;
		struct fields_text text;
	} element[FIELDS_ELEMENTS];	/* of all arrays, as they came */
	size_t elements;
	bool damaged;			/* not all bytes were fields */
	bool crowded;			/* not all elements found room */
};

/* Take apart; no string longer than limit. */
void fields_read(struct fields *fields, const unsigned char *bytes,
    size_t length, size_t limit);
bool fields_has(const struct fields *fields, enum record_field field);
void fields_remove(struct fields *fields, enum record_field field);
/* Set a field; the bytes stay the caller's and must outlive the fields. */
void fields_set(struct fields *fields, enum record_field field,
    const void *bytes, size_t length);
/* Add to an array, unless it holds the same already. */
void fields_add(struct fields *fields, enum record_field field,
    const char *text);
/* Whether that text field says exactly this. */
bool fields_is(const struct fields *fields, enum record_field field,
    const char *text);
/* The number of a field; 0 where it is not there. */
uint64_t fields_number(const struct fields *fields, enum record_field field);

#endif
