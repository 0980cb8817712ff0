/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_policy_decide.c - the rules of meaning one by one, what a decision
 * carries, patterns and their limit, sizes, time, and damaged snapshots.
 * Random agreement is in test_policy_property.c.
 */
#include "tests/unit/policy_help.h"

#include "lib/macros.h"

#include <sys/mman.h>

#include <fcntl.h>

#define DENY "because \"b\" ground security owner \"o\" review-by 2030-01-01"

static void
set_text(struct facts *f, enum fact fact, struct fact_string *to,
    const char *text)
{
	to->text = text;
	to->length = strlen(text);
	fact_set(f, fact);
}

static struct facts
tunnel_to(const char *host)
{
	struct facts f = { .is_tunnel = true, .port = 443 };

	set_text(&f, FACT_HOST, &f.host, host);
	fact_set(&f, FACT_PORT);
	return f;
}

/* Each policy's own expectations say what it should do. */
static void
test_meaning(void **state)
{
	static const char *const policies[] = {
		/* 1: first match */
		"access { audit a { when host x.example } audit b { when host "
		"y.x.example } }\nexpect audit a { host y.x.example }",
		/* 2: every line, alternatives, exceptions */
		"access { deny d { when host a.example or b.example and port "
		"443 unless client 10.0.0.1 or 10.0.0.2 " DENY " } }\n"
		"expect deny d { host b.example client 10.0.0.3 }\n"
		"expect audit default { host b.example client 10.0.0.2 }\n"
		"expect audit default { host b.example port 80 "
		"client 10.0.0.3 }",
		/* 3: unknown does not hold yet, false is false at once */
		"access { deny d { when path \"/x\" and host a.example " DENY
		" } audit rest }\n"
		"expect audit rest { host a.example }\n"
		"expect audit rest { url \"http://b.example/x\" }\n"
		"expect deny d { url \"http://a.example/x/y\" }",
		/* 3: unknown in unless holds a rule back too */
		"access { deny d { when host a.example unless country GB "
		DENY " } }\n"
		"expect audit default { host a.example }\n"
		"expect deny d { host a.example country FR }\n"
		"expect audit default { host a.example country GB }",
		/* 4: the end of the list is audit */
		"access { }\nexpect audit default { host a.example }",
		"expect audit default { host a.example }",
		/* 7: report-only is walked past */
		"access { deny d { when host a.example report-only " DENY " } "
		"audit e { when host a.example } }\n"
		"expect audit e { host a.example would d }",
		/* 8: for a deny either name suffices */
		"access { deny d { when host bad.example " DENY " } }\n"
		"expect deny d { host bad.example }\n"
		"expect deny d { host bad.example server-name ok.example }\n"
		"expect deny d { host ok.example server-name bad.example }\n"
		"expect audit default { host ok.example server-name "
		"ok.example }",
		/* 8: for an audit both must fit */
		"access { audit a { when host ok.example } deny rest { " DENY
		" } }\n"
		"expect audit a { host ok.example }\n"
		"expect audit a { host ok.example server-name ok.example }\n"
		"expect deny rest { host ok.example server-name other.example "
		"}\nexpect deny rest { host other.example server-name "
		"ok.example }",
		/* 8: an exception from a deny must fit both names */
		"access { deny d { unless host ok.example " DENY " } }\n"
		"expect audit default { host ok.example }\n"
		"expect deny d { host evil.example server-name ok.example }\n"
		"expect deny d { host ok.example server-name evil.example }",
		/* a plain request has no server name: absent, not unknown */
		"access { deny d { unless server-name a.example " DENY " } }\n"
		"expect deny d { url \"http://a.example/\" }\n"
		"expect audit default { host a.example }",
		/* hosts in every spelling are one */
		"category c { Example.ORG }\n"
		"access { deny d { when category c " DENY " } }\n"
		"expect deny d { host WWW.EXAMPLE.org. }\n"
		"expect audit default { host notexample.org }\n"
		"expect deny d { url \"HTTP://user:pw@example.org:8080/\" }",
		"access { deny d { when host 192.0.2.1 " DENY " } }\n"
		"expect deny d { host 0xc0.0.2.1 }\n"
		"expect deny d { host 3221225985 }",
		/* paths: settled, itself and below, exact, globs */
		"access { audit p { when path \"/admin\" } audit e { when path "
		"\"=/e\" } audit g { when path \"/g*.php\" } }\n"
		"expect audit p { url \"http://x.example/admin\" }\n"
		"expect audit p { url \"http://x.example/a/../%61dmin/x?y\" }\n"
		"expect audit default { url \"http://x.example/administer\" }\n"
		"expect audit e { url \"http://x.example/e\" }\n"
		"expect audit default { url \"http://x.example/e/\" }\n"
		"expect audit g { url \"http://x.example/g/a/b.php\" }",
		/* sizes */
		"access { audit big { when request-size over 50 MB } audit "
		"small { when request-size under 1 KB } }\n"
		"expect audit big { host a.example request-size \"51 MB\" }\n"
		"expect audit small { host a.example request-size 999 }\n"
		"expect audit default { host a.example request-size 1000 }\n"
		"expect audit default { host a.example }",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(policies); i++) {
		struct policy *policy = help_policy(policies[i], NULL);

		policy_close(&policy);
	}
}

