/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_count.c - what the refusals cost: for each rule that refused something
 * in a span of time, or would have, how often, how many different people, and
 * when last.  Nothing leads from the answer back to a person.
 *
 * Rules and pairs of rule and person are bounded.  Beyond the first, rules are
 * left out and the last line says so; beyond the second, the number of people
 * is a lower bound and marked as one.  People are told apart by a hash of 64
 * bits, so two may count as one, once in very many cases.
 */
#include "logging/reader.h"

#include "logging/line_read.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <jansson.h>

#include <stdlib.h>
#include <string.h>

#define RULES_MAX 4096
#define RULE_SLOTS 8192			/* a power of two */
#define PAIR_SLOTS_FIRST 1024		/* powers of two */
#define PAIR_SLOTS_LAST 131072
#define NAME_BYTES 136

enum count_kind {
	COUNT_DENY,
	COUNT_REPORT_ONLY,
	COUNT_BUILT_IN		/* name: gatebook.outcome */
};

struct count_rule {
	char name[NAME_BYTES];
	char last[LOG_TIME];
	enum count_kind kind;
	uint64_t hits;
	uint64_t people;
	uint64_t unnamed;	/* hits whose record names nobody */
	bool at_least;		/* there was no room for more people */
};

struct reader_count {
	struct count_rule *rules;
	size_t count;
	size_t size;
	uint16_t slot[RULE_SLOTS];	/* 0: free, else number of a rule + 1 */
	uint64_t *pairs;
	size_t pair_slots;
	size_t pair_count;
	uint64_t lines;
	char oldest[LOG_TIME];
	size_t sent;
	bool head_sent;
	bool full;
};

bool
reader_count_begin(struct reader_client *c)
{
	c->counting = calloc(1, sizeof(*c->counting));
	if (c->counting == NULL)
		return false;
	c->counting->pairs = calloc(PAIR_SLOTS_FIRST, sizeof(uint64_t));
	c->counting->pair_slots = PAIR_SLOTS_FIRST;
	return c->counting->pairs != NULL;
}

void
reader_count_clear(struct reader_client *c)
{
	if (c->counting == NULL)
		return;
	free(c->counting->rules);
	free(c->counting->pairs);
	free(c->counting);
	c->counting = NULL;
}

size_t
reader_count_rules(const struct reader_client *c)
{
	return c->counting == NULL ? 0 : c->counting->count;
}

/* --- tables ------------------------------------------------------------------ */

