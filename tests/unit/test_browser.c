/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_browser.c - who asks: User-Agents and client hints read by the built-in
 * list, lists of one's own and their faults, and the facts in conditions.
 */
#include "policy/browser.h"
#include "policy/navigation.h"

#include "tests/unit/policy_help.h"

#include <stdio.h>
#include <sys/stat.h>

static struct fact_string
string(const char *text)
{
	struct fact_string none = { NULL, 0 };

	return text == NULL ? none : (struct fact_string){ text, strlen(text) };
}

static struct browser
read_one(const struct policy *policy, const char *user_agent,
    const char *brands)
{
	struct client_words words = { string(user_agent), string(brands) };
	struct browser b;

	browser_read(policy, &words, &b);
	return b;
}

#define WINDOWS "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
#define WEBKIT "AppleWebKit/537.36 (KHTML, like Gecko) "
#define IPHONE "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) " \
	"AppleWebKit/605.1.15 (KHTML, like Gecko) "

static const struct {
	const char *user_agent;
	const char *brands;
	const char *name;
	int major;		/* -1: none */
	enum client_kind kind;
	bool old;
} agents[] = {
	{ WINDOWS WEBKIT "Chrome/126.0.0.0 Safari/537.36", NULL, "Chrome", 126,
	    CLIENT_BROWSER, false },
	{ WINDOWS WEBKIT "Chrome/108.0.0.0 Safari/537.36", NULL, "Chrome", 108,
	    CLIENT_BROWSER, true },
	{ WINDOWS WEBKIT "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", NULL,
	    "Edge", 126, CLIENT_BROWSER, false },
	{ WINDOWS WEBKIT "Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763",
	    NULL, "Edge Legacy", 18, CLIENT_BROWSER, true },
	{ WINDOWS WEBKIT "Chrome/124.0.0.0 Safari/537.36 OPR/110.0.0.0", NULL,
	    "Opera", 110, CLIENT_BROWSER, false },
	{ "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 "
	    "Firefox/128.0", NULL, "Firefox", 128, CLIENT_BROWSER, false },
	{ "Mozilla/5.0 (Windows NT 6.1; rv:102.0) Gecko/20100101 Firefox/102.0",
	    NULL, "Firefox", 102, CLIENT_BROWSER, true },
	{ "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
	    "(KHTML, like Gecko) Version/17.5 Safari/605.1.15", NULL, "Safari",
	    17, CLIENT_BROWSER, false },
	{ IPHONE "Version/17.5 Mobile/15E148 Safari/604.1", NULL, "Safari", 17,
	    CLIENT_BROWSER, false },
	{ IPHONE "CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1", NULL,
	    "Chrome iOS", 126, CLIENT_BROWSER, false },
	{ IPHONE "Mobile/15E148", NULL, "WebKit view", -1, CLIENT_APP, false },
	/* Internet Explorer, by the engine and not by what it pretends */
	{ "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)", NULL, "IE", 6,
	    CLIENT_BROWSER, true },
	{ "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko",
	    NULL, "IE", 11, CLIENT_BROWSER, true },
	{ "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.1; Trident/7.0; "
	    "SLCC2; .NET CLR 2.0.50727)", NULL, "IE", 11, CLIENT_BROWSER,
	    true },
	{ "Mozilla/5.0 (compatible; MSIE 10.0; Windows Phone 8.0; Trident/6.0; "
	    "IEMobile/10.0; ARM; Touch)", NULL, "IE Mobile", 10,
	    CLIENT_BROWSER, true },
	/* Android */
	{ "Mozilla/5.0 (Linux; Android 10; K) " WEBKIT
	    "Chrome/126.0.0.0 Mobile Safari/537.36", NULL, "Chrome", 126,
	    CLIENT_BROWSER, false },
	{ "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP1A; wv) " WEBKIT
	    "Version/4.0 Chrome/126.0.6478.50 Mobile Safari/537.36", NULL,
	    "Chrome WebView", 126, CLIENT_BROWSER, false },
	{ "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP1A; wv) " WEBKIT
	    "Version/4.0 Chrome/126.0.6478.50 Mobile Safari/537.36 "
	    "[FB_IAB/FB4A;FBAV/470.0.0.1;]", NULL, "Facebook app", 470,
	    CLIENT_APP, false },
	{ "Mozilla/5.0 (Linux; Android 10; CUBOT X20) " WEBKIT
	    "Chrome/120.0.0.0 Mobile Safari/537.36", NULL, "Chrome", 120,
	    CLIENT_BROWSER, false },
	/* hints: only where the User-Agent says no more than Chrome */
	{ WINDOWS WEBKIT "Chrome/126.0.0.0 Safari/537.36",
	    "\"Not/A)Brand\";v=\"8\", \"Chromium\";v=\"126\", \"Brave\";"
	    "v=\"127\"", "Brave", 127, CLIENT_BROWSER, false },
	{ WINDOWS WEBKIT "Chrome/126.0.0.0 Safari/537.36",
	    "\"Not/A)Brand\";v=\"8\", \"Chromium\";v=\"126\"", "Chrome", 126,
	    CLIENT_BROWSER, false },
	{ "", "\"Google Chrome\";v=\"126\"", "Chrome", 126, CLIENT_BROWSER,
	    false },
	{ "curl/8.5.0", "\"Brave\";v=\"127\"", "curl", 8, CLIENT_TOOL,
	    false },
	{ "", "\"Brave\";v=\"", "", -1, CLIENT_UNKNOWN, false },
	{ "", "\"Brave", "", -1, CLIENT_UNKNOWN, false },
	/* tools, apps, systems, bots */
	{ "python-requests/2.31.0", NULL, "python-requests", 2, CLIENT_TOOL,
	    false },
	{ "Go-http-client/2.0", NULL, "Go-http-client", 2, CLIENT_TOOL,
	    false },
	{ "Microsoft-CryptoAPI/10.0", NULL, "Microsoft CryptoAPI", 10,
	    CLIENT_SYSTEM, false },
	{ "Debian APT-HTTP/1.3 (2.6.1)", NULL, "Debian APT", 1, CLIENT_SYSTEM,
	    false },
	{ "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 "
	    "Thunderbird/115.11.0", NULL, "Thunderbird", 115, CLIENT_APP,
	    false },
	{ "Mozilla/5.0 (compatible; Examplebot/2.1; +http://bot.example/)",
	    NULL, "Examplebot", 2, CLIENT_BOT, false },
	{ "Mozilla/5.0 " WEBKIT "(compatible; Some-Spider/3.0) "
	    "Chrome/126.0.0.0 Safari/537.36", NULL, "Some-Spider", 3,
	    CLIENT_BOT, false },
	/* not on the list: by the name that it gives itself */
	{ "Acme Ledger/7.3 (Windows)", NULL, "Acme Ledger", 7, CLIENT_APP,
	    false },
	{ "Acme Ledger 4.0.1", NULL, "Acme Ledger", 4, CLIENT_APP, false },
	{ "acme (https://acme.example)", NULL, "acme", -1, CLIENT_APP,
	    false },
	{ "Mozilla/5.0 (X11; Linux) AppleWebKit/605.1.15 (KHTML, like Gecko) "
	    "Acme/3.2 Safari/605.1.15", NULL, "Acme", 3, CLIENT_BROWSER,
	    false },
	/* nobody */
	{ "Mozilla/5.0", NULL, "", -1, CLIENT_UNKNOWN, false },
	{ "Mozilla/", NULL, "", -1, CLIENT_UNKNOWN, false },
	{ "/", NULL, "", -1, CLIENT_APP, false },
	{ "-", NULL, "-", -1, CLIENT_APP, false },
	{ "", NULL, "", -1, CLIENT_UNKNOWN, false },
	/* where words end */
	{ "Chromex/99.0", NULL, "Chromex", 99, CLIENT_APP, false },
	{ "curl/99999999999999", NULL, "curl", 999999999, CLIENT_TOOL,
	    false },
};