static void
test_decision(void **state)
{
	struct policy *p = help_policy("policy \"P\" { contact \"c\" "
	    "controller \"d\" }\n"
	    "category bad { bad.example }\n"
	    "access { default { record host keep-query a }\n"
	    "audit w { when path \"/w\" }\n"
	    "deny r1 { when host bad.example report-only " DENY " }\n"
	    "deny d { when category bad and port 443 record url as pseudonym "
	    "commit forward keep-query x y " DENY " } }", NULL);
	struct facts f = tunnel_to("www.bad.example");
	struct decision d;

	(void)state;
	policy_decide(p, &f, &d);
	assert_int_equal(d.verdict, VERDICT_DENY);
	assert_true(d.by_rule);
	assert_string_equal(d.rule.name, "d");
	assert_string_equal(d.rule.file, "t.policy");
	assert_int_equal(d.rule.line, 6);
	assert_string_equal(d.rule.because, "b");
	assert_string_equal(d.rule.ground, "security");
	assert_string_equal(d.rule.owner, "o");
	assert_string_equal(d.rule.keep_query, "x y");
	assert_int_equal(d.stage, STAGE_TUNNEL);
	assert_int_equal(d.lifts, LIFTS_PORT);
	assert_int_equal(d.depth, DEPTH_URL);
	assert_int_equal(d.as, AS_PSEUDONYM);
	assert_true(d.forward);
	assert_string_equal(d.category, "bad");
	assert_string_equal(d.list_file, "t.policy");
	assert_int_equal(d.list_line, 2);
	assert_int_equal(d.list_entry.length, 11);
	assert_memory_equal(d.list_entry.text, "bad.example", 11);
	assert_int_equal(d.would_count, 1);
	assert_string_equal(d.would[0].rule.name, "r1");
	assert_true(d.waiting == (FACT_BIT(FACT_PATH) |
	    FACT_BIT(FACT_SERVER_NAME)));
	assert_false(d.pattern_limit);

	/* with the ClientHello the stage is later, and nothing waits for it */
	set_text(&f, FACT_SERVER_NAME, &f.server_name, "ok.example");
	policy_decide(p, &f, &d);
	assert_string_equal(d.rule.name, "d");
	assert_int_equal(d.stage, STAGE_HELLO);
	assert_true(d.waiting == FACT_BIT(FACT_PATH));

	f = tunnel_to("ok.example");
	policy_decide(p, &f, &d);
	assert_false(d.by_rule);
	assert_string_equal(d.rule.name, "default");
	assert_string_equal(d.rule.keep_query, "a");
	assert_int_equal(d.rule.line, 3);
	assert_null(d.category);
	assert_int_equal(d.depth, DEPTH_HOST);
	assert_int_equal(d.as, AS_NAME);

	assert_string_equal(policy_name(p), "P");
	assert_string_equal(policy_contact(p), "c");
	assert_string_equal(policy_controller(p), "d");
	assert_int_equal(strncmp(policy_version(p), "sha256:", 7), 0);
	assert_int_equal(strlen(policy_version(p)), 71);
	assert_true(policy_asks(p) == (FACT_BIT(FACT_PATH) |
	    FACT_BIT(FACT_HOST) | FACT_BIT(FACT_CATEGORY) |
	    FACT_BIT(FACT_PORT) | FACT_BIT(FACT_SERVER_NAME)));
	policy_close(&p);
	policy_close(&p);
}

