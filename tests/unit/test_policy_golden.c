/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_policy_golden.c - tests/policy/NNN.in compiles with exactly the
 * messages of NNN.err, prints as NNN.ok and reads as NNN.read; printing that
 * changes nothing and gives the same version.  The shipped policies load without a word.
 * GATEBOOK_UPDATE=1 writes what comes out: look at the difference.
 */
#include "policy/compile.h"
#include "policy/read.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_US UINT64_C(1796083200000000)	/* 2026-12-01 */

static char *
read_all(const char *path)
{
	FILE *in = fopen(path, "rb");
	char *text = calloc(1, 1 << 20);

	assert_non_null(text);
	if (in != NULL) {
		(void)!fread(text, 1, (1 << 20) - 1, in);
		(void)fclose(in);
	}
	return text;
}

static void
on_complaint(void *arg, const struct policy_complaint *c)
{
	char words[4096];

	(void)policy_complaint_print(c, words, sizeof(words));
	(void)fprintf(arg, "%s\n", words);
}

static void
write_all(const char *path, const char *text)
{
	FILE *out;

	if (text[0] == '\0') {
		(void)unlink(path);
		return;
	}
	out = fopen(path, "wb");
	assert_non_null(out);
	(void)fputs(text, out);
	(void)fclose(out);
}

static void
same(const char *path, const char *got)
{
	char *wanted = read_all(path);

	if (getenv("GATEBOOK_UPDATE") != NULL)
		write_all(path, got);
	else if (strcmp(wanted, got) != 0)
		fail_msg("%s differs; now it is:\n%s", path, got);
	free(wanted);
}

static void
version_of(const char *path, const char *text, char out[80])
{
	struct policy_options options = POLICY_OPTIONS_INIT;
	struct policy *policy;
	char why[256];
	int fd = policy_compile_text(path, text, strlen(text), &options, NULL,
	    NULL);

	assert_true(fd >= 0);
	policy = policy_open(fd, why, sizeof(why));
	assert_non_null(policy);
	(void)snprintf(out, 80, "%s", policy_version(policy));
	policy_close(&policy);
	assert_null(policy);
	(void)close(fd);
}

/* The sentences for a policy that loads; none for one that does not. */
static void
reads_as(const char *in, const char *stored, const char *text, bool loads)
{
	struct policy_options options = POLICY_OPTIONS_INIT;
	char *said = NULL;
	char path[256];
	size_t n;
	FILE *out = open_memstream(&said, &n);
	int result;

	options.now_us = NOW_US;
	result = policy_read_text(in, text, strlen(text), &options, out, NULL,
	    NULL);
	(void)fclose(out);
	if (loads) {
		assert_int_equal(result, 0);
		(void)snprintf(path, sizeof(path), "%.*s.read",
		    (int)strlen(stored) - 3, stored);
		same(path, said);
	} else {
		assert_true(result == 0 || said[0] == '\0');
	}
	free(said);
}

static void
golden(const char *in)
{
	struct policy_options options = POLICY_OPTIONS_INIT;
	char path[256];
	char *text = read_all(in);
	char *messages = NULL, *printed = NULL, *again = NULL;
	size_t n;
	FILE *out = open_memstream(&messages, &n);
	char first[80], second[80];
	int fd;

	options.now_us = NOW_US;
	fd = policy_compile_text(in, text, strlen(text), &options,
	    on_complaint, out);
	(void)fclose(out);
	(void)snprintf(path, sizeof(path), "%.*s.err", (int)strlen(in) - 3,
	    in);
	same(path, messages);
	(void)snprintf(path, sizeof(path), "%.*s.ok", (int)strlen(in) - 3,
	    in);
	if (fd >= 0) {
		(void)close(fd);
		out = open_memstream(&printed, &n);
		assert_int_equal(policy_print_text(in, text, strlen(text),
		    &options, out, NULL, NULL), 0);
		(void)fclose(out);
		same(path, printed);
		out = open_memstream(&again, &n);
		assert_int_equal(policy_print_text(in, printed,
		    strlen(printed), &options, out, NULL, NULL), 0);
		(void)fclose(out);
		assert_string_equal(printed, again);
		version_of(in, text, first);
		version_of(in, printed, second);
		assert_string_equal(first, second);
	} else {
		assert_int_not_equal(access(path, F_OK), 0);
	}
	reads_as(in, in, text, fd >= 0);
	free(messages);
	free(printed);
	free(again);
	free(text);
}

