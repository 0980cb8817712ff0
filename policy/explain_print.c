/* SPDX-License-Identifier: Apache-2.0 */
/* explain_print.c - an explanation as English and as JSON. */
#include "policy/browser.h"
#include "policy/explain.h"

#include "lib/macros.h"
#include "policy/service.h"

#include <string.h>

/* --- English --------------------------------------------------------------------- */
struct page {
	FILE *out;
	bool any;
	bool all;		/* rules that do not hold too */
	bool acts;		/* headers: all that hold act */
};

static void
text_step(void *arg, const struct step *s)
{
	struct page *page = arg;

	if (s->outcome == STEP_DECIDED || (!page->all &&
	    (s->outcome == STEP_FALSE || s->outcome == STEP_ENDED ||
	    s->outcome == STEP_SETTLED)))
		return;
	if (!page->any)
		(void)fprintf(page->out, "\n%s%s:\n", page->acts ?
		    "Rules of headers" : "Rules above it", page->all ? ", in order" : " that did not decide, but "
		    "hold or may yet hold");
	page->any = true;
	(void)fprintf(page->out, "  %s %s (%s:%u)\n", verdict_name(s->verdict),
	    s->rule.name, s->rule.file, s->rule.line);
	switch (s->outcome) {
	case STEP_DECIDED:
		return;
	case STEP_NOTED:
		(void)fprintf(page->out, "      holds, but is report-only: "
		    "only the record says so\n");
		if (s->category != NULL)
			(void)fprintf(page->out, "      category %s: %.*s "
			    "(%s:%u)\n", s->category,
			    (int)s->list_entry.length, s->list_entry.text,
			    s->list_file, s->list_line);
		return;
	case STEP_FALSE:
		(void)fprintf(page->out, "      line %u does not hold: %s\n"
		    "      %s\n", s->line, s->text, s->why);
		return;
	case STEP_UNKNOWN:
		(void)fprintf(page->out, "      line %u is not known: %s\n"
		    "      %s\n", s->line, s->text, s->why);
		return;
	case STEP_ENDED:
		(void)fprintf(page->out, "      its \"until\" has passed\n");
		return;
	case STEP_SETTLED:
		(void)fprintf(page->out, "      rules above it settled its "
		    "fields\n");
		return;
	}
}

static void
text_waiting(FILE *out, uint64_t waiting)
{
	const char *comma = "";

	if (waiting == 0)
		return;
	(void)fprintf(out, "\nThe list is walked again when more is known: ");
	for (int i = 0; i < FACTS; i++)
		if ((waiting & FACT_BIT(i)) != 0) {
			(void)fprintf(out, "%s%s", comma,
			    fact_says((enum fact)i));
			comma = ", ";
		}
	(void)fprintf(out, ".\n");
}

/* Nothing where the service is stated: then the catalogue was not asked. */
static void
text_service(const struct policy *policy, const struct facts *facts,
    FILE *out)
{
	struct policy_service s;

	if ((facts->known & FACT_BIT(FACT_SERVICE)) != 0 ||
	    !policy_service(policy, facts, &s))
		return;
	(void)fprintf(out, "  The service is %s (%s, class %s): %s %.*s, "
	    "%s:%u%s.\n", s.title, s.name, s.klass,
	    service_role_name(s.role), (int)s.entry.length, s.entry.text,
	    s.file, s.line, s.shared ? ", told by what is asked of this "
	    "shared host" : "");
	if (s.activity == NULL || (facts->known & FACT_BIT(FACT_ACTIVITY)) !=
	    0)
		return;
	(void)fprintf(out, "  What is done there: %s (%s:%u:", s.activity,
	    s.activity_file, s.activity_line);
	for (uint32_t i = 0; i < s.matched_count; i++)
		(void)fprintf(out, "%s %s", i == 0 ? "" : ",",
		    policy_service_matched(policy, &s, i));
	(void)fputs(").\n", out);
}

static void
text_category(FILE *out, const struct decision *d)
{
	if (d->category != NULL)
		(void)fprintf(out, "  The host is in the category %s: %.*s "
		    "(%s:%u).\n", d->category, (int)d->list_entry.length,
		    d->list_entry.text, d->list_file, d->list_line);
}

