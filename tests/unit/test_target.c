/* SPDX-License-Identifier: Apache-2.0 */
/* test_target.c - request targets in every form: the host they settle to, and
 * those that could be read as two hosts refused. */
#include "proxy/target.h"
#include "lib/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct http1_text
text(const char *words)
{
	return (struct http1_text){ words, strlen(words) };
}

static struct http1_head
make_head(const char *method, const char *target, const char *host)
{
	struct http1_head head = { .is_request = true, .minor = 1 };

	head.method = text(method);
	head.target = text(target);
	if (host != NULL) {
		head.host = text(host);
		head.present = UINT64_C(1) << HTTP1_HOST;
	}
	return head;
}

struct good_case {
	const char *method, *target, *host_field;
	enum target_form form;
	const char *host;
	unsigned port;
	bool is_default, is_address, has_userinfo;
	const char *authority, *path, *query;
};

#define ABS TARGET_ABSOLUTE
static const struct good_case good[] = {
	{ "GET", "http://a.example/x?y=z?", "b", ABS, "a.example", 80, true,
	    false, false, "a.example", "/x", "y=z?" },
	{ "GET", "HTTP://A.Example.:8080", "b", ABS, "a.example", 8080, false,
	    false, false, "A.Example.:8080", "", NULL },
	{ "GET", "http://a?q", "b", ABS, "a", 80, true, false, false, "a", "",
	    "q" },
	{ "GET", "http://a:/", "b", ABS, "a", 80, true, false, false, "a:",
	    "/", NULL },
	{ "GET", "http://a:80/", "b", ABS, "a", 80, true, false, false,
	    "a:80", "/", NULL },
	{ "GET", "https://a/", "b", ABS, "a", 443, true, false, false, "a",
	    "/", NULL },
	{ "GET", "ftp://a/", "b", ABS, "a", 21, true, false, false, "a", "/",
	    NULL },
	{ "GET", "http://u:p@a/", "b", ABS, "a", 80, true, false, true, "a",
	    "/", NULL },
	{ "GET", "http://a/@b:c//..\\<>\"{}|^`%zz", "b", ABS, "a", 80, true,
	    false, false, "a", "/@b:c//..\\<>\"{}|^`%zz", NULL },
	{ "GET", "http://[2001:DB8::1]:81/", "b", ABS, "2001:db8::1", 81,
	    false, true, false, "[2001:DB8::1]:81", "/", NULL },
	{ "GET", "http://[::ffff:192.0.2.1]/", "b", ABS, "192.0.2.1", 80, true,
	    true, false, "[::ffff:192.0.2.1]", "/", NULL },
	{ "GET", "http://0x7f.1/", "b", ABS, "127.0.0.1", 80, true, true,
	    false, "0x7f.1", "/", NULL },
	{ "GET", "http://2130706433/", "b", ABS, "127.0.0.1", 80, true, true,
	    false, "2130706433", "/", NULL },
	{ "GET", "http://a_b.example/", "", ABS, "a_b.example", 80, true,
	    false, false, "a_b.example", "/", NULL },
	{ "CONNECT", "A.example:443", "b", TARGET_AUTHORITY, "a.example", 443,
	    false, false, false, "A.example:443", "", NULL },
	{ "CONNECT", "[::1]:1", "b", TARGET_AUTHORITY, "::1", 1, false, true,
	    false, "[::1]:1", "", NULL },
	{ "GET", "/x?y", "A.example", TARGET_ORIGIN, "a.example", 8, true,
	    false, false, "A.example", "/x", "y" },
	{ "GET", "//x/http://y/", "a:9", TARGET_ORIGIN, "a", 9, false, false,
	    false, "a:9", "//x/http://y/", NULL },
	{ "OPTIONS", "*", "a", TARGET_ASTERISK, "a", 8, true, false, false,
	    "a", "", NULL },
};

static bool
is(struct http1_text have, const char *want)
{
	if (want == NULL)
		want = "";
	return have.length == strlen(want) &&
	    (have.length == 0 || memcmp(have.at, want, have.length) == 0);
}

