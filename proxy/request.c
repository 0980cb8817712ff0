/* SPDX-License-Identifier: Apache-2.0 */
/* request.c - what is read from and done to request heads; see request.h. */
#include "proxy/request.h"

#include "proxy/out.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

bool
request_has_loop(const struct worker *worker, const struct http1_head *head)
{
	const char *name = worker->via + 4;	/* behind "1.1 " */
	size_t length = strlen(name);

	if (!(head->present & (UINT64_C(1) << HTTP1_VIA)))
		return false;
	for (size_t i = 0; i < head->field_count; i++)
		if (head->fields[i].known == HTTP1_VIA &&
		    memmem(head->fields[i].value.at,
		    head->fields[i].value.length, name, length) != NULL)
			return true;
	return false;
}

struct http1_text
request_field(const struct http1_head *head, enum http1_known known)
{
	struct http1_text none = { "", 0 };

	if (head->present & (UINT64_C(1) << known))
		for (size_t i = 0; i < head->field_count; i++)
			if (head->fields[i].known == known)
				return head->fields[i].value;
	return none;
}

int
request_max_forwards(const struct http1_head *head)
{
	struct http1_text value = request_field(head, HTTP1_MAX_FORWARDS);
	int number = 0;

	if (value.length == 0 || value.length > 6)
		return -1;
	for (size_t i = 0; i < value.length; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return -1;
		number = number * 10 + (value.at[i] - '0');
	}
	return number;
}

bool
request_wants_html(const struct http1_head *head)
{
	struct http1_text accept = request_field(head, HTTP1_ACCEPT);

	return accept.length > 0 &&
	    memmem(accept.at, accept.length, "text/html", 9) != NULL;
}

bool
request_negotiates(const struct http1_head *head)
{
	struct http1_text value = request_field(head, HTTP1_AUTHORIZATION);

	return (value.length >= 4 && strncasecmp(value.at, "ntlm", 4) == 0) ||
	    (value.length >= 9 && strncasecmp(value.at, "negotiate", 9) == 0);
}

size_t
request_trace(const struct http1_head *head, char *out, size_t size)
{
	struct out o = { out };

	if (head->length + 256 > size)
		return 0;
	put(&o, head->method.at, head->method.length);
	PUT(&o, " ");
	put(&o, head->target.at, head->target.length);
	PUT(&o, " HTTP/1.1\r\n");
	for (size_t i = 0; i < head->field_count; i++) {
		const struct http1_field *f = &head->fields[i];

		if (f->known == HTTP1_AUTHORIZATION ||
		    f->known == HTTP1_PROXY_AUTHORIZATION ||
		    (f->name.length == 6 &&
		    strncasecmp(f->name.at, "cookie", 6) == 0))
			continue;
		put(&o, f->line.at, f->line.length);
	}
	PUT(&o, "\r\n");
	return (size_t)(o.at - out);
}

static void
put_host(struct out *out, const struct target *target)
{
	PUT(out, "Host: ");
	put(out, target->authority.at, target->authority.length);
	PUT(out, "\r\n");
}

static void
put_target(struct out *out, const struct exchange *x,
    const struct target *target)
{
	bool to_proxy = x->through_parent && !x->by_tunnel;

	if (to_proxy) {
		PUT(out, "http://");
		put(out, target->authority.at, target->authority.length);
	}
	if (target->form == TARGET_ASTERISK ||
	    (target->path.length == 0 && !target->has_query &&
	    x->method.length == 7 && memcmp(x->method.at, "OPTIONS", 7) == 0 &&
	    target->form == TARGET_ABSOLUTE)) {
		if (!to_proxy)
			PUT(out, "*");
		return;
	}
	if (target->path.length == 0)
		PUT(out, "/");
	put(out, target->path.at, target->path.length);
	if (target->has_query) {
		PUT(out, "?");
		put(out, target->query.at, target->query.length);
	}
}

/* Fields that frame or route the message never vanish because Connection names
 * them. */
