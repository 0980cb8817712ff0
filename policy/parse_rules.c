/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_rules.c - the lines inside rules and default.  A line begins with its
 * word; what may stand in a rule of which section is one table.
 */
#include "policy/parse.h"

#include "policy/values.h"

#include <string.h>

static const char *
shown(struct parser *p)
{
	return token_shown(p->tree->arena, &p->lexer.token);
}

static bool
is_value_token(const struct parser *p)
{
	enum verdict verdict;

	/* Rules of headers have no closing brace that ends their lines. */
	if (p->section == SECTION_HEADERS &&
	    p->lexer.token.kind == TOKEN_WORD &&
	    verdict_by_word(p->lexer.token.text, &verdict) &&
	    verdict_section(verdict) == SECTION_HEADERS)
		return false;
	return p->lexer.token.kind == TOKEN_STRING ||
	    (p->lexer.token.kind == TOKEN_WORD &&
	    !word_is_keyword(p->lexer.token.text));
}

static void
leave_values(struct parser *p)
{
	while (is_value_token(p) || parser_is_word(p, "or") ||
	    parser_is_word(p, "as"))
		lexer_next(&p->lexer);
}

/* --- conditions ------------------------------------------------------------------ */
static bool
read_fact(struct parser *p, enum fact *fact)
{
	struct token t = p->lexer.token;
	struct nearest near = { .word = t.text };

	if (t.kind == TOKEN_WORD && fact_by_word(t.text, fact)) {
		lexer_next(&p->lexer);
		return true;
	}
	if (t.kind == TOKEN_WORD && fact_is_later(t.text)) {
		error_at(p->tree->sources, &t.at, "the fact \"%s\" comes with "
		    "a later version; leave this line or rule out for now",
		    t.text);
	} else if (t.kind == TOKEN_WORD) {
		facts_nearest(&near);
		error_at(p->tree->sources, &t.at, "\"%.200s\" is no fact that "
		    "a line can ask for%s%s%s", t.text,
		    near.best == NULL ? "; write for example when host "
		    "example.org" : " (did you mean \"",
		    near.best == NULL ? "" : near.best,
		    near.best == NULL ? "" : "\"?)");
	} else {
		error_at(p->tree->sources, &t.at, "%s stands where a fact "
		    "should be; write for example when host example.org",
		    shown(p));
	}
	if (t.kind == TOKEN_WORD && !word_is_keyword(t.text))
		lexer_next(&p->lexer);
	leave_values(p);
	return false;
}

static void
told_no_or(struct parser *p, enum fact fact)
{
	struct token t = p->lexer.token;
	struct nearest near = { .word = t.text };
	size_t n = t.length;

	if (n > 0 && t.text[n - 1] == ',') {
		error_at(p->tree->sources, &t.at, "%s: write \"or\" between "
		    "alternatives, without commas", shown(p));
		return;
	}
	keywords_nearest(&near);
	if (near.best != NULL)
		error_at(p->tree->sources, &t.at, "%s has no meaning here; "
		    "did you mean \"%s\"? (another value for %s needs \"or\" "
		    "before it)", shown(p), near.best, fact_word(fact));
	else
		error_at(p->tree->sources, &t.at, "%s follows a value of %s; "
		    "write \"or\" before it if it is another value", shown(p),
		    fact_word(fact));
}

static void
parse_line(struct parser *p, struct rule *rule, enum line_kind kind,
    const struct place *at)
{
	struct line line = { .at = *at, .kind = kind };
	bool ok = true, first = true;

	if (!read_fact(p, &line.fact))
		return;
	for (;;) {
		struct value value;
		enum fact other;

		if (!first && p->lexer.token.kind == TOKEN_WORD &&
		    fact_by_word(p->lexer.token.text, &other) &&
		    !(line.fact == FACT_CLIENT_KIND &&
		    other == FACT_BROWSER)) {
			error_at(p->tree->sources, &p->lexer.token.at,
			    "\"or %s\": a line asks for one fact, here %s; "
			    "write a second rule for the other (or quote it if "
			    "it is a value)", p->lexer.token.text,
			    fact_word(line.fact));
			leave_values(p);
			return;
		}
		first = false;
		if (value_read(&p->lexer, line.fact, &value))
			*ARENA_ADD(p->tree->arena, line.values,
			    line.value_count) = value;
		else
			ok = false;
		if (!parser_is_word(p, "or"))
			break;
		lexer_next(&p->lexer);
	}
	if (is_value_token(p)) {
		if (ok)
			told_no_or(p, line.fact);
		leave_values(p);
		return;
	}
	if (ok)
		*ARENA_ADD(p->tree->arena, rule->lines, rule->line_count) =
		    line;
}

