/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer_page.c - the page a person sees when something did not work.
 *
 * One small page without script, pictures or anything to fetch.  It holds at 320
 * pixels and at 400 % zoom, in the dark and on paper; sizes follow the reader's
 * own settings.  Colours meet WCAG 2.2 AA in both schemes.
 */
#include "proxy/answer_text.h"

#include <string.h>

static const char style[] =
    ":root{color-scheme:light dark;--ink:#0b0c0c;--paper:#fff;--soft:#505a5f;"
    "--line:#b1b4b6;--panel:#f3f2f1;--link:#1a65a6;--bar:#0b0c0c}"
    "@media(prefers-color-scheme:dark){:root{--ink:#f3f2f1;--paper:#16181a;"
    "--soft:#b9bec1;--line:#4c5357;--panel:#24282b;--link:#8cc4f2;"
    "--bar:#000}}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--paper);color:var(--ink);"
    "font:1.1875rem/1.5 Arial,Helvetica,sans-serif;overflow-wrap:anywhere;"
    "-webkit-text-size-adjust:100%}"
    "header{background:var(--bar);color:#fff;font-weight:700;"
    "border-bottom:.5rem solid #1d70b8}"
    "header p{margin:0;padding-top:.75rem;padding-bottom:.75rem}"
    ".w{max-width:46rem;margin:0 auto;padding-left:1rem;padding-right:1rem}"
    "main{padding-top:2rem;padding-bottom:1rem}"
    "h1{font-size:clamp(1.5rem,1.1rem + 2.4vw,2.5rem);line-height:1.15;"
    "margin:0 0 1.25rem;text-wrap:balance}"
    "h2{font-size:1.5rem;line-height:1.25;margin:2rem 0 .5rem}"
    "p{margin:0 0 1rem}"
    ".s{font-weight:700}"
    "blockquote{margin:0 0 1rem;padding:.75rem 1rem;"
    "border-left:.5rem solid var(--line)}"
    "blockquote p{margin:0}"
    ".r{background:var(--panel);border:1px solid var(--line);"
    "padding:1rem 1.25rem;margin:1.5rem 0}"
    ".r p{margin:0}"
    ".r .k{font:700 clamp(1.375rem,1rem + 2.2vw,2rem)/1.3 Consolas,"
    "\"Liberation Mono\",Menlo,monospace;letter-spacing:.08em;margin:.25rem 0}"
    ".k span{white-space:nowrap}"
    ".q{color:var(--soft);font-size:1rem}"
    "dl{margin:0;border-top:1px solid var(--line)}"
    "dl div{display:flex;flex-wrap:wrap;padding:.5rem 0;"
    "border-bottom:1px solid var(--line)}"
    "dt{flex:0 0 11rem;font-weight:700;padding-right:1rem}"
    "dd{flex:1 1 14rem;margin:0}"
    "a{color:var(--link);text-underline-offset:.15em}"
    "a:focus-visible{outline:3px solid transparent;background:#fd0;"
    "color:#0b0c0c;box-shadow:0 -2px #fd0,0 4px #0b0c0c;"
    "text-decoration:none}"
    "footer{color:var(--soft);font-size:1rem;padding-top:1rem;"
    "padding-bottom:2rem}"
    "@media print{header{background:#fff;color:#000;"
    "border-bottom:2pt solid #000}body{font-size:12pt}.r{background:#fff}}";

/* The reference in groups that never break inside, so that it can be read aloud
 * group by group, while copying it gives it whole. */
static void
put_groups(struct answer_text *text, const char *reference)
{
	char group[32];
	size_t n;

	while (*reference != '\0') {
		n = strcspn(reference, "-");
		if (reference[n] == '-')
			n++;
		if (n >= sizeof(group))
			n = sizeof(group) - 1;
		memcpy(group, reference, n);
		group[n] = '\0';
		answer_put(text, "<span>");
		answer_put_html(text, group);
		answer_put(text, "</span>");
		reference += n;
	}
}

static bool
is_address_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c != '\0' && strchr("._+-", c) != NULL);
}

/* Words that may hold a mail address; one is made a link, so that a click is
 * enough.  Only plain ASCII addresses are recognised. */
static void
put_contact(struct answer_text *text, const char *words)
{
	const char *at = strchr(words, '@'), *from, *to;
	char before[512], address[128];

	if (at == NULL) {
		answer_put_html(text, words);
		return;
	}
	for (from = at; from > words && is_address_byte(from[-1]); from--)
		;
	for (to = at + 1; is_address_byte(*to); to++)
		;
	while (to > at + 1 && to[-1] == '.')
		to--;
	if (from == at || to == at + 1 ||
	    (size_t)(to - from) >= sizeof(address) ||
	    (size_t)(from - words) >= sizeof(before)) {
		answer_put_html(text, words);
		return;
	}
	memcpy(before, words, (size_t)(from - words));
	before[from - words] = '\0';
	memcpy(address, from, (size_t)(to - from));
	address[to - from] = '\0';
	answer_put_html(text, before);
	answer_put(text, "<a href=\"mailto:");
	answer_put_html(text, address);
	answer_put(text, "\">");
	answer_put_html(text, address);
	answer_put(text, "</a>");
	answer_put_html(text, to);
}

