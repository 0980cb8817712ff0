/* SPDX-License-Identifier: Apache-2.0 */
/* hello_ja4.c - JA4: ten characters one can read and two truncated hashes. */
#include "proxy/hello_ja4.h"

#include <openssl/sha.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two lists of values in four digits, a comma after each. */
#define TEXT_MAX (2 * HELLO_LIST_MAX * 5 + 1)

static const char *
version_name(uint16_t version)
{
	switch (version) {
	case 0x0304:
		return "13";
	case 0x0303:
		return "12";
	case 0x0302:
		return "11";
	case 0x0301:
		return "10";
	case 0x0300:
		return "s3";
	default:
		return "00";
	}
}

static bool
is_alphanumeric(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

/* First and last character of the first protocol, or of its hexadecimal form if
 * one of them is no letter or digit. */
static void
alpn_characters(const struct hello_ja4 *ja4, char out[3])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char first, last;

	memcpy(out, "00", 3);
	if (ja4->alpn == NULL || ja4->alpn_length == 0)
		return;
	first = ja4->alpn[0];
	last = ja4->alpn[ja4->alpn_length - 1];
	if (is_alphanumeric(first) && is_alphanumeric(last)) {
		out[0] = (char)first;
		out[1] = (char)last;
	} else {
		out[0] = digits[first >> 4];
		out[1] = digits[last & 15];
	}
}

static int
smallest_first(const void *a, const void *b)
{
	const uint16_t *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

/* Values in hexadecimal with commas between them, without those in skip. */
static size_t
print_list(const struct hello_list *list, bool skip_names, char *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t i, n = 0;

	for (i = 0; i < list->count; i++) {
		unsigned value = list->value[i];

		/* server_name and ALPN are in the readable part */
		if (skip_names && (value == 0x0000 || value == 0x0010))
			continue;
		if (n > 0)
			out[n++] = ',';
		out[n++] = digits[value >> 12];
		out[n++] = digits[value >> 8 & 15];
		out[n++] = digits[value >> 4 & 15];
		out[n++] = digits[value & 15];
	}
	return n;
}

static void
hash_text(const char *text, size_t length, char out[13])
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	int i;

	/* No hash (out of memory) is no value, like a hash of nothing. */
	if (length == 0 ||
	    SHA256((const unsigned char *)text, length, hash) == NULL) {
		memcpy(out, "000000000000", 13);
		return;
	}
	for (i = 0; i < 6; i++)
		(void)snprintf(out + i * 2, 3, "%02x", hash[i]);
}

static unsigned
two_digits(size_t count)
{
	return count > 99 ? 99 : (unsigned)count;
}

void
hello_ja4_write(struct hello_ja4 *ja4, char out[40])
{
	char text[TEXT_MAX], alpn[3], ciphers[13], extensions[13];
	size_t n;

	alpn_characters(ja4, alpn);
	qsort(ja4->ciphers.value, ja4->ciphers.count, sizeof(uint16_t),
	    smallest_first);
	qsort(ja4->extensions.value, ja4->extensions.count, sizeof(uint16_t),
	    smallest_first);
	n = print_list(&ja4->ciphers, false, text);
	hash_text(text, n, ciphers);
	n = print_list(&ja4->extensions, true, text);
	/* Signature algorithms keep their order. */
	if (n > 0 && ja4->signatures.count > 0) {
		text[n++] = '_';
		n += print_list(&ja4->signatures, false, text + n);
	}
	hash_text(text, n, extensions);
	(void)snprintf(out, 40, "t%s%c%02u%02u%s_%s_%s",
	    version_name(ja4->version), ja4->has_server_name ? 'd' : 'i',
	    two_digits(ja4->ciphers.count), two_digits(ja4->extensions.count),
	    alpn, ciphers, extensions);
}
