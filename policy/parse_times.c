/* SPDX-License-Identifier: Apache-2.0 */
/* parse_times.c - dates, office hours, and the policy's own tests. */
#include "policy/parse.h"

#include "policy/values.h"

#include <ctype.h>
#include <string.h>

/* --- dates ------------------------------------------------------------------------ */
static int64_t
days_from_civil(int64_t y, unsigned m, unsigned d)
{
	int64_t era;
	unsigned yoe, doy, doe;

	y -= m <= 2;
	era = y / 400;
	yoe = (unsigned)(y - era * 400);
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + (int64_t)doe - 719468;
}

bool
date_parse(const char *text, int64_t *day)
{
	static const unsigned char lengths[] = { 31, 28, 31, 30, 31, 30, 31,
	    31, 30, 31, 30, 31 };
	unsigned part[3] = { 0, 0, 0 };
	unsigned last;

	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-')
		return false;
	for (int i = 0, k = 0; i < 10; i++) {
		if (i == 4 || i == 7) {
			k++;
			continue;
		}
		if (!isdigit((unsigned char)text[i]))
			return false;
		part[k] = part[k] * 10 + (unsigned)(text[i] - '0');
	}
	if (part[0] < 1970 || part[1] < 1 || part[1] > 12)
		return false;
	last = lengths[part[1] - 1];
	if (part[1] == 2 && part[0] % 4 == 0 &&
	    (part[0] % 100 != 0 || part[0] % 400 == 0))
		last = 29;
	if (part[2] < 1 || part[2] > last)
		return false;
	*day = days_from_civil(part[0], part[1], part[2]);
	return true;
}

void
date_print(int64_t day, char out[16])
{
	int64_t z = day + 719468;
	int64_t era = z / 146097;
	unsigned doe = (unsigned)(z - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153;
	unsigned d = doy - (153 * mp + 2) / 5 + 1;
	unsigned m = mp < 10 ? mp + 3 : mp - 9;
	unsigned y = (unsigned)(yoe + era * 400) + (m <= 2);

	(void)snprintf(out, 16, "%04u-%02u-%02u", y % 10000, m % 100, d % 100);
}

/* --- hours -------------------------------------------------------------------------- */
static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat",
    "sun" };

static int
day_number(const char *text, size_t length)
{
	for (int i = 0; i < 7; i++)
		if (length == 3 && strncasecmp(text, days[i], 3) == 0)
			return i;
	return -1;
}

/* "mon" "mon-fri" "daily"; false if it is none. */
static bool
day_range(const char *text, int *from, int *to)
{
	size_t n = strlen(text);

	if (strcmp(text, "daily") == 0) {
		*from = 0;
		*to = 6;
		return true;
	}
	if (n == 3) {
		*from = *to = day_number(text, 3);
		return *from >= 0;
	}
	if (n != 7 || text[3] != '-')
		return false;
	*from = day_number(text, 3);
	*to = day_number(text + 4, 3);
	return *from >= 0 && *to >= 0;
}

/* "08:00-18:30", to 24:00 */
static bool
minute_range(const char *text, int *from, int *to)
{
	int part[4] = { 0, 0, 0, 0 };

	if (strlen(text) != 11 || text[2] != ':' || text[5] != '-' ||
	    text[8] != ':')
		return false;
	for (int i = 0; i < 11; i++) {
		if (i % 3 == 2)
			continue;
		if (!isdigit((unsigned char)text[i]))
			return false;
		part[i / 3] = part[i / 3] * 10 + (text[i] - '0');
	}
	*from = part[0] * 60 + part[1];
	*to = part[2] * 60 + part[3];
	return part[1] < 60 && part[3] < 60 && *from < 1440 && *to <= 1440 &&
	    *from != *to;
}

static void
fill_week(uint64_t *week, int day, int from, int to)
{
	int length = to > from ? to - from : to + 1440 - from;

	/* Past midnight belongs to the day on which it began. */
	for (int i = 0; i < length; i++) {
		int minute = (day * 1440 + from + i) % WEEK_MINUTES;

		week[minute / 64] |= UINT64_C(1) << (minute % 64);
	}
}

