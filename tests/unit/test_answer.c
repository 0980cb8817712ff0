/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_answer.c - our own answers: each outcome has words for a person, heads
 * are well-formed by our own parser, and nothing from outside gets out of the
 * place where it stands.
 */
#include "proxy/answer.h"
#include "proxy/http1.h"
#include "lib/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct http1_limits limits = {
	.head = 4000, .field = 1000, .fields = 30, .target = 500
};

struct parsed {
	struct http1_head head;
	struct http1_field fields[30];
	size_t length;
	char text[ANSWER_MAX + 1];
	const char *body;
};

static void
write_and_parse(const struct answer_facts *facts, struct parsed *out)
{
	/* exactly as large as said, so that a write too far is seen */
	char *bytes = malloc(ANSWER_MAX);
	struct http1_scan scan = { 0 };
	enum http1_error error;

	assert_non_null(bytes);
	out->length = answer_write(facts, bytes, ANSWER_MAX);
	assert_true(out->length <= ANSWER_MAX);
	memcpy(out->text, bytes, out->length);
	out->text[out->length] = '\0';
	free(bytes);
	assert_int_equal(http1_parse_answer(out->text, out->length, &limits,
	    &scan, out->fields, &out->head, &error), HTTP1_DONE);
	out->body = out->text + out->head.length;
	if (facts->head_only)
		assert_int_equal(out->length, out->head.length);
	else
		assert_int_equal(out->length - out->head.length,
		    out->head.content_length);
}

static const char *
field(const struct parsed *parsed, const char *name)
{
	static char value[1000];
	size_t i, n = strlen(name);

	for (i = 0; i < parsed->head.field_count; i++) {
		const struct http1_field *f = &parsed->fields[i];

		if (f->name.length != n || memcmp(f->name.at, name, n) != 0)
			continue;
		memcpy(value, f->value.at, f->value.length);
		value[f->value.length] = '\0';
		return value;
	}
	return NULL;
}

/* 27 July 2026, 14:03:02 UTC, a Monday */
#define WHEN UINT64_C(1785160982000000)

static struct answer_facts
some_facts(enum outcome outcome)
{
	return (struct answer_facts){
		.outcome = outcome, .host = "a.example",
		.reference = "7KQM-4TP-X2C", .node = "gate-1",
		.contact = "help@dept.example", .controller = "Department",
		.minor = 1, .wall_us = WHEN
	};
}

/* Words of the trade, which a caller cannot read out. */
static const char *const trade[] = {
	"DNS", "TCP", "TLS", "HTTP", "RFC", "URI", "URL", "proxy", "Proxy",
	"upstream", "origin", "client", "server", "header", "timeout",
	"IP ", "port ", "libevent", "OpenSSL", "invalid", "null",
	"color ", "recognize", "organization"
};

static void
check_words(const char *words, bool ends)
{
	size_t i, n = strlen(words);

	if (n < 10 || n >= 300)
		fail_msg("%zu bytes: %s", n, words);
	assert_true(words[0] >= 'A' && words[0] <= 'Z');
	assert_int_equal(words[n - 1] == '.', ends);
	assert_null(strstr(words, "  "));
	assert_null(strpbrk(words, "<>&\"\\"));
	for (i = 0; i < COUNT_OF(trade); i++)
		if (strstr(words, trade[i]) != NULL)
			fail_msg("\"%s\" is a word of the trade: %s",
			    trade[i], words);
}

static void
test_words(void **state)
{
	int i, j;

	(void)state;
	for (i = 0; i < OUTCOME_COUNT; i++) {
		const struct outcome_words *w = outcome_words((enum outcome)i);

		check_words(w->title, false);
		check_words(w->cause, true);
		check_words(w->consequence, true);
		check_words(w->next, true);
		for (j = 0; j < i; j++) {
			const struct outcome_words *other =
			    outcome_words((enum outcome)j);

			assert_string_not_equal(w->name, other->name);
			assert_string_not_equal(w->code, other->code);
		}
	}
}