static uint64_t
hash(uint64_t h, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		h = (h ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	h ^= h >> 29;
	h *= UINT64_C(0xbf58476d1ce4e5b9);
	return h ^ h >> 32;
}

static struct count_rule *
add_rule(struct reader_count *n, const char *name, enum count_kind kind)
{
	struct count_rule *rule;

	if (n->count == RULES_MAX) {
		n->full = true;
		return NULL;
	}
	if (n->count == n->size) {
		size_t size = n->size == 0 ? 32 : n->size * 2;
		struct count_rule *grown = reallocarray(n->rules, size,
		    sizeof(*grown));

		if (grown == NULL) {
			n->full = true;
			return NULL;
		}
		n->rules = grown;
		n->size = size;
	}
	rule = &n->rules[n->count++];
	memset(rule, 0, sizeof(*rule));
	rule->kind = kind;
	memcpy(rule->name, name, strlen(name) + 1);
	return rule;
}

static struct count_rule *
find_rule(struct reader_count *n, const char *name, enum count_kind kind)
{
	size_t at = hash(kind, name, strlen(name)) & (RULE_SLOTS - 1);
	struct count_rule *rule;

	for (; n->slot[at] != 0; at = (at + 1) & (RULE_SLOTS - 1)) {
		rule = &n->rules[n->slot[at] - 1];
		if (rule->kind == kind && strcmp(rule->name, name) == 0)
			return rule;
	}
	rule = add_rule(n, name, kind);
	if (rule != NULL)
		n->slot[at] = (uint16_t)n->count;
	return rule;
}

/* Put a pair in; false if it is there already. */
static bool
put_pair(uint64_t *pairs, size_t slots, uint64_t pair)
{
	size_t at = pair & (slots - 1);

	for (; pairs[at] != 0; at = (at + 1) & (slots - 1))
		if (pairs[at] == pair)
			return false;
	pairs[at] = pair;
	return true;
}

static bool
has_pair(const struct reader_count *n, uint64_t pair)
{
	size_t at = pair & (n->pair_slots - 1);

	for (; n->pairs[at] != 0; at = (at + 1) & (n->pair_slots - 1))
		if (n->pairs[at] == pair)
			return true;
	return false;
}

/* Room for one pair more; false at the bound. */
static bool
make_room(struct reader_count *n)
{
	uint64_t *grown;

	if (n->pair_count < n->pair_slots / 4 * 3)
		return true;
	if (n->pair_slots == PAIR_SLOTS_LAST)
		return false;
	grown = calloc(n->pair_slots * 2, sizeof(*grown));
	if (grown == NULL)
		return false;
	for (size_t i = 0; i < n->pair_slots; i++)
		if (n->pairs[i] != 0)
			(void)put_pair(grown, n->pair_slots * 2, n->pairs[i]);
	free(n->pairs);
	n->pairs = grown;
	n->pair_slots *= 2;
	return true;
}

static void
add_person(struct reader_count *n, struct count_rule *rule,
    const struct line_value *person)
{
	uint64_t number = (uint64_t)(rule - n->rules) + 1;
	uint64_t pair;

	if (person->at == NULL) {
		rule->unnamed++;
		return;
	}
	pair = hash(number * UINT64_C(0x9e3779b97f4a7c15), person->at,
	    person->length);
	pair += pair == 0;		/* 0 is a free slot */
	if (has_pair(n, pair))
		return;
	if (!make_room(n)) {
		rule->at_least = true;
		return;
	}
	(void)put_pair(n->pairs, n->pair_slots, pair);
	n->pair_count++;
	rule->people++;
}

/* --- lines ------------------------------------------------------------------- */

/* What is read of one line. */
struct counted {
	const char *time;
	bool ends;		/* the record of an end, not a beginning */
	bool denied;
	struct line_value rule, outcome, would;
	struct line_value user, client, pseudonym;
};

static void
take(struct counted *l, const struct line_field *f)
{
	const struct line_value *v = &f->value;

	if (line_field_is(f, "event.action"))
		l->ends = line_equal(v, "request") ||
		    line_equal(v, "tunnel-close") || line_equal(v, "refused");
	else if (line_field_is(f, "gatebook.decision"))
		l->denied = line_equal(v, "deny");
	else if (line_field_is(f, "rule.id"))
		l->rule = *v;
	else if (line_field_is(f, "gatebook.outcome"))
		l->outcome = *v;
	else if (line_field_is(f, "gatebook.report_only"))
		l->would = *v;
	else if (line_field_is(f, "user.name"))
		l->user = *v;
	else if (line_field_is(f, "source.ip"))
		l->client = *v;
	else if (line_field_is(f, "user.hash"))
		l->pseudonym = *v;
}

static void
count_one(struct reader_count *n, const struct counted *l, const char *name,
    enum count_kind kind)
{
	struct count_rule *rule = find_rule(n, name, kind);

	if (rule == NULL)
		return;
	rule->hits++;
	if (memcmp(l->time, rule->last, SEGMENT_TIME) > 0)
		memcpy(rule->last, l->time, SEGMENT_TIME);
	add_person(n, rule, l->user.at != NULL ? &l->user :
	    l->client.at != NULL ? &l->client : &l->pseudonym);
}

/* "deny NAME FILE:LINE" */
static void
count_would(struct reader_count *n, const struct counted *l)
{
	struct line_value item;
	char text[256], *name, *end;
	size_t at = 0;

	while (line_item(&l->would, &at, &item)) {
		(void)line_text(&item, text, sizeof(text));
		if (strncmp(text, "deny ", 5) != 0)
			continue;
		name = text + 5;
		end = strchr(name, ' ');
		if (end != NULL)
			*end = '\0';
		if (strlen(name) < NAME_BYTES)
			count_one(n, l, name, COUNT_REPORT_ONLY);
	}
}

static bool
is_in_span(const struct log_query *q, const char *time)
{
	return (q->since[0] == '\0' ||
	    memcmp(time, q->since, SEGMENT_TIME) >= 0) &&
	    (q->until[0] == '\0' || memcmp(time, q->until, SEGMENT_TIME) <= 0);
}

/* Most lines are neither; they are not walked. */
static bool
may_count(const char *line, size_t length)
{
	static const char denied[] = "\"gatebook.decision\":\"deny\"";
	static const char would[] = "\"gatebook.report_only\":";

	return memmem(line, length, denied, sizeof(denied) - 1) != NULL ||
	    memmem(line, length, would, sizeof(would) - 1) != NULL;
}

void
reader_count_line(struct reader_client *c, const char *line, size_t length)
{
	struct reader_count *n = c->counting;
	struct counted l = { .time = segment_line_time(line, length) };
	struct line_walk walk;
	struct line_field field;
	char name[NAME_BYTES];

	if (l.time == NULL || !is_in_span(&c->request.query, l.time))
		return;
	n->lines++;
	if (n->oldest[0] == '\0' || memcmp(l.time, n->oldest, SEGMENT_TIME) < 0)
		memcpy(n->oldest, l.time, SEGMENT_TIME);
	if (!may_count(line, length))
		return;
	line_walk_init(&walk, line, length);
	while (line_walk_next(&walk, &field))
		take(&l, &field);
	if (!walk.whole || !l.ends)
		return;
	if (l.denied && l.rule.at != NULL) {
		bool built_in = line_equal(&l.rule, "built-in");

		(void)line_text(built_in && l.outcome.at != NULL ? &l.outcome :
		    &l.rule, name, sizeof(name));
		count_one(n, &l, name, built_in ? COUNT_BUILT_IN : COUNT_DENY);
	}
	if (l.would.at != NULL && l.would.type == LINE_ARRAY)
		count_would(n, &l);
}

/* --- sending ----------------------------------------------------------------- */

static void
send_object(struct reader_client *c, json_t *object)
{
	struct evbuffer *out = bufferevent_get_output(c->bev);
	char *text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT |
	    JSON_ENSURE_ASCII);

	json_decref(object);
	if (text == NULL)
		return;
	(void)evbuffer_add(out, text, strlen(text));
	(void)evbuffer_add(out, "\n", 1);
	free(text);
}

