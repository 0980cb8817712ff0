/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match.c - whether one line of a rule holds: true, false, or not known.  A
 * fact is unknown until its stage has come; a fact without a value matches
 * nothing, so `when` fails and `unless` is satisfied.
 */
#include "policy/navigation.h"
#include "policy/snapshot.h"

#include <string.h>

#define DAY INT64_C(86400)

void
eval_init(struct eval *eval, const struct policy *policy,
    const struct facts *facts)
{
	/* the hits are large and filled when first asked for */
	eval->policy = policy;
	eval->facts = facts;
	eval->have_host = eval->have_server_name = eval->have_time = false;
	eval->have_embedded_in = eval->have_browser = false;
	eval->have_country = eval->have_asn = false;
	eval->country_known = eval->asn_known = false;
	eval->pattern_limit = false;
	eval->names_by_host_alone = false;
	eval->by_host.have_hits = eval->by_server_name.have_hits = false;
	eval->by_host.activity = eval->by_server_name.activity = UINT32_MAX;
	eval->unknown = 0;
}

static bool
is_known(const struct eval *e, enum fact fact)
{
	return (e->facts->known & FACT_BIT(fact)) != 0;
}

static bool
is_present(const struct eval *e, enum fact fact)
{
	return (e->facts->known & e->facts->present & FACT_BIT(fact)) != 0;
}

/* --- what is worked out -------------------------------------------------------- */
static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

bool
eval_time(struct eval *e)
{
	const struct policy *p = e->policy;
	size_t low = 0, high = p->count[PART_ZONE];
	int64_t seconds = (int64_t)(e->facts->wall_us / 1000000);
	int64_t weekday;

	if (e->facts->wall_us == 0)
		return false;
	if (e->have_time)
		return true;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->ZONE[middle].from > seconds)
			high = middle;
		else
			low = middle + 1;
	}
	if (low > 0)
		seconds += p->ZONE[low - 1].offset % (2 * DAY);
	e->day = floor_div(seconds, DAY);
	weekday = (e->day + 3) % 7;	/* 1970-01-01 was a Thursday */
	if (weekday < 0)
		weekday += 7;
	e->week_minute = (unsigned)(weekday * 1440 +
	    (seconds - e->day * DAY) / 60);
	e->have_time = true;
	return true;
}

bool
eval_country(struct eval *e, char country[3], bool *known)
{
	const struct facts *f = e->facts;

	if (is_known(e, FACT_COUNTRY)) {
		memcpy(country, f->country, 3);
		*known = true;
		return is_present(e, FACT_COUNTRY);
	}
	*known = e->policy->header->has_country != 0 &&
	    is_known(e, FACT_DESTINATION);
	if (!*known || !is_present(e, FACT_DESTINATION))
		return false;
	if (!e->have_country) {
		e->have_country = true;
		e->country_known = geo_country(e->policy, &f->destination,
		    e->country);
	}
	memcpy(country, e->country, 3);
	return e->country_known;
}

bool
eval_asn(struct eval *e, uint32_t *asn, bool *known)
{
	const struct facts *f = e->facts;

	if (is_known(e, FACT_ASN)) {
		*asn = f->asn;
		*known = true;
		return is_present(e, FACT_ASN);
	}
	*known = e->policy->header->has_asn != 0 &&
	    is_known(e, FACT_DESTINATION);
	if (!*known || !is_present(e, FACT_DESTINATION))
		return false;
	if (!e->have_asn) {
		e->have_asn = true;
		e->asn_known = geo_asn(e->policy, &f->destination, &e->asn);
	}
	*asn = e->asn;
	return e->asn_known;
}

const struct browser *
eval_browser(struct eval *e)
{
	if (!e->have_browser) {
		browser_read(e->policy, &e->facts->browser, &e->browser);
		e->have_browser = true;
	}
	return &e->browser;
}

