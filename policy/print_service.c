/* SPDX-License-Identifier: Apache-2.0 */
/* print_service.c - the catalogue in its canonical form. */
#include "policy/tree.h"

#include <string.h>

static void
print_quoted(const struct tree *tree, FILE *out, const char *text)
{
	(void)fputs(quote_text(tree->arena, text), out);
}

static void
print_given(const struct tree *tree, FILE *out, const char *word,
    const char *text)
{
	if (text == NULL)
		return;
	(void)fprintf(out, " with %s ", word);
	print_quoted(tree, out, text);
}

static void
print_activity(const struct tree *tree, FILE *out, const struct activity *a)
{
	(void)fprintf(out, "    activity %s {\n", activity_name(a->kind));
	for (size_t i = 0; i < a->line_count; i++) {
		const struct line *line = &a->lines[i];

		(void)fprintf(out, "        %s", fact_word(line->fact));
		for (size_t v = 0; v < line->value_count; v++)
			(void)fprintf(out, "%s %s", v == 0 ? "" : " or",
			    line->values[v].text);
		(void)fputc('\n', out);
	}
	for (size_t i = 0; i < a->example_count; i++) {
		const struct example *e = &a->examples[i];

		(void)fputs("        example ", out);
		if (lexer_is_plain(e->method))
			(void)fputs(e->method, out);
		else
			print_quoted(tree, out, e->method);
		(void)fputc(' ', out);
		print_quoted(tree, out, e->url);
		print_given(tree, out, "content-type", e->content_type);
		print_given(tree, out, "field", e->fields);
		print_given(tree, out, "operation", e->operation);
		(void)fputc('\n', out);
	}
	(void)fputs("    }\n", out);
}

void
print_services(const struct tree *tree, FILE *out)
{
	for (size_t i = 0; i < tree->service_count; i++) {
		const struct service *s = &tree->services[i];
		const char *role = "";

		(void)fprintf(out, "\nservice %s ", s->name);
		print_quoted(tree, out, s->title);
		(void)fputs(" {\n", out);
		if (s->klass != NULL)
			(void)fprintf(out, "    class %s\n", s->klass);
		if (s->part_of != NULL)
			(void)fprintf(out, "    part-of %s\n", s->part_of);
		for (size_t k = 0; k < s->host_count; k++) {
			const struct service_host *h = &s->hosts[k];
			const char *word = service_role_name(h->role);

			if (strcmp(role, word) != 0)
				(void)fprintf(out, "%s    %s", k == 0 ? "" :
				    "\n", word);
			role = word;
			(void)fprintf(out, " %s%s", h->host.text, h->shared ?
			    " shared" : "");
		}
		if (s->host_count > 0)
			(void)fputc('\n', out);
		for (size_t k = 0; k < s->activity_count; k++)
			print_activity(tree, out, &s->activities[k]);
		(void)fputs("}\n", out);
	}
}