static void
test_golden(void **state)
{
	glob_t found;

	(void)state;
	assert_int_equal(glob("tests/policy/*.in", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		golden(found.gl_pathv[i]);
	globfree(&found);
}

static void
test_shipped(void **state)
{
	glob_t found;

	(void)state;
	assert_int_equal(glob("lists/*.policy", 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 5);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct policy_options options = POLICY_OPTIONS_INIT;
		char *messages = NULL, *printed = NULL, *again = NULL;
		size_t n;
		FILE *out = open_memstream(&messages, &n);
		int fd;

		options.now_us = NOW_US;
		fd = policy_compile_file(found.gl_pathv[i], &options,
		    on_complaint, out);
		(void)fclose(out);
		assert_string_equal(messages, "");
		assert_true(fd >= 0);
		(void)close(fd);
		out = open_memstream(&printed, &n);
		assert_int_equal(policy_print_file(found.gl_pathv[i],
		    &options, out, NULL, NULL), 0);
		(void)fclose(out);
		out = open_memstream(&again, &n);
		assert_int_equal(policy_print_text(found.gl_pathv[i], printed,
		    strlen(printed), &options, out, NULL, NULL), 0);
		(void)fclose(out);
		assert_string_equal(printed, again);
		free(messages);
		free(printed);
		free(again);
	}
	globfree(&found);
}

/* The policy that everybody starts with, as a board would hear it. */
static void
test_shipped_reads(void **state)
{
	char *text = read_all("lists/department.policy");

	(void)state;
	reads_as("lists/department.policy", "tests/policy/department.in",
	    text, true);
	free(text);
}

static void
on_about(void *arg, const struct policy_about *about)
{
	(void)fprintf(arg, "%s %s\n", about->name, about->contact == NULL ?
	    "-" : about->contact);
}

static void
on_rule(void *arg, const struct policy_outline *rule)
{
	(void)fprintf(arg, "%s %s%s %s:%u %s %s\n", verdict_name(
	    rule->verdict), rule->name, rule->report_only ? " report-only" :
	    "", rule->file, rule->line, rule->ground == NULL ? "-" :
	    rule->ground, rule->owner == NULL ? "-" : rule->owner);
}

static void
test_outline(void **state)
{
	struct policy_options options = POLICY_OPTIONS_INIT;
	char *said = NULL;
	size_t n;
	FILE *out = open_memstream(&said, &n);
	const struct policy_outline_use use = { on_about, on_rule, out };

	(void)state;
	assert_int_equal(policy_outline_file("tests/policy/001.in", &options,
	    &use, NULL, NULL), 0);
	(void)fclose(out);
	assert_string_equal(said, "Dept dpo@x.example\n"
	    "deny kiosk-gamble tests/policy/001.in:8 business HR\n"
	    "deny urls report-only tests/policy/001.in:15 technical Y\n"
	    "audit internal tests/policy/001.in:17 - -\n"
	    "audit rest tests/policy/001.in:18 - -\n");
	free(said);
	assert_int_equal(policy_outline_file("tests/policy/002.in", &options,
	    &use, NULL, NULL), -1);
}

/* Every fact has its row, with the right stage, in the reader's paper. */
static void
test_paper(void **state)
{
	char *paper = read_all("docs/policy-language.md");

	(void)state;
	for (int i = 0; i < FACTS; i++) {
		char row[128];

		(void)snprintf(row, sizeof(row), "| `%s` | %s | `",
		    fact_word((enum fact)i),
		    stage_name(fact_stage((enum fact)i)));
		if (strstr(paper, row) == NULL)
			fail_msg("docs/policy-language.md lacks: %s", row);
	}
	free(paper);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paper),
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_shipped_reads),
		cmocka_unit_test(test_outline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