/* As stated, else as the User-Agent says. */
static enum client_kind
eval_kind(struct eval *e)
{
	if (is_known(e, FACT_CLIENT_KIND))
		return e->facts->client_kind;
	return is_present(e, FACT_BROWSER) ? eval_browser(e)->kind :
	    CLIENT_UNKNOWN;
}

/* --- one value -------------------------------------------------------------------- */
static bool
in_ranges(const struct policy *p, const struct snap_value *v,
    const struct address *address)
{
	const struct snap_range *r = p->RANGES + v->a;
	size_t low = 0, high = v->b;
	uint64_t words[2];

	address_words(address, words);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const uint64_t *from = r[middle].low;

		if (from[0] > words[0] ||
		    (from[0] == words[0] && from[1] > words[1]))
			high = middle;
		else
			low = middle + 1;
	}
	if (low == 0)
		return false;
	r += low - 1;
	return words[0] < r->high[0] ||
	    (words[0] == r->high[0] && words[1] <= r->high[1]);
}

static bool
in_numbers(const struct snap_value *v, uint64_t number)
{
	return number >= v->b >> 32 && number <= (v->b & UINT32_MAX);
}

static bool
is_browser(struct eval *e, const struct snap_value *v)
{
	const struct browser *b = eval_browser(e);

	return v->op == OP_BROWSER && browser_is(e->policy, b, v->a) &&
	    (v->b == BROWSER_ANY_VERSION ||
	    (b->has_major && in_numbers(v, b->major)));
}

static enum truth
is_one_word(struct eval *e, const struct snap_value *v, const char *word)
{
	return v->op == OP_WORD && strlen(word) == v->b &&
	    memcmp(e->policy->TEXT + v->a, word, v->b) == 0 ? TRUTH_TRUE :
	    TRUTH_FALSE;
}

static bool
is_word(const struct policy *p, const struct snap_value *v,
    const struct fact_string *s)
{
	return s->length == v->b &&
	    memcmp(p->TEXT + v->a, s->text, s->length) == 0;
}

/* A host of an activity. */
static bool
is_name(const struct policy *p, const struct snap_value *v,
    const struct fact_string *s)
{
	enum entry_how how = (enum entry_how)(v->b >> 32);
	size_t n = v->b & UINT32_MAX;
	size_t above = s->length - n;

	if (s->length < n ||
	    memcmp(p->TEXT + v->a, s->text + above, n) != 0)
		return false;
	if (above == 0)
		return how != ENTRY_BELOW;
	return how != ENTRY_EXACT && s->text[above - 1] == '.';
}

/* The path itself and what lies below it. */
static bool
is_path(const struct policy *p, const struct snap_value *v,
    const struct fact_string *s)
{
	size_t n = v->b;

	if (s->length < n || memcmp(p->TEXT + v->a, s->text, n) != 0)
		return false;
	return s->length == n || s->text[n] == '/' ||
	    (n > 0 && s->text[n - 1] == '/');
}

static enum truth
is_pattern(struct eval *e, const struct snap_value *v,
    const struct fact_string *s)
{
	const struct policy *p = e->policy;
	int code = pcre2_match(p->patterns[v->a], (PCRE2_SPTR)s->text,
	    s->length, 0, 0, p->match_data, p->match_context);

	if (code >= 0)
		return TRUTH_TRUE;
	if (code == PCRE2_ERROR_NOMATCH)
		return TRUTH_FALSE;
	e->pattern_limit = true;
	return TRUTH_UNKNOWN;
}

static enum truth
is_size(struct eval *e, const struct snap_value *v)
{
	uint64_t size = e->facts->request_size;
	bool over = v->op == OP_OVER;
	bool crossed = over ? size > v->b : size >= v->b;

	if (crossed)
		return over ? TRUTH_TRUE : TRUTH_FALSE;
	if (!e->facts->request_size_final)
		return TRUTH_UNKNOWN;
	return over ? TRUTH_FALSE : TRUTH_TRUE;
}

static enum truth
truth_of(bool holds)
{
	return holds ? TRUTH_TRUE : TRUTH_FALSE;
}

