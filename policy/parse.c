/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse.c - sections.  After a fault the parser looks for the next place where
 * it can go on, so that all faults are told at once.
 */
#include "policy/parse.h"

#include "policy/values.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define INCLUDES_MAX 256	/* also bounds how deep they nest */
#define POLICY_FILE_MAX (16 * 1024 * 1024)

static const char *const later_sections[] = {
	"group", "identity", "limit",
};

bool
section_is_later(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(later_sections); i++)
		if (strcmp(word, later_sections[i]) == 0)
			return true;
	return false;
}

bool
parser_is_word(const struct parser *p, const char *word)
{
	return p->lexer.token.kind == TOKEN_WORD &&
	    strcmp(p->lexer.token.text, word) == 0;
}

static const char *
shown(struct parser *p)
{
	return token_shown(p->tree->arena, &p->lexer.token);
}

const char *
parser_name(struct parser *p, const char *what)
{
	struct token *t = &p->lexer.token;
	const char *name = t->text;
	bool ok = t->kind == TOKEN_WORD && isalpha((unsigned char)name[0]) &&
	    t->length <= NAME_OF_THING_MAX;

	for (const char *c = name; *c != '\0' && ok; c++)
		ok = isalnum((unsigned char)*c) || *c == '-' || *c == '_';
	if (!ok) {
		error_at(p->tree->sources, &t->at, "%s stands where the name "
		    "of a %s should be; a name begins with a letter and has "
		    "letters, digits, - and _, at most %d", shown(p), what,
		    NAME_OF_THING_MAX);
		if (t->kind == TOKEN_WORD || t->kind == TOKEN_STRING)
			lexer_next(&p->lexer);
		return NULL;
	}
	if (word_is_keyword(name) || strcmp(name, "default") == 0) {
		error_at(p->tree->sources, &t->at, "\"%s\" is a word of the "
		    "language and cannot name a %s; choose another name", name,
		    what);
		lexer_next(&p->lexer);
		return NULL;
	}
	lexer_next(&p->lexer);
	return name;
}

bool
parser_open(struct parser *p, const char *what)
{
	if (p->lexer.token.kind == TOKEN_OPEN) {
		lexer_next(&p->lexer);
		return true;
	}
	error_at(p->tree->sources, &p->lexer.token.at, "%s stands where the "
	    "\"{\" of %s should be", shown(p), what);
	return false;
}

const char *
parser_text(struct parser *p, const char *what, const char *example)
{
	struct token t = p->lexer.token;

	if (t.kind != TOKEN_STRING) {
		error_at(p->tree->sources, &t.at, "%s stands where the text of "
		    "%s should be; write it in quotation marks, for example "
		    "%s %s", shown(p), what, what, example);
		if (t.kind == TOKEN_WORD && !word_is_keyword(t.text))
			lexer_next(&p->lexer);
		return NULL;
	}
	lexer_next(&p->lexer);
	if (t.length == 0) {
		error_at(p->tree->sources, &t.at, "the text of %s is empty; "
		    "say something", what);
		return NULL;
	}
	return t.text;
}

void
parser_leave_block(struct parser *p)
{
	unsigned depth = 1;

	while (p->lexer.token.kind != TOKEN_END && depth > 0) {
		if (p->lexer.token.kind == TOKEN_OPEN)
			depth++;
		else if (p->lexer.token.kind == TOKEN_CLOSE)
			depth--;
		lexer_next(&p->lexer);
	}
}

void
parser_leave_section(struct parser *p)
{
	while (p->lexer.token.kind == TOKEN_STRING ||
	    (p->lexer.token.kind == TOKEN_WORD &&
	    !section_is_known(p->lexer.token.text)))
		lexer_next(&p->lexer);
	if (p->lexer.token.kind == TOKEN_OPEN) {
		lexer_next(&p->lexer);
		parser_leave_block(p);
	}
}

static bool
told_end(struct parser *p, const struct place *began, const char *what)
{
	if (p->lexer.token.kind != TOKEN_END)
		return false;
	error_at(p->tree->sources, began, "%s that begins here has no closing "
	    "\"}\"; add it", what);
	return true;
}