/* Whether a User-Agent was stated, and what the list makes of it. */
static bool
read_browser(const struct policy *policy, const struct facts *facts,
    struct browser *browser)
{
	if ((facts->known & facts->present & FACT_BIT(FACT_BROWSER)) == 0)
		return false;
	browser_read(policy, &facts->browser, browser);
	return true;
}

static void
text_browser(const struct policy *policy, const struct facts *facts,
    FILE *out)
{
	struct browser b;

	if (!read_browser(policy, facts, &b))
		return;
	(void)fprintf(out, "  The User-Agent is read as: ");
	if (b.name.length == 0)
		(void)fprintf(out, "no program that the list knows");
	else
		(void)fprintf(out, "%.*s", (int)b.name.length, b.name.text);
	if (b.has_major)
		(void)fprintf(out, " %u", b.major);
	if (b.kind != CLIENT_UNKNOWN)
		(void)fprintf(out, ", %s", client_kind_name(b.kind));
	(void)fprintf(out, "%s\n", b.old ? ", old" : "");
}

static void
text_access(const struct policy *policy, const struct facts *facts, bool all,
    const struct decision *d, FILE *out)
{
	struct page page = { .out = out, .all = all };
	struct decision again;

	if (d->verdict == VERDICT_DENY)
		(void)fprintf(out, "Refused");
	else
		(void)fprintf(out, "Let through and recorded");
	if (d->by_rule)
		(void)fprintf(out, " by the rule \"%s\", %s:%u (%s).\n",
		    d->rule.name, d->rule.file, d->rule.line,
		    verdict_name(d->verdict));
	else
		(void)fprintf(out, ": no rule decides, and the end of the "
		    "list is audit.\n");
	text_category(out, d);
	text_service(policy, facts, out);
	if (d->rule.because != NULL)
		(void)fprintf(out, "  Because: %s\n", d->rule.because);
	if (d->rule.ground != NULL)
		(void)fprintf(out, "  Ground: %s\n", d->rule.ground);
	if (d->rule.owner != NULL)
		(void)fprintf(out, "  Owner: %s\n", d->rule.owner);
	if (d->rule.purpose != NULL)
		(void)fprintf(out, "  Purpose: %s\n", d->rule.purpose);
	(void)fprintf(out, "  Decided at the stage: %s\n",
	    stage_name(d->stage));
	(void)fprintf(out, "  Recorded: %s as %s%s\n",
	    record_depth_name(d->depth), record_as_name(d->as),
	    d->forward ? ", on disk before anything leaves" : "");
	text_browser(policy, facts, out);
	policy_explain(policy, facts, &again, text_step, &page);
	text_waiting(out, d->waiting);
}

/* What tls says of a tunnel, and of plain HTTP if it is never. */
static void
text_tls(const struct policy *policy, const struct facts *facts, bool all,
    FILE *out)
{
	struct page page = { .out = out, .all = all };
	struct decision d;

	policy_decide_in(policy, SECTION_TLS, facts, &d);
	if (!facts->is_tunnel && (!d.by_rule || d.verdict != VERDICT_NEVER))
		return;
	(void)fprintf(out, "\nTLS: ");
	if (!d.by_rule)
		(void)fprintf(out, "relayed unseen: no rule of tls decides.\n");
	else if (d.verdict == VERDICT_INSPECT)
		(void)fprintf(out, "to be inspected");
	else
		(void)fprintf(out, d.verdict == VERDICT_NEVER ?
		    "never inspected" : "relayed unseen");
	if (d.by_rule)
		(void)fprintf(out, " by the rule \"%s\", %s:%u (%s).\n",
		    d.rule.name, d.rule.file, d.rule.line,
		    verdict_name(d.verdict));
	text_category(out, &d);
	if (d.by_rule && d.verdict == VERDICT_INSPECT)
		(void)fprintf(out, "  Purpose: %s\n  But this version does not "
		    "inspect: the bytes are relayed unseen, and the record "
		    "says so.\n", d.rule.purpose);
	else if (d.by_rule)
		(void)fprintf(out, "  So the record keeps the host at most, "
		    "whatever the rule of access says.\n");
	policy_explain_in(policy, SECTION_TLS, facts, &d, text_step, &page);
}

