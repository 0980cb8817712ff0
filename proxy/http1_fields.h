/* SPDX-License-Identifier: Apache-2.0 */
/* http1_fields.h - names and lists of HTTP/1 fields.  Private to proxy/. */
#ifndef PROXY_HTTP1_FIELDS_H
#define PROXY_HTTP1_FIELDS_H

#include "proxy/http1.h"

/* Which known field a name is; name is a token of at least one byte. */
enum http1_known http1_known_name(const char *name, size_t length);
/* Whether text is lower, a lower-case word, without case. */
bool http1_same(struct http1_text text, const char *lower);
/* Take the next item off a comma-separated list: without the white space around
 * it, empty ones skipped.  False at the end. */
bool http1_next_item(struct http1_text *list, struct http1_text *item);

#endif