static void
fill_days(struct hours_section *h, int first, int last, int from, int to)
{
	for (int d = first; ; d = (d + 1) % 7) {
		fill_week(h->week, d, from, to);
		if (d == last)
			break;
	}
}

/* One entry: days, then a range of minutes; either may be left out. */
static void
parse_hours_entry(struct parser *p, struct hours_section *h)
{
	struct arena *arena = p->tree->arena;
	struct place at = p->lexer.token.at;
	int spans[16][2];
	size_t span_count = 0;
	const char *text = "";
	int from = 0, to = 1440;
	bool minutes;

	while (p->lexer.token.kind == TOKEN_WORD && span_count < 16 &&
	    day_range(p->lexer.token.text, &spans[span_count][0],
	    &spans[span_count][1])) {
		text = arena_format(arena, "%s%s%s", text, span_count == 0 ?
		    "" : " ", p->lexer.token.text);
		span_count++;
		lexer_next(&p->lexer);
	}
	minutes = p->lexer.token.kind == TOKEN_WORD &&
	    minute_range(p->lexer.token.text, &from, &to);
	if (minutes) {
		text = arena_format(arena, "%s%s%s", text, span_count == 0 ?
		    "" : " ", p->lexer.token.text);
		lexer_next(&p->lexer);
	}
	if (span_count == 0 && !minutes) {
		error_at(p->tree->sources, &p->lexer.token.at, "%s is neither "
		    "days nor a time; write for example mon-fri 08:00-18:30, "
		    "sat 09:00-12:00 or daily 22:00-06:00",
		    token_shown(arena, &p->lexer.token));
		if (p->lexer.token.kind == TOKEN_OPEN) {
			lexer_next(&p->lexer);
			parser_leave_block(p);
		} else if (p->lexer.token.kind != TOKEN_END) {
			lexer_next(&p->lexer);
		}
		return;
	}
	if (span_count == 0) {
		spans[0][0] = 0;
		spans[0][1] = 6;
		span_count = 1;
	}
	for (size_t i = 0; i < span_count; i++)
		fill_days(h, spans[i][0], spans[i][1], from, to);
	*ARENA_ADD(arena, h->entries, h->entry_count) =
	    (struct hours_entry){ at, text };
}

void
parse_hours(struct parser *p)
{
	struct tree *tree = p->tree;
	struct place at = p->lexer.token.at;
	struct hours_section h = { .at = at };

	lexer_next(&p->lexer);
	h.at = p->lexer.token.at;
	h.name = parser_name(p, "hours");
	if (!parser_open(p, "hours"))
		return;
	while (p->lexer.token.kind != TOKEN_CLOSE) {
		if (p->lexer.token.kind == TOKEN_END) {
			error_at(tree->sources, &at, "the hours that begin "
			    "here have no closing \"}\"; add it");
			return;
		}
		parse_hours_entry(p, &h);
	}
	lexer_next(&p->lexer);
	if (h.name == NULL)
		return;
	if (tree_hours(tree, h.name) != NULL) {
		error_at(tree->sources, &h.at, "there are second hours called "
		    "\"%s\"; rename one of them", h.name);
		note_at(tree->sources, &tree_hours(tree, h.name)->at,
		    "the first ones are here");
		return;
	}
	*ARENA_ADD(tree->arena, tree->hours, tree->hours_count) = h;
}

/* --- expect ------------------------------------------------------------------------------ */
static const char *const given_words[] = {
	"url", "host", "would", "at", "client", "listener", "port",
	"server-name", "protocol", "method", "scheme", "path", "destination",
	"address-kind", "country", "asn", "request-size", "browser",
	"client-kind", "navigation", "embedded-in",
	"service", "service-class", "activity", "content-type", "field",
	"operation",
};

