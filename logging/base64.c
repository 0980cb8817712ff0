/* SPDX-License-Identifier: Apache-2.0 */
/* base64.c - strict, because two spellings of one signature would be two notes. */
#include "logging/base64.h"

#include <stdint.h>
#include <string.h>

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t
base64_write(const unsigned char *bytes, size_t n, char *out)
{
	size_t i, at = 0;
	uint32_t three;

	for (i = 0; i < n; i += 3) {
		three = (uint32_t)bytes[i] << 16;
		if (i + 1 < n)
			three |= (uint32_t)bytes[i + 1] << 8;
		if (i + 2 < n)
			three |= bytes[i + 2];
		out[at++] = digits[three >> 18];
		out[at++] = digits[three >> 12 & 63];
		out[at++] = i + 1 < n ? digits[three >> 6 & 63] : '=';
		out[at++] = i + 2 < n ? digits[three & 63] : '=';
	}
	out[at] = '\0';
	return at;
}

bool
base64_read(const char *text, size_t length, unsigned char *out, size_t size,
    size_t *n)
{
	size_t i, pad = 0, have = 0;
	uint32_t bits = 0;
	const char *digit;

	if (length % 4 != 0)
		return false;
	if (length > 0 && text[length - 1] == '=')
		pad = text[length - 2] == '=' ? 2 : 1;
	*n = length / 4 * 3 - pad;
	if (*n > size)
		return false;
	for (i = 0; i < length - pad; i++) {
		digit = text[i] == '\0' ? NULL : strchr(digits, text[i]);
		if (digit == NULL)
			return false;
		bits = bits << 6 | (uint32_t)(digit - digits);
		if (i % 4 > 0)
			out[have++] = (unsigned char)(bits >> (6 - i % 4 * 2));
	}
	/* What is left over must be nothing. */
	return (pad != 1 || (bits & 3) == 0) && (pad != 2 || (bits & 15) == 0);
}
