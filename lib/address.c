/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address.c - reading and writing addresses, and what is special about them.
 *
 * The tables follow the IANA special-purpose registries of 2024.  Where the
 * registries call a small block inside a special one globally reachable
 * (anycast of AS112, PCP, TURN, ...) we keep it special: nobody browses there,
 * and a rule can name it.
 */
#include "lib/address.h"
#include "lib/macros.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdio.h>
#include <string.h>

static const char *const kind_names[ADDRESS_KINDS] = {
	[ADDRESS_PUBLIC] = "public",
	[ADDRESS_LOOPBACK] = "loopback",
	[ADDRESS_PRIVATE] = "private",
	[ADDRESS_LINK_LOCAL] = "link-local",
	[ADDRESS_SHARED] = "shared",
	[ADDRESS_MULTICAST] = "multicast",
	[ADDRESS_UNSPECIFIED] = "unspecified",
	[ADDRESS_DOCUMENTATION] = "documentation",
	[ADDRESS_RESERVED] = "reserved",
	[ADDRESS_SELF] = "self",
};

struct special {
	uint8_t bytes[16];
	uint8_t prefix;
	enum address_kind kind;
};

static const struct special specials4[] = {
	{ { 0 }, 8, ADDRESS_UNSPECIFIED },
	{ { 10 }, 8, ADDRESS_PRIVATE },
	{ { 100, 64 }, 10, ADDRESS_SHARED },
	{ { 127 }, 8, ADDRESS_LOOPBACK },
	{ { 169, 254 }, 16, ADDRESS_LINK_LOCAL },
	{ { 172, 16 }, 12, ADDRESS_PRIVATE },
	{ { 192, 0, 0 }, 24, ADDRESS_RESERVED },	/* IETF protocols */
	{ { 192, 0, 2 }, 24, ADDRESS_DOCUMENTATION },
	{ { 192, 31, 196 }, 24, ADDRESS_RESERVED },	/* AS112 */
	{ { 192, 52, 193 }, 24, ADDRESS_RESERVED },	/* AMT */
	{ { 192, 88, 99 }, 24, ADDRESS_RESERVED },	/* 6to4 relays */
	{ { 192, 168 }, 16, ADDRESS_PRIVATE },
	{ { 192, 175, 48 }, 24, ADDRESS_RESERVED },	/* AS112 */
	{ { 198, 18 }, 15, ADDRESS_RESERVED },		/* benchmarking */
	{ { 198, 51, 100 }, 24, ADDRESS_DOCUMENTATION },
	{ { 203, 0, 113 }, 24, ADDRESS_DOCUMENTATION },
	{ { 224 }, 4, ADDRESS_MULTICAST },
	{ { 240 }, 4, ADDRESS_RESERVED },
};

static const struct special specials6[] = {
	{ { 0 }, 128, ADDRESS_UNSPECIFIED },
	{ { [15] = 1 }, 128, ADDRESS_LOOPBACK },
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, ADDRESS_DOCUMENTATION },
	{ { 0x20, 0x01 }, 23, ADDRESS_RESERVED },	/* IETF protocols */
	{ { 0x26, 0x20, 0x00, 0x4f, 0x80 }, 48, ADDRESS_RESERVED }, /* AS112 */
	{ { 0x3f, 0xff }, 20, ADDRESS_DOCUMENTATION },
	{ { 0xfc }, 7, ADDRESS_PRIVATE },
	{ { 0xfe, 0x80 }, 10, ADDRESS_LINK_LOCAL },
	{ { 0xfe, 0xc0 }, 10, ADDRESS_PRIVATE },	/* site-local of old */
	{ { 0xff }, 8, ADDRESS_MULTICAST },
	{ { 0x20 }, 3, ADDRESS_PUBLIC },
	{ { 0 }, 0, ADDRESS_RESERVED },	/* nothing else is global unicast */
};

const char *
address_kind_name(enum address_kind kind)
{
	return kind_names[kind];
}

bool
address_kind_by_name(const char *name, enum address_kind *kind)
{
	for (unsigned i = 0; i < ADDRESS_KINDS; i++) {
		if (strcmp(kind_names[i], name) == 0) {
			*kind = (enum address_kind)i;
			return true;
		}
	}
	return false;
}

static bool
bits_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 ||
	    ((a[whole] ^ b[whole]) & (0xff00 >> rest) & 0xff) == 0;
}

static enum address_kind
lookup(const struct special *table, size_t count, const uint8_t *bytes)
{
	for (size_t i = 0; i < count; i++) {
		if (bits_equal(table[i].bytes, bytes, table[i].prefix))
			return table[i].kind;
	}
	return ADDRESS_PUBLIC;
}

static enum address_kind
kind4(const uint8_t *bytes)
{
	return lookup(specials4, COUNT_OF(specials4), bytes);
}

