/* SPDX-License-Identifier: Apache-2.0 */
/* test_request.c - heads as they came in, and as they go upstream. */
#include "proxy/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct settings settings = { .http_via = true };
static struct worker worker = { .settings = &settings,
	.via = "1.1 gatebook-00c0ffee" };
static struct http1_field fields[101];
static const struct http1_limits limits = { 131072, 73728, 100, 16384 };

#define VIA "Via: 1.1 gatebook-00c0ffee\r\n"

struct rewrite {
	const char *name;
	const char *in;
	const char *out;
	bool through_parent;
};

static const struct rewrite rewrites[] = {
	{ "absolute form becomes origin form; Host is the target's",
	    "GET http://a.example:8080/x?y=%41 HTTP/1.1\r\n"
	    "Host: liar.example\r\nAccept: */*\r\n\r\n",
	    "GET /x?y=%41 HTTP/1.1\r\nHost: a.example:8080\r\n"
	    "Accept: */*\r\n" VIA "\r\n", false },
	{ "an empty path is /, also before a query",
	    "GET http://a.example?q HTTP/1.1\r\nHost: a.example\r\n\r\n",
	    "GET /?q HTTP/1.1\r\nHost: a.example\r\n" VIA "\r\n", false },
	{ "user information goes nowhere",
	    "GET http://me:secret@a.example/ HTTP/1.1\r\n"
	    "Host: a.example\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a.example\r\n" VIA "\r\n", false },
	{ "order, case and duplicates stay",
	    "GET http://a.example/ HTTP/1.1\r\nx-B: 2\r\nX-a:  1 \r\n"
	    "Host: a.example\r\nx-B: 3\r\n\r\n",
	    "GET / HTTP/1.1\r\nx-B: 2\r\nX-a:  1 \r\nHost: a.example\r\n"
	    "x-B: 3\r\n" VIA "\r\n", false },
	{ "hop-by-hop fields go, the ones Connection names too",
	    "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n"
	    "Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n"
	    "Proxy-Connection: keep-alive\r\nTE: trailers\r\n"
	    "Proxy-Authorization: Basic eDp5\r\nX-End: 1\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a.example\r\nX-End: 1\r\n" VIA "\r\n",
	    false },
	{ "what frames a message does not vanish by Connection",
	    "POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\n"
	    "Connection: content-length, host\r\nContent-Length: 3\r\n\r\n",
	    "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n"
	    VIA "\r\n", false },
	{ "a request of 1.0 without Host gets one",
	    "GET http://a.example/ HTTP/1.0\r\nAccept: */*\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n"
	    "Via: 1.0 gatebook-00c0ffee\r\n\r\n", false },
	{ "OPTIONS without a path asks about the server",
	    "OPTIONS http://a.example HTTP/1.1\r\nHost: a.example\r\n\r\n",
	    "OPTIONS * HTTP/1.1\r\nHost: a.example\r\n" VIA "\r\n", false },
	{ "Max-Forwards goes up once, however often it came",
	    "OPTIONS http://a.example/ HTTP/1.1\r\nHost: a.example\r\n"
	    "Max-Forwards:999999\r\nMax-Forwards:1\r\nX: 1\r\n"
	    "max-forwards:1\r\n\r\n",
	    "OPTIONS / HTTP/1.1\r\nHost: a.example\r\n"
	    "Max-Forwards: 999998\r\nX: 1\r\n" VIA "\r\n", false },
	{ "Max-Forwards counts down for TRACE",
	    "TRACE http://a.example/ HTTP/1.1\r\nHost: a.example\r\n"
	    "max-forwards: 5\r\n\r\n",
	    "TRACE / HTTP/1.1\r\nHost: a.example\r\nmax-forwards: 4\r\n"
	    VIA "\r\n", false },
	{ "and is left alone for others",
	    "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n"
	    "Max-Forwards: 5\r\n\r\n",
	    "GET / HTTP/1.1\r\nHost: a.example\r\nMax-Forwards: 5\r\n"
	    VIA "\r\n", false },
	{ "an upgrade is asked for again",
	    "GET http://a.example/ws HTTP/1.1\r\nHost: a.example\r\n"
	    "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
	    "GET /ws HTTP/1.1\r\nHost: a.example\r\n"
	    "Connection: Upgrade\r\nUpgrade: websocket\r\n" VIA "\r\n",
	    false },
	{ "a parent gets the absolute form",
	    "GET http://a.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n",
	    "GET http://a.example/x HTTP/1.1\r\nHost: a.example\r\n"
	    VIA "\r\n", true },
};

