/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proxy_protocol.c - the PROXY protocol, versions 1 and 2.
 *
 * Believed only from addresses that a setting names; even so a header that is
 * not exactly what the specification says ends the connection, for a wrong
 * client address in the record is worse than none.
 */
#include "proxy/proxy_protocol.h"

#include <string.h>

#define V1_MAX 107		/* with CRLF */
#define V2_FIXED 16
#define TLV_CRC32C 0x03

static const unsigned char v2_signature[12] = {
	0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a
};

/* Whether the bytes so far begin as wanted. */
static bool
begins(const unsigned char *bytes, size_t length, const void *want, size_t n)
{
	return memcmp(bytes, want, length < n ? length : n) == 0;
}

/* The next word up to a single space or the end; NULL if there is none. */
static const char *
take_word(const char **p, const char *end, size_t *length)
{
	const char *word = *p, *space;

	if (word == NULL || word == end)
		return NULL;
	space = memchr(word, ' ', (size_t)(end - word));
	*length = (size_t)((space != NULL ? space : end) - word);
	*p = space != NULL ? space + 1 : NULL;
	return *length > 0 ? word : NULL;
}

static bool
take_address(const char **p, const char *end, char family,
    struct address *out)
{
	size_t length;
	const char *word = take_word(p, end, &length);

	return word != NULL &&
	    (memchr(word, ':', length) != NULL) == (family == '6') &&
	    address_parse(word, length, out);
}

static bool
take_port(const char **p, const char *end, uint16_t *port)
{
	size_t i, length;
	const char *word = take_word(p, end, &length);
	unsigned value = 0;

	if (word == NULL || length > 5 || (*word == '0' && length > 1))
		return false;
	for (i = 0; i < length; i++) {
		if (word[i] < '0' || word[i] > '9')
			return false;
		value = value * 10 + (unsigned)(word[i] - '0');
	}
	*port = (uint16_t)value;
	return value <= UINT16_MAX;
}

/* A line without its CRLF, after "PROXY ". */
static enum proxy_protocol_result
read_v1(const char *p, const char *end, struct address *client)
{
	struct address server;
	uint16_t ignored;
	size_t length;
	const char *word = take_word(&p, end, &length);

	if (word != NULL && length == 7 && memcmp(word, "UNKNOWN", 7) == 0)
		return PROXY_PROTOCOL_LOCAL;
	if (word == NULL || length != 4 || memcmp(word, "TCP", 3) != 0 ||
	    (word[3] != '4' && word[3] != '6') ||
	    !take_address(&p, end, word[3], client) ||
	    !take_address(&p, end, word[3], &server) ||
	    !take_port(&p, end, &client->port) ||
	    !take_port(&p, end, &ignored) || p != NULL)
		return PROXY_PROTOCOL_BAD;
	return PROXY_PROTOCOL_DONE;
}

static enum proxy_protocol_result
parse_v1(const unsigned char *bytes, size_t length, struct address *client,
    size_t *used)
{
	size_t most = length < V1_MAX ? length : V1_MAX;
	const unsigned char *lf = memchr(bytes, '\n', most);
	const char *line = (const char *)bytes;

	if (lf == NULL)
		return length < V1_MAX ? PROXY_PROTOCOL_MORE :
		    PROXY_PROTOCOL_BAD;
	if (lf - bytes < 7 || lf[-1] != '\r' ||
	    memchr(bytes, '\r', (size_t)(lf - bytes) - 1) != NULL)
		return PROXY_PROTOCOL_BAD;
	*used = (size_t)(lf - bytes) + 1;
	return read_v1(line + 6, (const char *)lf - 1, client);
}

static uint32_t
crc32c(uint32_t crc, const unsigned char *bytes, size_t length)
{
	int bit;

	while (length-- > 0) {
		crc ^= *bytes++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0x82f63b78 & (0 - (crc & 1)));
	}
	return crc;
}

/* Whether the four bytes at crc are the CRC-32C of the header in which they
 * stand as zeros. */