static bool
is_dropped(const struct http1_head *head, const struct http1_field *field)
{
	switch ((int)field->known) {
	case HTTP1_CONTENT_LENGTH:
	case HTTP1_TRANSFER_ENCODING:
	case HTTP1_VIA:
		return false;
	case HTTP1_HOST:
	case HTTP1_UPGRADE:		/* put back if it is asked for */
	case HTTP1_PROXY_AUTHENTICATE:
	case HTTP1_PROXY_AUTHENTICATION_INFO:
		return true;
	default:
		return http1_is_hop_by_hop(head, field);
	}
}

/* Whether the policy says what becomes of this field. */
static bool
is_changed(const struct request_changes *changes,
    const struct http1_field *field)
{
	for (unsigned i = 0; i < changes->count; i++) {
		const struct fact_string *name = &changes->field[i].name;

		if (name->length == field->name.length &&
		    strncasecmp(name->text, field->name.at, name->length) == 0)
			return true;
	}
	return false;
}

static void
put_changes(struct out *out, const struct request_changes *changes)
{
	for (unsigned i = 0; i < changes->count; i++) {
		const struct policy_field *f = &changes->field[i];

		if (f->verdict != VERDICT_SET)
			continue;
		put(out, f->name.text, f->name.length);
		PUT(out, ": ");
		put(out, f->value.text, f->value.length);
		PUT(out, "\r\n");
	}
}

size_t
request_write(const struct exchange *x, const struct http1_head *head,
    const struct target *target, const struct request_changes *changes,
    char *out)
{
	struct out o = { out };
	bool counts_down = head->method.length == 5 ?
	    memcmp(head->method.at, "TRACE", 5) == 0 :
	    head->method.length == 7 &&
	    memcmp(head->method.at, "OPTIONS", 7) == 0;
	bool host_done = false, counted = false;

	put(&o, head->method.at, head->method.length);
	PUT(&o, " ");
	put_target(&o, x, target);
	PUT(&o, " HTTP/1.1\r\n");
	if (!(head->present & (UINT64_C(1) << HTTP1_HOST))) {
		put_host(&o, target);
		host_done = true;
	}
	for (size_t i = 0; i < head->field_count; i++) {
		const struct http1_field *f = &head->fields[i];

		if (f->known == HTTP1_HOST && !host_done) {
			put_host(&o, target);
			host_done = true;
			continue;
		}
		if (f->known == HTTP1_MAX_FORWARDS && counts_down) {
			int left = request_max_forwards(head);

			/* One, however often it came: what is written never
			 * outgrows what was read by more than a little. */
			if (left > 0 && !counted) {
				char number[16];
				int n = snprintf(number, sizeof(number),
				    ": %d\r\n", left - 1);

				put(&o, f->name.at, f->name.length);
				put(&o, number, (size_t)n);
				counted = true;
			}
			continue;
		}
		if (f->known == HTTP1_EXPECT && head->minor == 0)
			continue;
		if (changes != NULL && changes->count > 0 &&
		    is_changed(changes, f))
			continue;
		if (!is_dropped(head, f))
			put(&o, f->line.at, f->line.length);
	}
	if (changes != NULL)
		put_changes(&o, changes);
	if (x->asked_upgrade) {
		struct http1_text upgrade = request_field(head, HTTP1_UPGRADE);

		PUT(&o, "Connection: Upgrade\r\nUpgrade: ");
		put(&o, upgrade.at, upgrade.length);
		PUT(&o, "\r\n");
	}
	if (x->worker->settings->http_via) {
		PUT(&o, "Via: ");
		if (head->minor == 0)
			PUT(&o, "1.0 ");
		else
			PUT(&o, "1.1 ");
		put(&o, x->worker->via + 4, strlen(x->worker->via + 4));
		PUT(&o, "\r\n");
	}
	PUT(&o, "\r\n");
	return (size_t)(o.at - out);
}
