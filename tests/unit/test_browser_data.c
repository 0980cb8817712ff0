/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_browser_data.c - the list of browsers against reference data: thousands
 * of real User-Agents with what two well-known parsers say of them.  The data
 * is no part of the project; without it the test is skipped.
 */
#include "policy/browser.h"

#include "tests/unit/policy_help.h"

#include <jansson.h>

#include <stdio.h>

#define RIGHT_PERCENT 98
#define FIELDS_MAX 24

static const char *const places[] = { "../shared/data", "../../shared/data",
    "/usr/share/gatebook-data" };

struct csv {
	char *text;
	char *at;
	char *name[FIELDS_MAX];
	char *field[FIELDS_MAX];
	size_t fields;
};

/* The next row, in place; false at the end. */
static bool
row(struct csv *csv, char **into, size_t *count)
{
	char *p = csv->at, *out;

	*count = 0;
	if (*p == '\0')
		return false;
	for (;;) {
		bool quoted = *p == '"';
		char end;

		p += quoted;
		out = p;
		assert_true(*count < FIELDS_MAX);
		into[(*count)++] = out;
		for (; *p != '\0'; p++) {
			if (quoted && *p == '"') {
				if (p[1] != '"') {
					p++;
					break;
				}
				p++;
			} else if (!quoted && (*p == ',' || *p == '\n')) {
				break;
			}
			*out++ = *p;
		}
		end = *p;
		*out = '\0';
		if (end != '\0')
			p++;
		if (end != ',')
			break;
	}
	csv->at = p;
	return true;
}

static bool
csv_open(struct csv *csv, const char *name)
{
	char path[256];
	FILE *in = NULL;
	size_t size = 0;

	for (size_t i = 0; i < COUNT_OF(places) && in == NULL; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", places[i], name);
		in = fopen(path, "r");
	}
	if (in == NULL) {
		print_message("skipped: no %s in ../shared/data\n", name);
		return false;
	}
	csv->text = calloc(1, 8u << 20);
	assert_non_null(csv->text);
	size = fread(csv->text, 1, (8u << 20) - 1, in);
	assert_true(size > 0);
	(void)fclose(in);
	csv->at = csv->text;
	assert_true(row(csv, csv->name, &csv->fields));
	return true;
}

static const char *
get(const struct csv *csv, const char *name)
{
	for (size_t i = 0; i < csv->fields; i++)
		if (strcmp(csv->name[i], name) == 0)
			return csv->field[i];
	fail_msg("the data has no column %s", name);
	return NULL;
}

static struct fact_string
string(const char *text)
{
	return (struct fact_string){ text, strlen(text) };
}

static bool
right(const struct browser *b, const char *family, const char *major)
{
	char number[16] = "";

	if (b->has_major)
		(void)snprintf(number, sizeof(number), "%u", b->major);
	return b->name.length == strlen(family) &&
	    (b->name.length == 0 ||
	    memcmp(b->name.text, family, b->name.length) == 0) &&
	    strcmp(number, major) == 0;
}

static void
say_wrong(const struct browser *b, const char *family, const char *major,
    const char *user_agent)
{
	print_message("  %s %s is read as %.*s %d: %.150s\n", family, major,
	    (int)b->name.length, b->name.length == 0 ? "" : b->name.text,
	    b->has_major ? (int)b->major : -1, user_agent);
}

static struct policy *policy;

