/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suffix.h - the hash over host names, the same for those who build the table
 * and those who look up.  It runs from the right, so that one pass over a host
 * gives the hash of each of its suffixes.  The key is drawn for every
 * snapshot; a hit is always confirmed against the text.
 */
#ifndef POLICY_SUFFIX_H
#define POLICY_SUFFIX_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t
suffix_step(uint64_t hash, const uint64_t key[2], unsigned char byte)
{
	hash = (hash ^ byte) * (key[1] | 1);
	return hash ^ (hash >> 32);
}

static inline uint64_t
suffix_finish(uint64_t hash)
{
	hash *= UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ (hash >> 29);
}

static inline uint64_t
suffix_hash(const uint64_t key[2], const char *name, size_t length)
{
	uint64_t hash = key[0];

	while (length > 0)
		hash = suffix_step(hash, key, (unsigned char)name[--length]);
	return suffix_finish(hash);
}

#endif
