/* SPDX-License-Identifier: Apache-2.0 */
/* test_redact.c - what must never reach a record, by rule 2 to 5. */
#include "logging/redact.h"

#include "lib/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct redact_case {
	const char *in;
	const char *out;	/* NULL: the same */
	const char *keep;
};

#define LONG32 "abcdefghijklmnopqrstuvwxyzABCDEF"

static const struct redact_case paths[] = {
	{ "", NULL, NULL }, { "/", NULL, NULL }, { "//a//b/", NULL, NULL },
	{ "/groups/42", NULL, NULL }, { "*", NULL, NULL },
	{ "/" LONG32, NULL, NULL },
	{ "/" LONG32 "g", "/*", NULL },
	{ "/x/" LONG32 "_-9/y", "/x/*/y", NULL },
	{ "/" LONG32 "g.html", NULL, NULL },
	{ "/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "/*", NULL },
	{ "/eyJhbGciOi.x", NULL, NULL },
	{ "/users/a.smith@dept.example/x", "/users/*/x", NULL },
	{ "/users/a.smith%40dept.example", "/users/*", NULL },
	{ "/users/a.smith%2540dept.example", "/users/*", NULL },
	{ "/card/4111111111111111", "/card/*", NULL },
	{ "/card/4111-1111-1111-1111", "/card/*", NULL },
	{ "/card/4111%201111%201111%201111", "/card/*", NULL },
	{ "/card/no-4111111111111111-x", "/card/*", NULL },
	{ "/card/4111111111111112", NULL, NULL },
	{ "/n/QQ123456C", NULL, NULL },		/* Q is never given */
	{ "/n/AB123456C", "/n/*", NULL },
	{ "/n/ab%2012%2034%2056%20c", "/n/*", NULL },
	{ "/n/file-AB123456C.pdf", "/n/*", NULL },
	{ "/shop;jsessionid=123/cart", "/shop/cart", NULL },
	{ "/shop;a=b;c/cart;d", "/shop/cart", NULL },
	{ "/shop%3bjsessionid=1", "/shop", NULL },
	{ "/a%2Fb@c", "/*", NULL },
	{ "/a%2F" LONG32 "g", "/*", NULL },
	{ "/%", NULL, NULL }, { "/%4", NULL, NULL }, { "/%zz@", "/*", NULL },
	{ "/\xff\xfe", NULL, NULL },
};

static const struct redact_case queries[] = {
	{ "", NULL, NULL }, { "a", NULL, NULL }, { "a=", NULL, NULL },
	{ "a=1", "a=*", NULL }, { "a=1&b=2", "a=*&b=*", NULL },
	{ "=x", "=*", NULL }, { "&&", NULL, NULL }, { "a=b=c", "a=*", NULL },
	{ "page=2&q=secret", "page=2&q=*", "page lang q" },
	{ "PAGE=2&Q=secret", "PAGE=2&Q=*", "page q" },
	{ "page=2", NULL, "lang PAGE" },
	{ "pag=2", "pag=*", "page" }, { "page=2", "page=*", "pages pag" },
	{ "page[]=2", NULL, "page" }, { "page%5B%5D=2", NULL, "page" },
	{ "q[]=2", "q[]=*", "q" }, { "q%5b%5d=2", "q%5b%5d=*", "q" },
	{ "p%61ss=x", "p%61ss=*", "pass" },
	{ "x-amz-signature=1", "x-amz-signature=*", "x-amz-signature" },
	{ "X-Goog-Date=1", "X-Goog-Date=*", "x-goog-date" },
	{ "page=1;token=abc", "page=1;token=*", "page" },
	{ "bad name=1", "*=*", NULL }, { "b%20d=1", "*=*", NULL },
	{ "a@b.example", "*", NULL }, { "4111111111111111", "*", NULL },
	{ LONG32 LONG32 "g=1", "*=*", NULL },
	{ LONG32 "g", "*", NULL },
	{ "v=1&", "v=*&", NULL },
};

typedef size_t redactor(const struct redact_case *, char *, unsigned *);

static size_t
by_path(const struct redact_case *c, char *out, unsigned *redacted)
{
	return redact_path(c->in, strlen(c->in), out, redacted);
}

static size_t
by_query(const struct redact_case *c, char *out, unsigned *redacted)
{
	return redact_query(c->in, strlen(c->in), c->keep, out, redacted);
}

static void
run(const struct redact_case *cases, size_t count, redactor *redact,
    unsigned bit)
{
	const char *want;
	unsigned redacted;
	char out[512];
	size_t i, n;

	for (i = 0; i < count; i++) {
		want = cases[i].out == NULL ? cases[i].in : cases[i].out;
		redacted = 0;
		n = redact(&cases[i], out, &redacted);
		assert_true(n <= strlen(cases[i].in));
		out[n] = '\0';
		if (strcmp(out, want) != 0)
			fail_msg("%s: %s instead of %s", cases[i].in, out,
			    want);
		assert_int_equal(redacted,
		    strcmp(want, cases[i].in) == 0 ? 0 : bit);
	}
}

static void
test_paths(void **state)
{
	(void)state;
	run(paths, COUNT_OF(paths), by_path, REDACTED_PATH);
}

static void
test_queries(void **state)
{
	(void)state;
	run(queries, COUNT_OF(queries), by_query, REDACTED_QUERY_VALUE);
}

/* Every class of names that stay hidden although a rule lists them. */
static void
test_hidden(void **state)
{
	static const char *const names[] = {
		"access_token", "id_token", "refresh_token", "token", "auth",
		"authorization", "apikey", "api_key", "key", "secret",
		"client_secret", "assertion", "password", "passwd", "pwd",
		"pass", "pin", "otp", "code", "state", "nonce", "session",
		"sessionid", "sid", "jsessionid", "phpsessid", "ticket", "jwt",
		"sig", "signature", "hash", "hmac", "samlrequest",
		"samlresponse", "relaystate", "x-amz-date", "x-goog-algorithm",
		"sv", "se", "sp", "sr", "email", "mail", "phone", "tel", "dob",
		"nino", "nhs", "postcode", "name", "surname", "firstname",
		"username", "user", "login", "account", "card", "cvv", "iban",
		"q", "query", "search", "s", "p", "term", "text", "wd", "k",
		"keyword", "keywords", "as_q", "SAMLResponse", "Password[]"
	};
	char in[64], want[64], out[64];
	unsigned redacted;
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT_OF(names); i++) {
		(void)snprintf(in, sizeof(in), "%s=v1", names[i]);
		(void)snprintf(want, sizeof(want), "%s=*", names[i]);
		redacted = 0;
		n = redact_query(in, strlen(in), names[i], out, &redacted);
		out[n] = '\0';
		assert_string_equal(out, want);
		assert_int_equal(redacted, REDACTED_QUERY_VALUE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
