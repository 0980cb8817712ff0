/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_catalogue.c - the service catalogue: the shipped one has what it should
 * have and every example in it is told (it does not load otherwise); shared
 * hosts, parts and wholes, the narrower host, and what is not known yet.
 */
#include "policy/compile.h"
#include "policy/service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void
complain(void *arg, const struct policy_complaint *c)
{
	char words[1024];

	(void)arg;
	(void)policy_complaint_print(c, words, sizeof(words));
	if (c->severity == POLICY_ERROR)
		fail_msg("%s", words);
}

static struct policy *
open_policy(int fd)
{
	struct policy *policy;
	char why[256];

	assert_true(fd >= 0);
	policy = policy_open(fd, why, sizeof(why));
	assert_non_null(policy);
	(void)close(fd);
	return policy;
}

static struct policy *
shipped(void)
{
	struct policy_options options = POLICY_OPTIONS_INIT;

	return open_policy(policy_compile_file("lists/services.policy",
	    &options, complain, NULL));
}

static char *
catalogue_text(void)
{
	FILE *in = fopen("lists/services.policy", "r");
	char *text = calloc(1, 1 << 20);

	assert_non_null(in);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, in) > 0);
	(void)fclose(in);
	return text;
}

/* Every example as it stands in the file, tried by the functions that the
 * proxy uses; and how many are told without content, as the proxy sees them. */
static void
test_examples(void **state)
{
	struct policy *policy = shipped();
	char *text = catalogue_text(), *line, *rest = text;
	unsigned services = 0, told_by = 0, activities = 0, examples = 0;
	unsigned now = 0, in_this = 0;
	char wanted[32] = "", name[80] = "";
	static struct question q;

	(void)state;
	while ((line = strsep(&rest, "\n")) != NULL) {
		char method[16], url[1024], type[64], why[256];
		struct policy_service s;
		const char *at;

		if (sscanf(line, "service %79s", name) == 1) {
			services++;
			in_this = 0;
		}
		if (sscanf(line, " activity %31s", wanted) == 1) {
			activities++;
			told_by += in_this++ == 0;
		}
		at = strstr(line, "example ");
		if (line[0] == '#' || at == NULL || sscanf(at,
		    "example %15s \"%1023[^\"]\"", method, url) != 2)
			continue;
		examples++;
		question_init(&q);
		assert_true(question_request(&q, method, url, why,
		    sizeof(why)));
		at = strstr(line, "with content-type \"");
		if (at != NULL && sscanf(at, "with content-type \"%63[^\"]",
		    type) == 1)
			assert_true(question_set(&q, policy, "content-type",
			    type, why, sizeof(why)));
		else
			fact_set_absent(&q.facts, FACT_CONTENT_TYPE);
		assert_true(policy_service(policy, &q.facts, &s));
		assert_string_equal(s.name, name);
		now += s.activity != NULL &&
		    strcmp(s.activity, wanted) == 0;
		/* without its content nothing wrong is said */
		if (s.activity != NULL && strcmp(s.activity, wanted) != 0)
			fail_msg("%s: told as %s without content", line,
			    s.activity);
	}
	print_message("%u services, %u with activities, %u activities, %u "
	    "examples, %u of them told without content\n", services, told_by,
	    activities, examples, now);
	assert_true(services >= 100);
	assert_true(told_by >= 25);
	assert_true(activities >= 150);
	assert_true(examples >= activities);
	assert_true(now >= 150);
	free(text);
	policy_close(&policy);
}

