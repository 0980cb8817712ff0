/* SPDX-License-Identifier: Apache-2.0 */
/* geo.c - the country and the network of an address, by binary search. */
#include "policy/snapshot.h"

void
address_words(const struct address *address, uint64_t words[2])
{
	words[0] = words[1] = 0;
	if (address->family == 4) {
		words[1] = UINT64_C(0xffff00000000);
		for (int i = 0; i < 4; i++)
			words[1] |= (uint64_t)address->bytes[i] <<
			    (24 - 8 * i);
		return;
	}
	for (int i = 0; i < 16; i++)
		words[i / 8] = words[i / 8] << 8 | address->bytes[i];
}

static uint32_t
find4(const struct snap_geo4 *rows, size_t count, uint32_t address)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows[middle].from > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low == 0 ? 0 : rows[low - 1].value;
}

static uint64_t
find6(const struct snap_geo6 *rows, size_t count, const uint64_t words[2])
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const uint64_t *from = rows[middle].from;

		if (from[0] > words[0] ||
		    (from[0] == words[0] && from[1] > words[1]))
			high = middle;
		else
			low = middle + 1;
	}
	return low == 0 ? 0 : rows[low - 1].value;
}

/* The IPv4 address that stands below an aliased prefix. */
static bool
below_alias(const struct policy *p, bool asn, const uint64_t words[2],
    uint32_t *address)
{
	for (size_t i = 0; i < p->count[PART_ALIASES]; i++) {
		const struct snap_alias *a = &p->ALIASES[i];
		uint64_t mask0, mask1;

		if ((a->asn != 0) != asn || a->bits == 0 || a->bits > 96)
			continue;
		mask0 = a->bits >= 64 ? UINT64_MAX :
		    ~(UINT64_MAX >> a->bits);
		mask1 = a->bits <= 64 ? 0 : ~(UINT64_MAX >> (a->bits - 64));
		if ((words[0] & mask0) != a->prefix[0] ||
		    (words[1] & mask1) != a->prefix[1])
			continue;
		if (a->bits >= 64)
			*address = (uint32_t)(words[1] >> (96 - a->bits));
		else if (a->bits <= 32)
			*address = (uint32_t)(words[0] >> (32 - a->bits));
		else
			*address = (uint32_t)(words[0] << (a->bits - 32) |
			    words[1] >> (96 - a->bits));
		return true;
	}
	return false;
}

static uint64_t
find(const struct policy *p, bool asn, const struct address *address)
{
	const struct snap_geo4 *rows4 = asn ? p->ASN4 : p->COUNTRY4;
	const struct snap_geo6 *rows6 = asn ? p->ASN6 : p->COUNTRY6;
	size_t count4 = p->count[asn ? PART_ASN4 : PART_COUNTRY4];
	size_t count6 = p->count[asn ? PART_ASN6 : PART_COUNTRY6];
	uint64_t words[2];
	uint32_t v4;

	address_words(address, words);
	if (address->family == 4)
		return find4(rows4, count4, (uint32_t)words[1]);
	if (address->family != 6)
		return 0;
	if (below_alias(p, asn, words, &v4))
		return find4(rows4, count4, v4);
	return find6(rows6, count6, words);
}

bool
geo_country(const struct policy *p, const struct address *address,
    char country[3])
{
	uint64_t value = find(p, false, address);

	country[0] = (char)(value >> 8 & 0x7f);
	country[1] = (char)(value & 0x7f);
	country[2] = '\0';
	return value != 0;
}

bool
geo_asn(const struct policy *p, const struct address *address, uint32_t *asn)
{
	*asn = (uint32_t)find(p, true, address);
	return *asn != 0;
}

bool
policy_geo(const struct policy *p, const struct address *address,
    char country[3], uint32_t *asn)
{
	bool has_country = geo_country(p, address, country);
	bool has_asn = geo_asn(p, address, asn);

	if (!has_country)
		country[0] = '\0';
	return has_country || has_asn;
}