static void
test_good(void **state)
{
	struct target out;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(good); i++) {
		const struct good_case *c = &good[i];
		struct http1_head head = make_head(c->method, c->target,
		    c->host_field);
		enum http1_error error = target_parse(&head, 8, &out);

		if (error != HTTP1_NONE)
			fail_msg("%s: %s", c->target, http1_error_name(error));
		if (out.form != c->form || strcmp(out.host, c->host) != 0 ||
		    out.host_length != strlen(c->host) ||
		    out.port != c->port || out.port_is_default !=
		    c->is_default || out.host_is_address != c->is_address ||
		    out.has_userinfo != c->has_userinfo ||
		    !is(out.authority, c->authority) ||
		    !is(out.path, c->path) || !is(out.query, c->query) ||
		    out.has_query != (c->query != NULL))
			fail_msg("%s: read as %s:%u", c->target, out.host,
			    out.port);
		if (c->is_address)
			assert_int_equal(out.address.port, c->port);
	}
}

struct bad_case {
	const char *method, *target, *host;
	enum http1_error error;
};

static const struct bad_case bad[] = {
	{ "GET", "a", "b", HTTP1_TARGET },
	{ "GET", "a:80", "b", HTTP1_TARGET },
	{ "GET", "http:/a/", "b", HTTP1_TARGET },
	{ "GET", "http:a", "b", HTTP1_TARGET },
	{ "GET", "://a/", "b", HTTP1_TARGET },
	{ "GET", "1http://a/", "b", HTTP1_TARGET },
	{ "GET", "ht tp://a/", "b", HTTP1_TARGET },
	{ "GET", "http:///x", "b", HTTP1_TARGET },
	{ "GET", "http://", "b", HTTP1_TARGET },
	{ "GET", "http://:80/", "b", HTTP1_TARGET },
	{ "GET", "http://u@/", "b", HTTP1_TARGET },
	{ "GET", "http://a@b@c/", "b", HTTP1_TARGET },
	{ "GET", "http://a\\@b/", "b", HTTP1_TARGET },
	{ "GET", "http://a[@b/", "b", HTTP1_TARGET },
	{ "GET", "http://a\\b/", "b", HTTP1_TARGET },
	{ "GET", "http://a\\/", "b", HTTP1_TARGET },
	{ "GET", "http://a#@b/", "b", HTTP1_TARGET },
	{ "GET", "http://a/#x", "b", HTTP1_TARGET },
	{ "GET", "/#x", "b", HTTP1_TARGET },
	{ "GET", "http://a%2eb/", "b", HTTP1_TARGET },
	{ "GET", "http://a<b/", "b", HTTP1_TARGET },
	{ "GET", "http://a\"b/", "b", HTTP1_TARGET },
	{ "GET", "http://a:0/", "b", HTTP1_TARGET },
	{ "GET", "http://a:65536/", "b", HTTP1_TARGET },
	{ "GET", "http://a:000080/", "b", HTTP1_TARGET },
	{ "GET", "http://a:+80/", "b", HTTP1_TARGET },
	{ "GET", "http://a:8 0/", "b", HTTP1_TARGET },
	{ "GET", "http://a:80:80/", "b", HTTP1_TARGET },
	{ "GET", "http://::1/", "b", HTTP1_TARGET },
	{ "GET", "http://[::1/", "b", HTTP1_TARGET },
	{ "GET", "http://[::1]x/", "b", HTTP1_TARGET },
	{ "GET", "http://[::1]x:80/", "b", HTTP1_TARGET },
	{ "GET", "http://x[::1]/", "b", HTTP1_TARGET },
	{ "GET", "http://[]/", "b", HTTP1_TARGET },
	{ "GET", "http://[1.2.3.4]/", "b", HTTP1_TARGET },
	{ "GET", "http://[a.example]/", "b", HTTP1_TARGET },
	{ "GET", "http://[fe80::1%25eth0]/", "b", HTTP1_TARGET },
	{ "GET", "http://[fe80::1%eth0]/", "b", HTTP1_TARGET },
	{ "GET", "http://[v1.x]/", "b", HTTP1_TARGET },
	{ "GET", "http://1.2.3.256/", "b", HTTP1_TARGET },
	{ "GET", "http://a..b/", "b", HTTP1_TARGET },
	{ "GET", "http://b\xc3\xbc" "cher/", "b", HTTP1_TARGET },
	{ "GET", "*", "b", HTTP1_TARGET },
	{ "OPTIONS", "*x", "b", HTTP1_TARGET },
	{ "CONNECT", "a", "b", HTTP1_TARGET },
	{ "CONNECT", "a:", "b", HTTP1_TARGET },
	{ "CONNECT", "a:0", "b", HTTP1_TARGET },
	{ "CONNECT", "u@a:443", "b", HTTP1_TARGET },
	{ "CONNECT", "http://a:443/", "b", HTTP1_TARGET },
	{ "CONNECT", "a:443/", "b", HTTP1_TARGET },
	{ "CONNECT", "/", "b", HTTP1_TARGET },
	{ "CONNECT", "*", "b", HTTP1_TARGET },
	{ "CONNECT", "::1:443", "b", HTTP1_TARGET },
	{ "GET", "http://a/", "b c", HTTP1_HOST_BAD },
	{ "GET", "http://a/", "b,c", HTTP1_HOST_BAD },
	{ "GET", "http://a/", "b/", HTTP1_HOST_BAD },
	{ "GET", "http://a/", "u@b", HTTP1_HOST_BAD },
	{ "GET", "http://a/", "b:x", HTTP1_HOST_BAD },
	{ "GET", "http://a/", "b\xc3\xbc", HTTP1_HOST_BAD },
	{ "CONNECT", "a:1", "b c", HTTP1_HOST_BAD },
	{ "GET", "/", "", HTTP1_HOST_BAD },
	{ "GET", "/", "b c", HTTP1_HOST_BAD },
	{ "GET", "/", "http://b", HTTP1_HOST_BAD },
	{ "GET", "/", NULL, HTTP1_HOST_MISSING },
	{ "OPTIONS", "*", NULL, HTTP1_HOST_MISSING },
};

