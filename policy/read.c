/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read.c - a policy as numbered English sentences, for a board to read aloud:
 * what is refused before any rule, what the names mean, the rules in order,
 * what happens at the end of the list, and what the policy tests of itself.
 */
#include "policy/read.h"

#include "policy/read_words.h"

#include "lib/report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 78
#define HOSTS_READ 12	/* of one category; a longer list is counted */

struct reading {
	const struct tree *tree;
	FILE *out;
	int64_t today;		/* days since 1970; 0: not judged */
	unsigned section;
	unsigned item;
	FILE *text;		/* the item being put together */
	char *buffer;
	size_t length;
	struct record_keeping {
		enum record_depth depth;
		enum record_as as;
	} usual;
};

/* --- laying out ------------------------------------------------------------- */

/* Characters, not bytes. */
static size_t
width_of(const char *text, size_t length)
{
	size_t n = 0;

	for (size_t i = 0; i < length; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

/* Write text behind a number, broken at blanks and set in under it. */
static void
lay_out(FILE *out, const char *number, const char *text)
{
	size_t indent = strlen(number), at = indent;
	bool first = true;

	(void)fputs(number, out);
	while (*text != '\0') {
		size_t n = strcspn(text, " ");
		size_t wide = width_of(text, n);

		if (!first && at + 1 + wide > WIDTH) {
			(void)fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
			first = true;
		}
		(void)fprintf(out, "%s%.*s", first ? "" : " ", (int)n, text);
		at += wide + !first;
		first = false;
		text += n;
		text += strspn(text, " ");
	}
	(void)fputc('\n', out);
}

static void
section(struct reading *r, const char *title)
{
	r->section++;
	r->item = 0;
	(void)fprintf(r->out, "\n%u. %s\n\n", r->section, title);
}

static void
begin(struct reading *r)
{
	r->buffer = NULL;
	r->text = open_memstream(&r->buffer, &r->length);
	if (r->text == NULL)
		report_bug("policy: out of memory");
}

/* The item is complete. */
static void
end(struct reading *r)
{
	char number[32];
	int n;

	if (fclose(r->text) != 0)
		report_bug("policy: out of memory");
	r->text = NULL;
	r->item++;
	n = snprintf(number, sizeof(number), "%u.%u", r->section, r->item);
	(void)snprintf(number + n, sizeof(number) - (size_t)n, "%*s",
	    n < 6 ? 6 - n : 1, "");
	lay_out(r->out, number, r->buffer);
	free(r->buffer);
	r->buffer = NULL;
}

static void
sentence(struct reading *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* An item of one piece. */
static void
sentence(struct reading *r, const char *fmt, ...)
{
	va_list ap;

	begin(r);
	va_start(ap, fmt);
	(void)vfprintf(r->text, fmt, ap);
	va_end(ap);
	end(r);
}

/* Text of the policy that is a sentence or two; ends with a full stop. */
static void
say_text(FILE *out, const char *before, const char *text, const char *after)
{
	size_t n = strlen(text);
	bool ended = n > 0 && strchr(".!?", text[n - 1]) != NULL;

	(void)fprintf(out, "%s%s%s%s", before, text, after, ended &&
	    after[0] == '"' ? "" : ".");
}

/* --- what stands outside the rules --------------------------------------------- */

static void
read_about(struct reading *r)
{
	const struct tree *t = r->tree;
	const char *name = t->name == NULL ? "without a name" : t->name;
	size_t n = width_of(name, strlen(name)) + strlen("The policy ");

	(void)fprintf(r->out, "The policy %s\n", name);
	for (size_t i = 0; i < n && i < WIDTH; i++)
		(void)fputc('=', r->out);
	(void)fputc('\n', r->out);
	section(r, "Whose policy this is, and how it is read");
	if (t->owner != NULL)
		sentence(r, "The policy belongs to %s.", t->owner);
	if (t->controller != NULL)
		sentence(r, "%s answers for what is recorded about people.",
		    t->controller);
	if (t->contact != NULL)
		sentence(r, "Questions about it go to %s.", t->contact);
	sentence(r, "Days and hours in it are those of %s.", t->timezone ==
	    NULL ? "universal time (UTC)" : t->timezone);
	sentence(r, "The rules are read from the first to the last. The first "
	    "that holds decides, and what stands below it does not matter "
	    "then.");
	sentence(r, "The name of a site stands for it and for all sites below "
	    "it, such as example.org for www.example.org, unless the rule says "
	    "otherwise.");
	sentence(r, "In an encrypted connection a site is named twice, outside "
	    "and inside. One of these names is enough to be refused; both must "
	    "fit to be let through by a rule. A browser cannot show our page "
	    "when such a connection is refused; it shows an error of its "
	    "own.");
	sentence(r, "A rule holds only by what is known. What cannot be seen, "
	    "such as a page inside an encrypted connection, makes no rule "
	    "hold; when more becomes known the rules are read again from the "
	    "first.");
}

static void
read_built_in(struct reading *r)
{
	section(r, "What is refused before any rule");
	sentence(r, "A site whose name leads to an address inside a private "
	    "network, or to another address of special use, is refused, unless "
	    "the rule that decides names such an address.");
	sentence(r, "An encrypted connection to a port other than 443 and 80 "
	    "is refused, unless the rule that decides names the port.");
	sentence(r, "A request that comes round to this gateway again is "
	    "refused.");
	sentence(r, "What cannot be understood without guessing, and what "
	    "comes while the audit log cannot be written and the settings say "
	    "that nothing may then pass, is refused.");
}

static void
read_category(struct reading *r, const struct category *c)
{
	FILE *out;

	begin(r);
	out = r->text;
	(void)fprintf(out, "\"%s\" means ", c->name);
	for (size_t i = 0; i < c->path_count; i++)
		(void)fprintf(out, "%s%s\"%s\"", read_between(i,
		    c->path_count, " and "), i > 0 ? "" : c->path_count > 1 ?
		    "the sites on the lists " : "the sites on the list ",
		    c->paths[i].text);
	if (c->path_count > 0 && c->host_count > 0)
		(void)fputs(", and also ", out);
	if (c->path_count + c->host_count == 0)
		(void)fputs("no site: its list is empty", out);
	for (size_t i = 0; i < c->host_count && i < HOSTS_READ; i++) {
		(void)fputs(read_between(i, c->host_count, " and "), out);
		read_host(out, &c->hosts[i]);
	}
	if (c->host_count > HOSTS_READ)
		(void)fprintf(out, " and %zu more", c->host_count -
		    HOSTS_READ);
	(void)fputc('.', out);
	end(r);
}

static void
read_names(struct reading *r)
{
	const struct tree *t = r->tree;

	if (t->category_count + t->network_count + t->hours_count == 0)
		return;
	section(r, "What the names mean");
	for (size_t i = 0; i < t->category_count; i++)
		read_category(r, &t->categories[i]);
	for (size_t i = 0; i < t->network_count; i++) {
		const struct network_section *n = &t->networks[i];

		begin(r);
		(void)fprintf(r->text, "The network \"%s\" is made up of ",
		    n->name);
		for (size_t k = 0; k < n->value_count; k++)
			(void)fprintf(r->text, "%s%s", read_between(k,
			    n->value_count, " and "), n->values[k].text);
		(void)fputs(n->value_count == 0 ? "no address at all." :
		    ".", r->text);
		end(r);
	}
	for (size_t i = 0; i < t->hours_count; i++) {
		const struct hours_section *h = &t->hours[i];

		begin(r);
		(void)fprintf(r->text, "The hours \"%s\" are ", h->name);
		for (size_t k = 0; k < h->entry_count; k++) {
			(void)fputs(k == 0 ? "" : "; ", r->text);
			read_hours_entry(r->text, h->entries[k].text);
		}
		(void)fputs(h->entry_count == 0 ? "none." : ".", r->text);
		end(r);
	}
}

/* --- rules ------------------------------------------------------------------- */

static void
read_condition(FILE *out, const struct rule *rule)
{
	size_t held = 0, excepted = 0;

	for (size_t i = 0; i < rule->line_count; i++) {
		if (rule->lines[i].kind != LINE_WHEN)
			continue;
		(void)fputs(held++ == 0 ? "If " : ", and ", out);
		read_line(out, &rule->lines[i]);
	}
	for (size_t i = 0; i < rule->line_count; i++) {
		if (rule->lines[i].kind != LINE_UNLESS)
			continue;
		(void)fputs(excepted++ > 0 ? ", or unless " : held == 0 ?
		    "Unless " : ", unless ", out);
		read_line(out, &rule->lines[i]);
	}
	(void)fputs(rule->line_count > 0 ? ", " : "", out);
}

static const char *
deed(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_AUDIT:
		return "let through";
	case VERDICT_DENY:
		return "refused";
	case VERDICT_NEVER:
		return "never looked into, which is promised, and its record "
		    "keeps the name of the site at most";
	case VERDICT_INSPECT:
		return "to be looked into; this version of gatebook cannot do "
		    "that, so it passes unseen and its record says so";
	case VERDICT_TUNNEL:
		return "passed on unseen";
	case VERDICT_DIRECT:
		return "sent straight to the site";
	case VERDICT_PARENT:
		return "sent by another proxy";
	case VERDICT_SET:
	case VERDICT_STRIP:
		return "changed";
	case VERDICTS:
		break;
	}
	return "?";
}

static void
read_verdict(FILE *out, const struct rule *rule)
{
	const char *whatever = rule->line_count > 0 ? "the request" :
	    "Every request that comes this far";

	if (verdict_section(rule->verdict) == SECTION_TLS) {
		(void)fprintf(out, "%s is %s.", rule->line_count > 0 ?
		    "the connection" : "Every connection that comes this far",
		    deed(rule->verdict));
		return;
	}

	if (rule->field_count > 0) {
		for (size_t i = 0; i < rule->field_count; i++) {
			const struct header_field *f = &rule->fields[i];

			(void)fprintf(out, "%s%s field \"%s\" ", i > 0 ?
			    " and " : rule->line_count > 0 ? "" : "In every "
			    "request, ", i > 0 ? "its" : "the request's",
			    f->name);
			if (f->value != NULL)
				(void)fprintf(out, "is set to \"%s\"",
				    f->value);
			else
				(void)fputs("is taken out", out);
		}
		(void)fputc('.', out);
		return;
	}
	if (rule->parent != NULL) {
		(void)fprintf(out, "%s is sent by the proxy %s.", whatever,
		    rule->parent);
		return;
	}
	if (rule->verdict == VERDICT_DIRECT) {
		(void)fprintf(out, "%s is %s.", whatever, deed(rule->verdict));
		return;
	}
	if (rule->report_only) {
		(void)fprintf(out, "%s is not touched by this rule: the record "
		    "notes that the rule would have had it %s, and reading "
		    "goes on with the next rule.", whatever,
		    deed(rule->verdict));
		return;
	}
	(void)fprintf(out, "%s is %s%s.", whatever, deed(rule->verdict),
	    rule->verdict == VERDICT_AUDIT ? " and recorded" :
	    ", and the refusal is recorded");
}

static void
read_reasons(const struct reading *r, FILE *out, const struct rule *rule)
{
	if (rule->because != NULL)
		say_text(out, rule->verdict == VERDICT_DENY ?
		    rule->report_only ? " The person would be told: \"" :
		    " The person is told: \"" : " The reason: \"",
		    rule->because, "\"");
	if (rule->ground != NULL)
		(void)fprintf(out, " The ground is %s.", rule->ground);
	if (rule->owner != NULL)
		(void)fprintf(out, " %s answers for it.", rule->owner);
	if (rule->has_review) {
		(void)fputs(" It is to be looked at again by ", out);
		read_date(out, rule->review_by);
		(void)fputs(r->today == 0 || rule->review_by > r->today + 30 ?
		    "." : rule->review_by < r->today ?
		    "; that is overdue." : "; that is soon.", out);
	}
	if (rule->has_until) {
		(void)fputs(" The rule holds up to and including ", out);
		read_date(out, rule->until);
		(void)fputs(r->today > 0 && rule->until < r->today ?
		    "; that has passed, so it does not hold any more." :
		    "; after that day it is as if it were not there.", out);
	}
	if (rule->purpose != NULL)
		say_text(out, rule->verdict == VERDICT_INSPECT ?
		    " The purpose: " : " The purpose of the record: ",
		    rule->purpose, "");
}

static void
read_query(FILE *out, const char *names)
{
	size_t count = 1, at = 0;

	for (const char *p = names; *p != '\0'; p++)
		count += *p == ' ';
	(void)fputs(" Of what follows the question mark, the values of ", out);
	while (*names != '\0') {
		size_t n = strcspn(names, " ");

		(void)fprintf(out, "%s\"%.*s\"", read_between(at++, count,
		    " and "), (int)n, names);
		names += n;
		names += *names == ' ';
	}
	(void)fputs(" stay readable.", out);
}

static void
read_keeping(const struct reading *r, FILE *out, const struct rule *rule)
{
	const struct keeping *k = &rule->keeping;
	enum record_depth depth = k->has_depth ? k->depth : r->usual.depth;
	enum record_as as = k->has_as ? k->as : r->usual.as;

	/* A rule that only notes something makes no record of its own. */
	if (rule->report_only ||
	    verdict_section(rule->verdict) != SECTION_ACCESS)
		return;
	if (depth != r->usual.depth || as != r->usual.as)
		(void)fprintf(out, " The record keeps %s, and %s.",
		    read_depth(depth), read_as(as));
	if (k->keep_query != NULL)
		read_query(out, k->keep_query);
	if (k->forward)
		(void)fputs(" The record is safe on disk before the request "
		    "leaves.", out);
}

/* Which of the built-in refusals a rule lifts, by naming the fact. */
static void
read_lifts(FILE *out, const struct rule *rule)
{
	bool address = false, port = false;

	if (rule->verdict != VERDICT_AUDIT || rule->report_only)
		return;
	for (size_t i = 0; i < rule->line_count; i++) {
		const struct line *line = &rule->lines[i];

		if (line->kind != LINE_WHEN)
			continue;
		address = address || line->fact == FACT_DESTINATION ||
		    line->fact == FACT_ADDRESS_KIND;
		port = port || line->fact == FACT_PORT;
	}
	if (address)
		(void)fputs(" The refusal of special addresses (2.1) does not "
		    "stand in its way.", out);
	if (port)
		(void)fputs(" The refusal of unusual ports (2.2) does not "
		    "stand in its way.", out);
}

static void
read_rule(struct reading *r, const struct rule *rule)
{
	begin(r);
	(void)fprintf(r->text, "Rule \"%s\". ", rule->name);
	read_condition(r->text, rule);
	read_verdict(r->text, rule);
	read_lifts(r->text, rule);
	read_reasons(r, r->text, rule);
	read_keeping(r, r->text, rule);
	(void)fprintf(r->text, " (%s, line %u)", sources_shown(
	    r->tree->sources, rule->at.file), rule->at.line);
	end(r);
}

static void
read_rules(struct reading *r)
{
	const struct tree *t = r->tree;

	const struct rule_list *list = &t->list[SECTION_ACCESS];

	section(r, "The rules, in order");
	if (list->count == 0)
		sentence(r, "There are none: everything reaches the end of "
		    "the list.");
	for (size_t i = 0; i < list->count; i++)
		read_rule(r, &list->rules[i]);
}

static void
read_tls(struct reading *r)
{
	const struct rule_list *list = &r->tree->list[SECTION_TLS];

	if (list->count == 0)
		return;
	section(r, "Which encrypted connections are looked into");
	for (size_t i = 0; i < list->count; i++)
		read_rule(r, &list->rules[i]);
	sentence(r, "Any other connection is passed on unseen.");
	if (r->tree->notice != NULL)
		sentence(r, "What people were told about this stands at: %s",
		    r->tree->notice);
}

static void
read_headers(struct reading *r)
{
	const struct rule_list *list = &r->tree->list[SECTION_HEADERS];

	if (list->count == 0)
		return;
	section(r, "What is changed in requests");
	for (size_t i = 0; i < list->count; i++)
		read_rule(r, &list->rules[i]);
	sentence(r, "Each of these rules that holds is followed; of several "
	    "for one field the first is. Nothing is changed inside encrypted "
	    "connections, which this version does not look into.");
}

static void
read_route(struct reading *r)
{
	const struct rule_list *list = &r->tree->list[SECTION_ROUTE];

	if (list->count == 0)
		return;
	section(r, "Which way requests leave");
	for (size_t i = 0; i < list->count; i++)
		read_rule(r, &list->rules[i]);
	sentence(r, "Any other request leaves as the settings of the gateway "
	    "say.");
}

static void
read_end(struct reading *r)
{
	const struct keeping *k = &r->tree->keeping;

	section(r, "Where no rule decides, and what is recorded");
	sentence(r, "What no rule decides is let through and recorded.");
	sentence(r, "Unless a rule says otherwise, a record keeps %s.",
	    read_depth(r->usual.depth));
	sentence(r, "Unless a rule says otherwise, a record %s.",
	    read_as(r->usual.as));
	if (r->tree->has_default && k->keep_query != NULL) {
		begin(r);
		read_query(r->text, k->keep_query);
		end(r);
	}
	if (r->tree->has_default && k->forward)
		sentence(r, "Every record is safe on disk before its request "
		    "leaves.");
	sentence(r, "Every record says when it was, which rule decided and "
	    "where that rule stands, how the exchange ended, and how many "
	    "bytes passed.");
	sentence(r, "What people read and send, their passwords, and what "
	    "they type into forms are never recorded.");
	sentence(r, "How long records are kept is not said here, but in the "
	    "settings log.keep.min, log.keep.max and log.keep.size of the "
	    "gateway.");
}

/* --- the policy's own tests ------------------------------------------------------ */

static const struct given *
given_of(const struct expectation *e, const char *word)
{
	for (size_t i = 0; i < e->given_count; i++)
		if (strcmp(e->given[i].word, word) == 0)
			return &e->given[i];
	return NULL;
}

static void
read_expectation(struct reading *r, const struct expectation *e)
{
	const struct given *host = given_of(e, "host");
	const struct given *url = given_of(e, "url");
	const struct given *target = host != NULL ? host : url;
	size_t others = 0, would = 0;

	begin(r);
	(void)fprintf(r->text, "A request for %s", target != NULL ?
	    target->value : "any site");
	for (size_t i = 0; i < e->given_count; i++) {
		const struct given *g = &e->given[i];

		if (g == target || strcmp(g->word, "would") == 0)
			continue;
		(void)fprintf(r->text, "%s%s %s", others++ == 0 ? " with " :
		    ", ", strcmp(g->word, "at") == 0 ? "the time" : g->word,
		    g->value);
	}
	if (verdict_section(e->verdict) == SECTION_ACCESS)
		(void)fprintf(r->text, " must be %s by ", deed(e->verdict));
	else
		(void)fprintf(r->text, " must meet \"%s\" by ",
		    verdict_name(e->verdict));
	if (strcmp(e->rule, "default") == 0)
		(void)fputs("the end of the list", r->text);
	else
		(void)fprintf(r->text, "the rule \"%s\"", e->rule);
	for (size_t i = 0; i < e->given_count; i++) {
		if (strcmp(e->given[i].word, "would") != 0)
			continue;
		(void)fprintf(r->text, "%s\"%s\"", would++ == 0 ?
		    ", and the record must note " : " and ",
		    e->given[i].value);
	}
	(void)fputc('.', r->text);
	end(r);
}

static void
read_expectations(struct reading *r)
{
	const struct tree *t = r->tree;

	if (t->expectation_count == 0)
		return;
	section(r, "What is tried each time before the policy comes into "
	    "force");
	for (size_t i = 0; i < t->expectation_count; i++)
		read_expectation(r, &t->expectations[i]);
}

/* --- the ways in ------------------------------------------------------------------- */

struct read_call {
	FILE *out;
	uint64_t now_us;
};

static int
read_tree(const struct tree *tree, void *arg)
{
	const struct read_call *call = arg;
	struct reading r = { .tree = tree, .out = call->out };

	r.today = (int64_t)(call->now_us / UINT64_C(86400000000));
	r.usual.depth = tree->has_default && tree->keeping.has_depth ?
	    tree->keeping.depth : DEPTH_URL;
	r.usual.as = tree->has_default && tree->keeping.has_as ?
	    tree->keeping.as : AS_NAME;
	read_about(&r);
	read_built_in(&r);
	read_names(&r);
	read_tls(&r);
	read_rules(&r);
	read_headers(&r);
	read_route(&r);
	read_end(&r);
	read_expectations(&r);
	return ferror(call->out) ? -1 : 0;
}

int
policy_read_text(const char *path, const char *text, size_t length,
    const struct policy_options *options, FILE *out,
    policy_complain *complain, void *arg)
{
	struct read_call call = { out, options->now_us };

	return policy_with_tree(path, text, length, options, true, read_tree,
	    &call, complain, arg);
}

int
policy_read_file(const char *path, const struct policy_options *options,
    FILE *out, policy_complain *complain, void *arg)
{
	return policy_read_text(path, NULL, 0, options, out, complain, arg);
}
