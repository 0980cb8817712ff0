/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address.h - IP addresses by value.  IPv4-mapped IPv6 (::ffff:a.b.c.d) is
 * always turned into IPv4 on the way in, so that one address has one form.
 */
#ifndef LIB_ADDRESS_H
#define LIB_ADDRESS_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDRESS_TEXT_MAX 64

struct address {
	uint8_t bytes[16];	/* network order; IPv4 uses the first 4 */
	uint16_t port;		/* host order; 0 where there is none */
	uint8_t family;		/* 4, 6, or 0 for none */
};

struct network {
	struct address base;
	uint8_t prefix;		/* bits, by base.family */
};

/* Kinds of special address (IANA special-purpose registries, RFC 6890 and its
 * updates); NAT64 (64:ff9b::/96 and 64:ff9b:1::/48), 6to4, Teredo and
 * IPv4-compatible addresses are judged by the IPv4 address inside them too. */
enum address_kind {
	ADDRESS_PUBLIC,
	ADDRESS_LOOPBACK,
	ADDRESS_PRIVATE,	/* RFC 1918, fc00::/7 */
	ADDRESS_LINK_LOCAL,	/* 169.254/16 (cloud metadata too), fe80::/10 */
	ADDRESS_SHARED,		/* 100.64/10 */
	ADDRESS_MULTICAST,
	ADDRESS_UNSPECIFIED,	/* 0.0.0.0/8, :: */
	ADDRESS_DOCUMENTATION,
	ADDRESS_RESERVED,	/* 240/4, broadcast, benchmarking, the rest */
	ADDRESS_SELF		/* an address and port gatebook listens on;
				 * set by the caller, never by address_kind() */
};
#define ADDRESS_KINDS (ADDRESS_SELF + 1)

/* The kind's word in policy and records: "public", "loopback", ... */
const char *address_kind_name(enum address_kind kind);
/* The kind by its word; false if there is none. */
bool address_kind_by_name(const char *name, enum address_kind *kind);
enum address_kind address_kind(const struct address *address);

/* Read "1.2.3.4" or "2001:db8::1" (no brackets, no zone, no octal, exactly four
 * decimal parts); false if it is not one.  Port becomes 0. */
bool address_parse(const char *text, size_t length, struct address *out);
/* Read "ADDRESS:PORT" or "[V6]:PORT". */
bool address_parse_port(const char *text, struct address *out);
/* Read "ADDRESS" or "ADDRESS/BITS"; host bits must be zero. */
bool network_parse(const char *text, struct network *out);
bool network_contains(const struct network *network,
    const struct address *address);
/* Same address, port left out. */
bool address_equal(const struct address *a, const struct address *b);
/* Write the canonical text (RFC 5952) without port; returns its length. */
size_t address_print(const struct address *address, char out[ADDRESS_TEXT_MAX]);
/* The same with port, IPv6 in brackets. */
size_t address_print_port(const struct address *address,
    char out[ADDRESS_TEXT_MAX]);
/* To and from the socket API; from gives false on other families. */
socklen_t address_to_sockaddr(const struct address *address,
    struct sockaddr_storage *out);
bool address_from_sockaddr(const struct sockaddr *sa, struct address *out);

#endif