static void
test_agents(void **state)
{
	struct policy *policy = help_policy("access { audit all }", NULL);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(agents); i++) {
		struct browser b = read_one(policy, agents[i].user_agent,
		    agents[i].brands);
		bool same = b.name.length == strlen(agents[i].name) &&
		    memcmp(b.name.length == 0 ? "" : b.name.text,
		    agents[i].name, b.name.length) == 0;

		if (!same || b.kind != agents[i].kind ||
		    b.old != agents[i].old ||
		    (b.has_major ? (int)b.major : -1) != agents[i].major)
			fail_msg("%s: read as %.*s %d, %s%s",
			    agents[i].user_agent, (int)b.name.length,
			    b.name.length == 0 ? "" : b.name.text,
			    b.has_major ? (int)b.major : -1,
			    client_kind_name(b.kind), b.old ? ", old" : "");
	}
	policy_close(&policy);
}

/* Nothing of it overruns: names of any length, bytes of any kind. */
static void
test_long(void **state)
{
	struct policy *policy = help_policy("access { audit all }", NULL);
	char text[5000];

	(void)state;
	for (int c = 1; c < 256; c++) {
		struct client_words words = { { text, sizeof(text) },
		    { text, sizeof(text) } };
		struct browser b;

		memset(text, c, sizeof(text));
		browser_read(policy, &words, &b);
		assert_true(b.name.length <= 64);
		for (size_t i = 0; i + 8 < sizeof(text); i += 8)
			memcpy(text + i, i % 16 == 0 ? "Chrome/1" : "MSIE 6; ",
			    8);
		text[0] = (char)c;
		browser_read(policy, &words, &b);
		assert_true(b.name.length <= 64);
	}
	policy_close(&policy);
}

