/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_policy_lists.c - lists in all their forms, names in many of them, large
 * ones; countries and networks against MaxMind's own answers; databases that
 * are broken.
 */
#include "tests/unit/policy_help.h"

#include "lib/macros.h"

#include <glob.h>

static char *list_path;

static void
write_list(const char *text)
{
	FILE *out = fopen(list_path, "w");

	assert_non_null(out);
	(void)fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static int
make_list(void **state)
{
	int fd;

	(void)state;
	list_path = strdup("/tmp/gatebook-list-XXXXXX");
	fd = mkstemp(list_path);
	return fd < 0 ? -1 : close(fd);
}

static int
drop_list(void **state)
{
	(void)state;
	(void)unlink(list_path);
	free(list_path);
	return 0;
}

static struct policy *
with_list(void)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "category big from \"%s\"\n"
	    "access { audit listed { when category big } }", list_path);
	return help_policy(text, NULL);
}

/* The line of the list by which a host is in it; 0 if it is not. */
static uint32_t
line_of(const struct policy *p, const char *host)
{
	struct facts f = { .is_tunnel = true };
	struct decision d;

	f.host.text = host;
	f.host.length = strlen(host);
	fact_set(&f, FACT_HOST);
	policy_decide(p, &f, &d);
	if (!d.by_rule)
		return 0;
	assert_string_equal(d.category, "big");
	assert_string_equal(d.list_file, list_path);
	return d.list_line;
}

static void
test_forms(void **state)
{
	static const struct {
		const char *host;
		uint32_t line;
	} cases[] = {
		{ "plain.example", 2 }, { "www.plain.example", 2 },
		{ "notplain.example", 0 }, { "example", 0 },
		{ "hosts1.example", 4 }, { "b.hosts2.example", 4 },
		{ "localhost", 0 }, { "v6.example", 5 },
		{ "dot.example", 6 }, { "a.dot.example", 6 },
		{ "star.example", 7 }, { "a.star.example", 7 },
		{ "block.example", 8 }, { "x.block.example", 8 },
		{ "third.example", 9 }, { "exact.example", 10 },
		{ "a.exact.example", 0 }, { "upper.example", 11 },
		{ "xn--bcher-kva.example", 12 }, { "192.0.2.7", 13 },
		{ "under_score.example", 14 }, { "tab.example", 15 },
		{ "twice.example", 16 }, { "10.0.0.1", 18 },
		{ "last.example", 21 }, { "path.example", 0 },
	};
	struct policy *p;

	(void)state;
	write_list("# comment\nplain.example\n! also one\n"
	    "0.0.0.0 hosts1.example hosts2.example localhost # end\n"
	    "::1 v6.example\n.dot.example\n*.star.example\n"
	    "||block.example^\n||third.example^$third-party\n=exact.example\n"
	    "  UPPER.Example.  \r\nB\xc3\xbc" "cher.example\n192.0.2.7\n"
	    "under_score.example\n127.0.0.1\ttab.example\ntwice.example\n"
	    "twice.example\n012.0.0.1\nbad line of words\n"
	    "||path.example/ads^\nlast.example");
	p = with_list();
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (line_of(p, cases[i].host) != cases[i].line)
			fail_msg("%s: line %u, not %u", cases[i].host,
			    line_of(p, cases[i].host), cases[i].line);
	policy_close(&p);
	assert_non_null(strstr(help_messages, ":19: warning: 2 lines of this "
	    "list name no host and are left out; the first is \"bad line of "
	    "words\""));
}

static uint64_t
mix(uint64_t n)
{
	n = (n ^ n >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	return n ^ n >> 27;
}

/* What is in a large list is found, with its line; what is not, is not. */
static void
test_large(void **state)
{
	unsigned count = getenv("GATEBOOK_VALGRIND") != NULL ? 2000 : 100000;
	FILE *out = fopen(list_path, "w");
	char host[128];
	struct policy *p;

	(void)state;
	assert_non_null(out);
	for (unsigned i = 0; i < count; i++)
		(void)fprintf(out, "h%llx.s%u.example\n",
		    (unsigned long long)mix(i), i % 50);
	assert_int_equal(fclose(out), 0);
	p = with_list();
	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(host, sizeof(host), "%sh%llx.s%u.example",
		    i % 3 == 0 ? "a.b." : "", (unsigned long long)mix(i),
		    i % 50);
		assert_int_equal(line_of(p, host), i + 1);
		(void)snprintf(host, sizeof(host), "h%llx.s%u.example",
		    (unsigned long long)mix(i + count), i % 50);
		assert_int_equal(line_of(p, host), 0);
	}
	policy_close(&p);
}

/* A host that stands in more lists than are kept at once. */
static void
test_many_sets(void **state)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);
	struct facts f = { .is_tunnel = true };
	struct decision d;
	struct policy *p;

	(void)state;
	for (int i = 0; i < 200; i++)
		(void)fprintf(out, "category c%d { x.example }\n", i);
	(void)fprintf(out, "access {\n");
	for (int i = 0; i < 200; i++)
		(void)fprintf(out, "deny r%d { when category c%d and host "
		    "w.x.example because \"b\" ground security owner \"o\" "
		    "review-by 2030-01-01 report-only }\n", i, i);
	(void)fprintf(out, "audit none { unless category c199 } }\n");
	(void)fclose(out);
	p = help_policy(text, NULL);
	f.host.text = "w.x.example";
	f.host.length = strlen(f.host.text);
	fact_set(&f, FACT_HOST);
	policy_decide(p, &f, &d);
	assert_int_equal(d.would_count, 200);
	assert_false(d.by_rule);
	policy_close(&p);
	free(text);
}

