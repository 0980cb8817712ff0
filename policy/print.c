/* SPDX-License-Identifier: Apache-2.0 */
/*
 * print.c - the canonical form: one layout for every policy, includes joined
 * in.  What is printed here parses back to the same policy, and its bytes are
 * what the policy's version is made of.
 */
#include "policy/tree.h"
#include "policy/values.h"

#include <string.h>

static void
print_quoted(const struct tree *tree, FILE *out, const char *text)
{
	(void)fputs(quote_text(tree->arena, text), out);
}

static void
print_field(const struct tree *tree, FILE *out, const char *indent,
    const char *word, const char *text)
{
	if (text == NULL)
		return;
	(void)fprintf(out, "%s%s ", indent, word);
	print_quoted(tree, out, text);
	(void)fputc('\n', out);
}

static void
print_keeping(FILE *out, const struct keeping *k)
{
	if (k->has_depth || k->has_as) {
		(void)fputs("        record", out);
		if (k->has_depth)
			(void)fprintf(out, " %s", record_depth_name(k->depth));
		if (k->has_as)
			(void)fprintf(out, " as %s", record_as_name(k->as));
		(void)fputc('\n', out);
	}
	if (k->keep_query != NULL)
		(void)fprintf(out, "        keep-query %s\n", k->keep_query);
	if (k->forward)
		(void)fputs("        commit forward\n", out);
}

static void
print_lines(FILE *out, const struct rule *rule)
{
	bool first = true;

	for (size_t i = 0; i < rule->line_count; i++) {
		const struct line *line = &rule->lines[i];
		const char *word = "unless";

		if (line->kind == LINE_WHEN) {
			word = first ? "when" : "and";
			first = false;
		}
		(void)fprintf(out, "        %s %s", word,
		    fact_word(line->fact));
		for (size_t v = 0; v < line->value_count; v++)
			(void)fprintf(out, "%s %s", v == 0 ? "" : " or",
			    line->values[v].text);
		(void)fputc('\n', out);
	}
}

/* The name only where it is not the usual one. */
static void
print_header(const struct tree *tree, FILE *out, const struct rule *rule)
{
	if (strcmp(rule->name, header_usual_name(rule)) != 0)
		(void)fprintf(out, "%s ", rule->name);
	if (rule->preset != NULL)
		(void)fprintf(out, "tenant %s%s", rule->preset,
		    rule->text_count > 0 ? " " : "");
	for (size_t i = 0; i < rule->text_count; i++) {
		(void)fputs(i > 0 ? " " : "", out);
		print_quoted(tree, out, rule->texts[i]);
	}
}

static void
print_rule(const struct tree *tree, FILE *out, const struct rule *rule)
{
	static const struct keeping nothing;
	char date[16];
	bool bare = rule->line_count == 0 && !rule->report_only &&
	    rule->because == NULL && rule->ground == NULL &&
	    rule->owner == NULL && rule->purpose == NULL &&
	    !rule->has_review && !rule->has_until &&
	    rule->keeping.has_depth == nothing.has_depth &&
	    rule->keeping.has_as == nothing.has_as &&
	    !rule->keeping.forward && rule->keeping.keep_query == NULL;

	(void)fprintf(out, "    %s ", verdict_name(rule->verdict));
	if (rule->parent != NULL)
		(void)fprintf(out, "\"%s\" ", rule->parent);
	if (rule->field_count > 0)
		print_header(tree, out, rule);
	else
		(void)fputs(rule->name, out);
	(void)fputs(bare ? "\n" : " {\n", out);
	if (bare)
		return;
	print_lines(out, rule);
	print_field(tree, out, "        ", "because", rule->because);
	if (rule->ground != NULL)
		(void)fprintf(out, "        ground %s\n", rule->ground);
	print_field(tree, out, "        ", "owner", rule->owner);
	if (rule->has_review) {
		date_print(rule->review_by, date);
		(void)fprintf(out, "        review-by %s\n", date);
	}
	print_field(tree, out, "        ", "purpose", rule->purpose);
	print_keeping(out, &rule->keeping);
	if (rule->has_until) {
		date_print(rule->until, date);
		(void)fprintf(out, "        until %s\n", date);
	}
	if (rule->report_only)
		(void)fputs("        report-only\n", out);
	(void)fputs("    }\n", out);
}

