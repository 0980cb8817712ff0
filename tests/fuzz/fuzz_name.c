/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_name.c - any bytes as a host: what settles has only the bytes of a name,
 * settles again to itself, and an address is one in every reading.
 */
#include "lib/name.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char out[NAME_MAX_BYTES + 1], again[NAME_MAX_BYTES + 1];
	struct address address, other;
	size_t length, again_length;
	enum name_kind kind = name_settle((const char *)data, size, out,
	    &length, &address);

	if (strlen(out) != length || length > NAME_MAX_BYTES)
		abort();
	switch (kind) {
	case NAME_BAD:
		if (length != 0)
			abort();
		return 0;
	case NAME_ADDRESS:
		if (!address_parse(out, length, &other) ||
		    !address_equal(&address, &other))
			abort();
		break;
	case NAME_DNS:
		if (strspn(out, "abcdefghijklmnopqrstuvwxyz0123456789-_.") !=
		    length || length == 0 || out[length - 1] == '.' ||
		    address_parse(out, length, &other))
			abort();
		break;
	}
	if (name_settle(out, length, again, &again_length, &other) != kind ||
	    again_length != length || strcmp(out, again) != 0)
		abort();
	return 0;
}