static bool
has(const char *words)
{
	return words != NULL && *words != '\0';
}

/* One row of the list of details. */
static void
put_row(struct answer_text *text, const char *label, const char *value)
{
	if (!has(value))
		return;
	answer_put(text, "<div><dt>");
	answer_put(text, label);
	answer_put(text, "</dt><dd>");
	put_contact(text, value);
	answer_put(text, "</dd></div>\n");
}

static void
put_opening(const struct answer_facts *facts, struct answer_text *text)
{
	const char *controller = has(facts->controller) ? facts->controller :
	    "Internet gateway";
	const char *title = outcome_words(facts->outcome)->title;

	answer_put(text, "<!DOCTYPE html>\n<html lang=\"en-GB\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\">\n<title>");
	answer_put(text, title);
	answer_put(text, " - ");
	answer_put_html(text, controller);
	answer_put(text, "</title>\n<style>");
	answer_put(text, style);
	answer_put(text, "</style>\n</head>\n<body>\n"
	    "<header><p class=\"w\">");
	answer_put_html(text, controller);
	answer_put(text, "</p></header>\n<main class=\"w\">\n<h1>");
	answer_put(text, title);
	answer_put(text, "</h1>\n");
}

static void
put_reference(const struct answer_facts *facts, struct answer_text *text)
{
	const char *code = outcome_words(facts->outcome)->code;

	if (!has(facts->reference) && !has(code))
		return;
	answer_put(text, "<div class=\"r\"><p>");
	answer_put(text, has(facts->reference) ? "Your reference" : "The code");
	answer_put(text, "</p>\n<p class=\"k\">");
	put_groups(text, has(facts->reference) ? facts->reference : code);
	answer_put(text, "</p>\n<p class=\"q\">Read it out or copy it when you "
	    "ask for help.</p></div>\n");
}

static void
put_details(const struct answer_facts *facts, const struct policy_rule *rule,
    struct answer_text *text)
{
	const struct outcome_words *words = outcome_words(facts->outcome);
	char when[ANSWER_TIME_MAX];

	answer_time(facts, when);
	answer_put(text, "<h2>Details</h2>\n<dl>\n");
	put_row(text, "Site", facts->host);
	if (rule != NULL) {
		put_row(text, "Rule", rule->name);
		put_row(text, "Ground", answer_ground(facts));
		put_row(text, "Rule owner", rule->owner);
	}
	put_row(text, "Contact", facts->contact);
	put_row(text, "Time", when);
	put_row(text, "Code", words->code);
	put_row(text, "Found", facts->detail);
	answer_put(text, "</dl>\n");
}

/* Whether the page is about one site, rather than about this gateway or what the
 * browser sent: then the site is named at the top. */
static bool
is_about_site(const struct outcome_words *words)
{
	return words->code[0] != '\0' &&
	    (words->code[3] == '1' || words->code[3] == '4');
}

void
answer_page(const struct answer_facts *facts, struct answer_text *text)
{
	const struct outcome_words *words = outcome_words(facts->outcome);
	const struct policy_rule *rule = NULL;

	if (facts->decision != NULL &&
	    facts->decision->verdict == VERDICT_DENY)
		rule = &facts->decision->rule;
	put_opening(facts, text);
	if (has(facts->host) && is_about_site(words)) {
		answer_put(text, "<p class=\"s\">");
		answer_put_html(text, facts->host);
		answer_put(text, "</p>\n");
	}
	answer_put(text, "<p>");
	answer_put(text, words->cause);
	answer_put(text, "</p>\n");
	if (rule != NULL && has(rule->because)) {
		answer_put(text, "<blockquote><p>");
		answer_put_html(text, rule->because);
		answer_put(text, "</p></blockquote>\n");
	}
	answer_put(text, "<p>");
	answer_put(text, words->consequence);
	answer_put(text, "</p>\n<h2>What to do</h2>\n<p>");
	answer_put(text, words->next);
	answer_put(text, "</p>\n");
	put_reference(facts, text);
	put_details(facts, rule, text);
	answer_put(text, "</main>\n<footer class=\"w\">This page comes from the "
	    "internet gateway");
	if (has(facts->node)) {
		answer_put(text, " ");
		answer_put_html(text, facts->node);
	}
	answer_put(text, ", not from the site.</footer>\n</body>\n</html>\n");
}
