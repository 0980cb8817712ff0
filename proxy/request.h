/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.h - a client's request turned into what goes upstream (RFC 9110
 * section 7.6, RFC 9112 section 3.2): origin form, one Host, hop-by-hop fields
 * gone, Via added, everything else byte for byte as it came.
 */
#ifndef PROXY_REQUEST_H
#define PROXY_REQUEST_H

#include "proxy/exchange.h"

/* Most bytes request_write() adds to a head. */
#define REQUEST_EXTRA 1024

/* Fields that the policy sets, in place of all of that name, or takes out. */
struct request_changes {
	unsigned count;
	struct policy_field field[POLICY_FIELDS_MAX];
};

/* Write the head for upstream to out, which has room for head->length +
 * REQUEST_EXTRA and the changes' fields; returns its length.  changes may be
 * NULL. */
size_t request_write(const struct exchange *exchange,
    const struct http1_head *head, const struct target *target,
    const struct request_changes *changes, char *out);
/* Whether a Via field names this gatebook. */
bool request_has_loop(const struct worker *worker,
    const struct http1_head *head);
/* Max-Forwards of an OPTIONS or TRACE: its value, or -1 for none. */
int request_max_forwards(const struct http1_head *head);
/* Whether the client rather reads HTML than plain text. */
bool request_wants_html(const struct http1_head *head);
/* The value of the first field of that kind; empty if there is none. */
struct http1_text request_field(const struct http1_head *head,
    enum http1_known known);
/* Whether an Authorization asks for NTLM or Negotiate. */
bool request_negotiates(const struct http1_head *head);
/* Answer a TRACE that goes no further: the head as it came, without what could
 * be secret.  Returns the length. */
size_t request_trace(const struct http1_head *head, char *out, size_t size);

#endif
