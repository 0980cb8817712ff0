/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_service.c - a service of the catalogue: its class, its hosts by role,
 * and what people do there, each with requests that must be recognised.
 */
#include "policy/parse.h"

#include "policy/values.h"

#include <string.h>

/* What an activity may be told by. */
static const enum fact told_by[] = {
	FACT_METHOD, FACT_HOST, FACT_PATH, FACT_QUERY, FACT_CONTENT_TYPE,
	FACT_FIELD, FACT_OPERATION,
};

static const char *
shown(struct parser *p)
{
	return token_shown(p->tree->arena, &p->lexer.token);
}

static bool
is_value(const struct parser *p)
{
	return p->lexer.token.kind == TOKEN_WORD ||
	    p->lexer.token.kind == TOKEN_STRING;
}

static bool
role_by_word(const char *word, enum service_role *role)
{
	for (int i = 0; i < SERVICE_ROLE_COUNT; i++)
		if (strcmp(service_role_name((enum service_role)i), word) ==
		    0) {
			*role = (enum service_role)i;
			return true;
		}
	return false;
}

/* A word that begins a line of a service or of an activity. */
static bool
begins_line(const struct parser *p)
{
	static const char *const words[] = { "class", "part-of", "activity",
	    "example" };
	enum service_role role;
	enum fact fact;

	if (p->lexer.token.kind != TOKEN_WORD)
		return false;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcmp(p->lexer.token.text, words[i]) == 0)
			return true;
	return role_by_word(p->lexer.token.text, &role) ||
	    fact_by_word(p->lexer.token.text, &fact);
}

static void
leave_line(struct parser *p)
{
	while (is_value(p) && !begins_line(p))
		lexer_next(&p->lexer);
}

/* --- activities --------------------------------------------------------------- */
static void
parse_condition(struct parser *p, struct activity *a, enum fact fact)
{
	struct line line = { .at = p->lexer.token.at, .kind = LINE_WHEN,
	    .fact = fact };
	bool ok = true;

	lexer_next(&p->lexer);
	for (;;) {
		struct value value;

		if (!value_read(&p->lexer, fact, &value)) {
			ok = false;
		} else if (value.op == VALUE_CATEGORY) {
			error_at(p->tree->sources, &value.at, "\"%s\" is no "
			    "host; an activity names hosts, not categories",
			    value.name);
			ok = false;
		} else {
			*ARENA_ADD(p->tree->arena, line.values,
			    line.value_count) = value;
		}
		if (!parser_is_word(p, "or"))
			break;
		lexer_next(&p->lexer);
	}
	if (ok && is_value(p) && !begins_line(p)) {
		error_at(p->tree->sources, &p->lexer.token.at, "%s follows a "
		    "value of %s; write \"or\" before it if it is another "
		    "value", shown(p), fact_word(fact));
		ok = false;
	}
	if (!ok)
		leave_line(p);
	else
		*ARENA_ADD(p->tree->arena, a->lines, a->line_count) = line;
}

static bool
example_text(struct parser *p, const char *what, const char **into)
{
	if (!is_value(p)) {
		error_at(p->tree->sources, &p->lexer.token.at, "%s stands "
		    "where %s of the example should be", shown(p), what);
		return false;
	}
	if (*into != NULL)
		error_at(p->tree->sources, &p->lexer.token.at, "%s of the "
		    "example is said twice; keep one", what);
	*into = p->lexer.token.text;
	lexer_next(&p->lexer);
	return true;
}

