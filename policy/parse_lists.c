/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_lists.c - sections of rules: a list of rules each, read by one reader.
 * Which verdicts begin a rule in which section is VERDICT_TABLE; what may stand
 * inside a rule is the table of parse_rules.c.
 */
#include "policy/parse.h"

#include "policy/values.h"

#include "lib/settings.h"

#include <string.h>

static const char *
shown(struct parser *p)
{
	return token_shown(p->tree->arena, &p->lexer.token);
}

/* Whether the word at hand begins a rule of this section. */
static bool
is_verdict(const struct parser *p, enum verdict *verdict)
{
	return p->lexer.token.kind == TOKEN_WORD &&
	    verdict_by_word(p->lexer.token.text, verdict) &&
	    verdict_section(*verdict) == p->section;
}

/* --- rules ------------------------------------------------------------------- */
static void
add_rule(struct parser *p, const struct rule *rule)
{
	struct tree *tree = p->tree;
	struct rule_list *list = &tree->list[p->section];

	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->rules[i].name, rule->name) == 0) {
			error_at(tree->sources, &rule->at, "there is a second "
			    "rule called \"%s\"; %s", rule->name,
			    p->section == SECTION_HEADERS ? "give one of them "
			    "a name of its own behind set or strip" :
			    "rename one of them");
			note_at(tree->sources, &list->rules[i].at,
			    "the first one is here");
			return;
		}
	*ARENA_ADD(tree->arena, list->rules, list->count) = *rule;
}

/* "proxy.example:3128"; after a fault the port is 0. */
static void
parse_parent(struct parser *p, struct rule *rule)
{
	static const char example[] = "\"proxy.example:3128\"";
	struct token t = p->lexer.token;
	char host[NAME_MAX_BYTES + 1];
	const char *text;

	if (t.kind != TOKEN_STRING) {
		error_at(p->tree->sources, &t.at, "%s stands where the proxy "
		    "should be; write for example parent %s and the name of "
		    "the rule", shown(p), example);
		return;
	}
	text = parser_text(p, "parent", example);
	if (text == NULL)
		return;
	if (!settings_host_port(text, host, &rule->parent_port)) {
		error_at(p->tree->sources, &t.at, "%s is not a host and a port; "
		    "write for example parent %s (an IPv6 address in "
		    "brackets)", token_shown(p->tree->arena, &t), example);
		return;
	}
	rule->parent_host = arena_text(p->tree->arena, host, strlen(host));
	rule->parent = arena_format(p->tree->arena, strchr(host, ':') != NULL ?
	    "[%s]:%u" : "%s:%u", host, rule->parent_port);
}

/* set "NAME" "VALUE" when ... : braces, and a name of its own, if need be. */
static void
parse_header_rule(struct parser *p, enum verdict verdict)
{
	struct rule rule = { .verdict = verdict };
	struct place at = p->lexer.token.at;

	lexer_next(&p->lexer);
	rule.at = at;
	parse_header(p, &rule);
	if (p->lexer.token.kind == TOKEN_OPEN) {
		lexer_next(&p->lexer);
		parse_lines(p, &rule, &rule.keeping, &at);
	} else {
		parse_bare_lines(p, &rule);
	}
	if (rule.field_count > 0 && rule.name != NULL)
		add_rule(p, &rule);
}

static void
parse_rule(struct parser *p, enum verdict verdict)
{
	struct rule rule = { .verdict = verdict };
	enum verdict next;
	struct place at = p->lexer.token.at;

	lexer_next(&p->lexer);
	if (verdict == VERDICT_PARENT)
		parse_parent(p, &rule);
	rule.at = p->lexer.token.at;
	if (p->section != SECTION_ACCESS && is_verdict(p, &next)) {
		error_at(p->tree->sources, &at, "this rule has no name; write "
		    "one before its \"{\" or its end");
		return;
	}
	rule.name = parser_name(p, "rule");
	if (p->lexer.token.kind == TOKEN_OPEN) {
		lexer_next(&p->lexer);
		parse_lines(p, &rule, &rule.keeping, &at);
	} else if (p->lexer.token.kind == TOKEN_WORD &&
	    word_is_keyword(p->lexer.token.text)) {
		error_at(p->tree->sources, &p->lexer.token.at, "%s stands "
		    "where the \"{\" of the rule should be; put the lines of "
		    "a rule between { and }", shown(p));
		parser_leave_lines(p);
	}
	if (rule.name != NULL)
		add_rule(p, &rule);
}