static void
test_long_names(void **state)
{
	char host[300] = "";
	struct facts f = { .is_tunnel = true };
	struct decision d;
	struct policy *p;

	(void)state;
	write_list("b.example\n");
	p = with_list();
	for (int i = 0; i < 122; i++)
		memcpy(host + 2 * i, "a.", 2);
	memcpy(host + 244, "b.example", 10);
	assert_int_equal(strlen(host), 253);
	assert_int_equal(line_of(p, host), 1);
	/* longer than any name: in no list, and no harm */
	f.host.text = host;
	f.host.length = sizeof(host);
	fact_set(&f, FACT_HOST);
	policy_decide(p, &f, &d);
	assert_false(d.by_rule);
	f.host.length = 0;
	policy_decide(p, &f, &d);
	assert_false(d.by_rule);
	policy_close(&p);
}

/* --- databases -------------------------------------------------------------- */
#define GEO "tests/data/geoip/"

static const struct policy_options geo_options = {
	.folder = -1,
	.geoip_country = GEO "GeoIP2-Country-Test.mmdb",
	.geoip_asn = GEO "GeoLite2-ASN-Test.mmdb",
};

/* country, then registered country where there is none: as we read it */
static void
expect_answer(const struct policy *p, const char *ip, bool asn,
    const char *value)
{
	struct address address;
	char country[3], got[16];
	uint32_t number;

	if (!address_parse(ip, strlen(ip), &address))
		return;
	(void)policy_geo(p, &address, country, &number);
	if (asn)
		(void)snprintf(got, sizeof(got), "%u", number);
	if (strcmp(asn ? got : country, value) != 0)
		fail_msg("%s: %s, not %s", ip, asn ? got : country, value);
}

static void
test_geo(void **state)
{
	struct policy *p = help_policy("", &geo_options);
	FILE *in = fopen(GEO "expected.csv", "r");
	char line[512], last_ip[64] = "", country[8] = "";
	unsigned rows = 0;

	(void)state;
	assert_non_null(in);
	while (fgets(line, sizeof(line), in) != NULL) {
		char *field[6], *save = line;
		bool asn;

		for (int i = 0; i < 6; i++)
			field[i] = strsep(&save, ",");
		if (strcmp(field[0], "database") == 0)
			continue;
		rows++;
		asn = strcmp(field[2], "autonomous_system_number") == 0;
		if (asn) {
			expect_answer(p, field[1], true, field[3][0] == '1' ?
			    field[4] : "0");
			continue;
		}
		if (strcmp(field[2], "country.iso_code") == 0) {
			(void)snprintf(last_ip, sizeof(last_ip), "%s",
			    field[1]);
			(void)snprintf(country, sizeof(country), "%s",
			    field[4]);
			if (country[0] != '\0')
				expect_answer(p, field[1], false, country);
		} else if (strcmp(last_ip, field[1]) == 0 &&
		    country[0] == '\0') {
			expect_answer(p, field[1], false, field[4]);
		}
	}
	(void)fclose(in);
	assert_true(rows > 150);
	policy_close(&p);
}

static void
test_geo_rules(void **state)
{
	struct policy *p = help_policy("access { audit gb { when country GB } "
	    "audit att { when asn AS7018 } audit other { unless country US } }"
	    "\nexpect audit gb { host x.example destination 81.2.69.142 }\n"
	    "expect audit att { host x.example destination 12.81.92.1 }\n"
	    "expect audit other { host x.example destination 192.0.2.1 }\n"
	    "expect audit default { host x.example }", &geo_options);

	(void)state;
	policy_close(&p);
	/* without databases these facts never come */
	assert_int_equal(help_compile("access { audit gb { when country GB } }"
	    "\nexpect audit gb { host x.example destination 81.2.69.142 }",
	    NULL), -1);
	assert_non_null(strstr(help_messages, "no database is set"));
}

static void
test_broken_databases(void **state)
{
	glob_t found;

	(void)state;
	assert_int_equal(glob(GEO "bad/*.mmdb", 0, NULL, &found), 0);
	assert_int_equal(glob(GEO "bad/*/*.mmdb", GLOB_APPEND, NULL, &found),
	    0);
	assert_true(found.gl_pathc > 20);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct policy_options options = POLICY_OPTIONS_INIT;

		options.geoip_country = found.gl_pathv[i];
		assert_int_equal(help_compile("", &options), -1);
		assert_non_null(strstr(help_messages, found.gl_pathv[i]));
		options.geoip_country = NULL;
		options.geoip_asn = found.gl_pathv[i];
		assert_int_equal(help_compile("", &options), -1);
	}
	globfree(&found);
	{
		struct policy_options options = POLICY_OPTIONS_INIT;

		options.geoip_country = "/nowhere/x.mmdb";
		assert_int_equal(help_compile("", &options), -1);
		assert_string_equal(help_messages, "/nowhere/x.mmdb: error: "
		    "the database of countries cannot be read: there is no "
		    "such file; check the name (it is taken from the folder "
		    "of the file that names it) (setting geoip.country)\n");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_forms, make_list,
		    drop_list),
		cmocka_unit_test_setup_teardown(test_large, make_list,
		    drop_list),
		cmocka_unit_test(test_many_sets),
		cmocka_unit_test_setup_teardown(test_long_names, make_list,
		    drop_list),
		cmocka_unit_test(test_geo),
		cmocka_unit_test(test_geo_rules),
		cmocka_unit_test(test_broken_databases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