static void
test_rewrites(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rewrites) / sizeof(rewrites[0]); i++) {
		const struct rewrite *r = &rewrites[i];
		struct http1_scan scan = { 0 };
		struct http1_head head;
		enum http1_error error;
		struct target target;
		struct exchange x = { .worker = &worker };
		char out[4096];
		size_t n;

		print_message("%s\n", r->name);
		assert_int_equal(http1_parse_request(r->in, strlen(r->in),
		    &limits, &scan, fields, &head, &error), HTTP1_DONE);
		assert_int_equal(target_parse(&head, 80, &target),
		    HTTP1_NONE);
		x.method = head.method;
		x.asked_upgrade = head.upgrade;
		x.through_parent = r->through_parent;
		n = request_write(&x, &head, &target, NULL, out);
		assert_true(n <= head.length + REQUEST_EXTRA);
		out[n] = '\0';
		assert_string_equal(out, r->out);
	}
}

#define TEXT(text) { text, sizeof(text) - 1 }

/* set replaces all of a name, strip takes all of it out, and what Connection
 * names makes no difference. */
static void
test_changes(void **state)
{
	static const char in[] = "GET http://a.example/ HTTP/1.1\r\n"
	    "x-tenant: mine\r\nHost: a.example\r\nCOOKIE: a=b\r\n"
	    "X-Tenants: stay\r\nX-TENANT: other\r\ncookie: c\r\n"
	    "Connection: X-Tenant, X-Empty\r\n\r\n";
	static const struct request_changes changes = { 3, {
		{ .verdict = VERDICT_SET, .name = TEXT("X-Tenant"),
		    .value = TEXT("dept.example") },
		{ .verdict = VERDICT_STRIP, .name = TEXT("Cookie") },
		{ .verdict = VERDICT_SET, .name = TEXT("X-Empty"),
		    .value = TEXT("") }
	} };
	struct exchange x = { .worker = &worker };
	struct http1_scan scan = { 0 };
	struct http1_head head;
	enum http1_error error;
	struct target target;
	char out[4096];
	size_t n;

	(void)state;
	assert_int_equal(http1_parse_request(in, strlen(in), &limits, &scan,
	    fields, &head, &error), HTTP1_DONE);
	assert_int_equal(target_parse(&head, 80, &target), HTTP1_NONE);
	x.method = head.method;
	n = request_write(&x, &head, &target, &changes, out);
	out[n] = '\0';
	assert_string_equal(out, "GET / HTTP/1.1\r\nHost: a.example\r\n"
	    "X-Tenants: stay\r\nX-Tenant: dept.example\r\nX-Empty: \r\n"
	    VIA "\r\n");
}

static void
test_loop(void **state)
{
	static const char in[] = "GET http://a.example/ HTTP/1.1\r\n"
	    "Host: a.example\r\nVia: 1.0 other, 1.1 gatebook-00c0ffee\r\n\r\n";
	struct http1_scan scan = { 0 };
	struct http1_head head;
	enum http1_error error;

	(void)state;
	assert_int_equal(http1_parse_request(in, sizeof(in) - 1, &limits,
	    &scan, fields, &head, &error), HTTP1_DONE);
	assert_true(request_has_loop(&worker, &head));
	head.fields[1].value.length -= 1;
	assert_false(request_has_loop(&worker, &head));
}

/* What could be a secret does not come back by TRACE. */
static void
test_trace(void **state)
{
	static const char in[] = "TRACE http://a.example/ HTTP/1.1\r\n"
	    "Host: a.example\r\nCookie: s=1\r\nAuthorization: Basic x\r\n"
	    "X-Kept: yes\r\n\r\n";
	struct http1_scan scan = { 0 };
	struct http1_head head;
	enum http1_error error;
	char out[1024];
	size_t n;

	(void)state;
	assert_int_equal(http1_parse_request(in, sizeof(in) - 1, &limits,
	    &scan, fields, &head, &error), HTTP1_DONE);
	n = request_trace(&head, out, sizeof(out));
	out[n] = '\0';
	assert_non_null(strstr(out, "X-Kept: yes\r\n"));
	assert_null(strstr(out, "Cookie"));
	assert_null(strstr(out, "Authorization"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rewrites),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