/* What is special about the IPv4 address, or else so. */
static enum address_kind
kind4_or(const uint8_t *bytes, enum address_kind otherwise)
{
	enum address_kind kind = kind4(bytes);

	return kind != ADDRESS_PUBLIC ? kind : otherwise;
}

static bool
all_zero(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] != 0)
			return false;
	}
	return true;
}

/* 64:ff9b:1::/48 is cut up as its owner likes (RFC 8215), by the formats of RFC
 * 6052: the zeros at the end tell where the IPv4 address stands. */
static enum address_kind
kind_local_nat64(const uint8_t *b)
{
	const uint8_t by48[4] = { b[6], b[7], b[9], b[10] };
	const uint8_t by56[4] = { b[7], b[9], b[10], b[11] };

	if (all_zero(b + 11, 5))
		return kind4_or(by48, ADDRESS_RESERVED);
	if (all_zero(b + 12, 4))
		return kind4_or(by56, ADDRESS_RESERVED);
	if (all_zero(b + 13, 3))
		return kind4_or(b + 9, ADDRESS_RESERVED);
	return kind4_or(b + 12, ADDRESS_RESERVED);
}

/* IPv6 addresses that stand for an IPv4 address. */
static bool
kind_embedded(const uint8_t *b, enum address_kind *kind)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t translated[12] = { [8] = 0xff, [9] = 0xff };
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };
	static const uint8_t nat64_local[6] = { 0, 0x64, 0xff, 0x9b, 0, 1 };
	static const uint8_t sixtofour[2] = { 0x20, 0x02 };
	static const uint8_t teredo[4] = { 0x20, 0x01 };

	if (memcmp(b, mapped, 12) == 0) {
		*kind = kind4(b + 12);
	} else if (memcmp(b, nat64, 12) == 0) {
		*kind = kind4(b + 12);
	} else if (memcmp(b, nat64_local, 6) == 0) {
		*kind = kind_local_nat64(b);
	} else if (memcmp(b, sixtofour, 2) == 0) {
		*kind = kind4(b + 2);
	} else if (memcmp(b, teredo, 4) == 0) {
		const uint8_t client[4] = { b[12] ^ 0xff, b[13] ^ 0xff,
			b[14] ^ 0xff, b[15] ^ 0xff };

		*kind = kind4_or(client, kind4(b + 4));
	} else if (memcmp(b, translated, 12) == 0) {
		*kind = kind4_or(b + 12, ADDRESS_RESERVED);
	} else if (all_zero(b, 12) && !all_zero(b + 12, 3)) {
		*kind = kind4_or(b + 12, ADDRESS_RESERVED); /* compatible */
	} else {
		return false;
	}
	return true;
}

enum address_kind
address_kind(const struct address *address)
{
	enum address_kind kind;

	if (address->family == 4)
		return kind4(address->bytes);
	if (address->family != 6)
		return ADDRESS_UNSPECIFIED;
	if (kind_embedded(address->bytes, &kind))
		return kind;
	return lookup(specials6, COUNT_OF(specials6), address->bytes);
}

static void
set4(struct address *out, const uint8_t bytes[4])
{
	memset(out, 0, sizeof(*out));
	memcpy(out->bytes, bytes, 4);
	out->family = 4;
}

static bool
is_mapped(const uint8_t bytes[16])
{
	return all_zero(bytes, 10) && bytes[10] == 0xff && bytes[11] == 0xff;
}

/* IPv6 bytes in, IPv4 out where they are IPv4-mapped. */
static void
set6(struct address *out, const uint8_t bytes[16])
{
	if (is_mapped(bytes)) {
		set4(out, bytes + 12);
		return;
	}
	memset(out, 0, sizeof(*out));
	memcpy(out->bytes, bytes, 16);
	out->family = 6;
}

/* Read without turning mapped addresses into IPv4: 4, 6 or 0. */
static int
parse_raw(const char *text, size_t length, uint8_t bytes[16])
{
	char copy[INET6_ADDRSTRLEN];

	if (length == 0 || length >= sizeof(copy) ||
	    memchr(text, '\0', length) != NULL)
		return 0;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (memchr(copy, ':', length) != NULL)
		return inet_pton(AF_INET6, copy, bytes) == 1 ? 6 : 0;
	return inet_pton(AF_INET, copy, bytes) == 1 ? 4 : 0;
}

bool
address_parse(const char *text, size_t length, struct address *out)
{
	uint8_t bytes[16];

	switch (parse_raw(text, length, bytes)) {
	case 4:
		set4(out, bytes);
		return true;
	case 6:
		set6(out, bytes);
		return true;
	default:
		memset(out, 0, sizeof(*out));
		return false;
	}
}

/* A decimal number without sign or leading zeros, at most max. */
static bool
parse_decimal(const char *text, unsigned max, unsigned *value)
{
	*value = 0;
	if (*text == '\0' || (*text == '0' && text[1] != '\0'))
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		*value = *value * 10 + (unsigned)(*text - '0');
		if (*value > max)
			return false;
	}
	return true;
}

