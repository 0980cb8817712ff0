/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_policy_question.c - what a person types for explain becomes the facts
 * that the proxy would have; what explain answers, as text and as JSON.
 */
#include "tests/unit/policy_help.h"

#include "lib/macros.h"
#include "proxy/target.h"

#include <jansson.h>

static void
test_targets(void **state)
{
	static const struct {
		const char *typed, *host, *url, *path;
		unsigned port;
		bool tunnel;
	} cases[] = {
		{ "www.example.org", "www.example.org", NULL, NULL, 443, true },
		{ "Example.ORG.:8443", "example.org", NULL, NULL, 8443, true },
		{ "https://x.example/a?b", "x.example", NULL, NULL, 443, true },
		{ "wss://x.example:1", "x.example", NULL, NULL, 1, true },
		{ "ws://x.example/", "x.example", NULL, NULL, 80, true },
		{ "[2001:DB8::1]:8", "2001:db8::1", NULL, NULL, 8, true },
		{ "2001:db8::1", "2001:db8::1", NULL, NULL, 443, true },
		{ "http://x.example", "x.example", "http://x.example/", "/",
		    80, false },
		{ "HTTP://u:p@X.example:80/a/./b/../%7ec%2f?q#f", "x.example",
		    "http://x.example/a/./b/../%7ec%2f?q", "/a/~c%2F", 80,
		    false },
		{ "http://x.example:8080?q", "x.example",
		    "http://x.example:8080/?q", "/", 8080, false },
		{ "http://[::1]/", "::1", "http://[::1]/", "/", 80, false },
	};
	static const char *const bad[] = { "", "http://", "ftp://x.example/",
	    "x.example:0", "x.example:99999", "x.example:http", "[::1", "a b",
	    "http://x.example/a b", "http://%41.example/" };
	static struct question q;
	char why[256];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		question_init(&q);
		if (!question_target(&q, cases[i].typed, why, sizeof(why)))
			fail_msg("%s: %s", cases[i].typed, why);
		assert_string_equal(q.facts.host.text, cases[i].host);
		assert_int_equal(q.facts.port, cases[i].port);
		assert_int_equal(q.facts.is_tunnel, cases[i].tunnel);
		if (cases[i].tunnel) {
			assert_true((q.facts.known & FACT_BIT(FACT_URL)) == 0);
			continue;
		}
		assert_int_equal(q.facts.url.length, strlen(cases[i].url));
		assert_memory_equal(q.facts.url.text, cases[i].url,
		    q.facts.url.length);
		assert_int_equal(q.facts.path.length, strlen(cases[i].path));
		assert_memory_equal(q.facts.path.text, cases[i].path,
		    q.facts.path.length);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		question_init(&q);
		if (question_target(&q, bad[i], why, sizeof(why)))
			fail_msg("%s is taken as %s", bad[i], q.host);
		assert_true(why[0] != '\0');
	}
}

/* The path that explain matches is the one that the proxy matches. */
static void
test_same_path(void **state)
{
	static const char alphabet[] = "/./..%2e%41%2F%zz%a~ab?#%";
	static struct question q;
	uint64_t seed = 7;
	char why[64];

	(void)state;
	for (int i = 0; i < 200000; i++) {
		char path[48] = "/", url[128], wanted[64];
		size_t n, length;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		length = 1 + (size_t)(seed >> 59);
		for (size_t k = 1; k < length; k++) {
			seed = seed * 6364136223846793005u +
			    1442695040888963407u;
			path[k] = alphabet[(seed >> 33) %
			    (sizeof(alphabet) - 1)];
			if (path[k] == '?' || path[k] == '#')
				path[k] = '/';
		}
		path[length] = '\0';
		n = target_normal_path(path, strlen(path), wanted);
		wanted[n] = '\0';
		(void)snprintf(url, sizeof(url), "http://x.example%s", path);
		question_init(&q);
		assert_true(question_target(&q, url, why, sizeof(why)));
		if (q.facts.path.length != n ||
		    memcmp(q.facts.path.text, wanted, n) != 0)
			fail_msg("%s: %.*s, the proxy has %s", path,
			    (int)q.facts.path.length, q.facts.path.text,
			    wanted);
	}
}