/* --- policy "Name" { ... } ------------------------------------------------------- */
static void
parse_policy_section(struct parser *p)
{
	struct tree *tree = p->tree;
	struct place at = p->lexer.token.at;
	const char *name;

	lexer_next(&p->lexer);
	name = parser_text(p, "policy", "\"Department of Examples\"");
	if (tree->has_policy) {
		error_at(tree->sources, &at, "there is a second \"policy\" "
		    "section; keep one");
		note_at(tree->sources, &tree->policy_at,
		    "the first one is here");
		parser_leave_section(p);
		return;
	}
	tree->has_policy = true;
	tree->policy_at = at;
	tree->name = name;
	if (p->lexer.token.kind != TOKEN_OPEN)
		return;		/* the block may be left out */
	lexer_next(&p->lexer);
	while (p->lexer.token.kind != TOKEN_CLOSE) {
		const struct {
			const char *word, *example;
			const char **into;
		} fields[] = {
			{ "owner", "\"Governance Board, igb@dept.example\"",
			    &tree->owner },
			{ "controller", "\"Department of Examples\"",
			    &tree->controller },
			{ "contact", "\"dpo@dept.example\"", &tree->contact },
			{ "timezone", "\"Europe/London\"", &tree->timezone },
			{ "notice", "\"https://intranet.dept.example/"
			    "monitoring\"", &tree->notice },
		};
		struct nearest near = { .word = p->lexer.token.text };
		struct place place = p->lexer.token.at;
		size_t i;

		if (told_end(p, &at, "the section"))
			return;
		for (i = 0; i < COUNT_OF(fields); i++) {
			if (parser_is_word(p, fields[i].word))
				break;
			nearest_try(&near, fields[i].word);
		}
		if (i == COUNT_OF(fields)) {
			error_at(tree->sources, &place, "%s has no meaning in "
			    "\"policy\"%s%s%s; there are owner, controller, "
			    "contact, timezone and notice", shown(p),
			    near.best == NULL ? "" : " (did you mean \"",
			    near.best == NULL ? "" : near.best,
			    near.best == NULL ? "" : "\"?)");
			lexer_next(&p->lexer);
			while (p->lexer.token.kind == TOKEN_STRING)
				lexer_next(&p->lexer);
			if (p->lexer.token.kind == TOKEN_OPEN)
				parser_leave_section(p);
			continue;
		}
		lexer_next(&p->lexer);
		if (*fields[i].into != NULL)
			error_at(tree->sources, &place, "\"%s\" is said "
			    "twice; keep one", fields[i].word);
		if (i == 3)
			tree->timezone_at = p->lexer.token.at;
		*fields[i].into = parser_text(p, fields[i].word,
		    fields[i].example);
	}
	lexer_next(&p->lexer);
}

/* --- include ---------------------------------------------------------------------- */
static const char *
join(struct parser *p, const char *path)
{
	if (path[0] == '/')
		return path;
	return arena_format(p->tree->arena, "%s%s", p->folder, path);
}

static void
parse_file(struct tree *tree, const char *path, const struct place *from,
    bool optional);

static void
parse_include(struct parser *p)
{
	struct place at = p->lexer.token.at;
	struct place path_at;
	const char *path;
	bool optional = false;

	lexer_next(&p->lexer);
	path_at = p->lexer.token.at;
	path = parser_text(p, "include", "\"exceptions.policy\"");
	if (parser_is_word(p, "optional")) {
		optional = true;
		lexer_next(&p->lexer);
	}
	if (path == NULL)
		return;
	if (p->tree->file_count >= INCLUDES_MAX) {
		error_at(p->tree->sources, &at, "there are more than %d files "
		    "in this policy; join some of them", INCLUDES_MAX);
		return;
	}
	parse_file(p->tree, join(p, path), &path_at, optional);
}

/* --- category, network ---------------------------------------------------------------- */
static void
told_twice(struct parser *p, const struct place *at, const char *what,
    const char *name, const struct place *first)
{
	error_at(p->tree->sources, at, "there is a second %s called \"%s\"; "
	    "rename one of them", what, name);
	note_at(p->tree->sources, first, "the first one is here");
}