static void
text_route(const struct policy *policy, const struct facts *facts, bool all,
    FILE *out)
{
	struct page page = { .out = out, .all = all };
	struct decision d;

	policy_decide_in(policy, SECTION_ROUTE, facts, &d);
	(void)fprintf(out, "\nThe way: ");
	if (!d.by_rule)
		(void)fprintf(out, "as the settings upstream.parent and "
		    "upstream.direct say; no rule of route decides.\n");
	else if (d.verdict == VERDICT_PARENT)
		(void)fprintf(out, "by the proxy %s, port %u", d.parent_host,
		    d.parent_port);
	else
		(void)fprintf(out, "straight to the site");
	if (d.by_rule)
		(void)fprintf(out, ", by the rule \"%s\", %s:%u (%s).\n",
		    d.rule.name, d.rule.file, d.rule.line,
		    verdict_name(d.verdict));
	text_category(out, &d);
	policy_explain_in(policy, SECTION_ROUTE, facts, &d, text_step, &page);
}

static void
text_headers(const struct policy *policy, const struct facts *facts, bool all,
    FILE *out)
{
	struct page page = { .out = out, .all = all, .acts = true };
	struct policy_field field[POLICY_FIELDS_MAX];
	unsigned count;

	if (facts->is_tunnel) {
		(void)fprintf(out, "\nFields: none is set or taken out inside "
		    "a tunnel, because this version does not look inside.\n");
		return;
	}
	count = policy_decide_fields(policy, facts, field);
	if (count == 0)
		(void)fprintf(out, "\nFields: no rule of headers sets or takes "
		    "out any.\n");
	else
		(void)fprintf(out, "\nFields of the request:\n");
	for (unsigned i = 0; i < count; i++) {
		bool set = field[i].verdict == VERDICT_SET;

		(void)fprintf(out, "  %s %.*s%s%.*s%s (rule \"%s\", %s:%u)\n",
		    set ? "set" : "taken out:", (int)field[i].name.length,
		    field[i].name.text, set ? " to \"" : "",
		    (int)field[i].value.length, set ? field[i].value.text : "",
		    set ? "\"" : "", field[i].rule.name, field[i].rule.file,
		    field[i].rule.line);
	}
	(void)policy_explain_fields(policy, facts, field, text_step, &page);
}

int
policy_explain_text(const struct policy *policy, const struct facts *facts,
    bool all, FILE *out)
{
	struct decision d;

	policy_decide(policy, facts, &d);
	text_access(policy, facts, all, &d, out);
	if (d.verdict != VERDICT_DENY && policy_has(policy, SECTION_TLS))
		text_tls(policy, facts, all, out);
	if (d.verdict != VERDICT_DENY && policy_has(policy, SECTION_HEADERS))
		text_headers(policy, facts, all, out);
	if (d.verdict != VERDICT_DENY && policy_has(policy, SECTION_ROUTE))
		text_route(policy, facts, all, out);
	return ferror(out) ? -1 : 0;
}

/* --- JSON -------------------------------------------------------------------------- */
/* Bytes of the well-formed character at p, or 0. */
static size_t
character(const unsigned char *p, size_t left)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 :
	    p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

	if (n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if (n == 3 && ((p[0] == 0xe0 && p[1] < 0xa0) ||
	    (p[0] == 0xed && p[1] > 0x9f)))
		return 0;
	if (n == 4 && ((p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xf4 && p[1] > 0x8f)))
		return 0;
	return n;
}

static void
json_bytes(FILE *out, const char *text, size_t length)
{
	const unsigned char *p = (const unsigned char *)text;

	(void)fputc('"', out);
	for (size_t i = 0; i < length; ) {
		size_t n = character(p + i, length - i);

		if (n == 0) {
			(void)fputs("\\ufffd", out);
			i++;
			continue;
		}
		if (p[i] == '"' || p[i] == '\\')
			(void)fprintf(out, "\\%c", p[i]);
		else if (p[i] < 0x20)
			(void)fprintf(out, "\\u%04x", p[i]);
		else
			(void)fwrite(p + i, 1, n, out);
		i += n;
	}
	(void)fputc('"', out);
}

