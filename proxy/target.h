/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.h - request targets (RFC 9112 section 3.2) taken apart and settled:
 * the host in its one form, the port as a number, the rest left as it came.
 */
#ifndef PROXY_TARGET_H
#define PROXY_TARGET_H

#include "lib/address.h"
#include "lib/name.h"
#include "proxy/http1.h"

enum target_form {
	TARGET_ABSOLUTE,	/* scheme://host[:port]/path?query */
	TARGET_AUTHORITY,	/* host:port, CONNECT only */
	TARGET_ORIGIN,		/* /path?query: inside a tunnel, or to us */
	TARGET_ASTERISK		/* OPTIONS * */
};

struct target {
	enum target_form form;
	struct http1_text scheme;	/* as sent; compare without case */
	bool is_http;			/* scheme http */
	bool is_https;			/* https inside a plain request */
	char host[NAME_MAX_BYTES + 1];	/* settled */
	size_t host_length;
	bool host_is_address;
	struct address address;		/* if so; with port */
	uint16_t port;
	bool port_is_default;		/* of the scheme */
	struct http1_text authority;	/* host[:port] as sent, no userinfo */
	bool has_userinfo;
	struct http1_text path;		/* as sent; empty for an empty path */
	struct http1_text query;	/* after '?', without it */
	bool has_query;
};

/* Take apart the target of head.  For TARGET_ORIGIN and TARGET_ASTERISK the
 * host comes from the Host field with port_if_none.  For TARGET_ABSOLUTE the
 * Host field is checked to be well-formed and otherwise ignored (RFC 9112
 * 3.2.2).  HTTP1_NONE, or why not (TARGET, HOST_BAD). */
enum http1_error target_parse(const struct http1_head *head,
    uint16_t port_if_none, struct target *out);
/* Settle "host[:port]" as in a Host field or CONNECT. */
enum http1_error target_authority(struct http1_text text,
    uint16_t port_if_none, struct target *out);
/* The path for matching: unreserved escapes decoded, dot segments removed, upper
 * case in what escapes remain, "/" for an empty one.  out has room for length + 1.
 * Returns the length. */
size_t target_normal_path(const char *path, size_t length, char *out);

#endif