static void
test_lifts(void **state)
{
	struct policy *p = help_policy("access {\n"
	    "audit a { when destination 10.0.0.0/8 }\n"
	    "audit b { when address-kind loopback and port 8443 }\n"
	    "audit c { unless destination 192.0.2.0/24 } }", NULL);
	static const struct {
		const char *address;
		const char *rule;
		unsigned lifts;
	} cases[] = {
		{ "10.9.9.9", "a", LIFTS_ADDRESS },
		{ "127.0.0.1", "b", LIFTS_ADDRESS | LIFTS_PORT },
		{ "198.51.100.1", "c", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct facts f = tunnel_to("x.example");
		struct decision d;

		f.port = 8443;
		policy_decide(p, &f, &d);
		assert_string_equal(d.rule.name, "default");
		assert_int_equal(d.lifts, 0);
		assert_true((d.waiting & FACT_BIT(FACT_DESTINATION)) != 0);
		assert_true((d.waiting & FACT_BIT(FACT_ADDRESS_KIND)) != 0);
		assert_true(address_parse(cases[i].address,
		    strlen(cases[i].address), &f.destination));
		fact_set(&f, FACT_DESTINATION);
		policy_decide(p, &f, &d);
		assert_string_equal(d.rule.name, cases[i].rule);
		assert_int_equal(d.lifts, cases[i].lifts);
		assert_int_equal(d.stage, STAGE_ADDRESS);
	}
	policy_close(&p);
}

static void
test_would_limit(void **state)
{
	char text[4096] = "access {\n";
	struct policy *p;
	struct facts f = tunnel_to("x.example");
	struct decision d;

	(void)state;
	for (int i = 0; i < 9; i++)
		(void)snprintf(text + strlen(text), sizeof(text) -
		    strlen(text), "deny d%d { report-only " DENY " }\n", i);
	(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "}\n"
	    "expect audit default { host x.example would d0 would d8 }");
	p = help_policy(text, NULL);
	policy_decide(p, &f, &d);
	assert_int_equal(d.would_count, 9);
	assert_string_equal(d.would[3].rule.name, "d3");
	policy_close(&p);
}

static void
test_patterns(void **state)
{
	struct policy *p = help_policy("access {\n"
	    "audit bad { when url \"(a+)+$|(b|b?)+c(d*)*e$\" }\n"
	    "audit inverted { unless url \"(a+)+$\" }\n"
	    "audit rest }", NULL);
	struct facts f = { .wall_us = 0 };
	struct decision d;
	char url[4096];

	(void)state;
	memset(url, 'a', sizeof(url));
	url[sizeof(url) - 2] = '!';
	url[sizeof(url) - 1] = '\0';
	memcpy(url, "http://x.example/", 17);
	set_text(&f, FACT_URL, &f.url, url);
	policy_decide(p, &f, &d);
	/* met its limit: unknown, both in when and in unless, and said so */
	assert_string_equal(d.rule.name, "rest");
	assert_true(d.pattern_limit);
	assert_true(d.waiting == 0);
	set_text(&f, FACT_URL, &f.url, "http://x.example/aaaa");
	policy_decide(p, &f, &d);
	assert_string_equal(d.rule.name, "bad");
	assert_false(d.pattern_limit);
	policy_close(&p);
}

static void
test_sizes(void **state)
{
	struct policy *p = help_policy("access { audit a { when request-size "
	    "over 100 bytes } audit b { when request-size under 50 bytes } }",
	    NULL);
	struct facts f = tunnel_to("x.example");
	struct decision d;
	uint64_t at = 0;

	(void)state;
	assert_true(policy_next_size(p, 0) == 50);
	assert_true(policy_next_size(p, 49) == 50);
	assert_true(policy_next_size(p, 50) == 101);
	assert_true(policy_next_size(p, 101) == UINT64_MAX);
	fact_set(&f, FACT_REQUEST_SIZE);
	/* deciding again only at these sizes misses nothing */
	for (uint64_t size = 0; size < 200; size++) {
		f.request_size = size;
		policy_decide(p, &f, &d);
		assert_string_equal(d.rule.name, size > 100 ? "a" : "default");
		if (size >= policy_next_size(p, at))
			at = size;
		f.request_size = at;
		policy_decide(p, &f, &d);
		assert_string_equal(d.rule.name, size > 100 ? "a" : "default");
	}
	f.request_size = 49;
	f.request_size_final = true;
	policy_decide(p, &f, &d);
	assert_string_equal(d.rule.name, "b");
	policy_close(&p);
}

/* London: summer time began on 2027-03-28 01:00 UTC, ended 2027-10-31. */
static void
test_time(void **state)
{
	struct policy *p = help_policy("policy \"T\" { timezone "
	    "\"Europe/London\" }\n"
	    "hours work { mon-fri 09:00-17:00 }\n"
	    "hours night { sat 22:00-02:00 }\n"
	    "access { audit old { when port 1 until 2027-03-28 }\n"
	    "audit work { when hours work }\n"
	    "audit night { when hours night }\n"
	    "audit march { when date 2027-03-31 } }\n"
	    "expect audit work { host x.example at \"2027-03-29 09:00\" }\n"
	    "expect audit default { host x.example at \"2027-03-29 08:59\" }\n"
	    "expect audit default { host x.example at \"2027-03-29 17:00\" }\n"
	    "expect audit night { host x.example at \"2027-04-03 22:00\" }\n"
	    "expect audit night { host x.example at \"2027-04-04 01:59\" }\n"
	    "expect audit default { host x.example at \"2027-04-04 02:00\" }\n"
	    "expect audit default { host x.example at \"2027-04-03 01:00\" }\n"
	    "expect audit march { host x.example at \"2027-03-31 23:59\" }\n"
	    "expect audit default { host x.example at \"2027-04-01\" }\n"
	    "expect audit old { host x.example port 1 at "
	    "\"2027-03-28 23:59:59\" }\n"
	    "expect audit default { host x.example port 1 at \"2027-03-29\" }",
	    NULL);
	struct facts f = tunnel_to("x.example");
	struct decision d;

	(void)state;
	/* 2027-03-26 09:00 UTC is 09:00, 2027-03-29 08:00 UTC is 09:00 */
	f.wall_us = UINT64_C(1806051600000000);
	policy_decide(p, &f, &d);
	assert_string_equal(d.rule.name, "work");
	f.wall_us -= 1000000;
	policy_decide(p, &f, &d);
	assert_string_equal(d.rule.name, "default");
	f.wall_us = UINT64_C(1806307200000000);
	policy_decide(p, &f, &d);
	assert_string_equal(d.rule.name, "work");
	f.wall_us -= 1000000;
	policy_decide(p, &f, &d);
	assert_string_equal(d.rule.name, "default");
	/* far ahead the summer is still known: 2099-07-01 08:00 UTC, a
	 * Wednesday */
	f.wall_us = UINT64_C(4086576000000000);
	policy_decide(p, &f, &d);
	assert_string_equal(d.rule.name, "work");
	policy_close(&p);
}

/* Whatever happens to a snapshot, it is refused or decides without harm. */
static void
test_damage(void **state)
{
	struct policy_options options = POLICY_OPTIONS_INIT;
	unsigned rounds = getenv("GATEBOOK_VALGRIND") != NULL ? 200 : 4000;
	uint64_t seed = 1;
	unsigned char *good, *bad;
	size_t size, opened = 0;
	char why[256];
	int fd, copy;

	(void)state;
	options.geoip_country = "tests/data/geoip/GeoIP2-Country-Test.mmdb";
	fd = help_compile("policy \"D\" { timezone \"Europe/London\" }\n"
	    "category c { a.example *.b.example =c.example d*e.example }\n"
	    "network n { 10.0.0.0/8 2001:db8::/32 }\nhours h { daily "
	    "09:00-17:00 }\naccess { deny d { when category c and client n "
	    "and hours h and country GB unless host x.example " DENY " }\n"
	    "audit u { when url \"^a(b|c)*\" and path \"/a\" or \"=/b\" or "
	    "\"*c\" and request-size over 5 KB and date 2027-01-01 }\n"
	    "audit v { when host a.example and port 1-443 record path as "
	    "pseudonym } }", &options);
	assert_true(fd >= 0);
	size = (size_t)lseek(fd, 0, SEEK_END);
	good = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(good, MAP_FAILED);
	copy = memfd_create("copy", MFD_CLOEXEC);
	assert_int_equal(ftruncate(copy, (off_t)size), 0);
	bad = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, copy, 0);
	assert_ptr_not_equal(bad, MAP_FAILED);
	for (unsigned i = 0; i < rounds; i++) {
		struct facts f = tunnel_to("www.a.example");
		struct policy *p;
		struct decision d;
		unsigned flips;

		memcpy(bad, good, size);
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		flips = 1 + (unsigned)(seed >> 60);
		for (unsigned k = 0; k < flips; k++) {
			size_t at;

			seed = seed * 6364136223846793005u +
			    1442695040888963407u;
			/* the small parts stand first; hit them more */
			at = (size_t)(seed >> 33) % (k % 2 ? size : 6000);
			bad[at] = (unsigned char)(seed >> 25);
		}
		p = policy_open(copy, why, sizeof(why));
		if (p == NULL)
			continue;
		opened++;
		f.wall_us = UINT64_C(1806051600000000);
		(void)address_parse("10.0.0.1", 8, &f.client);
		(void)address_parse("81.2.69.142", 11, &f.destination);
		set_text(&f, FACT_URL, &f.url, "abcbc");
		set_text(&f, FACT_PATH, &f.path, "/a/c");
		set_text(&f, FACT_SERVER_NAME, &f.server_name, "c.example");
		f.known = f.present |= FACT_BIT(FACT_CLIENT) |
		    FACT_BIT(FACT_DESTINATION) | FACT_BIT(FACT_REQUEST_SIZE);
		policy_decide(p, &f, &d);
		policy_explain(p, &f, &d, NULL, NULL);
		(void)policy_next_size(p, 1);
		(void)policy_asks(p);
		policy_close(&p);
	}
	assert_true(opened > 0);
	/* cut short */
	for (size_t n = 0; n < size; n += size / 50 + 1) {
		struct policy *p;

		memcpy(bad, good, size);
		assert_int_equal(ftruncate(copy, (off_t)n), 0);
		p = policy_open(copy, why, sizeof(why));
		assert_null(p);
		assert_int_equal(ftruncate(copy, (off_t)size), 0);
	}
	(void)munmap(good, size);
	(void)munmap(bad, size);
	(void)close(copy);
	/* what was handed out cannot be changed */
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	(void)close(fd);
}

static void
test_version(void **state)
{
	static const char *const same[] = {
		"access { audit a { when host x.example } }",
		"# a comment\naccess   {\n audit a {\n when host X.Example. }}",
	};
	static const char *const other[] = {
		"access { audit a { when host y.example } }",
		"policy \"n\" access { audit a { when host x.example } }",
		"policy \"u\" { timezone \"Asia/Tokyo\" } access { audit a { }}",
	};
	struct policy *p = help_policy(same[0], NULL);
	struct policy *q = help_policy(same[1], NULL);

	(void)state;
	assert_string_equal(policy_version(p), policy_version(q));
	policy_close(&q);
	for (size_t i = 0; i < COUNT_OF(other); i++) {
		q = help_policy(other[i], NULL);
		assert_string_not_equal(policy_version(p), policy_version(q));
		policy_close(&q);
	}
	policy_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meaning),
		cmocka_unit_test(test_decision),
		cmocka_unit_test(test_lifts),
		cmocka_unit_test(test_would_limit),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