static void
test_user_agents(void **state)
{
	struct csv csv;
	size_t count, all = 0, good = 0, browsers = 0, old = 0, kinds = 0;
	size_t any = 0, any_good = 0;
	bool show = getenv("GATEBOOK_SHOW_ALL") != NULL;

	(void)state;
	if (!csv_open(&csv, "user-agents.csv"))
		skip();
	while (row(&csv, csv.field, &count)) {
		struct client_words words = { { NULL, 0 }, { NULL, 0 } };
		struct browser b;
		const char *kind;
		bool ok;

		assert_true(count == csv.fields);
		words.user_agent = string(get(&csv, "user_agent"));
		browser_read(policy, &words, &b);	/* never a crash */
		if (strcmp(get(&csv, "client_hints"), "0") != 0)
			continue;
		ok = right(&b, get(&csv, "family"), get(&csv, "major"));
		kind = get(&csv, "kind");
		if (strcmp(get(&csv, "agree"), "both") != 0) {
			if (strcmp(get(&csv, "agree"), "no") != 0) {
				any++;
				any_good += ok;
				if (!ok && show)
					say_wrong(&b, get(&csv, "family"),
					    get(&csv, "major"),
					    words.user_agent.text);
			}
			continue;
		}
		all++;
		good += ok;
		if (!ok)
			say_wrong(&b, get(&csv, "family"), get(&csv, "major"),
			    words.user_agent.text);
		if (strcmp(kind, "library") == 0)
			kind = "tool";
		else if (strcmp(kind, "browser") != 0 &&
		    strcmp(kind, "empty") != 0)
			kind = "app";
		kinds += strcmp(kind, client_kind_name(b.kind)) == 0;
		if (strcmp(kind, "browser") == 0) {
			bool is = strcmp(get(&csv, "legacy"), "1") == 0;

			browsers++;
			old += is == b.old;
			if (is != b.old && show)
				print_message("  old %d: %.150s\n", is,
				    words.user_agent.text);
		}
	}
	free(csv.text);
	print_message("family and version right on %zu of %zu User-Agents on "
	    "which the references agree (%.1f %%), kind on %.1f %%, old on "
	    "%.1f %% of %zu browsers; on %zu that one reference knows %.1f "
	    "%%\n", good, all, 100.0 * (double)good / (double)all,
	    100.0 * (double)kinds / (double)all,
	    100.0 * (double)old / (double)browsers, browsers, any,
	    100.0 * (double)any_good / (double)any);
	assert_true(good * 100 >= all * RIGHT_PERCENT);
}

/* A header by its name, however its letters are cased. */
static const char *
header(const json_t *headers, const char *name)
{
	const char *key;
	const json_t *value;

	for (void *it = json_object_iter((json_t *)(uintptr_t)headers);
	    it != NULL; it = json_object_iter_next(
	    (json_t *)(uintptr_t)headers, it)) {
		key = json_object_iter_key(it);
		value = json_object_iter_value(it);
		if (strncasecmp(key, "http-", 5) == 0)
			key += 5;
		if (strcasecmp(key, name) == 0 && json_is_string(value))
			return json_string_value(value);
	}
	return "";
}

static void
test_client_hints(void **state)
{
	struct csv csv, agents;
	const char *agreed[2000];
	size_t count, all = 0, good = 0, agreeing = 0;

	(void)state;
	if (!csv_open(&csv, "client-hints.csv") ||
	    !csv_open(&agents, "user-agents.csv"))
		skip();
	while (row(&agents, agents.field, &count))
		if (strcmp(get(&agents, "client_hints"), "1") == 0 &&
		    strcmp(get(&agents, "agree"), "both") == 0 &&
		    agreeing < COUNT_OF(agreed))
			agreed[agreeing++] = get(&agents, "user_agent");
	while (row(&csv, csv.field, &count)) {
		struct client_words words;
		struct browser b;
		bool agree = false;
		json_t *headers = json_loads(get(&csv, "headers_json"), 0,
		    NULL);

		assert_non_null(headers);
		words.user_agent = string(get(&csv, "user_agent"));
		words.brands = string(header(headers, "sec-ch-ua"));
		browser_read(policy, &words, &b);
		for (size_t i = 0; i < agreeing && !agree; i++)
			agree = strcmp(agreed[i], words.user_agent.text) == 0;
		if (agree) {
			bool ok = right(&b, get(&csv, "family"),
			    get(&csv, "major"));

			all++;
			good += ok;
			if (!ok)
				say_wrong(&b, get(&csv, "family"),
				    get(&csv, "major"),
				    words.user_agent.text);
		}
		json_decref(headers);
	}
	free(csv.text);
	free(agents.text);
	print_message("right on %zu of %zu with client hints on which the "
	    "references agree (%.1f %%)\n", good, all,
	    100.0 * (double)good / (double)all);
	assert_true(good * 100 >= all * RIGHT_PERCENT);
}

static int
open_policy(void **state)
{
	(void)state;
	policy = help_policy("access { audit all }", NULL);
	return 0;
}

static int
close_policy(void **state)
{
	(void)state;
	policy_close(&policy);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_user_agents),
		cmocka_unit_test(test_client_hints),
	};

	return cmocka_run_group_tests(tests, open_policy, close_policy);
}