static void
parse_given(struct parser *p, struct expectation *e)
{
	struct token t = p->lexer.token;
	struct nearest near = { .word = t.text };
	struct given given = { .at = t.at };

	for (size_t i = 0; i < COUNT_OF(given_words); i++) {
		if (parser_is_word(p, given_words[i]))
			given.word = given_words[i];
		nearest_try(&near, given_words[i]);
	}
	if (given.word == NULL) {
		if (t.kind == TOKEN_WORD && (fact_is_later(t.text) ||
		    strcmp(t.text, "inspected") == 0))
			error_at(p->tree->sources, &t.at, "\"%s\" comes with "
			    "a later version; leave it out for now", t.text);
		else
			error_at(p->tree->sources, &t.at, "%s is nothing that "
			    "can be given here%s%s%s; write for example "
			    "{ host www.example.org } or "
			    "{ url \"http://example.org/\" }",
			    token_shown(p->tree->arena, &t),
			    near.best == NULL ? "" : " (did you mean \"",
			    near.best == NULL ? "" : near.best,
			    near.best == NULL ? "" : "\"?)");
		lexer_next(&p->lexer);
		if (t.kind == TOKEN_OPEN) {
			parser_leave_block(p);
			return;
		}
		for (;;) {	/* pass over its values */
			bool known = false;

			for (size_t i = 0; i < COUNT_OF(given_words); i++)
				known |= parser_is_word(p, given_words[i]);
			if (known || (p->lexer.token.kind != TOKEN_WORD &&
			    p->lexer.token.kind != TOKEN_STRING))
				return;
			lexer_next(&p->lexer);
		}
	}
	lexer_next(&p->lexer);
	if (p->lexer.token.kind != TOKEN_WORD &&
	    p->lexer.token.kind != TOKEN_STRING) {
		error_at(p->tree->sources, &p->lexer.token.at, "%s stands "
		    "where a value for %s should be", token_shown(
		    p->tree->arena, &p->lexer.token), given.word);
		return;
	}
	given.value = p->lexer.token.text;
	given.quoted = p->lexer.token.kind == TOKEN_STRING;
	lexer_next(&p->lexer);
	for (size_t i = 0; i < e->given_count; i++)
		if (strcmp(e->given[i].word, given.word) == 0 &&
		    strcmp(given.word, "would") != 0)
			error_at(p->tree->sources, &given.at, "\"%s\" is "
			    "given twice; keep one", given.word);
	*ARENA_ADD(p->tree->arena, e->given, e->given_count) = given;
}

void
parse_expect(struct parser *p)
{
	struct tree *tree = p->tree;
	struct expectation e = { .at = p->lexer.token.at };
	bool ok = true;
	struct token t;

	lexer_next(&p->lexer);
	t = p->lexer.token;
	if (t.kind != TOKEN_WORD || !verdict_by_word(t.text, &e.verdict)) {
		if (parser_is_word(p, "remind") ||
		    parser_is_word(p, "justify"))
			error_at(tree->sources, &t.at, "expecting \"%s\" "
			    "comes with a later version; leave this line out "
			    "for now", t.text);
		else
			error_at(tree->sources, &t.at, "%s stands where the "
			    "expected verdict should be; write for example "
			    "expect audit everything-else { host "
			    "www.example.org }",
			    token_shown(tree->arena, &t));
		parser_leave_section(p);
		return;
	}
	lexer_next(&p->lexer);
	e.rule_at = p->lexer.token.at;
	if (parser_is_word(p, "default")) {
		e.rule = "default";
		lexer_next(&p->lexer);
	} else if (verdict_section(e.verdict) == SECTION_HEADERS &&
	    p->lexer.token.kind == TOKEN_STRING) {
		e.rule = p->lexer.token.text;	/* called by its field */
		lexer_next(&p->lexer);
	} else {
		e.rule = parser_name(p, "rule");
		ok = e.rule != NULL;
	}
	if (!parser_open(p, "expect")) {
		parser_leave_section(p);
		return;
	}
	while (p->lexer.token.kind != TOKEN_CLOSE) {
		if (p->lexer.token.kind == TOKEN_END) {
			error_at(tree->sources, &e.at, "the expectation that "
			    "begins here has no closing \"}\"; add it");
			return;
		}
		parse_given(p, &e);
	}
	lexer_next(&p->lexer);
	if (ok)
		*ARENA_ADD(tree->arena, tree->expectations,
		    tree->expectation_count) = e;
}