static void
test_every_outcome(void **state)
{
	struct parsed *parsed = malloc(sizeof(*parsed));
	int i, html;

	(void)state;
	assert_non_null(parsed);
	for (i = 0; i < OUTCOME_COUNT; i++) {
		const struct outcome_words *w = outcome_words((enum outcome)i);
		struct answer_facts facts = some_facts((enum outcome)i);

		for (html = 0; html < 2; html++) {
			facts.wants_html = html != 0;
			write_and_parse(&facts, parsed);
			if (w->status != 0)
				assert_int_equal(parsed->head.status,
				    w->status);
			assert_false(memcmp(parsed->head.phrase.at, "Error",
			    5) == 0);
			assert_string_equal(field(parsed, "Date"),
			    "Mon, 27 Jul 2026 14:03:02 GMT");
			assert_string_equal(field(parsed, "Cache-Control"),
			    "no-store");
			assert_string_equal(field(parsed, "Content-Type"),
			    html != 0 ? "text/html; charset=utf-8" :
			    "text/plain; charset=utf-8");
			assert_string_equal(field(parsed, "Connection"),
			    "keep-alive");
			assert_int_equal(field(parsed, "Retry-After") != NULL,
			    w->status == 503);
			assert_non_null(strstr(parsed->body, w->title));
			assert_non_null(strstr(parsed->body, w->cause));
			assert_non_null(strstr(parsed->body, w->next));
			assert_non_null(strstr(parsed->body, w->code));
			assert_non_null(strstr(parsed->body,
			    "27 July 2026, 14:03:02 UTC"));
		}
	}
	free(parsed);
}

static void
test_forms(void **state)
{
	struct answer_facts facts = some_facts(OUTCOME_DNS_NO_NAME);
	struct parsed *parsed = malloc(sizeof(*parsed));
	uint64_t length;

	(void)state;
	assert_non_null(parsed);
	facts.wants_html = true;
	write_and_parse(&facts, parsed);
	length = parsed->head.content_length;
	assert_string_equal(field(parsed, "Proxy-Status"),
	    "\"gate-1\"; error=dns_error; details=\"GB-4001 7KQM-4TP-X2C\"");
	/* grouped for reading, whole for copying */
	assert_non_null(strstr(parsed->body,
	    "<span>7KQM-</span><span>4TP-</span><span>X2C</span>"));
	assert_non_null(strstr(parsed->body,
	    "<a href=\"mailto:help@dept.example\">help@dept.example</a>"));
	facts.head_only = true;
	facts.close = true;
	write_and_parse(&facts, parsed);
	assert_int_equal(parsed->head.content_length, length);
	assert_true(parsed->head.close);
	facts.head_only = false;
	facts.is_connect = true;
	write_and_parse(&facts, parsed);
	assert_string_equal(parsed->body, "This site could not be found.\n"
	    "Reference: 7KQM-4TP-X2C\nCode: GB-4001\n");
	/* nothing known at all */
	facts = (struct answer_facts){ .outcome = OUTCOME_TOO_MANY,
		.wants_html = true };
	write_and_parse(&facts, parsed);
	assert_string_equal(field(parsed, "Proxy-Status"),
	    "\"gatebook\"; error=connection_limit_reached; "
	    "details=\"GB-3001\"");
	assert_non_null(strstr(parsed->body, "Internet gateway"));
	free(parsed);
}

#define NASTY "<script>alert('x')</script>\"&\r\nSet-Cookie: a=b\x1b[2J\xc2\x9b" \
    "\x7f\\"