static void
json_field(FILE *out, const char *name, const char *text)
{
	if (text == NULL)
		return;
	(void)fprintf(out, ",\"%s\":", name);
	json_bytes(out, text, strlen(text));
}

static void
json_rule(FILE *out, const struct policy_rule *rule)
{
	(void)fprintf(out, "{\"name\":");
	json_bytes(out, rule->name, strlen(rule->name));
	json_field(out, "file", rule->file);
	(void)fprintf(out, ",\"line\":%u", rule->line);
	json_field(out, "because", rule->because);
	json_field(out, "ground", rule->ground);
	json_field(out, "owner", rule->owner);
	json_field(out, "purpose", rule->purpose);
	json_field(out, "keep_query", rule->keep_query);
	(void)fputc('}', out);
}

static void
json_entry(FILE *out, const char *category, const char *file, uint32_t line,
    const struct fact_string *entry)
{
	if (category == NULL)
		return;
	json_field(out, "category", category);
	(void)fprintf(out, ",\"list\":{\"entry\":");
	json_bytes(out, entry->text, entry->length);
	json_field(out, "file", file);
	(void)fprintf(out, ",\"line\":%u}", line);
}

static void
json_step(void *arg, const struct step *s)
{
	struct page *page = arg;

	(void)fprintf(page->out, "%s{\"outcome\":\"%s\",\"verdict\":\"%s\","
	    "\"rule\":", page->any ? "," : "", step_outcome_name(s->outcome),
	    verdict_name(s->verdict));
	page->any = true;
	json_rule(page->out, &s->rule);
	if (s->text != NULL) {
		(void)fprintf(page->out, ",\"line\":{\"text\":");
		json_bytes(page->out, s->text, strlen(s->text));
		json_field(page->out, "file", s->file);
		(void)fprintf(page->out, ",\"line\":%u", s->line);
		json_field(page->out, "fact", fact_word(s->fact));
		json_field(page->out, "why", s->why);
		(void)fputc('}', page->out);
	}
	json_entry(page->out, s->category, s->list_file, s->list_line,
	    &s->list_entry);
	(void)fputc('}', page->out);
}

static void
json_service(const struct policy *policy, const struct facts *facts,
    FILE *out)
{
	struct policy_service s;

	if ((facts->known & FACT_BIT(FACT_SERVICE)) != 0 ||
	    !policy_service(policy, facts, &s))
		return;
	(void)fprintf(out, ",\"service\":{\"name\":");
	json_bytes(out, s.name, strlen(s.name));
	json_field(out, "title", s.title);
	json_field(out, "class", s.klass);
	json_field(out, "fact", fact_word(s.by));
	json_field(out, "role", service_role_name(s.role));
	(void)fprintf(out, ",\"entry\":");
	json_bytes(out, s.entry.text, s.entry.length);
	json_field(out, "file", s.file);
	(void)fprintf(out, ",\"line\":%u", s.line);
	if (s.activity != NULL) {
		json_field(out, "activity", s.activity);
		(void)fprintf(out, ",\"activity_line\":%u,\"matched\":[",
		    s.activity_line);
		for (uint32_t i = 0; i < s.matched_count; i++) {
			const char *line = policy_service_matched(policy, &s,
			    i);

			(void)fputs(i == 0 ? "" : ",", out);
			json_bytes(out, line, strlen(line));
		}
		(void)fputc(']', out);
	}
	(void)fputc('}', out);
}