/* host (or URL of a whole request), service, activity; NULL: not told */
static const struct {
	const char *target;
	const char *service;
	const char *activity;
} cases[] = {
	{ "www.facebook.com", "facebook", NULL },
	{ "xfacebook.com", NULL, NULL },
	{ "facebook.com.evil.example", NULL, NULL },
	{ "scontent.fbcdn.net", NULL, NULL },
	{ "accounts.google.com", NULL, NULL },
	{ "www.googleapis.com", NULL, NULL },
	{ "graph.microsoft.com", NULL, NULL },
	{ "login.live.com", NULL, NULL },
	{ "outlook.live.com", "outlook-com", NULL },
	{ "dept.sharepoint.com", "sharepoint", NULL },
	{ "cloudflare-dns.com", "encrypted", NULL },
	{ "GET https://www.googleapis.com/drive/v3/files", "google-drive",
	    "view" },
	{ "GET https://www.googleapis.com/calendar/v3", NULL, NULL },
	{ "POST https://graph.microsoft.com/v1.0/me/sendMail", NULL, NULL },
	{ "PUT https://graph.microsoft.com/v1.0/drives/1/items/2/content",
	    "onedrive", "upload" },
	{ "POST https://www.youtube.com/youtubei/v1/player", "youtube",
	    "view" },
	{ "POST https://api.dropboxapi.com/2/files/list_folder", "dropbox",
	    "view" },
	{ "POST https://www.instagram.com/graphql/query", "instagram",
	    "view" },
	/* GraphQL without its operation: anything */
	{ "POST https://www.facebook.com/api/graphql/", "facebook", NULL },
	{ "POST https://www.facebook.com/unheard/of", "facebook", NULL },
	/* decoded and settled before it is compared */
	{ "GET https://WWW.Reddit.com./%73earch?q=x", "reddit", "search" },
	{ "GET https://www.reddit.com/a/../search", "reddit", "search" },
};

static void
test_hosts(void **state)
{
	struct policy *policy = shipped();
	static struct question q;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy_service s;
		char method[16], url[512], why[256];
		bool told;

		question_init(&q);
		if (strchr(cases[i].target, ' ') != NULL && sscanf(
		    cases[i].target, "%15s %511s", method, url) == 2)
			told = question_request(&q, method, url, why,
			    sizeof(why));
		else
			told = question_target(&q, cases[i].target, why,
			    sizeof(why));
		if (!told)
			fail_msg("%s: %s", cases[i].target, why);
		told = policy_service(policy, &q.facts, &s);
		if (cases[i].service == NULL && told)
			fail_msg("%s is told as %s", cases[i].target, s.name);
		if (cases[i].service == NULL)
			continue;
		if (!told)
			fail_msg("%s is not told", cases[i].target);
		if (strcmp(cases[i].service, "encrypted") == 0)
			assert_string_equal(s.klass, "encrypted-dns");
		else
			assert_string_equal(s.name, cases[i].service);
		if (cases[i].activity == NULL && s.activity != NULL)
			fail_msg("%s is told as %s", cases[i].target,
			    s.activity);
		if (cases[i].activity != NULL) {
			assert_non_null(s.activity);
			assert_string_equal(s.activity, cases[i].activity);
		}
	}
	policy_close(&policy);
}

/* A policy's own expectations are the shortest way to say these. */
static void
test_rules(void **state)
{
	static const char text[] =
	    "policy \"p\" include \"lists/services.policy\" access {\n"
	    " audit protocols { when service microsoft-365 }\n"
	    " audit writing { when service-class social-media and activity\n"
	    "  post or comment or message or upload }\n"
	    " audit reading { when service-class social-media unless activity\n"
	    "  post or comment or message or upload }\n"
	    " audit social { when service-class social-media }\n"
	    " audit drive { when service google-workspace } }\n"
	    "expect audit protocols { host teams.microsoft.com }\n"
	    "expect audit protocols { host outlook.office.com }\n"
	    "expect audit default { host graph.microsoft.com }\n"
	    "expect audit social { host www.facebook.com }\n"
	    "expect audit writing { host x.com activity post }\n"
	    "expect audit reading { host x.com activity view }\n"
	    "expect audit reading { url \"http://x.com/home\" method GET }\n"
	    "expect audit social { url \"http://facebook.com/api/graphql\"\n"
	    "  method POST }\n"
	    "expect audit writing { url \"http://facebook.com/api/graphql\"\n"
	    "  method POST operation ComposerStoryCreateMutation }\n"
	    "expect audit default { host www.googleapis.com }\n"
	    "expect audit drive { method GET\n"
	    "  url \"http://www.googleapis.com/drive/v3/files\" }\n"
	    "expect audit default { method GET\n"
	    "  url \"http://www.googleapis.com/calendar\" }\n"
	    "expect audit reading { host a.example service-class\n"
	    "  social-media }\n"
	    "expect audit protocols { host a.example service teams }\n"
	    /* a false server name does not make an audit hold */
	    "expect audit default { host a.example server-name x.com }\n";
	struct policy_options options = POLICY_OPTIONS_INIT;
	struct policy *policy;

	(void)state;
	policy = open_policy(policy_compile_text("p.policy", text,
	    sizeof(text) - 1, &options, complain, NULL));
	policy_close(&policy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