static void
test_bad(void **state)
{
	struct target out;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(bad); i++) {
		struct http1_head head = make_head(bad[i].method,
		    bad[i].target, bad[i].host);
		enum http1_error error = target_parse(&head, 80, &out);

		if (error != bad[i].error)
			fail_msg("%s, %s: %s", bad[i].target, bad[i].host,
			    http1_error_name(error));
	}
}

static void
test_normal_path(void **state)
{
	static const struct {
		const char *path, *want;
	} cases[] = {
		{ "", "/" }, { "/", "/" }, { "/a/b", "/a/b" },
		{ "/a/./b", "/a/b" }, { "/a/../b", "/b" }, { "/..", "/" },
		{ "/../../a", "/a" }, { "/a/b/..", "/a/" }, { "/a/.", "/a/" },
		{ "/a/b/../..", "/" }, { "/a//../b", "/a/b" },
		{ "/a//b", "/a//b" }, { "/...", "/..." }, { "/.a", "/.a" },
		{ "/%41%7e%2d", "/A~-" }, { "/%2f", "/%2F" },
		{ "/a%2Fb", "/a%2Fb" }, { "/%2e%2E/a", "/a" },
		{ "/a/%2e./b", "/b" }, { "/%e2%82%ac", "/%E2%82%AC" },
		{ "/%", "/%" }, { "/%4", "/%4" }, { "/%4g", "/%4g" },
		{ "/%25%32%65", "/%252e" }, { "/%%34%31", "/%41" },
		{ "/a\\..\\b", "/a\\..\\b" }, { "*", "*" },
	};
	size_t i, length;

	(void)state;
	for (i = 0; i < COUNT_OF(cases); i++) {
		size_t room = strlen(cases[i].path);
		char *out = malloc(room + 1);

		assert_non_null(out);
		length = target_normal_path(cases[i].path, room, out);
		if (length != strlen(cases[i].want) ||
		    memcmp(out, cases[i].want, length) != 0)
			fail_msg("%s: %.*s", cases[i].path, (int)length, out);
		free(out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_normal_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
