/* SPDX-License-Identifier: Apache-2.0 */
/* reply.h - what the files of the way back have from each other. */
#ifndef PROXY_REPLY_H
#define PROXY_REPLY_H

#include "proxy/exchange.h"

/* reply_head.c: heads of answers at bytes; kept tells whether they are the
 * upstream's own buffer.  May end the exchange. */
void reply_take_heads(struct exchange *exchange, const unsigned char *bytes,
    size_t length, bool kept);
/* reply.c: content at bytes; a head of head_length bytes in the worker's scratch
 * goes out before it in one call.  May end the exchange. */
void reply_take_body(struct exchange *exchange, const unsigned char *bytes,
    size_t length, size_t head_length);
/* parent.c: ask the parent for the way, read what it says. */
void parent_ask(struct exchange *exchange);
void parent_take(struct exchange *exchange, const unsigned char *bytes,
    size_t length);
/* parent.c: the way of a CONNECT is open: tell the client.  first are bytes that
 * came from its other end already, if any.  The exchange may be gone after it. */
void parent_established(struct exchange *exchange, const unsigned char *first,
    size_t length);

#endif