/* example POST "https://host/path" with field "a=b" with operation Name */
static void
parse_example(struct parser *p, struct activity *a)
{
	struct example e = { .at = p->lexer.token.at };

	lexer_next(&p->lexer);
	if (!example_text(p, "the method", &e.method) ||
	    !example_text(p, "the URL", &e.url)) {
		leave_line(p);
		return;
	}
	while (parser_is_word(p, "with")) {
		const struct {
			const char *word, *what;
			const char **into;
		} given[] = {
			{ "content-type", "the type of content",
			    &e.content_type },
			{ "field", "the fields", &e.fields },
			{ "operation", "the operation", &e.operation },
		};
		size_t i;

		lexer_next(&p->lexer);
		for (i = 0; i < COUNT_OF(given); i++)
			if (parser_is_word(p, given[i].word))
				break;
		if (i == COUNT_OF(given)) {
			error_at(p->tree->sources, &p->lexer.token.at, "%s is "
			    "nothing that an example can come with; there are "
			    "content-type, field and operation", shown(p));
			leave_line(p);
			return;
		}
		lexer_next(&p->lexer);
		if (!example_text(p, given[i].what, given[i].into)) {
			leave_line(p);
			return;
		}
	}
	*ARENA_ADD(p->tree->arena, a->examples, a->example_count) = e;
}

static void
unknown_in_activity(struct parser *p)
{
	struct nearest near = { .word = p->lexer.token.text };

	for (size_t i = 0; i < COUNT_OF(told_by); i++)
		nearest_try(&near, fact_word(told_by[i]));
	nearest_try(&near, "example");
	error_at(p->tree->sources, &p->lexer.token.at, "%s begins no line of an "
	    "activity%s%s%s; there are method, host, path, query, "
	    "content-type, field, operation and example", shown(p),
	    near.best == NULL ? "" : " (did you mean \"",
	    near.best == NULL ? "" : near.best,
	    near.best == NULL ? "" : "\"?)");
	if (p->lexer.token.kind == TOKEN_OPEN) {
		lexer_next(&p->lexer);
		parser_leave_block(p);
		return;
	}
	lexer_next(&p->lexer);
	leave_line(p);
}

static void
parse_activity(struct parser *p, struct service *s)
{
	struct activity a = { .at = p->lexer.token.at };
	unsigned errors = sources_errors(p->tree->sources);
	struct value kind;
	bool ok;

	lexer_next(&p->lexer);
	ok = value_read_activity(&p->lexer, &kind);
	if (ok)
		a.kind = (enum activity_kind)kind.low;
	if (!parser_open(p, "an activity")) {
		leave_line(p);
		return;
	}
	while (p->lexer.token.kind != TOKEN_CLOSE) {
		size_t i;

		if (p->lexer.token.kind == TOKEN_END) {
			error_at(p->tree->sources, &a.at, "the activity that "
			    "begins here has no closing \"}\"; add it");
			return;
		}
		for (i = 0; i < COUNT_OF(told_by); i++)
			if (parser_is_word(p, fact_word(told_by[i])))
				break;
		if (i < COUNT_OF(told_by))
			parse_condition(p, &a, told_by[i]);
		else if (parser_is_word(p, "example"))
			parse_example(p, &a);
		else
			unknown_in_activity(p);
	}
	lexer_next(&p->lexer);
	a.broken = sources_errors(p->tree->sources) != errors;
	if (ok)
		*ARENA_ADD(p->tree->arena, s->activities,
		    s->activity_count) = a;
}

/* --- services ------------------------------------------------------------------- */
static void
parse_hosts(struct parser *p, struct service *s, enum service_role role)
{
	const char *word = service_role_name(role);
	bool any = false;

	lexer_next(&p->lexer);
	while (is_value(p) && !begins_line(p)) {
		struct service_host h = { .role = role };

		any = true;
		if (parser_is_word(p, "shared")) {
			error_at(p->tree->sources, &p->lexer.token.at,
			    "\"shared\" stands after the host that others "
			    "use too; name the host first");
			lexer_next(&p->lexer);
			continue;
		}
		if (!value_read_host(&p->lexer, false, &h.host))
			continue;
		if (h.host.op == VALUE_GLOB) {
			error_at(p->tree->sources, &h.host.at, "\"%s\" has "
			    "* or ? inside; a service's host is a name such "
			    "as example.org, =example.org or *.example.org",
			    h.host.text);
			continue;
		}
		if (parser_is_word(p, "shared")) {
			h.shared = true;
			lexer_next(&p->lexer);
		}
		*ARENA_ADD(p->tree->arena, s->hosts, s->host_count) = h;
	}
	if (!any)
		error_at(p->tree->sources, &p->lexer.token.at, "%s stands "
		    "where the hosts of \"%s\" should be; write for example "
		    "%s example.org", shown(p), word, word);
}

