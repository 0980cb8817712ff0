/* SPDX-License-Identifier: Apache-2.0 */
/*
 * browser_values.c - what may stand behind browser, client-kind and
 * navigation: "chrome", "chrome older-than 109", "legacy"; words of a few.
 */
#include "policy/values.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_MAX 999999

static bool
read_bound(struct lexer *l, const struct token *family, uint32_t *bound)
{
	const char *text = l->token.text;
	const char *word = text;
	unsigned long n;
	char *end;

	lexer_next(l);
	text = l->token.text;
	n = strtoul(text, &end, 10);
	if (l->token.kind != TOKEN_WORD || !isdigit((unsigned char)text[0]) ||
	    *end != '\0' || n > VERSION_MAX || n == 0) {
		error_at(l->sources, &l->token.at, "%s is not a version; "
		    "write the number before the first dot, such as "
		    "%s %s 109", token_shown(l->arena, &l->token),
		    family->text, word);
		if (l->token.kind == TOKEN_WORD &&
		    !word_is_keyword(l->token.text))
			lexer_next(l);
		return false;
	}
	lexer_next(l);
	*bound = (uint32_t)n;
	return true;
}

bool
value_read_browser(struct lexer *l, struct value *out)
{
	struct token family = l->token;
	bool older, newer;
	uint32_t bound;

	*out = (struct value){ .at = family.at, .op = VALUE_BROWSER,
	    .low = 0, .high = UINT32_MAX, .name = family.text };
	lexer_next(l);
	out->text = lexer_is_plain(family.text) ? family.text :
	    quote_text(l->arena, family.text);
	older = l->token.kind == TOKEN_WORD &&
	    strcmp(l->token.text, "older-than") == 0;
	newer = l->token.kind == TOKEN_WORD &&
	    strcmp(l->token.text, "newer-than") == 0;
	if (!older && !newer)
		return true;
	if (!read_bound(l, &family, &bound))
		return false;
	out->text = arena_format(l->arena, "%s %s %u", out->text,
	    older ? "older-than" : "newer-than", bound);
	if (older)
		out->high = bound - 1;
	else
		out->low = bound + 1u;
	if (strcmp(family.text, "legacy") != 0)
		return true;
	error_at(l->sources, &family.at, "legacy has no version: it is every "
	    "browser that the list of browsers calls old; leave \"%s\" out",
	    older ? "older-than" : "newer-than");
	return false;
}

bool
value_read_client_kind(struct lexer *l, struct value *out)
{
	static const char *const words[] = { "browser", "app", "tool",
	    "system", "bot", NULL };

	return value_read_choice(l, words, "kind of client", out);
}

bool
value_read_navigation(struct lexer *l, struct value *out)
{
	static const char *const words[] = { "yes", "likely", "no", NULL };

	return value_read_choice(l, words, "answer", out);
}
