/* SPDX-License-Identifier: Apache-2.0 */
/* test_names.c - files about names count as changed by what they say. */
#include "daemon/names.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void
write_to(const char *path, const char *text)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	(void)fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void
test_names(void **state)
{
	char hosts[] = "/tmp/gatebook-names-XXXXXX";
	char anchor[] = "/tmp/gatebook-names-XXXXXX";
	char *forward[] = { (char[]){ "127.0.0.1" } };
	struct settings settings = { 0 };
	struct names names;

	(void)state;
	(void)close(mkstemp(hosts));
	(void)close(mkstemp(anchor));
	settings.dns_hosts = hosts;
	settings.dns_anchor = anchor;
	settings.dns_forward = (struct settings_list){ forward, 1 };
	write_to(hosts, "10.0.0.1 a\n");
	names_loaded(&names, &settings);
	assert_false(names_differ(&names, &settings));
	assert_false(names_changed(&names, &settings));

	/* the same words, written anew */
	write_to(hosts, "10.0.0.1 a\n");
	assert_false(names_differ(&names, &settings));
	/* other words, of the same length: at once for who asks, and by
	 * itself once they rest */
	write_to(hosts, "10.0.0.2 a\n");
	assert_true(names_differ(&names, &settings));
	assert_false(names_changed(&names, &settings));
	assert_true(names_changed(&names, &settings));
	names_loaded(&names, &settings);
	assert_false(names_changed(&names, &settings));

	/* the anchor counts only if it is used */
	write_to(anchor, "x");
	assert_false(names_differ(&names, &settings));
	settings.dns_dnssec = true;
	assert_true(names_differ(&names, &settings));
	/* words that moved from one file to the next are a change */
	names_loaded(&names, &settings);
	write_to(hosts, "10.0.0.2 a\nx");
	write_to(anchor, "");
	assert_true(names_differ(&names, &settings));

	unlink(hosts);
	assert_true(names_differ(&names, &settings));
	unlink(anchor);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
