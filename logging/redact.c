/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redact.c - the rules of redact.h.  A path is judged segment by segment, a
 * query name by name.  A browser, an application or a sloppy gateway may escape
 * twice, so a piece is judged as it stands and after each of two rounds of
 * decoding; what goes out is the raw bytes or a star.
 */
#include "logging/redact.h"

#include "lib/macros.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define OPAQUE_LENGTH 32	/* longer unbroken segments may be secrets */
#define NAME_LENGTH 64
#define DECODE_ROUNDS 2

/* Values of these stay hidden whatever a rule says.  Sorted. */
static const char *const hidden_names[] = {
	"access_token", "account", "api_key", "apikey", "as_q", "assertion",
	"auth", "authorization", "card", "client_secret", "code", "cvv",
	"dob", "email", "firstname", "hash", "hmac", "iban", "id_token",
	"jsessionid", "jwt", "k", "key", "keyword", "keywords", "login",
	"mail", "name", "nhs", "nino", "nonce", "otp", "p", "pass", "passwd",
	"password", "phone", "phpsessid", "pin", "postcode", "pwd", "q",
	"query", "refresh_token", "relaystate", "s", "samlrequest",
	"samlresponse", "se", "search", "secret", "session", "sessionid",
	"sid", "sig", "signature", "sp", "sr", "state", "surname", "sv",
	"tel", "term", "text", "ticket", "token", "user", "username", "wd"
};

static bool
is_alpha(unsigned char c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool
is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_base64url(unsigned char c)
{
	return is_alpha(c) || is_digit(c) || c == '-' || c == '_';
}

static int
hex(unsigned char c)
{
	if (is_digit(c))
		return c - '0';
	if ((c | 32) >= 'a' && (c | 32) <= 'f')
		return (c | 32) - 'a' + 10;
	return -1;
}

/* Decode percent escapes once, in place; returns the new length. */
static size_t
decode(unsigned char *text, size_t length)
{
	size_t from = 0, to = 0;

	while (from < length) {
		if (text[from] == '%' && length - from >= 3 &&
		    hex(text[from + 1]) >= 0 && hex(text[from + 2]) >= 0) {
			text[to++] = (unsigned char)(hex(text[from + 1]) << 4 |
			    hex(text[from + 2]));
			from += 3;
		} else
			text[to++] = text[from++];
	}
	return to;
}

/* Three base64url parts, the first starting eyJ (five in an encrypted one). */
static bool
is_jwt(const unsigned char *text, size_t length)
{
	size_t i, dots = 0;

	if (length < 5 || memcmp(text, "eyJ", 3) != 0)
		return false;
	for (i = 3; i < length; i++) {
		if (text[i] == '.')
			dots++;
		else if (!is_base64url(text[i]))
			return false;
	}
	return dots >= 2;
}

static bool
is_luhn(const unsigned char *digits, size_t length)
{
	unsigned sum = 0, digit;
	size_t i;

	if (length < 13 || length > 19)
		return false;
	for (i = 0; i < length; i++) {
		if (!is_digit(digits[length - 1 - i]))
			return false;
		digit = (unsigned)(digits[length - 1 - i] - '0');
		if (i % 2 == 1)
			digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
		sum += digit;
	}
	return sum % 10 == 0;
}

/* National Insurance number: two letters, six digits, A to D. */
static bool
is_nino(const unsigned char *text, size_t length)
{
	size_t i;

	if (length != 9 || !is_alpha(text[0]) || !is_alpha(text[1]))
		return false;
	if (strchr("dfiquv", text[0] | 32) != NULL ||
	    strchr("dfiquvo", text[1] | 32) != NULL)
		return false;
	for (i = 2; i < 8; i++)
		if (!is_digit(text[i]))
			return false;
	return (text[8] | 32) >= 'a' && (text[8] | 32) <= 'd';
}

/* Whether text, or a word in it, or all of it without separators, is a card or
 * National Insurance number. */
static bool
holds_number(const unsigned char *text, size_t length)
{
	unsigned char packed[20];
	size_t i, from, n = 0;
	bool small = true;

	for (i = 0; i < length; i++) {
		if (text[i] == ' ' || text[i] == '-' || text[i] == '+' ||
		    text[i] == '.' || text[i] == '_')
			continue;
		if (n == sizeof(packed)) {
			small = false;
			break;
		}
		packed[n++] = text[i];
	}
	if (small && (is_luhn(packed, n) || is_nino(packed, n)))
		return true;
	for (i = 0; i < length; i++) {
		from = i;
		while (i < length && is_digit(text[i]))
			i++;
		if (i > from && is_luhn(text + from, i - from))
			return true;
	}
	for (i = 0; i < length; i++) {
		from = i;
		while (i < length && (is_alpha(text[i]) || is_digit(text[i])))
			i++;
		if (i > from && is_nino(text + from, i - from))
			return true;
	}
	return false;
}

/* Whether a piece without separators must not be kept. */
static bool
is_secret_piece(const unsigned char *text, size_t length)
{
	size_t i;

	if (length == 0)
		return false;
	if (memchr(text, '@', length) != NULL || is_jwt(text, length))
		return true;
	if (length > OPAQUE_LENGTH) {
		for (i = 0; i < length && is_base64url(text[i]); i++)
			;
		if (i == length)
			return true;
	}
	return length >= 9 && holds_number(text, length);
}

/* Judge a piece and, where decoding brought slashes to light, its parts. */
static bool
is_secret_text(const unsigned char *text, size_t length)
{
	const unsigned char *end = text + length, *slash;

	for (;;) {
		slash = memchr(text, '/', (size_t)(end - text));
		if (slash == NULL)
			return is_secret_piece(text, (size_t)(end - text));
		if (is_secret_piece(text, (size_t)(slash - text)))
			return true;
		text = slash + 1;
	}
}

static bool
is_secret(const char *text, size_t length)
{
	unsigned char decoded[4096];
	size_t n = length, before;
	int round;

	if (is_secret_text((const unsigned char *)text, length))
		return true;
	if (length == 0 || memchr(text, '%', length) == NULL)
		return false;
	/* Longer than any URL that is kept: not worth decoding, not kept. */
	if (length > sizeof(decoded))
		return true;
	memcpy(decoded, text, length);
	for (round = 0; round < DECODE_ROUNDS; round++) {
		before = n;
		n = decode(decoded, n);
		if (n == before)
			break;
		if (is_secret_text(decoded, n))
			return true;
	}
	return false;
}

/* Where the first ';', raw or escaped, stands in a segment. */
static size_t
parameter_at(const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++) {
		if (text[i] == ';')
			return i;
		if (text[i] == '%' && length - i >= 3 && text[i + 1] == '3' &&
		    (text[i + 2] | 32) == 'b')
			return i;
	}
	return length;
}