static enum truth
text_value(struct eval *e, const struct snap_value *v,
    const struct fact_string *s)
{
	switch ((enum snap_op)v->op) {
	case OP_WORD:
		return truth_of(is_word(e->policy, v, s));
	case OP_PATH:
		return truth_of(is_path(e->policy, v, s));
	case OP_GLOB:
		return truth_of(glob_match(e->policy->TEXT + v->a, v->b,
		    s->text, s->length));
	case OP_PATTERN:
		return is_pattern(e, v, s);
	case OP_NAME:
		return truth_of(is_name(e->policy, v, s));
	case OP_PAIR:
		return truth_of(pair_matches(e->policy->TEXT + v->a, v->b,
		    s->text, s->length));
	case OP_SERVICE:
	case OP_CLASS:
	case OP_ACTIVITY:
	case OP_SET:
	case OP_RANGES:
	case OP_NUMBERS:
	case OP_COUNTRY:
	case OP_KIND:
	case OP_HOURS:
	case OP_OVER:
	case OP_UNDER:
	case OP_BROWSER:
	case OPS:
		break;
	}
	return TRUTH_FALSE;	/* not a value of this fact */
}

/* What follows the question mark of the URL. */
static bool
query_of(const struct facts *f, struct fact_string *query)
{
	const char *at = memchr(f->url.text, '?', f->url.length);

	if (at == NULL)
		return false;
	query->text = at + 1;
	query->length = f->url.length - (size_t)(at + 1 - f->url.text);
	return true;
}

/* One value of a line that asks for a fact that is present. */
static enum truth
match_value(struct eval *e, enum fact fact, const struct snap_value *v)
{
	const struct facts *f = e->facts;
	struct fact_string query;
	char country[3];
	uint32_t asn;
	bool known;

	switch (fact) {
	case FACT_CLIENT:
		return truth_of(v->op == OP_RANGES &&
		    in_ranges(e->policy, v, &f->client));
	case FACT_DESTINATION:
		return truth_of(v->op == OP_RANGES &&
		    in_ranges(e->policy, v, &f->destination));
	case FACT_ADDRESS_KIND:
		return truth_of((v->b >> (is_known(e, FACT_ADDRESS_KIND) ?
		    f->address_kind : address_kind(&f->destination)) & 1) !=
		    0);
	case FACT_COUNTRY:
		return truth_of(eval_country(e, country, &known) &&
		    v->b == ((uint64_t)country[0] << 8 |
		    (uint64_t)country[1]));
	case FACT_ASN:
		return truth_of(eval_asn(e, &asn, &known) &&
		    in_numbers(v, asn));
	case FACT_PORT:
		return truth_of(in_numbers(v, f->port));
	case FACT_HOURS:
		return truth_of(v->op == OP_HOURS &&
		    (e->policy->HOURS[v->a].week[e->week_minute / 64] >>
		    (e->week_minute % 64) & 1) != 0);
	case FACT_DATE:
		return truth_of(e->day >= 0 &&
		    in_numbers(v, (uint64_t)e->day));
	case FACT_REQUEST_SIZE:
		return is_size(e, v);
	case FACT_LISTENER:
		return text_value(e, v, &f->listener);
	case FACT_PROTOCOL:
		return text_value(e, v, &f->protocol);
	case FACT_METHOD:
		return text_value(e, v, &f->method);
	case FACT_SCHEME:
		return text_value(e, v, &f->scheme);
	case FACT_PATH:
		return text_value(e, v, &f->path);
	case FACT_URL:
		return text_value(e, v, &f->url);
	case FACT_BROWSER:
		return truth_of(is_browser(e, v));
	case FACT_CLIENT_KIND:
		return is_one_word(e, v, client_kind_name(eval_kind(e)));
	case FACT_NAVIGATION:
		return is_one_word(e, v, navigation_name(f->navigation));
	case FACT_QUERY:
		return query_of(f, &query) ? text_value(e, v, &query) :
		    TRUTH_FALSE;
	case FACT_CONTENT_TYPE:
		return truth_of(v->op == OP_GLOB && type_matches(
		    e->policy->TEXT + v->a, v->b, f->content_type.text,
		    f->content_type.length));
	case FACT_FIELD:
		return text_value(e, v, &f->fields);
	case FACT_OPERATION:
		return text_value(e, v, &f->operation);
	case FACT_HOST:
	case FACT_CATEGORY:
	case FACT_SERVICE:
	case FACT_SERVICE_CLASS:
	case FACT_ACTIVITY:
	case FACT_SERVER_NAME:
	case FACT_EMBEDDED_IN:
	case FACTS:
		break;
	}
	return TRUTH_FALSE;
}