bool
address_parse_port(const char *text, struct address *out)
{
	const char *colon = strrchr(text, ':');
	const char *start = text;
	size_t length;
	unsigned port;

	memset(out, 0, sizeof(*out));
	if (colon == NULL || !parse_decimal(colon + 1, 65535, &port))
		return false;
	length = (size_t)(colon - text);
	if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
		start++;
		length -= 2;
		if (memchr(start, ':', length) == NULL)
			return false;
	} else if (memchr(text, ':', length) != NULL) {
		return false;	/* IPv6 without brackets */
	}
	if (!address_parse(start, length, out))
		return false;
	out->port = (uint16_t)port;
	return true;
}

bool
network_parse(const char *text, struct network *out)
{
	const char *slash = strchr(text, '/');
	size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
	uint8_t bytes[16];
	int family = parse_raw(text, length, bytes);
	unsigned most = family == 4 ? 32 : 128, bits = most;

	memset(out, 0, sizeof(*out));
	if (family == 0 ||
	    (slash != NULL && !parse_decimal(slash + 1, most, &bits)))
		return false;
	for (unsigned i = bits; i < most; i++) {
		if ((bytes[i / 8] & (0x80 >> i % 8)) != 0)
			return false;
	}
	if (family == 4) {
		set4(&out->base, bytes);
	} else {
		set6(&out->base, bytes);
		if (out->base.family == 4)
			bits -= 96;	/* mapped: its host bits are zero, so
					 * bits cannot be below 96 */
	}
	out->prefix = (uint8_t)bits;
	return true;
}

bool
network_contains(const struct network *network, const struct address *address)
{
	return network->base.family == address->family &&
	    address->family != 0 &&
	    bits_equal(network->base.bytes, address->bytes, network->prefix);
}

bool
address_equal(const struct address *a, const struct address *b)
{
	return a->family == b->family &&
	    memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16) == 0;
}

static char *
put_decimal(char *p, unsigned value)
{
	if (value >= 10)
		p = put_decimal(p, value / 10);
	*p++ = (char)('0' + value % 10);
	return p;
}

static char *
put_hex(char *p, unsigned value)
{
	if (value >= 16)
		p = put_hex(p, value / 16);
	*p++ = "0123456789abcdef"[value % 16];
	return p;
}

static char *
print4(char *p, const uint8_t *bytes)
{
	for (unsigned i = 0; i < 4; i++) {
		if (i > 0)
			*p++ = '.';
		p = put_decimal(p, bytes[i]);
	}
	return p;
}

/* RFC 5952: lower case, no leading zeros, "::" for the first of the longest runs
 * of two or more zero groups. */
static char *
print6(char *p, const uint8_t *bytes)
{
	unsigned group[8], best = 8, best_length = 1;

	for (unsigned i = 0; i < 8; i++)
		group[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
	for (unsigned i = 0; i < 8; i++) {
		unsigned n = 0;

		while (i + n < 8 && group[i + n] == 0)
			n++;
		if (n > best_length) {
			best = i;
			best_length = n;
		}
	}
	for (unsigned i = 0; i < 8; i++) {
		if (i == best) {
			*p++ = ':';
			*p++ = ':';
			i += best_length - 1;
			continue;
		}
		if (i > 0 && i != best + best_length)
			*p++ = ':';
		p = put_hex(p, group[i]);
	}
	return p;
}

size_t
address_print(const struct address *address, char out[ADDRESS_TEXT_MAX])
{
	char *p = out;

	if (address->family == 4)
		p = print4(p, address->bytes);
	else if (address->family == 6)
		p = print6(p, address->bytes);
	*p = '\0';
	return (size_t)(p - out);
}

size_t
address_print_port(const struct address *address, char out[ADDRESS_TEXT_MAX])
{
	char *p = out;

	if (address->family == 6) {
		*p++ = '[';
		p = print6(p, address->bytes);
		*p++ = ']';
	} else if (address->family == 4) {
		p = print4(p, address->bytes);
	}
	*p++ = ':';
	p = put_decimal(p, address->port);
	*p = '\0';
	return (size_t)(p - out);
}

socklen_t
address_to_sockaddr(const struct address *address, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	if (address->family == 6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(address->port);
		memcpy(&in6->sin6_addr, address->bytes, 16);
		return sizeof(*in6);
	} else {
		struct sockaddr_in *in = (struct sockaddr_in *)out;

		in->sin_family = AF_INET;
		in->sin_port = htons(address->port);
		memcpy(&in->sin_addr, address->bytes, 4);
		return sizeof(*in);
	}
}

bool
address_from_sockaddr(const struct sockaddr *sa, struct address *out)
{
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		set4(out, (const uint8_t *)&in.sin_addr);
		out->port = ntohs(in.sin_port);
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		set6(out, in6.sin6_addr.s6_addr);
		out->port = ntohs(in6.sin6_port);
		return true;
	}
	memset(out, 0, sizeof(*out));
	return false;
}
