/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.c - request targets taken apart.
 *
 * The host is settled once, here; where two readers could find different hosts
 * in a target (a second '@', a fragment, a backslash before the path, a zone) it
 * is refused.  Path and query are left byte for byte.
 */
#include "proxy/target.h"
#include "proxy/http1_bytes.h"
#include "proxy/http1_fields.h"

#include <string.h>

static struct http1_text
text_between(const char *from, const char *to)
{
	return (struct http1_text){ from, (size_t)(to - from) };
}

static const char *
find(const char *p, const char *end, char c)
{
	return p == end ? NULL : memchr(p, c, (size_t)(end - p));
}

/* A port of one to five digits, 1 to 65535; nothing at all is if_none. */
static bool
read_port(const char *p, const char *end, uint16_t if_none, uint16_t *port)
{
	unsigned value = 0;

	if (p == end) {
		*port = if_none;
		return true;
	}
	if (end - p > 5)
		return false;
	for (; p != end; p++) {
		if (!http1_byte_is(*p, BYTE_DIGIT))
			return false;
		value = value * 10 + (unsigned)(*p - '0');
	}
	*port = (uint16_t)value;
	return value > 0 && value <= UINT16_MAX;
}

static bool
settle_host(const char *p, const char *end, struct target *out)
{
	struct address literal;
	bool bracketed = p != end && *p == '[';
	const char *c;

	/* Names beyond ASCII come as A-labels; anything else is a guess. */
	for (c = p; c != end; c++)
		if (!http1_byte_is(*c, BYTE_TARGET))
			return false;
	if (bracketed) {
		if (end - p < 2 || end[-1] != ']' ||
		    find(p, end, ':') == NULL ||
		    !address_parse(p + 1, (size_t)(end - p - 2), &literal))
			return false;
		p++, end--;
	}
	switch (name_settle(p, (size_t)(end - p), out->host,
	    &out->host_length, &out->address)) {
	case NAME_ADDRESS:
		out->host_is_address = true;
		break;
	case NAME_DNS:
		out->host_is_address = false;
		break;
	case NAME_BAD:
		return false;
	}
	return out->host_is_address || !bracketed;
}

enum http1_error
target_authority(struct http1_text text, uint16_t port_if_none,
    struct target *out)
{
	const char *p = text.at, *end = text.at + text.length;
	const char *host_end, *colon;

	if (text.length == 0)
		return HTTP1_HOST_BAD;
	host_end = p;
	if (*p == '[') {
		host_end = find(p, end, ']');
		if (host_end == NULL)
			return HTTP1_HOST_BAD;
		host_end++;
	}
	colon = find(host_end, end, ':');
	if (host_end == p)
		host_end = colon != NULL ? colon : end;
	if (host_end != end && *host_end != ':')
		return HTTP1_HOST_BAD;
	if (!read_port(colon != NULL ? colon + 1 : end, end, port_if_none,
	    &out->port) || !settle_host(p, host_end, out))
		return HTTP1_HOST_BAD;
	out->authority = text;
	out->port_is_default = out->port == port_if_none;
	if (out->host_is_address)
		out->address.port = out->port;
	return HTTP1_NONE;
}

/* Path and query at p; they end the target. */
static enum http1_error
take_path(const char *p, const char *end, struct target *out)
{
	const char *question = find(p, end, '?');

	/* A fragment never leaves a browser. */
	if (find(p, end, '#') != NULL)
		return HTTP1_TARGET;
	out->path = text_between(p, question != NULL ? question : end);
	out->has_query = question != NULL;
	if (question != NULL)
		out->query = text_between(question + 1, end);
	return HTTP1_NONE;
}

static bool
is_scheme(const char *p, const char *end)
{
	const char *c;

	if (p == end || http1_lower(*p) < 'a' || http1_lower(*p) > 'z')
		return false;
	for (c = p; c != end; c++)
		if (!http1_byte_is(*c, BYTE_DIGIT) && *c != '+' && *c != '-' &&
		    *c != '.' && (http1_lower(*c) < 'a' ||
		    http1_lower(*c) > 'z'))
			return false;
	return true;
}

static uint16_t
default_port(struct target *out)
{
	out->is_http = http1_same(out->scheme, "http");
	out->is_https = http1_same(out->scheme, "https");
	if (out->is_http)
		return 80;
	if (out->is_https)
		return 443;
	return http1_same(out->scheme, "ftp") ? 21 : 0;
}

/* User information as RFC 3986 has it.  A browser takes a backslash for a slash
 * and would find the host before it. */
static bool
is_userinfo(const char *p, const char *end)
{
	for (; p != end; p++)
		if (!http1_byte_is(*p, BYTE_TARGET) ||
		    strchr("\\\"<>^`{|}[]", *p) != NULL)
			return false;
	return true;
}

