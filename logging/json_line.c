/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_line.c - the appenders.  Runs of plain bytes are copied at once; a second
 * that was printed before is not computed again.
 */
#include "logging/json_line.h"

#include "lib/clock.h"

#include <string.h>

#define NUMBER_MAX UINT64_C(9007199254740991)

/* 1: stays as it is.  0: needs a look. */
static const unsigned char plain[256] = {
	[' '] = 1, ['!'] = 1, ['#' ... '['] = 1, [']' ... '~'] = 1
};

static bool
has_room(struct json_line *line, size_t n)
{
	if (line->size - line->length >= n)
		return true;
	line->full = true;
	return false;
}

void
json_put_raw(struct json_line *line, const char *bytes, size_t n)
{
	if (!has_room(line, n))
		return;
	memcpy(line->bytes + line->length, bytes, n);
	line->length += n;
}

size_t
utf8_length(const unsigned char *bytes, size_t n, size_t *bad)
{
	unsigned char c = bytes[0], low = 0x80, high = 0xbf;
	size_t need, i;

	*bad = 1;
	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	need = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	for (i = 1; i <= need; i++) {
		if (i == n || bytes[i] < low || bytes[i] > high) {
			*bad = i;
			return 0;
		}
		low = 0x80;
		high = 0xbf;
	}
	return need + 1;
}

/* One byte or character that is not plain; returns how many were taken. */
static size_t
special(struct json_line *line, const unsigned char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	char escape[6] = { '\\', 'u', '0', '0', '0', '0' };
	unsigned char c = bytes[0];
	const char *two = NULL;
	size_t length, bad;

	switch (c) {
	case '"': two = "\\\""; break;
	case '\\': two = "\\\\"; break;
	case '\b': two = "\\b"; break;
	case '\f': two = "\\f"; break;
	case '\n': two = "\\n"; break;
	case '\r': two = "\\r"; break;
	case '\t': two = "\\t"; break;
	default: break;
	}
	if (two != NULL) {
		json_put_raw(line, two, 2);
		return 1;
	}
	if (c < 0x20 || c == 0x7f) {
		escape[4] = digits[c >> 4];
		escape[5] = digits[c & 15];
		json_put_raw(line, escape, 6);
		return 1;
	}
	length = utf8_length(bytes, n, &bad);
	if (length == 0) {
		json_put_raw(line, "\xef\xbf\xbd", 3);
		return bad;
	}
	if (length == 3 && c == 0xe2 && bytes[1] == 0x80 &&
	    (bytes[2] == 0xa8 || bytes[2] == 0xa9))
		json_put_raw(line, bytes[2] == 0xa8 ? "\\u2028" : "\\u2029", 6);
	else
		json_put_raw(line, (const char *)bytes, length);
	return length;
}

void
json_put_string(struct json_line *line, const unsigned char *bytes, size_t n)
{
	size_t at = 0, run;

	/* No byte becomes more than six. */
	if (!has_room(line, 6 * n + 2))
		return;
	line->bytes[line->length++] = '"';
	while (at < n) {
		for (run = at; run < n && plain[bytes[run]]; run++)
			;
		memcpy(line->bytes + line->length, bytes + at, run - at);
		line->length += run - at;
		at = run;
		if (at < n)
			at += special(line, bytes + at, n - at);
	}
	line->bytes[line->length++] = '"';
}

void
json_put_number(struct json_line *line, uint64_t number)
{
	static const char pairs[] =
	    "00010203040506070809101112131415161718192021222324"
	    "25262728293031323334353637383940414243444546474849"
	    "50515253545556575859606162636465666768697071727374"
	    "75767778798081828384858687888990919293949596979899";
	char digits[20];
	size_t at = sizeof(digits);

	if (number > NUMBER_MAX)
		number = NUMBER_MAX;
	for (; number >= 100; number /= 100) {
		at -= 2;
		memcpy(digits + at, pairs + 2 * (number % 100), 2);
	}
	if (number >= 10) {
		at -= 2;
		memcpy(digits + at, pairs + 2 * number, 2);
	} else
		digits[--at] = (char)('0' + number);
	json_put_raw(line, digits + at, sizeof(digits) - at);
}

void
json_put_signed(struct json_line *line, int64_t number)
{
	if (number < 0)
		json_put_raw(line, "-", 1);
	json_put_number(line, number < 0 ? 0 - (uint64_t)number :
	    (uint64_t)number);
}

void
json_put_date(struct json_line *line, uint64_t wall_us)
{
	uint64_t second = wall_us / 1000000, us = wall_us % 1000000;
	size_t slot = second % 4;
	char *out;
	int i;

	if (!has_room(line, 29))
		return;
	if (line->seconds[slot].second != second || second == 0) {
		clock_format_utc(second * 1000000,
		    line->seconds[slot].text);
		line->seconds[slot].second = second;
	}
	out = line->bytes + line->length;
	out[0] = '"';
	memcpy(out + 1, line->seconds[slot].text, 27);
	for (i = 6; i > 0; i--) {
		out[20 + i] = (char)('0' + us % 10);
		us /= 10;
	}
	out[28] = '"';
	line->length += 29;
}

void
json_put_address(struct json_line *line, const struct address *address)
{
	char text[ADDRESS_TEXT_MAX];
	int i;

	json_put_raw(line, "\"", 1);
	if (address->family == 4) {
		for (i = 0; i < 4; i++) {
			if (i > 0)
				json_put_raw(line, ".", 1);
			json_put_number(line, address->bytes[i]);
		}
	} else
		json_put_raw(line, text, address_print(address, text));
	json_put_raw(line, "\"", 1);
}
