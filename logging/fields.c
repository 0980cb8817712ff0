/* SPDX-License-Identifier: Apache-2.0 */
/* fields.c - taking a record apart. */
#include "logging/fields.h"

#include <string.h>

static const uint64_t one = 1;

bool
fields_has(const struct fields *fields, enum record_field field)
{
	return (fields->present[field / 64] >> field % 64 & 1) != 0;
}

void
fields_remove(struct fields *fields, enum record_field field)
{
	fields->present[field / 64] &= ~(one << field % 64);
}

void
fields_set(struct fields *fields, enum record_field field,
    const void *bytes, size_t length)
{
	fields->present[field / 64] |= one << field % 64;
	fields->value[field].bytes = bytes;
	fields->value[field].length = length;
}

static void
add(struct fields *fields, enum record_field field,
    const unsigned char *bytes, size_t length)
{
	size_t i;

	/* Said once is said. */
	if (field == RECORD_REDACTED_F)
		for (i = 0; i < fields->elements; i++)
			if (fields->element[i].field == field &&
			    fields->element[i].text.length == length &&
			    memcmp(fields->element[i].text.bytes, bytes,
			    length) == 0)
				return;
	/* Room is kept for the words that say what is missing. */
	if (fields->elements >= FIELDS_ELEMENTS -
	    (field == RECORD_REDACTED_F ? 0 : FIELDS_KEPT)) {
		fields->crowded = true;
		return;
	}
	fields->element[fields->elements].field = field;
	fields->element[fields->elements].text.bytes = bytes;
	fields->element[fields->elements].text.length = length;
	fields->elements++;
	fields->present[field / 64] |= one << field % 64;
}

void
fields_add(struct fields *fields, enum record_field field, const char *text)
{
	add(fields, field, (const unsigned char *)text, strlen(text));
}

/* Cut on a character boundary, where there are characters. */
static size_t
cut(const unsigned char *bytes, size_t max)
{
	size_t at = max;

	while (at > 0 && max - at < 3 && (bytes[at] & 0xc0) == 0x80)
		at--;
	return (bytes[at] & 0xc0) == 0x80 ? max : at;
}

static bool
is_well_formed(enum record_type type, const unsigned char *value, size_t n)
{
	switch (type) {
	case RECORD_STRING:
	case RECORD_ARRAY:
		return true;
	case RECORD_NUMBER:
	case RECORD_SIGNED:
	case RECORD_DATE:
	case RECORD_BOOL:
		return n == 8;
	case RECORD_ADDRESS:
		return (n == 5 && value[0] == 4) || (n == 17 && value[0] == 6);
	}
	return false;
}

void
fields_read(struct fields *fields, const unsigned char *bytes,
    size_t length, size_t limit)
{
	const struct record_row *row;
	const unsigned char *value;
	enum record_field field;
	size_t at = 0, n, max;
	bool too_long = false;

	memset(fields->present, 0, sizeof(fields->present));
	fields->elements = 0;
	fields->damaged = fields->crowded = false;
	while (record_next(bytes, length, &at, &field, &value, &n)) {
		row = &record_rows[field];
		if (!is_well_formed(row->type, value, n)) {
			fields->damaged = true;
			continue;
		}
		if (row->type == RECORD_STRING || row->type == RECORD_ARRAY) {
			max = row->max < limit ? row->max : limit;
			if (n > max) {
				n = cut(value, max);
				too_long = true;
			}
		}
		if (row->type == RECORD_ARRAY) {
			add(fields, field, value, n);
		} else if (field == RECORD_RULE_FILE_F && n == 0) {
			/* It turned out that no rule of the policy decided:
			 * what an earlier decision said is taken back. */
			fields_remove(fields, RECORD_RULE_FILE_F);
			fields_remove(fields, RECORD_RULE_LINE_F);
		} else {
			fields_set(fields, field, value, n);
		}
	}
	if (at != length)
		fields->damaged = true;
	if (too_long || fields->crowded)
		fields_add(fields, RECORD_REDACTED_F, "too-long");
}

bool
fields_is(const struct fields *fields, enum record_field field,
    const char *text)
{
	return fields_has(fields, field) &&
	    fields->value[field].length == strlen(text) &&
	    memcmp(fields->value[field].bytes, text,
	    fields->value[field].length) == 0;
}

uint64_t
fields_number(const struct fields *fields, enum record_field field)
{
	uint64_t number = 0;

	if (fields_has(fields, field))
		memcpy(&number, fields->value[field].bytes, sizeof(number));
	return number;
}