static enum http1_error
take_absolute(struct http1_text target, struct target *out)
{
	const char *p = target.at, *end = target.at + target.length;
	const char *colon = find(p, end, ':'), *at;
	const char *authority_end;

	out->form = TARGET_ABSOLUTE;
	if (colon == NULL || end - colon < 3 || colon[1] != '/' ||
	    colon[2] != '/' || !is_scheme(p, colon))
		return HTTP1_TARGET;
	out->scheme = text_between(p, colon);
	p = colon + 3;
	for (authority_end = p; authority_end != end; authority_end++)
		if (*authority_end == '/' || *authority_end == '?' ||
		    *authority_end == '#')
			break;
	at = find(p, authority_end, '@');
	if (at != NULL) {
		if (!is_userinfo(p, at))
			return HTTP1_TARGET;
		out->has_userinfo = true;
		p = at + 1;
	}
	if (target_authority(text_between(p, authority_end),
	    default_port(out), out) != HTTP1_NONE)
		return HTTP1_TARGET;
	return take_path(authority_end, end, out);
}

static bool
is_method(const struct http1_head *head, const char *name)
{
	return head->method.length == strlen(name) &&
	    memcmp(head->method.at, name, head->method.length) == 0;
}

/* A Host field beside a target that names the host itself is not believed, but
 * it must be one, or empty. */
static enum http1_error
check_host_field(const struct http1_head *head)
{
	struct target ignored;

	if (head->host.length == 0)
		return HTTP1_NONE;
	return target_authority(head->host, 80, &ignored);
}

enum http1_error
target_parse(const struct http1_head *head, uint16_t port_if_none,
    struct target *out)
{
	struct http1_text target = head->target;
	enum http1_error error;

	memset(out, 0, sizeof(*out));
	if (target.length == 0)
		return HTTP1_TARGET;
	if (is_method(head, "CONNECT")) {
		out->form = TARGET_AUTHORITY;
		/* no port is no default: 0 */
		if (target_authority(target, 0, out) != HTTP1_NONE ||
		    out->port == 0)
			return HTTP1_TARGET;
		return check_host_field(head);
	}
	if (*target.at != '/' && *target.at != '*') {
		error = take_absolute(target, out);
		return error != HTTP1_NONE ? error : check_host_field(head);
	}
	if (*target.at == '*') {
		out->form = TARGET_ASTERISK;
		if (target.length != 1 || !is_method(head, "OPTIONS"))
			return HTTP1_TARGET;
	} else {
		out->form = TARGET_ORIGIN;
		error = take_path(target.at, target.at + target.length, out);
		if (error != HTTP1_NONE)
			return error;
	}
	if ((head->present & UINT64_C(1) << HTTP1_HOST) == 0)
		return HTTP1_HOST_MISSING;
	return target_authority(head->host, port_if_none, out);
}

static int
hex_value(char c)
{
	if (!http1_byte_is(c, BYTE_HEX))
		return -1;
	return c <= '9' ? c - '0' : http1_lower(c) - 'a' + 10;
}

static bool
is_unreserved(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' ||
	    c == '~';
}

/* Copy with unreserved escapes decoded and the others in upper case; a '%' that
 * is none stays as it is. */
static size_t
settle_escapes(const char *path, size_t length, char *out)
{
	size_t i, n = 0;

	for (i = 0; i < length; i++) {
		int high, low;

		if (path[i] != '%' || length - i < 3 ||
		    (high = hex_value(path[i + 1])) < 0 ||
		    (low = hex_value(path[i + 2])) < 0) {
			out[n++] = path[i];
			continue;
		}
		if (is_unreserved(high << 4 | low)) {
			out[n++] = (char)(high << 4 | low);
		} else {
			out[n++] = '%';
			out[n++] = "0123456789ABCDEF"[high];
			out[n++] = "0123456789ABCDEF"[low];
		}
		i += 2;
	}
	return n;
}

/* RFC 3986 section 5.2.4, in place: each segment is kept, dropped or takes the
 * one before with it. */
static size_t
remove_dots(char *path, size_t length)
{
	size_t at = 0, n = 0;

	while (at < length) {
		char *slash = memchr(path + at + 1, '/', length - at - 1);
		size_t next = slash != NULL ? (size_t)(slash - path) : length;
		size_t size = next - at;

		if ((size == 2 && path[at + 1] == '.') ||
		    (size == 3 && path[at + 1] == '.' && path[at + 2] == '.')) {
			if (size == 3)
				while (n > 0 && path[--n] != '/')
					;
			if (next == length)
				path[n++] = '/';
		} else {
			memmove(path + n, path + at, size);
			n += size;
		}
		at = next;
	}
	return n;
}

size_t
target_normal_path(const char *path, size_t length, char *out)
{
	size_t n = settle_escapes(path, length, out);

	if (n > 0 && out[0] == '/')
		n = remove_dots(out, n);
	if (n == 0)
		out[n++] = '/';
	return n;
}