/* --- conditions ----------------------------------------------------------------- */
static void
decides(const char *line, const char *user_agent, bool holds)
{
	char text[512];
	struct policy *policy;
	struct facts f = { .known = 0 };
	struct decision d;

	(void)snprintf(text, sizeof(text), "access { audit it { %s } }",
	    line);
	policy = help_policy(text, NULL);
	if (user_agent == NULL) {
		fact_set_absent(&f, FACT_BROWSER);
	} else {
		f.browser.user_agent = string(user_agent);
		fact_set(&f, FACT_BROWSER);
	}
	policy_decide(policy, &f, &d);
	if (d.by_rule != holds)
		fail_msg("%s: %s", line, user_agent == NULL ? "none" :
		    user_agent);
	policy_close(&policy);
}

static void
test_conditions(void **state)
{
	static const char webview[] = "Mozilla/5.0 (Linux; Android 9; x; wv) "
	    WEBKIT "Version/4.0 Chrome/98.0.1.2 Mobile Safari/537.36";
	static const char chrome[] = WINDOWS WEBKIT
	    "Chrome/109.0.0.0 Safari/537.36";
	static const char ie[] = "Mozilla/5.0 (compatible; MSIE 10.0; Windows "
	    "Phone 8.0; Trident/6.0; IEMobile/10.0; ARM)";

	(void)state;
	decides("when browser chrome", chrome, true);
	decides("when browser chrome older-than 109", chrome, false);
	decides("when browser chrome older-than 110", chrome, true);
	decides("when browser chrome newer-than 109", chrome, false);
	decides("when browser chrome newer-than 108", chrome, true);
	decides("when browser chrome older-than 109", webview, true);
	decides("when browser chrome-webview", chrome, false);
	decides("when browser internet-explorer or firefox older-than 115", ie,
	    true);
	decides("when browser internet-explorer", NULL, false);
	decides("unless browser internet-explorer", NULL, true);
	decides("unless browser internet-explorer", ie, false);
	decides("when browser legacy", ie, true);
	decides("when browser legacy", chrome, false);
	decides("when client-kind app or browser", chrome, true);
	decides("when client-kind tool", "curl/8.0", true);
	decides("when client-kind tool", NULL, false);
	decides("unless client-kind tool", NULL, true);
	decides("when browser chrome older-than 109", "Mozilla/5.0 Chrome/",
	    false);
}

