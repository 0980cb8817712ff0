/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_packet.c - the addresses out of an answer packet (RFC 1035 section 4.1).
 * Owner names are skipped, not followed: the resolver has already thrown out
 * what does not belong to the question or its chain of aliases.
 */
#include "proxy/dns_packet.h"

#include <string.h>

#define HEADER_BYTES 12
#define RECORD_FIXED_BYTES 10	/* type, class, ttl, length */

struct reader {
	const uint8_t *at;
	const uint8_t *end;
};

static size_t
left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

static unsigned
get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static int
skip_name(struct reader *r)
{
	while (left(r) > 0) {
		unsigned length = *r->at;

		if (length >= 0xc0) {
			if (left(r) < 2)
				return -1;
			r->at += 2;
			return 0;
		}
		if (length >= 0x40 || left(r) < 1 + (size_t)length)
			return -1;
		r->at += 1 + length;
		if (length == 0)
			return 0;
	}
	return -1;
}

/* Read one record; take its address if it is one of the wanted type. */
static int
read_record(struct reader *r, int type, struct address *out, unsigned max,
    unsigned *count)
{
	unsigned found, class, length;
	size_t want = type == DNS_TYPE_A ? 4 : 16;
	struct address address;

	if (skip_name(r) == -1 || left(r) < RECORD_FIXED_BYTES)
		return -1;
	found = get16(r->at);
	class = get16(r->at + 2);
	length = get16(r->at + 8);
	r->at += RECORD_FIXED_BYTES;
	if (left(r) < length)
		return -1;
	if (found == (unsigned)type && class == DNS_CLASS_IN) {
		if (length != want)
			return -1;
		if (*count < max) {
			memset(&address, 0, sizeof(address));
			address.family = type == DNS_TYPE_A ? 4 : 6;
			memcpy(address.bytes, r->at, want);
			out[(*count)++] = address;
		}
	}
	r->at += length;
	return 0;
}

/* IPv4 inside IPv6 has one form inside gatebook. */
static void
unmap(struct address *address)
{
	static const uint8_t mapped[12] =
	    { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	if (address->family != 6 ||
	    memcmp(address->bytes, mapped, sizeof(mapped)) != 0)
		return;
	memmove(address->bytes, address->bytes + 12, 4);
	memset(address->bytes + 4, 0, 12);
	address->family = 4;
}

int
dns_packet_addresses(const uint8_t *packet, size_t length, int type,
    struct address *out, unsigned max, unsigned *count, int *rcode)
{
	struct reader r = { packet, packet + length };
	unsigned questions, answers, i;

	*count = 0;
	*rcode = DNS_RCODE_SERVFAIL;
	if (length < HEADER_BYTES)
		return -1;
	*rcode = packet[3] & 0x0f;
	questions = get16(packet + 4);
	answers = get16(packet + 6);
	r.at += HEADER_BYTES;
	for (i = 0; i < questions; i++) {
		if (skip_name(&r) == -1 || left(&r) < 4)
			return -1;
		r.at += 4;
	}
	for (i = 0; i < answers; i++) {
		if (read_record(&r, type, out, max, count) == -1)
			return -1;
	}
	for (i = 0; i < *count; i++)
		unmap(&out[i]);
	return 0;
}