static void
print_names(const struct tree *tree, FILE *out)
{
	for (size_t i = 0; i < tree->category_count; i++) {
		const struct category *c = &tree->categories[i];

		(void)fprintf(out, "\ncategory %s", c->name);
		for (size_t k = 0; k < c->path_count; k++) {
			(void)fprintf(out, "%s", k == 0 ? " from " : " ");
			print_quoted(tree, out, c->paths[k].text);
		}
		if (c->host_count > 0 || c->path_count == 0) {
			(void)fputs(" {\n", out);
			for (size_t k = 0; k < c->host_count; k++)
				(void)fprintf(out, "    %s\n",
				    c->hosts[k].text);
			(void)fputs("}", out);
		}
		(void)fputc('\n', out);
	}
	for (size_t i = 0; i < tree->network_count; i++) {
		const struct network_section *n = &tree->networks[i];

		(void)fprintf(out, "\nnetwork %s {\n", n->name);
		for (size_t k = 0; k < n->value_count; k++)
			(void)fprintf(out, "    %s\n", n->values[k].text);
		(void)fputs("}\n", out);
	}
	for (size_t i = 0; i < tree->hours_count; i++) {
		const struct hours_section *h = &tree->hours[i];

		(void)fprintf(out, "\nhours %s {\n", h->name);
		for (size_t k = 0; k < h->entry_count; k++)
			(void)fprintf(out, "    %s\n", h->entries[k].text);
		(void)fputs("}\n", out);
	}
}

/* A section without rules is left out; access always stands. */
static void
print_list(const struct tree *tree, FILE *out, enum section section)
{
	const struct rule_list *list = &tree->list[section];
	bool has_default = section == SECTION_ACCESS && tree->has_default;

	if (list->count == 0 && section != SECTION_ACCESS)
		return;
	(void)fprintf(out, "\n%s {\n", section_name(section));
	if (has_default) {
		(void)fputs("    default {\n", out);
		print_keeping(out, &tree->keeping);
		(void)fputs("    }\n", out);
	}
	for (size_t i = 0; i < list->count; i++) {
		if (i > 0 || has_default)
			(void)fputc('\n', out);
		print_rule(tree, out, &list->rules[i]);
	}
	(void)fputs("}\n", out);
}

static void
print_expectations(const struct tree *tree, FILE *out)
{
	for (size_t i = 0; i < tree->expectation_count; i++) {
		const struct expectation *e = &tree->expectations[i];

		(void)fprintf(out, "%sexpect %s %s {", i == 0 ? "\n" : "",
		    verdict_name(e->verdict), lexer_is_plain(e->rule) ?
		    e->rule : quote_text(tree->arena, e->rule));
		for (size_t k = 0; k < e->given_count; k++) {
			(void)fprintf(out, " %s ", e->given[k].word);
			if (e->given[k].quoted)
				print_quoted(tree, out, e->given[k].value);
			else
				(void)fputs(e->given[k].value, out);
		}
		(void)fputs(" }\n", out);
	}
}

void
print_tree(const struct tree *tree, FILE *out)
{
	(void)fputs("policy ", out);
	print_quoted(tree, out, tree->name == NULL ? "unnamed" : tree->name);
	if (tree->owner != NULL || tree->controller != NULL ||
	    tree->contact != NULL || tree->timezone != NULL ||
	    tree->notice != NULL) {
		(void)fputs(" {\n", out);
		print_field(tree, out, "    ", "owner", tree->owner);
		print_field(tree, out, "    ", "controller",
		    tree->controller);
		print_field(tree, out, "    ", "contact", tree->contact);
		print_field(tree, out, "    ", "timezone", tree->timezone);
		print_field(tree, out, "    ", "notice", tree->notice);
		(void)fputs("}\n", out);
	} else {
		(void)fputc('\n', out);
	}
	print_names(tree, out);
	print_services(tree, out);
	print_list(tree, out, SECTION_TLS);
	print_list(tree, out, SECTION_ACCESS);
	print_list(tree, out, SECTION_HEADERS);
	print_list(tree, out, SECTION_ROUTE);
	print_expectations(tree, out);
}
