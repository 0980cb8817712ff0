/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_register.c - the register of restrictions: what becomes a row, in which
 * order, and words from outside that stay words in CSV and HTML.
 */
#include "ctl/register.h"
#include "lib/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_US UINT64_C(1796083200000000)	/* 2026-12-01 */
#define TODAY 20788

static struct rulebook_rule rules[] = {
	{ .name = (char *)(uintptr_t)"later", .file = (char *)(uintptr_t)"p",
	    .owner = (char *)(uintptr_t)"O", .verdict = VERDICT_DENY,
	    .has_review = true, .review_by = TODAY + 31,
	    .review = "2027-01-01" },
	{ .name = (char *)(uintptr_t)"audit", .file = (char *)(uintptr_t)"p",
	    .verdict = VERDICT_AUDIT },
	{ .name = (char *)(uintptr_t)"soon", .file = (char *)(uintptr_t)"p",
	    .verdict = VERDICT_DENY, .report_only = true,
	    .has_review = true, .review_by = TODAY + 30,
	    .review = "2026-12-31" },
	{ .name = (char *)(uintptr_t)"overdue", .file = (char *)(uintptr_t)"p",
	    .verdict = VERDICT_DENY, .has_review = true,
	    .review_by = TODAY - 1, .review = "2026-11-30" },
	{ .name = (char *)(uintptr_t)"today", .file = (char *)(uintptr_t)"p",
	    .verdict = VERDICT_DENY, .has_review = true, .review_by = TODAY,
	    .has_until = true, .until = TODAY - 1, .review = "2026-12-01" },
};

static void
make(struct restrictions *r)
{
	static const struct restriction_count counts[] = {
		{ "overdue", "deny", "2026-11-30T10:00:00.000000Z", 7, 3, 1,
		    true },
		{ "soon", "report-only", "2026-11-29T10:00:00.000000Z", 5, 2,
		    0, false },
		/* it refused before it went on trial */
		{ "soon", "deny", "2026-11-01T10:00:00.000000Z", 4, 1, 0,
		    false },
		{ "gone", "deny", "2026-11-02T10:00:00.000000Z", 1, 1, 0,
		    false },
		{ "loop", "built-in", "2026-11-03T10:00:00.000000Z", 9, 1, 0,
		    false },
		/* a rule with the name of a built-in refusal */
		{ "loop", "deny", "2026-11-03T10:00:00.000000Z", 2, 1, 0,
		    false },
	};
	static struct rulebook book = { .read = true, .path = "x.policy",
	    .rules = rules, .count = COUNT_OF(rules) };

	book.name = (char *)(uintptr_t)"<P>";
	assert_true(restrictions_begin(r, &book, NOW_US));
	for (size_t i = 0; i < COUNT_OF(counts); i++)
		assert_true(restrictions_add(r, &counts[i]));
	restrictions_sort(r);
	r->counted = true;
}

static void
test_rows(void **state)
{
	static const struct {
		const char *rule, *state, *review;
		uint64_t hits;
	} wanted[] = {
		{ "overdue", "in force", "overdue", 7 },
		{ "today", "ended", "within 30 days", 0 },
		{ "soon", "on trial", "within 30 days", 5 },
		{ "later", "in force", "", 0 },
		{ "loop", "built in", "", 9 },
		{ "port-not-allowed", "built in", "", 0 },
		{ "special-address", "built in", "", 0 },
		{ "gone", "was in force", "", 1 },
		{ "loop", "was in force", "", 2 },
		{ "soon", "was in force", "", 4 },
	};
	struct restrictions r;

	(void)state;
	make(&r);
	assert_int_equal(r.count, COUNT_OF(wanted));
	for (size_t i = 0; i < r.count; i++) {
		assert_string_equal(r.rows[i].rule, wanted[i].rule);
		assert_string_equal(restriction_state_words(&r.rows[i]),
		    wanted[i].state);
		assert_string_equal(restriction_review_words(&r.rows[i]),
		    wanted[i].review);
		assert_int_equal(r.rows[i].hits, wanted[i].hits);
	}
	restrictions_clear(&r);
}

static char *
written(void (*put)(FILE *out, const char *text), const char *text)
{
	char *out = NULL;
	size_t n;
	FILE *file = open_memstream(&out, &n);

	put(file, text);
	(void)fclose(file);
	return out;
}

static void
test_csv_fields(void **state)
{
	static const struct { const char *text, *wanted; } cases[] = {
		{ "", "\"\"" },
		{ "plain, with \"quotes\"", "\"plain, with \"\"quotes\"\"\"" },
		{ "=1+1", "\"'=1+1\"" },
		{ "+44 20", "\"'+44 20\"" },
		{ "-1", "\"'-1\"" },
		{ "@SUM(A1)", "\"'@SUM(A1)\"" },
		{ "  =1", "\"'  =1\"" },
		{ "'=1", "\"''=1\"" },
		{ "\"=1", "\"'\"\"=1\"" },
		{ "\u00a0=1", "\"'\u00a0=1\"" },
		{ "\uff1d1+1", "\"'\uff1d1+1\"" },
		{ "a=1", "\"a=1\"" },
		{ "2026-11-30", "\"2026-11-30\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char *got = written(csv_put, cases[i].text);

		assert_string_equal(got, cases[i].wanted);
		free(got);
	}
	/* No line break or control character gets through as one. */
	for (char c = 1; c < 0x20; c++) {
		char text[8] = { 'a', c, '=', '1', '\0' };
		char *got = written(csv_put, text);

		assert_null(strchr(got, c));
		free(got);
	}
}

static void
test_html(void **state)
{
	struct restrictions r;
	char *text = NULL, *got;
	size_t n;
	FILE *out;

	(void)state;
	got = written(html_put, "<script>alert('x&\"')</script>");
	assert_string_equal(got, "&lt;script&gt;alert(&#39;x&amp;&quot;&#39;)"
	    "&lt;/script&gt;");
	free(got);
	make(&r);
	out = open_memstream(&text, &n);
	assert_int_equal(restrictions_html(&r, out), 0);
	(void)fclose(out);
	assert_non_null(strstr(text, "&lt;P&gt;"));
	assert_null(strstr(text, "<P>"));
	assert_null(strstr(text, "<script"));
	assert_null(strstr(text, "http:"));
	assert_null(strstr(text, "https:"));
	assert_null(strstr(text, "url("));
	assert_non_null(strstr(text, "default-src 'none'"));
	assert_non_null(strstr(text, "<html lang=\"en-GB\">"));
	assert_non_null(strstr(text, "at least 3"));
	free(text);
	restrictions_clear(&r);
}

static void
test_csv(void **state)
{
	struct restrictions r;
	char *text = NULL;
	size_t n;
	unsigned lines = 0;
	FILE *out;

	(void)state;
	make(&r);
	out = open_memstream(&text, &n);
	assert_int_equal(restrictions_csv(&r, out), 0);
	(void)fclose(out);
	for (const char *p = text; (p = strstr(p, "\r\n")) != NULL; p += 2)
		lines++;
	assert_int_equal(lines, 1 + r.count);
	assert_non_null(strstr(text, "\r\n\"overdue\",\"in force\",\"\",\"\","
	    "\"\",\"2026-11-30\",\"overdue\",\"refused\",7,3,yes,1,"
	    "\"2026-11-30T10:00:00.000000Z\",\"p\",\r\n"));
	free(text);
	restrictions_clear(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_csv_fields),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_html),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