static void
line_when(struct parser *p, struct rule *rule, const struct place *at)
{
	for (size_t i = 0; i < rule->line_count; i++)
		if (rule->lines[i].kind == LINE_WHEN) {
			error_at(p->tree->sources, at, "a rule has one "
			    "\"when\"; begin further lines with \"and\"");
			break;
		}
	parse_line(p, rule, LINE_WHEN, at);
}

static void
line_and(struct parser *p, struct rule *rule, const struct place *at)
{
	bool unless = rule->line_count > 0 &&
	    rule->lines[rule->line_count - 1].kind == LINE_UNLESS;

	if (unless)
		error_at(p->tree->sources, at, "\"and\" after \"unless\" can "
		    "be read in two ways; put the \"and\" lines first, and "
		    "write \"unless\" again for a further exception");
	parse_line(p, rule, LINE_WHEN, at);
}

static void
line_unless(struct parser *p, struct rule *rule, const struct place *at)
{
	parse_line(p, rule, LINE_UNLESS, at);
}

/* --- what a rule says ---------------------------------------------------------------- */
static void
said_twice(struct parser *p, const struct place *at, const char *word)
{
	error_at(p->tree->sources, at, "\"%s\" is said twice; keep one", word);
}

static void
text_field(struct parser *p, const struct place *at, const char *word,
    const char *example, const char **into)
{
	const char *text = parser_text(p, word, example);

	if (*into != NULL)
		said_twice(p, at, word);
	else	/* a fault is told once: it does not count as missing too */
		*into = text == NULL ? "" : text;
}

static void
line_because(struct parser *p, struct rule *rule, const struct place *at)
{
	text_field(p, at, "because", "\"No business purpose was found.\"",
	    &rule->because);
}

static void
line_owner(struct parser *p, struct rule *rule, const struct place *at)
{
	text_field(p, at, "owner", "\"HR, hr@dept.example\"", &rule->owner);
}

static void
line_purpose(struct parser *p, struct rule *rule, const struct place *at)
{
	text_field(p, at, "purpose", "\"Record of official communications\"",
	    &rule->purpose);
}

/* One of some words; NULL after a fault. */
static const char *
one_of(struct parser *p, const char *what, const char *const *words)
{
	struct token t = p->lexer.token;
	struct nearest near = { .word = t.text };
	char all[256] = "";

	for (size_t i = 0; words[i] != NULL; i++) {
		size_t n = strlen(all);

		if (parser_is_word(p, words[i])) {
			lexer_next(&p->lexer);
			return words[i];
		}
		nearest_try(&near, words[i]);
		(void)snprintf(all + n, sizeof(all) - n, "%s%s", i == 0 ? "" :
		    words[i + 1] == NULL ? " or " : ", ", words[i]);
	}
	error_at(p->tree->sources, &t.at, "%s stands where %s should be%s%s%s; "
	    "write %s", shown(p), what,
	    near.best == NULL ? "" : " (did you mean \"",
	    near.best == NULL ? "" : near.best,
	    near.best == NULL ? "" : "\"?)", all);
	if (is_value_token(p))
		lexer_next(&p->lexer);
	return NULL;
}

static void
line_ground(struct parser *p, struct rule *rule, const struct place *at)
{
	static const char *const grounds[] = { "security", "technical",
	    "business", NULL };
	const char *ground = one_of(p, "the ground of a refusal", grounds);

	if (rule->ground != NULL)
		said_twice(p, at, "ground");
	else
		rule->ground = ground == NULL ? "" : ground;
}

static bool
read_date(struct parser *p, const char *word, int64_t *day)
{
	struct token t = p->lexer.token;

	if (is_value_token(p) && date_parse(t.text, day)) {
		lexer_next(&p->lexer);
		return true;
	}
	error_at(p->tree->sources, &t.at, "%s stands where the date of %s "
	    "should be; write YEAR-MONTH-DAY such as 2027-03-31", shown(p),
	    word);
	if (is_value_token(p))
		lexer_next(&p->lexer);
	return false;
}

