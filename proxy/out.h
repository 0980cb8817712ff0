/* SPDX-License-Identifier: Apache-2.0 */
/* out.h - writing a head piece by piece where the room was reckoned before. */
#ifndef PROXY_OUT_H
#define PROXY_OUT_H

#include <stddef.h>
#include <string.h>

struct out {
	char *at;
};

static inline void
put(struct out *out, const char *text, size_t length)
{
	if (length == 0)
		return;			/* text may be NULL */
	memcpy(out->at, text, length);
	out->at += length;
}

#define PUT(out, literal) put(out, literal, sizeof(literal) - 1)

#endif