static void
parse_word(struct parser *p, const char *what, const char **into,
    struct place *at)
{
	struct place place = p->lexer.token.at;
	const char *name;

	lexer_next(&p->lexer);
	*at = p->lexer.token.at;
	name = parser_name(p, what);
	if (*into != NULL)
		error_at(p->tree->sources, &place, "the %s is said twice; "
		    "keep one", what);
	else
		*into = name == NULL ? "" : name;
}

static void
unknown_in_service(struct parser *p)
{
	struct nearest near = { .word = p->lexer.token.text };

	for (int i = 0; i < SERVICE_ROLE_COUNT; i++)
		nearest_try(&near, service_role_name((enum service_role)i));
	nearest_try(&near, "class");
	nearest_try(&near, "part-of");
	nearest_try(&near, "activity");
	error_at(p->tree->sources, &p->lexer.token.at, "%s begins no line of a "
	    "service%s%s%s; there are class, part-of, site, api, cdn, media "
	    "and activity", shown(p),
	    near.best == NULL ? "" : " (did you mean \"",
	    near.best == NULL ? "" : near.best,
	    near.best == NULL ? "" : "\"?)");
	if (p->lexer.token.kind != TOKEN_OPEN) {
		lexer_next(&p->lexer);
		leave_line(p);
	}
	if (p->lexer.token.kind == TOKEN_OPEN) {
		lexer_next(&p->lexer);
		parser_leave_block(p);
	}
}

static bool
parse_block(struct parser *p, struct service *s, const struct place *began)
{
	enum service_role role;

	while (p->lexer.token.kind != TOKEN_CLOSE) {
		if (p->lexer.token.kind == TOKEN_END) {
			error_at(p->tree->sources, began, "the service that "
			    "begins here has no closing \"}\"; add it");
			return false;
		}
		if (parser_is_word(p, "class"))
			parse_word(p, "class", &s->klass, &s->class_at);
		else if (parser_is_word(p, "part-of"))
			parse_word(p, "whole service", &s->part_of,
			    &s->part_of_at);
		else if (parser_is_word(p, "activity"))
			parse_activity(p, s);
		else if (p->lexer.token.kind == TOKEN_WORD &&
		    role_by_word(p->lexer.token.text, &role))
			parse_hosts(p, s, role);
		else
			unknown_in_service(p);
	}
	lexer_next(&p->lexer);
	return true;
}

void
parse_service(struct parser *p)
{
	struct tree *tree = p->tree;
	struct place began = p->lexer.token.at;
	struct service s = { .at = began };
	unsigned errors = sources_errors(tree->sources);
	struct service *first;

	lexer_next(&p->lexer);
	s.at = p->lexer.token.at;
	s.name = parser_name(p, "service");
	s.title = s.name;
	if (p->lexer.token.kind == TOKEN_STRING)
		s.title = parser_text(p, "service", "\"Example\"");
	if (!parser_open(p, "a service")) {
		parser_leave_section(p);
		return;
	}
	if (!parse_block(p, &s, &began) || s.name == NULL)
		return;
	if (s.title == NULL)
		s.title = s.name;
	s.broken = sources_errors(tree->sources) != errors;
	first = tree_service(tree, s.name);
	if (first != NULL) {
		error_at(tree->sources, &s.at, "there is a second service "
		    "called \"%s\"; rename one of them", s.name);
		note_at(tree->sources, &first->at, "the first one is here");
		return;
	}
	*ARENA_ADD(tree->arena, tree->services, tree->service_count) = s;
}

struct service *
tree_service(const struct tree *tree, const char *name)
{
	for (size_t i = 0; i < tree->service_count; i++)
		if (strcmp(tree->services[i].name, name) == 0)
			return &tree->services[i];
	return NULL;
}

bool
tree_has_class(const struct tree *tree, const char *name)
{
	for (size_t i = 0; i < tree->service_count; i++)
		if (tree->services[i].klass != NULL &&
		    strcmp(tree->services[i].klass, name) == 0)
			return true;
	return false;
}