static void
parse_category(struct parser *p)
{
	struct tree *tree = p->tree;
	struct place at = p->lexer.token.at;
	struct category c = { .at = at };
	bool any = false;

	lexer_next(&p->lexer);
	c.at = p->lexer.token.at;
	c.name = parser_name(p, "category");
	if (parser_is_word(p, "from")) {
		any = true;
		do {
			struct place place;
			const char *path;

			lexer_next(&p->lexer);
			place = p->lexer.token.at;
			path = parser_text(p, "from", "\"lists/gambling\"");
			if (path != NULL)
				*ARENA_ADD(tree->arena, c.paths, c.path_count)
				    = (struct text_at){ place, join(p, path) };
		} while (parser_is_word(p, "from"));
		while (p->lexer.token.kind == TOKEN_STRING) {
			*ARENA_ADD(tree->arena, c.paths, c.path_count) =
			    (struct text_at){ p->lexer.token.at,
			    join(p, p->lexer.token.text) };
			lexer_next(&p->lexer);
		}
	}
	if (p->lexer.token.kind == TOKEN_OPEN) {
		any = true;
		lexer_next(&p->lexer);
		while (p->lexer.token.kind == TOKEN_WORD ||
		    p->lexer.token.kind == TOKEN_STRING) {
			struct value v;

			if (parser_is_word(p, "or")) {
				lexer_next(&p->lexer);
				continue;
			}
			if (value_read_host(&p->lexer, false, &v))
				*ARENA_ADD(tree->arena, c.hosts,
				    c.host_count) = v;
		}
		if (told_end(p, &at, "the category"))
			return;
		if (p->lexer.token.kind == TOKEN_OPEN) {
			error_at(tree->sources, &p->lexer.token.at, "a second "
			    "\"{\" has no place inside a category; close the "
			    "category first");
			lexer_next(&p->lexer);
			parser_leave_block(p);
		}
		if (p->lexer.token.kind == TOKEN_CLOSE)
			lexer_next(&p->lexer);
	}
	if (!any) {
		error_at(tree->sources, &p->lexer.token.at, "%s stands where "
		    "a category says what is in it; write from \"FILE\" or "
		    "{ example.org other.example }", shown(p));
		return;
	}
	if (c.name == NULL)
		return;
	if (tree_category(tree, c.name) != NULL) {
		told_twice(p, &c.at, "category", c.name,
		    &tree_category(tree, c.name)->at);
		return;
	}
	*ARENA_ADD(tree->arena, tree->categories, tree->category_count) = c;
}

static void
parse_network(struct parser *p)
{
	struct tree *tree = p->tree;
	struct place at = p->lexer.token.at;
	struct network_section n = { .at = at };

	lexer_next(&p->lexer);
	n.at = p->lexer.token.at;
	n.name = parser_name(p, "network");
	if (!parser_open(p, "a network"))
		return;
	while (p->lexer.token.kind == TOKEN_WORD ||
	    p->lexer.token.kind == TOKEN_STRING) {
		struct value v;

		if (parser_is_word(p, "or")) {
			lexer_next(&p->lexer);
			continue;
		}
		if (value_read_network(&p->lexer, false, &v))
			*ARENA_ADD(tree->arena, n.values, n.value_count) = v;
	}
	if (told_end(p, &at, "the network"))
		return;
	if (p->lexer.token.kind == TOKEN_OPEN) {
		error_at(tree->sources, &p->lexer.token.at, "a second \"{\" "
		    "has no place inside a network; close the network first");
		lexer_next(&p->lexer);
		parser_leave_block(p);
	}
	if (p->lexer.token.kind == TOKEN_CLOSE)
		lexer_next(&p->lexer);
	if (n.name == NULL)
		return;
	if (tree_network(tree, n.name) != NULL) {
		told_twice(p, &n.at, "network", n.name,
		    &tree_network(tree, n.name)->at);
		return;
	}
	*ARENA_ADD(tree->arena, tree->networks, tree->network_count) = n;
}

/* --- the table of sections ------------------------------------------------------------------ */
static const struct {
	const char *word;
	void (*parse)(struct parser *);
} sections[] = {
	{ "policy", parse_policy_section },
	{ "include", parse_include },
	{ "category", parse_category },
	{ "network", parse_network },
	{ "hours", parse_hours },
	{ "service", parse_service },
	{ "tls", parse_rules },
	{ "access", parse_rules },
	{ "headers", parse_rules },
	{ "route", parse_rules },
	{ "expect", parse_expect },
};

bool
section_is_known(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(sections); i++)
		if (strcmp(word, sections[i].word) == 0)
			return true;
	return section_is_later(word);
}

void
sections_nearest(struct nearest *nearest)
{
	for (size_t i = 0; i < COUNT_OF(sections); i++)
		nearest_try(nearest, sections[i].word);
	for (size_t i = 0; i < COUNT_OF(later_sections); i++)
		nearest_try(nearest, later_sections[i]);
}

