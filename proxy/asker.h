/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asker.h - who asks, and in what course: the browser, whether a person goes to
 * a page, and which page a request is a part of, out of a request head.
 */
#ifndef PROXY_ASKER_H
#define PROXY_ASKER_H

#include "proxy/exchange.h"

/* Bytes that asker_set() writes at most. */
size_t asker_room(const struct http1_head *head);
/* Set the facts; their texts are copied to at, which lives as long as the
 * exchange.  The host and whether it is a CONNECT must be set.  Returns where
 * the copies end. */
char *asker_set(struct exchange *exchange, const struct http1_head *head,
    char *at);
/* What of it belongs into the record. */
void asker_record(const struct exchange *exchange, struct record *record);

#endif