static void
refused(const char *text, const char *words)
{
	int fd = help_compile(text, NULL);

	if (fd >= 0)
		(void)close(fd);
	if (fd >= 0 || strstr(help_messages, words) == NULL)
		fail_msg("%s\nsays: %s", text, help_messages);
}

static void
test_faults(void **state)
{
	(void)state;
	refused("access { audit a { when browser crome } }",
	    "t.policy:1:33: error: the list of browsers has no family \"crome\" "
	    "(did you mean \"chrome\"?)");
	refused("access { audit a { when browser chrome older-than 10.5 } }",
	    "\"10.5\" is not a version; write the number before the first dot, "
	    "such as chrome older-than 109");
	refused("access { audit a { when browser legacy older-than 5 } }",
	    "legacy has no version");
	refused("access { audit a { when client-kind robot } }",
	    "\"robot\" is not a kind of client");
	refused("access { audit a { when navigation maybe } }",
	    "there are yes, likely and no");
	refused("access { audit a }\nexpect audit a { host x.example "
	    "client-kind y }", "write browser, app, tool, system or bot");
}

/* --- lists of one's own ------------------------------------------------------------ */
static int
compile_with(const char *list)
{
	char folder[] = "/tmp/test_browser.XXXXXX";
	char path[64], policy[64];
	FILE *out;
	int fd;

	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/browsers", folder);
	(void)snprintf(policy, sizeof(policy), "%s/t.policy", folder);
	out = fopen(path, "w");
	assert_non_null(out);
	(void)fputs(list, out);
	(void)fclose(out);
	help_messages[0] = '\0';
	{
		struct policy_options options = POLICY_OPTIONS_INIT;
		static const char text[] = "access { audit a { "
		    "when browser acme older-than 3 } }";

		fd = policy_compile_text(policy, text, strlen(text), &options,
		    help_complain, NULL);
	}
	(void)unlink(path);
	(void)rmdir(folder);
	return fd;
}

