/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name.h - host names have one form inside gatebook: A-labels, lower case, no
 * final dot, at most 253 bytes; an IP literal in any spelling a resolver or
 * inet_aton() would take (octal, hexadecimal, one number) becomes the canonical
 * address text.  Names are settled here once and compared as bytes after.
 */
#ifndef LIB_NAME_H
#define LIB_NAME_H

#include "lib/address.h"

#include <stdbool.h>
#include <stddef.h>

#define NAME_MAX_BYTES 253

enum name_kind {
	NAME_BAD,		/* not a host name */
	NAME_DNS,
	NAME_ADDRESS		/* an IP literal; *address is set */
};

/* Settle a host (no port; IPv6 literals without brackets).  Percent-escapes are
 * not decoded here: a '%' is NAME_BAD.  UTF-8 goes through IDNA2008 (libidn2,
 * non-transitional); an underscore is allowed.  Writes at most
 * NAME_MAX_BYTES + 1 bytes with NUL to out. */
enum name_kind name_settle(const char *text, size_t length,
    char out[NAME_MAX_BYTES + 1], size_t *out_length, struct address *address);
/* Whether name equals suffix or ends in "." suffix; both settled. */
bool name_has_suffix(const char *name, size_t length, const char *suffix,
    size_t suffix_length);

#endif
