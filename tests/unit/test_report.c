/* SPDX-License-Identifier: Apache-2.0 */
/* test_report.c - one line a message, whatever a peer puts into it. */
#include "lib/clock.h"
#include "lib/macros.h"
#include "lib/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char written[8192];

/* What a call writes to standard error. */
#define CAPTURE(call) do { \
	int ends_[2], saved_ = dup(STDERR_FILENO); \
	ssize_t n_; \
	assert_int_equal(pipe(ends_), 0); \
	assert_true(dup2(ends_[1], STDERR_FILENO) >= 0); \
	(void)close(ends_[1]); \
	call; \
	assert_true(dup2(saved_, STDERR_FILENO) >= 0); \
	(void)close(saved_); \
	n_ = read(ends_[0], written, sizeof(written) - 1); \
	(void)close(ends_[0]); \
	written[n_ > 0 ? n_ : 0] = '\0'; \
} while (0)

static void
test_lines(void **state)
{
	(void)state;
	(void)unsetenv("JOURNAL_STREAM");
	report_init("worker 2", REPORT_INFO);
	CAPTURE(report(REPORT_WARNING, "%d words", 2));
	assert_string_equal(written, "gatebook worker 2: warning: 2 words\n");
	CAPTURE(report(REPORT_ERROR, "a\nb\x1b[1m\x7f"));
	assert_string_equal(written, "gatebook worker 2: error: a?b?[1m?\n");
	CAPTURE(report(REPORT_INFO, "b\xc3\xbc" "cher \xc2\x9b \xff \xe2\x82"));
	assert_string_equal(written,
	    "gatebook worker 2: b\xc3\xbc" "cher ?? ? ??\n");
	CAPTURE(report(REPORT_DEBUG, "no"));
	assert_string_equal(written, "");
	report_set_level(REPORT_DEBUG);
	CAPTURE(report(REPORT_DEBUG, "yes"));
	assert_string_equal(written, "gatebook worker 2: debug: yes\n");
	report_set_level(REPORT_ERROR);
	CAPTURE(report(REPORT_WARNING, "no"));
	assert_string_equal(written, "");
	assert_int_equal(setenv("JOURNAL_STREAM", "8:1", 1), 0);
	report_init("", REPORT_INFO);
	CAPTURE(report(REPORT_WARNING, "words"));
	assert_string_equal(written, "<4>gatebook: warning: words\n");
	(void)unsetenv("JOURNAL_STREAM");
	report_init("", REPORT_INFO);
}

static void
test_long_line(void **state)
{
	char *text = malloc(4000);

	(void)state;
	memset(text, 'x', 3999);
	text[3999] = '\0';
	CAPTURE(report(REPORT_INFO, "%s", text));
	free(text);
	assert_int_equal(strlen(written), 1000);
	assert_int_equal(written[999], '\n');
}

static void
test_limited(void **state)
{
	struct report_limit limit = { 0 };

	(void)state;
	CAPTURE(report_limited(&limit, REPORT_INFO, "peer %d", 1));
	assert_string_equal(written, "gatebook: peer 1\n");
	CAPTURE(report_limited(&limit, REPORT_INFO, "peer 2"));
	assert_string_equal(written, "");
	CAPTURE(report_limited(&limit, REPORT_INFO, "peer 3"));
	assert_string_equal(written, "");
	clock_set_offset(0, 61000000);
	CAPTURE(report_limited(&limit, REPORT_INFO, "peer 4"));
	assert_string_equal(written,
	    "gatebook: peer 4 (2 more like this were held back)\n");
	clock_set_offset(0, 122000000);
	CAPTURE(report_limited(&limit, REPORT_INFO, "peer 5"));
	assert_string_equal(written, "gatebook: peer 5\n");
	clock_set_offset(0, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