static void
send_rule(struct reader_client *c, const struct count_rule *rule)
{
	static const char *const kinds[] = {
		[COUNT_DENY] = "deny",
		[COUNT_REPORT_ONLY] = "report-only",
		[COUNT_BUILT_IN] = "built-in"
	};

	send_object(c, json_pack("{s:s, s:s, s:I, s:I, s:b, s:I, s:s}",
	    "rule", rule->name, "kind", kinds[rule->kind],
	    "hits", (json_int_t)rule->hits,
	    "people", (json_int_t)rule->people, "at_least", rule->at_least,
	    "unnamed", (json_int_t)rule->unnamed, "last", rule->last));
	c->sent++;
}

enum send_step
reader_count_send(struct reader_client *c)
{
	struct reader_count *n = c->counting;

	if (!n->head_sent) {
		send_object(c, json_pack("{s:I, s:s}", "lines",
		    (json_int_t)n->lines, "oldest", n->oldest));
		n->head_sent = true;
		if (n->full && c->note == NULL)
			c->note = "there were more rules than can be counted "
			    "at once, and the rest is left out";
	}
	while (n->sent < n->count) {
		if (evbuffer_get_length(bufferevent_get_output(c->bev)) >=
		    READER_OUTPUT_HIGH)
			return SEND_MORE;
		send_rule(c, &n->rules[n->sent++]);
	}
	return SEND_DONE;
}