size_t
redact_path(const char *path, size_t length, char *out,
    unsigned *redacted)
{
	size_t at = 0, to = 0, end, keep;
	const char *slash;

	while (at < length) {
		if (path[at] == '/') {
			out[to++] = '/';
			at++;
			continue;
		}
		slash = memchr(path + at, '/', length - at);
		end = slash == NULL ? length : (size_t)(slash - path);
		keep = parameter_at(path + at, end - at);
		if (keep < end - at)
			*redacted |= REDACTED_PATH;
		if (keep > 0 && is_secret(path + at, keep)) {
			out[to++] = '*';
			*redacted |= REDACTED_PATH;
		} else {
			memmove(out + to, path + at, keep);
			to += keep;
		}
		at = end;
	}
	return to;
}

static int
compare_name(const void *key, const void *row)
{
	return strcmp(key, *(const char *const *)row);
}

static bool
is_hidden(const char *name)
{
	if (strncmp(name, "x-amz-", 6) == 0 || strncmp(name, "x-goog-", 7) == 0)
		return true;
	return bsearch(name, hidden_names, COUNT_OF(hidden_names),
	    sizeof(hidden_names[0]), compare_name) != NULL;
}

/* Whether name (lower case) is one of the words of keep. */
static bool
is_listed(const char *name, const char *keep)
{
	size_t length = strlen(name), n, i;
	unsigned char c;

	if (keep == NULL || length == 0)
		return false;
	while (*keep != '\0') {
		n = strcspn(keep, " ");
		if (n == length) {
			for (i = 0; i < n; i++) {
				c = (unsigned char)keep[i];
				if (is_alpha(c))
					c |= 32;
				if (c != (unsigned char)name[i])
					break;
			}
			if (i == n)
				return true;
		}
		keep += n;
		while (*keep == ' ')
			keep++;
	}
	return false;
}

/* Settle a name for comparing: decoded, lower case, without one [] behind.
 * false if it is not a name that may be shown. */
static bool
settle_name(const char *text, size_t length, char out[NAME_LENGTH + 1])
{
	unsigned char name[3 * NAME_LENGTH];
	size_t n, i;

	if (length > sizeof(name))
		return false;
	memcpy(name, text, length);
	n = decode(name, length);
	if (n > NAME_LENGTH)
		return false;
	for (i = 0; i < n; i++) {
		if (!is_base64url(name[i]) && name[i] != '.' &&
		    name[i] != '[' && name[i] != ']')
			return false;
		out[i] = (char)(is_alpha(name[i]) ? name[i] | 32 : name[i]);
	}
	if (n >= 2 && out[n - 2] == '[' && out[n - 1] == ']')
		n -= 2;
	out[n] = '\0';
	return true;
}

/* One name=value; writes to out, returns the length. */
static size_t
redact_pair(const char *pair, size_t length, const char *keep, char *out,
    unsigned *redacted)
{
	const char *equals = length > 0 ? memchr(pair, '=', length) : NULL;
	size_t name = equals == NULL ? length : (size_t)(equals - pair);
	char settled[NAME_LENGTH + 1];
	size_t to = 0, value;
	bool good;

	good = name == 0 || (settle_name(pair, name, settled) &&
	    !is_secret(pair, name));
	if (good) {
		if (name > 0)
			memmove(out, pair, name);
		to = name;
	} else {
		out[to++] = '*';
		*redacted |= REDACTED_QUERY_VALUE;
	}
	if (equals == NULL)
		return to;
	out[to++] = '=';
	value = length - name - 1;
	if (value == 0)
		return to;
	if (good && name > 0 && is_listed(settled, keep) &&
	    !is_hidden(settled)) {
		memmove(out + to, equals + 1, value);
		return to + value;
	}
	out[to++] = '*';
	*redacted |= REDACTED_QUERY_VALUE;
	return to;
}

size_t
redact_query(const char *query, size_t length, const char *keep,
    char *out, unsigned *redacted)
{
	size_t at = 0, to = 0, end;

	/* ';' divides pairs for some servers: were it not one here, a kept
	 * value could carry a hidden one behind it. */
	for (;;) {
		end = at;
		while (end < length && query[end] != '&' && query[end] != ';')
			end++;
		to += redact_pair(query + at, end - at, keep, out + to,
		    redacted);
		if (end == length)
			return to;
		out[to++] = query[end];
		at = end + 1;
	}
}