static void
test_escaping(void **state)
{
	struct decision decision = { .verdict = VERDICT_DENY, .rule = {
		.name = NASTY, .because = NASTY, .ground = NASTY,
		.owner = NASTY "a@b.example\" onclick=\"x" } };
	struct answer_facts facts = {
		.outcome = OUTCOME_DENIED, .decision = &decision,
		.host = NASTY, .detail = NASTY, .reference = NASTY,
		.node = NASTY, .contact = NASTY "@" NASTY,
		.controller = NASTY, .wall_us = WHEN
	};
	struct parsed *parsed = malloc(sizeof(*parsed));
	int form;
	char *p;

	(void)state;
	assert_non_null(parsed);
	for (form = 0; form < 3; form++) {
		facts.wants_html = form == 1;
		facts.is_connect = form == 2;
		write_and_parse(&facts, parsed);
		assert_null(field(parsed, "Set-Cookie"));
		assert_non_null(strstr(field(parsed, "Proxy-Status"),
		    "\"<script>alert('x')</script>\\\"&??Set-Cookie: a=b?[2J"
		    "???\\\\\"; error="));
		assert_null(strstr(parsed->text, "\x1b"));
		assert_null(strstr(parsed->body, "\r"));
		assert_null(strstr(parsed->body, "\x7f"));
		assert_null(strstr(parsed->body, "\xc2\x9b"));
		if (form != 1)
			continue;
		assert_null(strstr(parsed->body, "<script"));
		assert_null(strstr(parsed->body, "alert('"));
		assert_null(strstr(parsed->body, "onclick=\""));
		assert_non_null(strstr(parsed->body, "&lt;script&gt;"));
		/* every attribute on the page is one of ours */
		for (p = parsed->text; (p = strstr(p, "=\"")) != NULL; p++)
			assert_true(memcmp(p - 5, "class", 5) == 0 ||
			    memcmp(p - 4, "lang", 4) == 0 ||
			    memcmp(p - 4, "href", 4) == 0 ||
			    memcmp(p - 4, "name", 4) == 0 ||
			    memcmp(p - 7, "charset", 7) == 0 ||
			    memcmp(p - 7, "content", 7) == 0 ||
			    memcmp(p - 7, "details", 7) == 0);
	}
	free(parsed);
}

static void
test_too_long(void **state)
{
	struct decision decision = { .verdict = VERDICT_DENY, .rule = {
		.name = "r", .ground = "security", .owner = "o@b.example" } };
	struct answer_facts facts = some_facts(OUTCOME_DENIED);
	struct parsed *parsed = malloc(sizeof(*parsed));
	char *words = malloc(40001);

	(void)state;
	assert_non_null(parsed);
	assert_non_null(words);
	memset(words, '<', 40000);
	facts.decision = &decision;
	facts.wants_html = true;
	decision.rule.because = words;
	/* four bytes each on a page: too long; one each in plain text */
	words[8000] = '\0';
	write_and_parse(&facts, parsed);
	assert_string_equal(field(parsed, "Content-Type"),
	    "text/plain; charset=utf-8");
	assert_non_null(strstr(parsed->body, "o@b.example"));
	/* too long for anything: the reference stays */
	words[8000] = '<';
	words[40000] = '\0';
	facts.contact = words;
	facts.controller = words;
	facts.node = words;
	write_and_parse(&facts, parsed);
	assert_non_null(strstr(parsed->body, "7KQM-4TP-X2C"));
	free(words);
	free(parsed);
}

static void
test_contacts(void **state)
{
	static const struct {
		const char *contact, *want;
	} cases[] = {
		{ "IT, 0800 000, it@a.example", "0800 000, <a href=\"mailto:"
		    "it@a.example\">it@a.example</a></dd>" },
		{ "it@a.example.", "it@a.example</a>.</dd>" },
		{ "@a", "<dd>@a</dd>" }, { "a@", "<dd>a@</dd>" },
		{ "a@?subject=x", "<dd>a@?subject=x</dd>" },
		{ "Desk", "<dd>Desk</dd>" },
	};
	struct answer_facts facts = some_facts(OUTCOME_NO_ROOM);
	struct parsed *parsed = malloc(sizeof(*parsed));
	size_t i;

	(void)state;
	assert_non_null(parsed);
	facts.wants_html = true;
	for (i = 0; i < COUNT_OF(cases); i++) {
		facts.contact = cases[i].contact;
		write_and_parse(&facts, parsed);
		if (strstr(parsed->body, cases[i].want) == NULL)
			fail_msg("%s: %s", cases[i].want, parsed->body);
	}
	free(parsed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_every_outcome),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_escaping),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_contacts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
