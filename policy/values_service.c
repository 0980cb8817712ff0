/* SPDX-License-Identifier: Apache-2.0 */
/* values_service.c - values of the facts about services and what was done
 * there, and of those by which activities are told. */
#include "policy/values.h"

#include <ctype.h>
#include <string.h>

static void
fill(struct lexer *l, enum value_op op, struct value *out)
{
	const char *text = l->token.text;

	*out = (struct value){ .at = l->token.at, .op = op, .name = text };
	out->text = lexer_is_plain(text) && !word_is_keyword(text) ? text :
	    quote_text(l->arena, text);
}

bool
value_read_service(struct lexer *l, struct value *out)
{
	fill(l, VALUE_SERVICE, out);
	lexer_next(l);
	return true;
}

bool
value_read_class(struct lexer *l, struct value *out)
{
	fill(l, VALUE_CLASS, out);
	lexer_next(l);
	return true;
}

bool
value_read_activity(struct lexer *l, struct value *out)
{
	struct nearest near = { .word = l->token.text };
	enum activity_kind kind;

	*out = (struct value){ .at = l->token.at, .op = VALUE_ACTIVITY };
	if (activity_by_name(l->token.text, &kind)) {
		out->low = kind;
		out->name = out->text = activity_name(kind);
		lexer_next(l);
		return true;
	}
	for (int i = 0; i < ACTIVITY_KINDS; i++)
		nearest_try(&near, activity_name((enum activity_kind)i));
	error_at(l->sources, &l->token.at, "%s is not an activity%s%s%s; there "
	    "are view, search, post, comment, react, message, upload, follow, "
	    "sign-in, sign-out, live, edit and delete",
	    token_shown(l->arena, &l->token),
	    near.best == NULL ? "" : " (did you mean \"",
	    near.best == NULL ? "" : near.best,
	    near.best == NULL ? "" : "\"?)");
	if (l->token.kind == TOKEN_WORD || l->token.kind == TOKEN_STRING)
		lexer_next(l);
	return false;
}

/* "name": the field is there; "name=value", with * and ?: one has it. */
bool
value_read_pair(struct lexer *l, struct value *out)
{
	bool ok = l->token.text[0] != '\0' && l->token.text[0] != '=' &&
	    l->token.length < PAIR_MAX;

	fill(l, VALUE_PAIR, out);
	out->text = quote_text(l->arena, l->token.text);
	if (!ok)
		error_at(l->sources, &l->token.at, "%s names no field; write "
		    "\"name\" (it is there), \"name=value\" or \"name=val*\", "
		    "shorter than %d bytes", token_shown(l->arena, &l->token),
		    PAIR_MAX);
	lexer_next(l);
	return ok;
}

bool
value_read_type(struct lexer *l, struct value *out)
{
	char *text = arena_text(l->arena, l->token.text, l->token.length);
	bool ok = l->token.length < TYPE_MAX;
	unsigned slashes = 0;

	for (char *p = text; *p != '\0'; p++) {
		slashes += *p == '/';
		ok = ok && (isalnum((unsigned char)*p) ||
		    strchr("/+-._*?", *p) != NULL);
		*p = (char)tolower((unsigned char)*p);
	}
	fill(l, VALUE_GLOB, out);
	out->name = text;
	out->text = quote_text(l->arena, text);
	ok = ok && slashes == 1;
	if (!ok)
		error_at(l->sources, &l->token.at, "%s is not a type of "
		    "content; write \"multipart/form-data\" or \"image/*\"",
		    token_shown(l->arena, &l->token));
	lexer_next(l);
	return ok;
}

bool
value_read_glob(struct lexer *l, struct value *out)
{
	fill(l, VALUE_GLOB, out);
	lexer_next(l);
	return true;
}