static void
line_review(struct parser *p, struct rule *rule, const struct place *at)
{
	if (rule->has_review)
		said_twice(p, at, "review-by");
	rule->review_at = p->lexer.token.at;
	/* A wrong date is told once; that it is missing is not told too. */
	rule->has_review = true;
	if (!read_date(p, "review-by", &rule->review_by))
		rule->review_by = INT64_MAX;
}

static void
line_until(struct parser *p, struct rule *rule, const struct place *at)
{
	if (rule->has_until)
		said_twice(p, at, "until");
	rule->until_at = p->lexer.token.at;
	rule->has_until = read_date(p, "until", &rule->until);
}

static void
line_report_only(struct parser *p, struct rule *rule, const struct place *at)
{
	if (rule->report_only)
		said_twice(p, at, "report-only");
	rule->report_only = true;
}

/* --- what a record keeps ---------------------------------------------------------------- */
static void
keep_record(struct parser *p, struct keeping *k, const struct place *at)
{
	static const char *const depths[] = { "category", "host", "path",
	    "url", "activity", NULL };
	static const char *const whos[] = { "name", "pseudonym", "count-only",
	    NULL };
	const char *word;

	if (k->has_depth || k->has_as)
		said_twice(p, at, "record");
	if (!parser_is_word(p, "as")) {
		word = one_of(p, "what a record keeps", depths);
		for (int i = 0; word != NULL && depths[i] != NULL; i++)
			if (strcmp(word, depths[i]) == 0) {
				k->has_depth = true;
				k->depth = (enum record_depth)i;
			}
	}
	if (!parser_is_word(p, "as"))
		return;
	lexer_next(&p->lexer);
	word = one_of(p, "as whom a record names people", whos);
	for (int i = 0; word != NULL && whos[i] != NULL; i++)
		if (strcmp(word, whos[i]) == 0) {
			k->has_as = true;
			k->as = (enum record_as)i;
		}
}

static void
keep_commit(struct parser *p, struct keeping *k, const struct place *at)
{
	static const char *const words[] = { "forward", NULL };

	if (k->forward)
		said_twice(p, at, "commit");
	if (one_of(p, "when the record must be safe", words) != NULL)
		k->forward = true;
}

static void
keep_query(struct parser *p, struct keeping *k, const struct place *at)
{
	if (k->keep_query != NULL)
		said_twice(p, at, "keep-query");
	if (!is_value_token(p)) {
		error_at(p->tree->sources, &p->lexer.token.at, "%s stands "
		    "where the names of query fields should be; write for "
		    "example keep-query page lang", shown(p));
		return;
	}
	while (is_value_token(p)) {
		if (!lexer_is_plain(p->lexer.token.text))
			error_at(p->tree->sources, &p->lexer.token.at, "%s "
			    "is not the name of a query field", shown(p));
		else if (k->keep_query == NULL)
			k->keep_query = p->lexer.token.text;
		else
			k->keep_query = arena_format(p->tree->arena, "%s %s",
			    k->keep_query, p->lexer.token.text);
		lexer_next(&p->lexer);
	}
}

/* --- the table of lines ------------------------------------------------------------------- */
typedef void rule_line(struct parser *, struct rule *, const struct place *);
typedef void keep_line(struct parser *, struct keeping *,
    const struct place *);

#define IN(section) (1u << SECTION_##section)
#define IN_ALL (~0u)

/* A row: the word, in which sections, and who reads it; neither reader means a
 * later version. */
static const struct row {
	const char *word;
	unsigned sections;
	rule_line *rule;
	keep_line *keep;	/* allowed in default too */
} rows[] = {
	{ "when", IN_ALL, line_when, NULL },
	{ "and", IN_ALL, line_and, NULL },
	{ "unless", IN_ALL, line_unless, NULL },
	{ "because", IN(ACCESS), line_because, NULL },
	{ "ground", IN(ACCESS), line_ground, NULL },
	{ "owner", IN(ACCESS), line_owner, NULL },
	{ "review-by", IN(ACCESS), line_review, NULL },
	{ "report-only", IN(ACCESS), line_report_only, NULL },
	{ "until", IN_ALL, line_until, NULL },
	{ "purpose", IN(ACCESS) | IN(TLS), line_purpose, NULL },
	{ "record", IN(ACCESS), NULL, keep_record },
	{ "commit", IN(ACCESS), NULL, keep_commit },
	{ "keep-query", IN(ACCESS), NULL, keep_query },
	{ "every", IN(ACCESS), NULL, NULL },
	{ "say", IN(ACCESS), NULL, NULL },
	{ "ask", IN(ACCESS), NULL, NULL },
	{ "hold", IN(ACCESS), NULL, NULL },
	{ "keep", IN(ACCESS), NULL, NULL },
	{ "keep-for", IN(ACCESS), NULL, NULL },
	{ "alert", IN(ACCESS), NULL, NULL },
	{ "no-exceptions", IN(ACCESS), NULL, NULL },
};