static void
unknown_section(struct parser *p)
{
	struct sources *s = p->tree->sources;
	struct token t = p->lexer.token;
	struct nearest near = { .word = t.text };
	enum verdict verdict;

	if (t.kind == TOKEN_CLOSE) {
		error_at(s, &t.at, "this \"}\" closes nothing; delete it or "
		    "look for a missing \"{\" above");
		lexer_next(&p->lexer);
		return;
	}
	if (t.kind == TOKEN_WORD && section_is_later(t.text)) {
		error_at(s, &t.at, "the section \"%s\" comes with a later "
		    "version; leave it out for now", t.text);
	} else if (t.kind == TOKEN_WORD) {
		sections_nearest(&near);
		error_at(s, &t.at, "\"%.200s\" is no section%s%s%s; there are "
		    "policy, include, category, network, hours, service, "
		    "tls, access, headers, route and expect%s%s%s", t.text,
		    near.best == NULL ? "" : " (did you mean \"",
		    near.best == NULL ? "" : near.best,
		    near.best == NULL ? "" : "\"?)",
		    verdict_by_word(t.text, &verdict) ||
		    word_is_keyword(t.text) ? "; rules stand inside " : "",
		    verdict_by_word(t.text, &verdict) ?
		    section_name(verdict_section(verdict)) :
		    word_is_keyword(t.text) ? "access" : "",
		    verdict_by_word(t.text, &verdict) ||
		    word_is_keyword(t.text) ? " { }" : "");
	} else {
		error_at(s, &t.at, "%s stands where a section should begin",
		    shown(p));
	}
	if (t.kind == TOKEN_WORD)
		lexer_next(&p->lexer);
	parser_leave_section(p);
}

void
parse_policy(struct tree *tree, const char *path, const char *text,
    size_t length)
{
	struct parser p = { .tree = tree };
	uint32_t file = sources_file(tree->sources,
	    sources_show(tree->sources, path));
	const char *slash = strrchr(path, '/');

	*ARENA_ADD(tree->arena, tree->files, tree->file_count) = path;
	p.folder = arena_text(tree->arena, path, slash == NULL ? 0 :
	    (size_t)(slash - path) + 1);
	lexer_init(&p.lexer, tree->sources, tree->arena, file, text, length);
	while (p.lexer.token.kind != TOKEN_END) {
		size_t i;

		for (i = 0; i < COUNT_OF(sections); i++)
			if (parser_is_word(&p, sections[i].word))
				break;
		if (i < COUNT_OF(sections))
			sections[i].parse(&p);
		else
			unknown_section(&p);
	}
}

static void
parse_file(struct tree *tree, const char *path, const struct place *from,
    bool optional)
{
	size_t length;
	char *text;

	for (size_t i = 0; i < tree->file_count; i++)
		if (strcmp(tree->files[i], path) == 0) {
			error_at(tree->sources, from, "\"%s\" is included "
			    "twice; include it once", path);
			return;
		}
	text = sources_read(tree->sources, tree->arena, path, POLICY_FILE_MAX,
	    &length);
	if (text == NULL) {
		int error = errno;
		struct place here;

		if (optional && error == ENOENT)
			return;
		if (from == NULL) {
			here = (struct place){ .file =
			    sources_file(tree->sources,
			    sources_show(tree->sources, path)) };
			error_at(tree->sources, &here, "the policy cannot be "
			    "read: %s", sources_why(tree->sources, error));
		} else {
			error_at(tree->sources, from, "\"%s\" cannot be read: "
			    "%s", sources_show(tree->sources, path),
			    sources_why(tree->sources, error));
		}
		return;
	}
	parse_policy(tree, path, text, length);
}

void
parse_policy_file(struct tree *tree, const char *path)
{
	parse_file(tree, path, NULL, false);
}

struct category *
tree_category(const struct tree *tree, const char *name)
{
	for (size_t i = 0; i < tree->category_count; i++)
		if (strcmp(tree->categories[i].name, name) == 0)
			return &tree->categories[i];
	return NULL;
}

struct network_section *
tree_network(const struct tree *tree, const char *name)
{
	for (size_t i = 0; i < tree->network_count; i++)
		if (strcmp(tree->networks[i].name, name) == 0)
			return &tree->networks[i];
	return NULL;
}

struct hours_section *
tree_hours(const struct tree *tree, const char *name)
{
	for (size_t i = 0; i < tree->hours_count; i++)
		if (strcmp(tree->hours[i].name, name) == 0)
			return &tree->hours[i];
	return NULL;
}
