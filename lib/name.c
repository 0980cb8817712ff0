/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name.c - settling host names.
 *
 * Whatever two programs could read differently is settled to one reading or
 * refused: a name whose last label is a number must be an IPv4 address in one of
 * the spellings of inet_aton(), as browsers have it, or it is no name at all.
 */
#include "lib/name.h"

#include <idn2.h>

#include <stdint.h>
#include <string.h>

#define LABEL_MAX_BYTES 63
/* What is handed to libidn2: a name of 253 bytes has no longer spelling in
 * UTF-8 that anybody would send. */
#define SPELLING_MAX_BYTES 1024

static bool
is_name_byte(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	    c == '_';
}

static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return 99;
}

/* A number as in inet_aton(): 0x is hexadecimal, a leading 0 octal.  Capped at
 * 2^32, which is too much in every place. */
static bool
parse_number(const char *text, size_t length, uint64_t *value)
{
	int base = 10;

	*value = 0;
	if (length >= 2 && text[0] == '0' && text[1] == 'x') {
		base = 16;
		text += 2;
		length -= 2;
	} else if (length >= 2 && text[0] == '0') {
		base = 8;
		text++;
		length--;
	}
	for (size_t i = 0; i < length; i++) {
		int digit = digit_value(text[i]);

		if (digit >= base)
			return false;
		*value = *value * (uint64_t)base + (uint64_t)digit;
		if (*value > UINT32_MAX)
			*value = UINT64_C(1) << 32;
	}
	return true;
}

/* Whether the last label would be taken for a number by some reader. */
static bool
ends_in_number(const char *name, size_t length)
{
	const char *dot = memrchr(name, '.', length);
	const char *label = dot != NULL ? dot + 1 : name;
	size_t n = length - (size_t)(label - name);
	uint64_t value;

	for (size_t i = 0; i < n; i++) {
		if (label[i] < '0' || label[i] > '9')
			return label[0] == '0' &&
			    parse_number(label, n, &value);
	}
	return true;
}

/* One to four numbers; the last fills the bytes that are left. */
static bool
parse_loose_ipv4(const char *name, size_t length, struct address *out)
{
	uint32_t whole = 0;
	unsigned parts = 0;
	size_t at = 0;

	for (;;) {
		const char *dot = memchr(name + at, '.', length - at);
		size_t end = dot != NULL ? (size_t)(dot - name) : length;
		uint64_t value;

		if (parts == 4 || !parse_number(name + at, end - at, &value))
			return false;
		if (dot == NULL) {
			if (value >= UINT64_C(1) << (8 * (4 - parts)))
				return false;
			whole |= (uint32_t)value;
			break;
		}
		if (value > 255)
			return false;
		whole |= (uint32_t)value << (8 * (3 - parts));
		parts++;
		at = end + 1;
	}
	memset(out, 0, sizeof(*out));
	out->family = 4;
	for (unsigned i = 0; i < 4; i++)
		out->bytes[i] = (uint8_t)(whole >> (8 * (3 - i)));
	return true;
}

static enum name_kind
finish_address(const struct address *address, char *out, size_t *out_length)
{
	char text[ADDRESS_TEXT_MAX];

	*out_length = address_print(address, text);
	memcpy(out, text, *out_length + 1);
	return NAME_ADDRESS;
}

/* Settle what is ASCII already. */
static enum name_kind
settle_ascii(const char *text, size_t length, char *out, size_t *out_length,
    struct address *address)
{
	size_t label = 0;

	if (length > 0 && text[length - 1] == '.')
		length--;
	if (length == 0 || length > NAME_MAX_BYTES)
		return NAME_BAD;
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 'A' && c <= 'Z')
			c = (unsigned char)(c + ('a' - 'A'));
		if (c == '.') {
			if (label == 0)
				return NAME_BAD;
			label = 0;
		} else if (!is_name_byte(c) || ++label > LABEL_MAX_BYTES) {
			return NAME_BAD;
		}
		out[i] = (char)c;
	}
	if (label == 0)
		return NAME_BAD;
	out[length] = '\0';
	*out_length = length;
	if (!ends_in_number(out, length))
		return NAME_DNS;
	if (!parse_loose_ipv4(out, length, address))
		return NAME_BAD;
	return finish_address(address, out, out_length);
}