static bool
is_in(const struct row *row, enum section section)
{
	return (row->sections >> section & 1) != 0;
}

bool
word_is_keyword(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (strcmp(rows[i].word, word) == 0)
			return true;
	return strcmp(word, "or") == 0 || strcmp(word, "as") == 0;
}

void
keywords_nearest(struct nearest *nearest)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		nearest_try(nearest, rows[i].word);
	nearest_try(nearest, "or");
}

static void
leave_line(struct parser *p)
{
	leave_values(p);
	if (p->lexer.token.kind == TOKEN_OPEN) {
		lexer_next(&p->lexer);
		parser_leave_block(p);
	}
}

/* A line of another section: which there are in this one. */
static void
misplaced_line(struct parser *p)
{
	struct token t = p->lexer.token;
	char all[256] = "";

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t n = strlen(all);

		if (is_in(&rows[i], p->section))
			(void)snprintf(all + n, sizeof(all) - n, "%s%s",
			    n == 0 ? "" : ", ", rows[i].word);
	}
	error_at(p->tree->sources, &t.at, "%s has no place in a rule of %s; "
	    "there are %s", shown(p), section_name(p->section), all);
	lexer_next(&p->lexer);
	leave_line(p);
}

static void
unknown_line(struct parser *p, bool in_default)
{
	struct token t = p->lexer.token;
	struct nearest near = { .word = t.text };

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (is_in(&rows[i], p->section) &&
		    (!in_default || rows[i].keep != NULL))
			nearest_try(&near, rows[i].word);
	error_at(p->tree->sources, &t.at, "%s begins no line of %s%s%s%s",
	    shown(p), in_default ? "\"default\" (there are record, commit and "
	    "keep-query)" : "a rule",
	    near.best == NULL ? "" : " (did you mean \"",
	    near.best == NULL ? "" : near.best,
	    near.best == NULL ? "" : "\"?)");
	if (t.kind != TOKEN_OPEN)
		lexer_next(&p->lexer);
	leave_line(p);
}

static void
read_line(struct parser *p, const struct row *row, struct rule *rule,
    struct keeping *keeping)
{
	struct token t = p->lexer.token;

	lexer_next(&p->lexer);
	if (row->rule != NULL) {
		row->rule(p, rule, &t.at);
	} else if (row->keep != NULL) {
		row->keep(p, keeping, &t.at);
	} else {
		error_at(p->tree->sources, &t.at, "\"%s\" comes with a later "
		    "version; leave this line out for now", t.text);
		leave_values(p);
	}
}

void
parse_lines(struct parser *p, struct rule *rule, struct keeping *keeping,
    const struct place *began)
{
	while (p->lexer.token.kind != TOKEN_CLOSE) {
		const struct row *row = NULL;

		if (p->lexer.token.kind == TOKEN_END) {
			error_at(p->tree->sources, began, "the rule that "
			    "begins here has no closing \"}\"; add it");
			return;
		}
		for (size_t i = 0; i < COUNT_OF(rows); i++)
			if (parser_is_word(p, rows[i].word))
				row = &rows[i];
		if (row == NULL || (rule == NULL && row->rule != NULL))
			unknown_line(p, rule == NULL);
		else if (!is_in(row, p->section))
			misplaced_line(p);
		else
			read_line(p, row, rule, keeping);
	}
	lexer_next(&p->lexer);
}

void
parse_bare_lines(struct parser *p, struct rule *rule)
{
	while (p->lexer.token.kind == TOKEN_WORD) {
		const struct row *row = NULL;

		for (size_t i = 0; i < COUNT_OF(rows); i++)
			if (parser_is_word(p, rows[i].word))
				row = &rows[i];
		if (row == NULL)
			return;
		if (is_in(row, p->section))
			read_line(p, row, rule, &rule->keeping);
		else
			misplaced_line(p);
	}
}

void
parser_leave_lines(struct parser *p)
{
	while (p->lexer.token.kind == TOKEN_WORD &&
	    word_is_keyword(p->lexer.token.text)) {
		lexer_next(&p->lexer);
		leave_values(p);
	}
}