static void
test_facts(void **state)
{
	static const struct {
		const char *word, *value;
		bool ok;
	} cases[] = {
		{ "client", "10.0.0.1", true }, { "client", "x", false },
		{ "port", "0", false }, { "port", "70000", false },
		{ "asn", "AS786", true }, { "asn", "x", false },
		{ "country", "gb", true }, { "country", "GBR", false },
		{ "request-size", "5 MB", true },
		{ "request-size", "5 furlongs", false },
		{ "at", "2027-03-31 10:15", true },
		{ "at", "2027-03-31T10:15:59", true },
		{ "at", "2027-03-31 25:00", false }, { "at", "now", false },
		{ "address-kind", "private", true },
		{ "address-kind", "odd", false },
		{ "server-name", "x.example", true },
		{ "server-name", "a b", false }, { "user", "alice", false },
		{ "colour", "red", false }, { "category", "x", false },
		{ "hours", "work", false }, { "path", "/x", true },
	};
	struct policy *p = help_policy("", NULL);
	static struct question q;
	char why[256];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		question_init(&q);
		why[0] = '\0';
		assert_int_equal(question_set(&q, p, cases[i].word,
		    cases[i].value, why, sizeof(why)), cases[i].ok);
		assert_int_equal(why[0] == '\0', cases[i].ok);
	}
	question_init(&q);
	assert_true(question_set(&q, p, "request-size", "5 MB", why,
	    sizeof(why)));
	assert_true(q.facts.request_size == 5000000);
	policy_close(&p);
}

static const char explained[] =
    "policy \"E\" { timezone \"UTC\" }\n"
    "category bad { bad.example }\n"
    "access {\n"
    "    audit inside { when path \"/x\" }\n"
    "    deny noted { when category bad because \"n\" ground business owner "
    "\"o\" review-by 2030-01-01 report-only }\n"
    "    audit other { when host other.example }\n"
    "    deny bad { when host bad because \"Say \\\"why\\\".\" ground security"
    " owner \"IT, 0800\" review-by 2030-01-01 record host }\n"
    "}\n";

static void
test_explain_text(void **state)
{
	static const char wanted[] =
	    "Refused by the rule \"bad\", t.policy:7 (deny).\n"
	    "  The host is in the category bad: bad.example (t.policy:2).\n"
	    "  Because: Say \"why\".\n"
	    "  Ground: security\n"
	    "  Owner: IT, 0800\n"
	    "  Decided at the stage: tunnel\n"
	    "  Recorded: host as name\n"
	    "\n"
	    "Rules above it, in order:\n"
	    "  audit inside (t.policy:4)\n"
	    "      line 4 is not known: when path \"/x\"\n"
	    "      the path is not known: it is inside the tunnel, which is "
	    "not opened\n"
	    "  deny noted (t.policy:5)\n"
	    "      holds, but is report-only: only the record says so\n"
	    "      category bad: bad.example (t.policy:2)\n"
	    "  audit other (t.policy:6)\n"
	    "      line 6 does not hold: when host other.example\n"
	    "      the host is www.bad.example\n"
	    "\n"
	    "The list is walked again when more is known: the server name in "
	    "the ClientHello, the path.\n";
	struct policy *p = help_policy(explained, NULL);
	static struct question q;
	char why[64];
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	(void)state;
	question_init(&q);
	assert_true(question_target(&q, "www.bad.example", why, sizeof(why)));
	assert_int_equal(policy_explain_text(p, &q.facts, true, out), 0);
	(void)fclose(out);
	assert_string_equal(text, wanted);
	free(text);
	policy_close(&p);
}

static void
test_explain_json(void **state)
{
	struct policy *p = help_policy(explained, NULL);
	static struct question q;
	char why[64];
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);
	json_error_t error;
	json_t *json, *steps;

	(void)state;
	question_init(&q);
	assert_true(question_target(&q, "www.bad.example", why, sizeof(why)));
	assert_int_equal(policy_explain_json(p, &q.facts, out), 0);
	(void)fclose(out);
	json = json_loads(text, 0, &error);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json,
	    "verdict")), "deny");
	assert_string_equal(json_string_value(json_object_get(
	    json_object_get(json, "rule"), "because")), "Say \"why\".");
	steps = json_object_get(json, "steps");
	assert_int_equal(json_array_size(steps), 4);
	assert_string_equal(json_string_value(json_object_get(
	    json_array_get(steps, 0), "outcome")), "unknown");
	assert_int_equal(json_array_size(json_object_get(json, "waiting")),
	    2);
	json_decref(json);
	free(text);
	/* bytes that are no text become text */
	out = open_memstream(&text, &n);
	q.facts.host.text = "\xff\"\\\x01.example";
	q.facts.host.length = strlen(q.facts.host.text);
	assert_int_equal(policy_explain_json(p, &q.facts, out), 0);
	(void)fclose(out);
	json = json_loads(text, 0, &error);
	assert_non_null(json);
	json_decref(json);
	free(text);
	policy_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_same_path),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_explain_text),
		cmocka_unit_test(test_explain_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