/* Bytes of the separator at text: '.', or one of the full stops of other scripts
 * that IDNA takes for it (U+3002, U+FF0E, U+FF61); 0 if it is none. */
static size_t
separator(const char *text, size_t left)
{
	if (left >= 1 && text[0] == '.')
		return 1;
	if (left >= 3 && (memcmp(text, "\xe3\x80\x82", 3) == 0 ||
	    memcmp(text, "\xef\xbc\x8e", 3) == 0 ||
	    memcmp(text, "\xef\xbd\xa1", 3) == 0))
		return 3;
	return 0;
}

static bool
is_ascii(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] >= 0x80)
			return false;
	}
	return true;
}

/* Put the A-label of a label to out; its length, or 0 if it has none. */
static size_t
convert_label(const char *label, size_t length, char *out, size_t room)
{
	char copy[SPELLING_MAX_BYTES + 1];
	uint8_t *ascii = NULL;
	size_t n = 0;

	if (is_ascii(label, length)) {
		if (length > room)
			return 0;
		memcpy(out, label, length);
		return length;
	}
	memcpy(copy, label, length);
	copy[length] = '\0';
	if (idn2_lookup_u8((const uint8_t *)copy, &ascii,
	    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK) {
		n = strlen((const char *)ascii);
		/* One label stays one, or it reads two ways. */
		if (n > room || memchr(ascii, '.', n) != NULL)
			n = 0;
		else
			memcpy(out, ascii, n);
	}
	idn2_free(ascii);
	return n;
}

/* Label by label, since libidn2 would judge the ASCII labels beside the others
 * more strictly than it judges a name that has none but ASCII. */
static enum name_kind
settle_unicode(const char *text, size_t length, char *out, size_t *out_length,
    struct address *address)
{
	char ascii[NAME_MAX_BYTES + 2];		/* one final dot may come */
	size_t at = 0, end, dot, n;

	if (length > SPELLING_MAX_BYTES)
		return NAME_BAD;
	for (size_t start = 0; start < length; start = end + dot) {
		for (end = start, dot = 0; end < length; end++) {
			dot = separator(text + end, length - end);
			if (dot > 0)
				break;
		}
		n = convert_label(text + start, end - start, ascii + at,
		    sizeof(ascii) - at);
		at += n;
		if (n == 0 || (dot > 0 && at == sizeof(ascii)))
			return NAME_BAD;
		if (dot > 0)
			ascii[at++] = '.';
	}
	/* What it maps to is judged like any other name: digits of other
	 * scripts and widths become an address here too. */
	return settle_ascii(ascii, at, out, out_length, address);
}

static enum name_kind
settle(const char *text, size_t length, char *out, size_t *out_length,
    struct address *address)
{
	bool unicode = false;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\0' || c == '%')
			return NAME_BAD;
		if (c == ':')
			return address_parse(text, length, address) ?
			    finish_address(address, out, out_length) : NAME_BAD;
		if (c >= 0x80)
			unicode = true;
	}
	if (unicode)
		return settle_unicode(text, length, out, out_length, address);
	return settle_ascii(text, length, out, out_length, address);
}

enum name_kind
name_settle(const char *text, size_t length, char out[NAME_MAX_BYTES + 1],
    size_t *out_length, struct address *address)
{
	enum name_kind kind = settle(text, length, out, out_length, address);

	if (kind == NAME_BAD) {
		out[0] = '\0';
		*out_length = 0;
	}
	if (kind != NAME_ADDRESS)
		memset(address, 0, sizeof(*address));
	return kind;
}

bool
name_has_suffix(const char *name, size_t length, const char *suffix,
    size_t suffix_length)
{
	size_t before;

	if (suffix_length > length)
		return false;
	before = length - suffix_length;
	return memcmp(name + before, suffix, suffix_length) == 0 &&
	    (before == 0 || name[before - 1] == '.');
}