/* --- names -------------------------------------------------------------------------- */
static bool
line_has_name(struct eval *e, const struct snap_line *line, enum fact fact)
{
	const struct policy *p = e->policy;
	const struct fact_string *s = &e->facts->host;
	struct hits *hits = &e->host;
	bool *have = &e->have_host;

	if (fact == FACT_SERVER_NAME) {
		s = &e->facts->server_name;
		hits = &e->server_name;
		have = &e->have_server_name;
	} else if (fact == FACT_EMBEDDED_IN) {
		s = &e->facts->embedded_in;
		hits = &e->embedded_in;
		have = &e->have_embedded_in;
	}
	if (!*have) {
		names_look_up(p, s->text, s->length, hits);
		*have = true;
	}
	for (uint32_t i = 0; i < line->value_count; i++) {
		const struct snap_value *v = &p->VALUES[line->first_value + i];

		if (v->op == OP_SET && names_has(p, hits, s->text, s->length,
		    v->a))
			return true;
	}
	return false;
}

static bool
asks_for_service(enum fact fact)
{
	return fact == FACT_SERVICE || fact == FACT_SERVICE_CLASS ||
	    fact == FACT_ACTIVITY;
}

static enum truth
negate(enum truth truth, bool unless)
{
	if (!unless || truth == TRUTH_UNKNOWN)
		return truth;
	return truth == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
}

/* Whether the line is satisfied by one of the names; UNKNOWN if that name is
 * not known yet. */
static enum truth
satisfied_by(struct eval *e, const struct snap_line *line, enum fact fact)
{
	if (!is_known(e, fact))
		return TRUTH_UNKNOWN;
	if (!is_present(e, fact))
		return truth_of(line->unless);
	if (asks_for_service((enum fact)line->fact))
		return negate(service_line(e, line, fact == FACT_SERVER_NAME),
		    line->unless);
	return truth_of(line_has_name(e, line, fact) != line->unless);
}

/*
 * A host is judged by the CONNECT host and, once it is there, by the name in
 * the ClientHello.  For a deny or never it is enough that one of them
 * satisfies the line, for all else both must: neither a false CONNECT nor a
 * false server name slips past a refusal, and an exception from one must fit
 * both.
 */
static enum truth
eval_host(struct eval *e, const struct snap_line *line, bool either)
{
	enum truth host = satisfied_by(e, line, FACT_HOST);
	enum truth name;

	/* of a host that is known it is the service that is not */
	e->unknown |= is_known(e, FACT_HOST) ? FACT_BIT(line->fact) :
	    FACT_BIT(FACT_HOST);
	if (!is_known(e, FACT_SERVER_NAME)) {
		e->names_by_host_alone |= e->facts->is_tunnel;
		return host;
	}
	if (!is_present(e, FACT_SERVER_NAME))
		return host;
	name = satisfied_by(e, line, FACT_SERVER_NAME);
	if (either)
		return host > name ? host : name;
	return host < name ? host : name;
}

/* --- lines ----------------------------------------------------------------------------- */
/* Whether the fact is known, and present; derived ones by what they are
 * derived from. */
