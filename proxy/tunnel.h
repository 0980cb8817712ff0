/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tunnel.h - a CONNECT after its 200, or a connection after its 101: bytes go
 * both ways as they come, each direction ends by itself.
 *
 * A CONNECT first waits for the client's first bytes (PEEK), however long, to see
 * what it carries: a ClientHello is read for the record and the policy, an HTTP/1
 * request takes the path of plain requests, anything else, or a server that speaks
 * first, is relayed at once.  No byte passes before the policy knows which it is.
 */
#ifndef PROXY_TUNNEL_H
#define PROXY_TUNNEL_H

#include "proxy/exchange.h"

/* The way is open and the client was told: look at the first bytes.  first are
 * bytes that the server sent already, if any: then it speaks first.  false if the
 * session is gone after it; the exchange may be gone in any case. */
bool tunnel_begin(struct exchange *exchange, const unsigned char *first,
    size_t length);
/* After a 101: relay from now on without looking.  The caller runs the session
 * when it is done. */
void tunnel_switch(struct exchange *exchange);
/* Bytes the client sent, as far as they were kept: returns how many were used. */
size_t tunnel_take(struct exchange *exchange, const unsigned char *bytes,
    size_t length);
/* A socket is readable: move bytes.  false if the caller has to read (PEEK). */
bool tunnel_read(struct exchange *exchange, bool from_client);
/* The other side of that direction takes bytes again. */
void tunnel_drained(struct exchange *exchange, bool to_client);
/* Bytes moved: the time that it may be idle begins again. */
void tunnel_touch(struct exchange *exchange);
/* The client sends no more. */
void tunnel_client_eof(struct exchange *exchange);
/* The client is gone; the exchange and the session are, after it. */
void tunnel_client_gone(struct exchange *exchange);
/* Bytes the origin sent, read already.  false if the exchange is gone after
 * it. */
bool tunnel_give(struct exchange *exchange, const unsigned char *bytes,
    size_t length);
/* The origin sends no more, or is gone. */
void tunnel_origin_eof(struct exchange *exchange, bool reset);
/* Give back what a tunnel holds; in exchange_end(). */
void tunnel_clear(struct exchange *exchange);

#endif
