/* SPDX-License-Identifier: Apache-2.0 */
/* proxy_protocol.h - the PROXY protocol, versions 1 and 2 (haproxy's
 * proxy-protocol.txt), read from the start of a client connection. */
#ifndef PROXY_PROXY_PROTOCOL_H
#define PROXY_PROXY_PROTOCOL_H

#include "lib/address.h"

#include <stddef.h>

#define PROXY_PROTOCOL_MAX 4096	/* longest header taken (v2 with TLVs) */

enum proxy_protocol_result {
	PROXY_PROTOCOL_MORE,
	PROXY_PROTOCOL_DONE,
	PROXY_PROTOCOL_LOCAL,	/* LOCAL or UNKNOWN: keep the socket's address */
	PROXY_PROTOCOL_BAD
};

/* Parse all bytes so far; DONE and LOCAL set *used, DONE sets *client. */
enum proxy_protocol_result proxy_protocol_parse(const unsigned char *bytes,
    size_t length, struct address *client, size_t *used);

#endif