static bool
fact_state(struct eval *e, enum fact fact, bool *present)
{
	struct fact_string query;
	char country[3];
	uint32_t asn;
	bool known;

	switch (fact) {
	case FACT_HOURS:
	case FACT_DATE:
		*present = true;
		return true;
	case FACT_ADDRESS_KIND:
		if (is_known(e, fact))
			break;
		*present = is_present(e, FACT_DESTINATION);
		return is_known(e, FACT_DESTINATION);
	case FACT_COUNTRY:
		*present = eval_country(e, country, &known);
		return known;
	case FACT_ASN:
		*present = eval_asn(e, &asn, &known);
		return known;
	case FACT_CLIENT_KIND:
		*present = eval_kind(e) != CLIENT_UNKNOWN;
		return is_known(e, fact) || is_known(e, FACT_BROWSER);
	case FACT_QUERY:
		*present = is_present(e, FACT_URL) &&
		    query_of(e->facts, &query);
		return is_known(e, FACT_URL);
	case FACT_CLIENT:
	case FACT_LISTENER:
	case FACT_HOST:
	case FACT_PORT:
	case FACT_CATEGORY:
	case FACT_BROWSER:
	case FACT_NAVIGATION:
	case FACT_EMBEDDED_IN:
	case FACT_SERVICE:
	case FACT_SERVICE_CLASS:
	case FACT_ACTIVITY:
	case FACT_CONTENT_TYPE:
	case FACT_FIELD:
	case FACT_OPERATION:
	case FACT_DESTINATION:
	case FACT_SERVER_NAME:
	case FACT_PROTOCOL:
	case FACT_METHOD:
	case FACT_SCHEME:
	case FACT_PATH:
	case FACT_URL:
	case FACT_REQUEST_SIZE:
	case FACTS:
		break;
	}
	*present = is_present(e, fact);
	return is_known(e, fact);
}

/* A line about anything but names and times. */
static enum truth
eval_values(struct eval *e, const struct snap_line *line)
{
	enum fact fact = (enum fact)line->fact;
	enum truth best = TRUTH_FALSE;
	bool present;

	if (!fact_state(e, fact, &present)) {
		/* Without a database a country never comes. */
		if ((fact != FACT_COUNTRY ||
		    e->policy->header->has_country != 0) &&
		    (fact != FACT_ASN || e->policy->header->has_asn != 0))
			e->unknown |= FACT_BIT(fact);
		return TRUTH_UNKNOWN;
	}
	if (!present)
		return truth_of(line->unless);
	for (uint32_t i = 0; i < line->value_count; i++) {
		enum truth t = match_value(e, fact,
		    &e->policy->VALUES[line->first_value + i]);

		if (t > best)
			best = t;
		if (best == TRUTH_TRUE)
			break;
	}
	if (best == TRUTH_UNKNOWN && fact == FACT_REQUEST_SIZE)
		e->unknown |= FACT_BIT(fact);
	return negate(best, line->unless);
}

enum truth
eval_condition(struct eval *e, const struct snap_line *line, bool server_name)
{
	const struct fact_string *name = server_name ?
	    &e->facts->server_name : &e->facts->host;

	if (line->fact != FACT_HOST)
		return eval_values(e, line);
	for (uint32_t i = 0; i < line->value_count; i++)
		if (text_value(e, &e->policy->VALUES[line->first_value + i],
		    name) == TRUTH_TRUE)
			return TRUTH_TRUE;
	return TRUTH_FALSE;
}

enum truth
eval_line(struct eval *e, const struct snap_line *line, bool either)
{
	enum fact fact = (enum fact)line->fact;
	enum truth best;

	e->unknown = 0;
	if (fact == FACT_HOST || fact == FACT_CATEGORY ||
	    asks_for_service(fact))
		return eval_host(e, line, either);
	if (fact == FACT_SERVER_NAME || fact == FACT_EMBEDDED_IN) {
		best = satisfied_by(e, line, fact);
		if (best == TRUTH_UNKNOWN)
			e->unknown |= FACT_BIT(fact);
		return best;
	}
	if ((fact == FACT_HOURS || fact == FACT_DATE) && !eval_time(e))
		return TRUTH_TRUE;	/* no time stated: as if not there */
	return eval_values(e, line);
}
