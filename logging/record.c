/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.c - building and reading the bytes in which a record travels.  A field
 * that does not fit is left out whole and the record says so by `full`; nothing
 * here allocates.
 */
#include "logging/record.h"

#include <assert.h>
#include <string.h>

const struct record_row record_rows[RECORD_FIELDS] = {
#define FIELD(id, name, type, max, depth, identity, sentence) \
	{ name, RECORD_##type, max, DEPTH_##depth, identity, sentence },
	RECORD_TABLE(FIELD)
#undef FIELD
};

static const char *const kind_actions[RECORD_KIND_COUNT] = {
#define KIND(id, action) action,
	RECORD_KINDS(KIND)
#undef KIND
};

const char *
record_kind_action(enum record_kind kind)
{
	assert((unsigned)kind < RECORD_KIND_COUNT);
	return kind_actions[kind];
}

bool
record_kind_by_action(const char *action, size_t length,
    enum record_kind *kind)
{
	size_t i;

	for (i = 0; i < RECORD_KIND_COUNT; i++)
		if (strlen(kind_actions[i]) == length &&
		    memcmp(kind_actions[i], action, length) == 0) {
			*kind = (enum record_kind)i;
			return true;
		}
	return false;
}

void
exchange_id_print(const struct exchange_id *id, char out[27])
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	uint64_t high = id->incarnation, low = id->counter;
	int i;

	/* 130 bits for 128: the first character only holds three. */
	for (i = 25; i >= 0; i--) {
		out[i] = alphabet[low & 31];
		low = low >> 5 | high << 59;
		high >>= 5;
	}
	out[26] = '\0';
}

void
record_init(struct record *record, unsigned char *bytes, size_t size)
{
	record->bytes = bytes;
	record->length = 0;
	record->size = size;
	record->full = false;
}

static void
add(struct record *record, enum record_field field, const void *value,
    size_t length)
{
	uint16_t head[2];

	assert((unsigned)field < RECORD_FIELDS && length <= UINT16_MAX);
	if (record->size - record->length < sizeof(head) + length) {
		record->full = true;
		return;
	}
	head[0] = (uint16_t)field;
	head[1] = (uint16_t)length;
	memcpy(record->bytes + record->length, head, sizeof(head));
	if (length > 0)
		memcpy(record->bytes + record->length + sizeof(head), value,
		    length);
	record->length += sizeof(head) + length;
}

/* Where to cut text so that at most max bytes stay and no UTF-8 character is
 * split. */
static size_t
cut(const char *text, size_t max)
{
	size_t at = max, back = 0;

	while (at > 0 && back < 3 && ((unsigned char)text[at] & 0xc0) == 0x80) {
		at--;
		back++;
	}
	/* Not UTF-8 at all: any place is as good as another. */
	if (((unsigned char)text[at] & 0xc0) == 0x80)
		return max;
	return at;
}

void
record_string(struct record *record, enum record_field field,
    const char *text, size_t length)
{
	size_t max;

	assert((unsigned)field < RECORD_FIELDS);
	assert(record_rows[field].type == RECORD_STRING ||
	    record_rows[field].type == RECORD_ARRAY);
	max = record_rows[field].max;
	if (length > max) {
		length = cut(text, max);
		add(record, RECORD_REDACTED_F, "too-long", 8);
	}
	add(record, field, text, length);
}

void
record_text(struct record *record, enum record_field field,
    const char *text)
{
	record_string(record, field, text, strlen(text));
}

void
record_number(struct record *record, enum record_field field,
    uint64_t number)
{
	enum record_type type;

	assert((unsigned)field < RECORD_FIELDS);
	type = record_rows[field].type;
	assert(type == RECORD_NUMBER || type == RECORD_SIGNED ||
	    type == RECORD_DATE || type == RECORD_BOOL);
	(void)type;
	add(record, field, &number, sizeof(number));
}

void
record_address(struct record *record, enum record_field field,
    const struct address *address)
{
	unsigned char value[17];

	assert((unsigned)field < RECORD_FIELDS);
	assert(record_rows[field].type == RECORD_ADDRESS);
	if (address->family != 4 && address->family != 6)
		return;
	value[0] = address->family;
	memcpy(value + 1, address->bytes, 16);
	add(record, field, value, address->family == 4 ? 5 : 17);
}

bool
record_allowed(enum record_field field, enum record_depth depth,
    enum record_as as)
{
	assert((unsigned)field < RECORD_FIELDS);
	if (record_rows[field].depth > depth)
		return false;
	return as != AS_COUNT_ONLY || !record_rows[field].identity;
}

bool
record_next(const unsigned char *bytes, size_t length, size_t *at,
    enum record_field *field, const unsigned char **value, size_t *n)
{
	uint16_t head[2];

	if (*at >= length || length - *at < sizeof(head))
		return false;
	memcpy(head, bytes + *at, sizeof(head));
	if (head[0] >= RECORD_FIELDS || length - *at - sizeof(head) < head[1])
		return false;
	*field = (enum record_field)head[0];
	*value = bytes + *at + sizeof(head);
	*n = head[1];
	*at += sizeof(head) + head[1];
	return true;
}

void
record_limit(struct record *record, enum record_depth depth,
    enum record_as as)
{
	bool query = false, identity = false;
	const unsigned char *value;
	enum record_field field;
	size_t at = 0, kept = 0, from, n;

	for (;;) {
		from = at;
		if (!record_next(record->bytes, record->length, &at, &field,
		    &value, &n))
			break;
		if (record_allowed(field, depth, as)) {
			if (kept != from)
				memmove(record->bytes + kept,
				    record->bytes + from, at - from);
			kept += at - from;
		} else if (field == RECORD_URL_QUERY_F)
			query = true;
		else if (record_rows[field].identity)
			identity = true;
	}
	record->length = kept;
	/* Say what is missing, where that alone betrays nothing. */
	if (query && depth >= DEPTH_HOST)
		add(record, RECORD_REDACTED_F, "query", 5);
	if (identity)
		add(record, RECORD_REDACTED_F, "identity", 8);
}