/* What every list says: who decides, what is waited for, each step. */
static void
json_decision(const struct policy *policy, enum section section,
    const struct facts *facts, const struct decision *d, FILE *out)
{
	struct page page = { .out = out };
	struct decision again;
	const char *comma = "";

	(void)fprintf(out, "\"verdict\":\"%s\",\"by_rule\":%s,\"rule\":",
	    verdict_name(d->verdict), d->by_rule ? "true" : "false");
	json_rule(out, &d->rule);
	(void)fprintf(out, ",\"stage\":\"%s\"", stage_name(d->stage));
	json_entry(out, d->category, d->list_file, d->list_line,
	    &d->list_entry);
	(void)fprintf(out, ",\"would_count\":%u,\"waiting\":[",
	    d->would_count);
	for (int i = 0; i < FACTS; i++)
		if ((d->waiting & FACT_BIT(i)) != 0) {
			(void)fprintf(out, "%s\"%s\"", comma,
			    fact_word((enum fact)i));
			comma = ",";
		}
	(void)fprintf(out, "],\"steps\":[");
	policy_explain_in(policy, section, facts, &again, json_step, &page);
	(void)fprintf(out, "]");
}

static void
json_browser(const struct policy *policy, const struct facts *facts,
    FILE *out)
{
	struct browser b;

	if (!read_browser(policy, facts, &b))
		return;
	(void)fprintf(out, ",\"browser\":{\"name\":");
	json_bytes(out, b.name.text, b.name.length);
	json_field(out, "family", browser_word(policy, b.family));
	if (b.has_major)
		(void)fprintf(out, ",\"version\":%u", b.major);
	json_field(out, "kind", client_kind_name(b.kind));
	(void)fprintf(out, ",\"old\":%s}", b.old ? "true" : "false");
}

static void
json_headers(const struct policy *policy, const struct facts *facts, FILE *out)
{
	struct page page = { .out = out };
	struct policy_field field[POLICY_FIELDS_MAX];
	/* nothing is done inside a tunnel */
	unsigned count = facts->is_tunnel ? 0 :
	    policy_decide_fields(policy, facts, field);

	(void)fprintf(out, ",\"headers\":{\"fields\":[");
	for (unsigned i = 0; i < count; i++) {
		(void)fprintf(out, "%s{\"verdict\":\"%s\",\"name\":",
		    i == 0 ? "" : ",", verdict_name(field[i].verdict));
		json_bytes(out, field[i].name.text, field[i].name.length);
		if (field[i].verdict == VERDICT_SET) {
			(void)fprintf(out, ",\"value\":");
			json_bytes(out, field[i].value.text,
			    field[i].value.length);
		}
		(void)fprintf(out, ",\"rule\":");
		json_rule(out, &field[i].rule);
		(void)fputc('}', out);
	}
	(void)fprintf(out, "],\"steps\":[");
	(void)policy_explain_fields(policy, facts, field, json_step, &page);
	(void)fprintf(out, "]}");
}

int
policy_explain_json(const struct policy *policy, const struct facts *facts,
    FILE *out)
{
	struct decision d;

	policy_decide(policy, facts, &d);
	(void)fputc('{', out);
	json_decision(policy, SECTION_ACCESS, facts, &d, out);
	(void)fprintf(out, ",\"record\":\"%s\",\"as\":\"%s\","
	    "\"commit_forward\":%s", record_depth_name(d.depth),
	    record_as_name(d.as), d.forward ? "true" : "false");
	json_browser(policy, facts, out);
	json_service(policy, facts, out);
	json_field(out, "policy_version", policy_version(policy));
	if (policy_has(policy, SECTION_TLS)) {
		policy_decide_in(policy, SECTION_TLS, facts, &d);
		(void)fprintf(out, ",\"tls\":{");
		json_decision(policy, SECTION_TLS, facts, &d, out);
		json_field(out, "inspection", "none");
		json_field(out, "reason", policy_tls_reason(d.verdict,
		    d.by_rule));
		(void)fputc('}', out);
	}
	if (policy_has(policy, SECTION_HEADERS))
		json_headers(policy, facts, out);
	if (policy_has(policy, SECTION_ROUTE)) {
		policy_decide_in(policy, SECTION_ROUTE, facts, &d);
		(void)fprintf(out, ",\"route\":{");
		json_decision(policy, SECTION_ROUTE, facts, &d, out);
		json_field(out, "parent", d.parent_host);
		if (d.parent_host != NULL)
			(void)fprintf(out, ",\"port\":%u", d.parent_port);
		(void)fputc('}', out);
	}
	(void)fprintf(out, "}\n");
	return ferror(out) ? -1 : 0;
}