static void
test_own_list(void **state)
{
	static const struct {
		const char *list;
		const char *fault;
	} cases[] = {
		{ "family acme \"Acme\" browser is acme \"Acme/\"", NULL },
		{ "family acme \"Acme\" browser\nis acm \"x/\"",
		    "browsers:2:4: error: there is no family \"acm\" above "
		    "this line (did you mean \"acme\"?)" },
		{ "family acme \"Acme\" robot", "browser, app, tool, system" },
		{ "family acme \"Acme\" app family acme \"A2\" app",
		    "is there already" },
		{ "family acme \"Acme\" app is acme Acme", "a text in quotation" },
		{ "familiy acme", "family, is, else, brand" },
		{ "family acme \"Acme\" app old \"x/\" below many",
		    "a number" },
		{ "family acme \"Acme\" app is acme \"^/\" and \"ab\" and \"bc\" "
		    "and \"cd\" and \"de\"", "at most three" },
		{ "", "the list of browsers has no family \"acme\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int fd = compile_with(cases[i].list);

		if ((fd >= 0) != (cases[i].fault == NULL) ||
		    (fd < 0 && strstr(help_messages, cases[i].fault) == NULL))
			fail_msg("%s\nsays: %s", cases[i].list,
			    help_messages);
		if (fd >= 0) {
			char why[128];
			struct policy *p = policy_open(fd, why, sizeof(why));
			struct browser b = read_one(p, "Acme/2.1", NULL);

			assert_string_equal(browser_word(p, b.family),
			    "acme");
			policy_close(&p);
			(void)close(fd);
		}
	}
}

/* --- navigation ------------------------------------------------------------------------ */
static void
test_navigation(void **state)
{
	static const char html[] = "text/html,application/xhtml+xml,*/*;q=0.8";
	static const struct {
		const char *method, *mode, *dest, *user, *site, *purpose;
		const char *upgrade, *with, *accept, *referer, *origin;
		enum navigation is;
		const char *by;
		const char *embedded_in;
	} cases[] = {
		{ "GET", "navigate", "document", "?1", "none", NULL, "1", NULL,
		    html, NULL, NULL, NAVIGATION_YES, "sec-fetch-user", NULL },
		{ "GET", "navigate", "document", NULL, "cross-site", NULL, "1",
		    NULL, html, "http://a.example/", NULL, NAVIGATION_YES,
		    "sec-fetch-dest", NULL },
		{ "GET", "navigate", "iframe", "?1", "cross-site", NULL, "1",
		    NULL, html, "http://Page.Example:8080/x", NULL,
		    NAVIGATION_NO, "sec-fetch-dest", "page.example" },
		{ "GET", "no-cors", "image", NULL, "same-origin", NULL, NULL,
		    NULL, "image/png", NULL, NULL, NAVIGATION_NO,
		    "sec-fetch-mode", "self.example" },
		{ "POST", "cors", "empty", NULL, "cross-site", NULL, NULL, NULL,
		    "*/*", NULL, "http://app.example", NAVIGATION_NO,
		    "sec-fetch-mode", "app.example" },
		{ "GET", "navigate", "document", NULL, "none", "prefetch", "1",
		    NULL, html, NULL, NULL, NAVIGATION_NO, "sec-purpose",
		    NULL },
		{ "GET", NULL, NULL, NULL, NULL, NULL, "1", NULL, html,
		    "http://a.example/", NULL, NAVIGATION_LIKELY,
		    "upgrade-insecure-requests", NULL },
		{ "GET", NULL, NULL, NULL, NULL, NULL, NULL, NULL, html, NULL,
		    NULL, NAVIGATION_LIKELY, "accept", NULL },
		{ "GET", NULL, NULL, NULL, NULL, NULL, NULL, NULL, "*/*",
		    "http://user@[2001:db8::1]/x", NULL, NAVIGATION_NO,
		    "accept", "2001:db8::1" },
		{ "GET", NULL, NULL, NULL, NULL, NULL, NULL, "XMLHttpRequest",
		    html, NULL, "null", NAVIGATION_NO, "x-requested-with",
		    NULL },
		{ "PUT", NULL, NULL, NULL, NULL, NULL, NULL, NULL, html, NULL,
		    NULL, NAVIGATION_NO, "method", NULL },
		{ "GET", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
		    "http://a.example/", NULL, NAVIGATION_UNKNOWN, NULL,
		    "a.example" },
		{ "GET", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
		    "http://[broken/", NULL, NAVIGATION_UNKNOWN, NULL, NULL },
		{ "GET", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
		    NULL, NAVIGATION_UNKNOWN, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct navigation_words w = {
			string(cases[i].method), string(cases[i].mode),
			string(cases[i].dest), string(cases[i].user),
			string(cases[i].site), string(cases[i].purpose),
			string(cases[i].upgrade), string(cases[i].with),
			string(cases[i].accept), string(cases[i].referer),
			string(cases[i].origin)
		};
		struct fact_string host = string("self.example");
		char page[EMBEDDED_IN_MAX] = "";
		const char *by = "?";
		size_t length;
		enum navigation is = navigation_judge(&w, &by);
		bool embedded = navigation_embedded_in(&w, is, &host, page,
		    &length);

		if (is != cases[i].is || (by == NULL) !=
		    (cases[i].by == NULL) || (by != NULL &&
		    strcmp(by, cases[i].by) != 0) ||
		    embedded != (cases[i].embedded_in != NULL) ||
		    (embedded && strcmp(page, cases[i].embedded_in) != 0))
			fail_msg("case %zu: %s by %s in %s", i,
			    navigation_name(is), by == NULL ? "none" : by,
			    embedded ? page : "nothing");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agents),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_own_list),
		cmocka_unit_test(test_navigation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
