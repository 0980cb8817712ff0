/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line_read.c - see line_read.h.  Every function looks only between a start and
 * an end; there is no recursion, since the form has no depth.
 */
#include "logging/line_read.h"

#include <assert.h>
#include <string.h>

#define NAME_LONGEST 64
#define NUMBER_LARGEST INT64_C(9007199254740991)	/* 2^53 - 1 */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* The four hex digits behind \u, or -1; only what the writer would escape so,
 * and never a surrogate. */
static int
unicode_escape(const char *at, const char *end)
{
	int value = 0;

	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(at[i]);

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	if (value >= 0xd800 && value <= 0xdfff)
		return -1;
	return value;
}

/* at stands behind a backslash: the length of the rest of the escape, 0 if it
 * is none. */
static size_t
escape_length(const char *at, const char *end)
{
	if (at == end)
		return 0;
	switch (*at) {
	case '"': case '\\': case 'b': case 'f': case 'n': case 'r': case 't':
		return 1;
	case 'u':
		return unicode_escape(at + 1, end) >= 0 ? 5 : 0;
	default:
		return 0;
	}
}

/* at stands behind the opening quote; the place of the closing one, or NULL. */
static const char *
string_end(const char *at, const char *end)
{
	while (at < end) {
		unsigned char c = (unsigned char)*at;

		if (c == '"')
			return at;
		if (c < 0x20 || c == 0x7f)
			return NULL;
		at++;
		if (c == '\\') {
			size_t n = escape_length(at, end);

			if (n == 0)
				return NULL;
			at += n;
		}
	}
	return NULL;
}

static const char *
number_end(const char *at, const char *end)
{
	const char *start;

	if (at < end && *at == '-')
		at++;
	start = at;
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	if (at == start || at - start > 16 || (*start == '0' && at - start > 1))
		return NULL;
	return at;
}

/* at stands behind the opening bracket; the place of the closing one. */
static const char *
array_end(const char *at, const char *end)
{
	if (at < end && *at == ']')
		return at;
	for (;;) {
		if (at >= end || *at != '"')
			return NULL;
		at = string_end(at + 1, end);
		if (at == NULL || ++at >= end)
			return NULL;
		if (*at == ']')
			return at;
		if (*at++ != ',')
			return NULL;
	}
}

static bool
starts_with(const char *at, const char *end, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(end - at) >= n && memcmp(at, word, n) == 0;
}

/* Read the value at at; the place behind it, or NULL. */
static const char *
read_value(const char *at, const char *end, struct line_value *value)
{
	const char *stop;

	if (at >= end)
		return NULL;
	value->at = at;
	if (*at == '"' || *at == '[') {
		value->type = *at == '"' ? LINE_STRING : LINE_ARRAY;
		value->at = at + 1;
		stop = *at == '"' ? string_end(at + 1, end) :
		    array_end(at + 1, end);
		if (stop == NULL)
			return NULL;
		value->length = (size_t)(stop - value->at);
		return stop + 1;
	}
	if (starts_with(at, end, "true") || starts_with(at, end, "false")) {
		value->type = LINE_BOOL;
		value->length = *at == 't' ? 4 : 5;
		return at + value->length;
	}
	value->type = LINE_NUMBER;
	stop = number_end(at, end);
	if (stop == NULL)
		return NULL;
	value->length = (size_t)(stop - at);
	return stop;
}

static bool
is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
	    c == '_' || c == '@' || (c >= 'A' && c <= 'Z') || c == '-';
}

void
line_walk_init(struct line_walk *walk, const char *line, size_t length)
{
	walk->at = line;
	walk->end = line + length;
	walk->first = true;
	walk->whole = false;
}

/* Read "name": at walk->at; false on a fault. */
static bool
read_name(struct line_walk *walk, struct line_field *field)
{
	const char *at = walk->at;

	if (at >= walk->end || *at++ != '"')
		return false;
	field->name = at;
	while (at < walk->end && is_name_byte(*at))
		at++;
	field->name_length = (size_t)(at - field->name);
	if (field->name_length == 0 || field->name_length > NAME_LONGEST)
		return false;
	if (walk->end - at < 2 || at[0] != '"' || at[1] != ':')
		return false;
	walk->at = at + 2;
	return true;
}