static void
parse_default(struct parser *p)
{
	struct place at = p->lexer.token.at;
	struct keeping second = { 0 };
	struct tree *tree = p->tree;

	lexer_next(&p->lexer);
	if (tree->has_default) {
		error_at(tree->sources, &at, "there is a second \"default\"; "
		    "keep one");
		note_at(tree->sources, &tree->default_at,
		    "the first one is here");
	}
	if (!parser_open(p, "default"))
		return;
	parse_lines(p, NULL, tree->has_default ? &second : &tree->keeping,
	    &at);
	if (!tree->has_default)
		tree->default_at = at;
	tree->has_default = true;
}

/* --- what is no rule ------------------------------------------------------------ */
/* "never, inspect or tunnel", and each of them tried as the nearest word. */
static void
verdicts_of(enum section section, struct nearest *near, char *out,
    size_t size)
{
	size_t count = 0, done = 0;

	out[0] = '\0';
	for (int i = 0; i < VERDICTS; i++)
		count += verdict_section((enum verdict)i) == section;
	for (int i = 0; i < VERDICTS; i++) {
		size_t n = strlen(out);

		if (verdict_section((enum verdict)i) != section)
			continue;
		(void)snprintf(out + n, size - n, "%s%s", done == 0 ? "" :
		    done + 1 == count ? " or " : ", ",
		    verdict_name((enum verdict)i));
		done++;
		nearest_try(near, verdict_name((enum verdict)i));
	}
}

static bool
begins_rule(const struct parser *p)
{
	enum verdict verdict;

	return is_verdict(p, &verdict) || (p->section == SECTION_ACCESS &&
	    parser_is_word(p, "default"));
}

static void
not_a_rule(struct parser *p)
{
	struct token t = p->lexer.token;
	struct nearest near = { .word = t.text };
	char words[128];
	enum verdict other;

	if (p->section == SECTION_ACCESS && (parser_is_word(p, "remind") ||
	    parser_is_word(p, "justify"))) {
		error_at(p->tree->sources, &t.at, "the verdict \"%s\" comes "
		    "with a later version; leave this rule out for now",
		    t.text);
	} else if (t.kind == TOKEN_WORD && verdict_by_word(t.text, &other)) {
		verdicts_of(p->section, &near, words, sizeof(words));
		error_at(p->tree->sources, &t.at, "\"%s\" begins a rule of "
		    "%s, not of %s; here a rule begins with %s", t.text,
		    section_name(verdict_section(other)),
		    section_name(p->section), words);
	} else {
		verdicts_of(p->section, &near, words, sizeof(words));
		if (p->section == SECTION_ACCESS)
			nearest_try(&near, "default");
		error_at(p->tree->sources, &t.at, "%s begins no rule%s%s%s%s"
		    "%s; a rule begins with %s and %s", shown(p),
		    p->section == SECTION_ACCESS ? "" : " of ",
		    p->section == SECTION_ACCESS ? "" :
		    section_name(p->section),
		    near.best == NULL ? "" : " (did you mean \"",
		    near.best == NULL ? "" : near.best,
		    near.best == NULL ? "" : "\"?)", words,
		    p->section == SECTION_HEADERS ? "what it sets or takes out"
		    : "its name");
	}
	if (t.kind != TOKEN_OPEN)
		lexer_next(&p->lexer);
	while (p->lexer.token.kind == TOKEN_STRING ||
	    (p->lexer.token.kind == TOKEN_WORD && !begins_rule(p)))
		lexer_next(&p->lexer);
	if (p->lexer.token.kind == TOKEN_OPEN) {
		lexer_next(&p->lexer);
		parser_leave_block(p);
	}
}

/* --- sections ----------------------------------------------------------------------- */
void
parse_rules(struct parser *p)
{
	struct place at = p->lexer.token.at;

	for (int i = 0; i < SECTIONS; i++)
		if (parser_is_word(p, section_name((enum section)i)))
			p->section = (enum section)i;
	lexer_next(&p->lexer);
	if (!parser_open(p, section_name(p->section))) {
		parser_leave_section(p);
		return;
	}
	while (p->lexer.token.kind != TOKEN_CLOSE) {
		enum verdict verdict;

		if (p->lexer.token.kind == TOKEN_END) {
			error_at(p->tree->sources, &at, "the section that "
			    "begins here has no closing \"}\"; add it");
			return;
		}
		if (is_verdict(p, &verdict) && p->section == SECTION_HEADERS)
			parse_header_rule(p, verdict);
		else if (is_verdict(p, &verdict))
			parse_rule(p, verdict);
		else if (p->section == SECTION_ACCESS &&
		    parser_is_word(p, "default"))
			parse_default(p);
		else
			not_a_rule(p);
	}
	lexer_next(&p->lexer);
}