static bool
crc_fits(const unsigned char *bytes, size_t length, const unsigned char *crc)
{
	static const unsigned char zeros[4];
	size_t before = (size_t)(crc - bytes);
	uint32_t sum;

	sum = crc32c(UINT32_MAX, bytes, before);
	sum = crc32c(sum, zeros, 4);
	sum = ~crc32c(sum, crc + 4, length - before - 4);
	return sum == ((uint32_t)crc[0] << 24 | (uint32_t)crc[1] << 16 |
	    (uint32_t)crc[2] << 8 | crc[3]);
}

/* The extra fields from at to the end of the header. */
static bool
check_tlvs(const unsigned char *bytes, size_t length, size_t at)
{
	bool had_crc = false;

	while (at < length) {
		size_t size;

		if (length - at < 3)
			return false;
		size = (size_t)bytes[at + 1] << 8 | bytes[at + 2];
		if (size > length - at - 3)
			return false;
		if (bytes[at] == TLV_CRC32C) {
			if (had_crc || size != 4 ||
			    !crc_fits(bytes, length, bytes + at + 3))
				return false;
			had_crc = true;
		}
		at += 3 + size;
	}
	return true;
}

/* An IPv4 address inside IPv6 becomes IPv4, as everywhere. */
static void
set_ipv6(struct address *client, const unsigned char *bytes)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(bytes, mapped, 12) == 0) {
		client->family = 4;
		memcpy(client->bytes, bytes + 12, 4);
	} else {
		client->family = 6;
		memcpy(client->bytes, bytes, 16);
	}
}

static enum proxy_protocol_result
read_v2(const unsigned char *bytes, size_t length, struct address *client)
{
	const unsigned char *p = bytes + V2_FIXED;
	size_t addresses;

	switch (bytes[13]) {
	case 0x00:	/* unspecified: the sender cannot say what follows */
		return PROXY_PROTOCOL_LOCAL;
	case 0x11:
		addresses = 12;
		break;
	case 0x21:
		addresses = 36;
		break;
	case 0x31:	/* a unix socket on the sender's side */
		addresses = 216;
		break;
	default:
		return PROXY_PROTOCOL_BAD;
	}
	if (length - V2_FIXED < addresses ||
	    !check_tlvs(bytes, length, V2_FIXED + addresses))
		return PROXY_PROTOCOL_BAD;
	memset(client, 0, sizeof(*client));
	if (bytes[13] == 0x31)
		return PROXY_PROTOCOL_LOCAL;
	if (bytes[13] == 0x11) {
		client->family = 4;
		memcpy(client->bytes, p, 4);
		p += 8;
	} else {
		set_ipv6(client, p);
		p += 32;
	}
	client->port = (uint16_t)(p[0] << 8 | p[1]);
	return PROXY_PROTOCOL_DONE;
}

static enum proxy_protocol_result
parse_v2(const unsigned char *bytes, size_t length, struct address *client,
    size_t *used)
{
	size_t size;

	if (length > 12 && bytes[12] != 0x20 && bytes[12] != 0x21)
		return PROXY_PROTOCOL_BAD;
	if (length < V2_FIXED)
		return PROXY_PROTOCOL_MORE;
	size = V2_FIXED + ((size_t)bytes[14] << 8 | bytes[15]);
	if (size > PROXY_PROTOCOL_MAX)
		return PROXY_PROTOCOL_BAD;
	if (length < size)
		return PROXY_PROTOCOL_MORE;
	*used = size;
	if (bytes[12] == 0x20)	/* the sender's own connection: a probe */
		return PROXY_PROTOCOL_LOCAL;
	return read_v2(bytes, size, client);
}

enum proxy_protocol_result
proxy_protocol_parse(const unsigned char *bytes, size_t length,
    struct address *client, size_t *used)
{
	if (length == 0)
		return PROXY_PROTOCOL_MORE;
	if (begins(bytes, length, "PROXY ", 6))
		return parse_v1(bytes, length, client, used);
	if (begins(bytes, length, v2_signature, sizeof(v2_signature)))
		return parse_v2(bytes, length, client, used);
	return PROXY_PROTOCOL_BAD;
}