bool
line_walk_next(struct line_walk *walk, struct line_field *field)
{
	const char *at;

	if (walk->whole || walk->at >= walk->end)
		return false;
	at = walk->at;
	if (*at == '}') {
		walk->whole = !walk->first && at + 1 == walk->end;
		walk->at = walk->end;
		return false;
	}
	if (*at != (walk->first ? '{' : ','))
		goto fault;
	walk->at++;
	walk->first = false;
	if (!read_name(walk, field))
		goto fault;
	at = read_value(walk->at, walk->end, &field->value);
	if (at == NULL)
		goto fault;
	walk->at = at;
	field->end = at;
	return true;
fault:
	walk->at = walk->end;
	return false;
}

bool
line_is_whole(const char *line, size_t length)
{
	struct line_walk walk;
	struct line_field field;

	if (length > LINE_MAX_BYTES)
		return false;
	line_walk_init(&walk, line, length);
	while (line_walk_next(&walk, &field))
		;
	return walk.whole;
}

bool
line_field_is(const struct line_field *field, const char *name)
{
	size_t n = strlen(name);

	return field->name_length == n && memcmp(field->name, name, n) == 0;
}

bool
line_find(const char *line, size_t length, const char *name,
    struct line_value *value)
{
	struct line_walk walk;
	struct line_field field;

	line_walk_init(&walk, line, length);
	while (line_walk_next(&walk, &field)) {
		if (line_field_is(&field, name)) {
			*value = field.value;
			return true;
		}
	}
	return false;
}

/* UTF-8 of a character below U+10000; its length. */
static size_t
put_utf8(unsigned c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | c >> 12);
	out[1] = (char)(0x80 | (c >> 6 & 0x3f));
	out[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

/* One character, escape undone: its bytes to out, how many were read to
 * *taken.  The value was checked when it was found. */
static size_t
next_character(const char *at, const char *end, char out[4], size_t *taken)
{
	static const char from[] = "\"\\bfnrt";
	static const char to[] = "\"\\\b\f\n\r\t";
	size_t n = 1;

	if (*at != '\\') {
		/* A whole UTF-8 character, so that a cut never splits one. */
		while (n < 4 && at + n < end && ((unsigned char)at[n] & 0xc0) ==
		    0x80)
			n++;
		memcpy(out, at, n);
		*taken = n;
		return n;
	}
	if (escape_length(at + 1, end) == 0) {
		out[0] = '?';
		*taken = 1;
		return 1;
	}
	*taken = 1 + escape_length(at + 1, end);
	if (at[1] == 'u')
		return put_utf8((unsigned)unicode_escape(at + 2, end), out);
	out[0] = to[strchr(from, at[1]) - from];
	return 1;
}

size_t
line_text(const struct line_value *value, char *out, size_t size)
{
	const char *at = value->at, *end = value->at + value->length;
	size_t length = 0;

	assert(size > 0);
	while (at < end) {
		char bytes[4];
		size_t taken, n = next_character(at, end, bytes, &taken);

		if (length + n >= size)
			break;
		memcpy(out + length, bytes, n);
		length += n;
		at += taken;
	}
	out[length] = '\0';
	return length;
}

bool
line_equal(const struct line_value *value, const char *text)
{
	const char *at = value->at, *end = value->at + value->length;
	size_t left = strlen(text);

	while (at < end) {
		char bytes[4];
		size_t taken, n = next_character(at, end, bytes, &taken);

		if (n > left || memcmp(text, bytes, n) != 0)
			return false;
		text += n;
		left -= n;
		at += taken;
	}
	return left == 0;
}

bool
line_number(const struct line_value *value, int64_t *number)
{
	int64_t sum = 0;
	bool minus = value->length > 0 && value->at[0] == '-';

	if (value->type != LINE_NUMBER || value->length > 17)
		return false;
	for (size_t i = minus ? 1 : 0; i < value->length; i++)
		sum = sum * 10 + (value->at[i] - '0');
	if (sum > NUMBER_LARGEST)
		return false;
	*number = minus ? -sum : sum;
	return true;
}

bool
line_item(const struct line_value *array, size_t *at, struct line_value *item)
{
	const char *start = array->at + *at, *end = array->at + array->length;
	const char *stop;

	if (array->type != LINE_ARRAY || start >= end || *start != '"')
		return false;
	stop = string_end(start + 1, end);
	if (stop == NULL)
		return false;
	item->type = LINE_STRING;
	item->at = start + 1;
	item->length = (size_t)(stop - item->at);
	stop++;
	if (stop < end && *stop == ',')
		stop++;
	*at = (size_t)(stop - array->at);
	return true;
}
