/* SPDX-License-Identifier: Apache-2.0 */
/* build_rules.c - the tree's rules, lines and values as parts of a snapshot. */
#include "policy/build.h"
#include "policy/values.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Lines are shown by explain; a line of hundreds of hosts is shown in part. */
#define LINE_TEXT_MAX 400

static_assert(WEEK_WORDS * sizeof(uint64_t) == sizeof(struct snap_hours),
    "hours have the same bits in tree and snapshot");

struct span {
	uint32_t first, count;
	bool built;
};

struct rules_build {
	struct build *b;
	struct span *networks;	/* by network section */
	uint32_t *hours;	/* by hours section, plus 1 */
	bool in_activity;
};

/* --- sets of hosts --------------------------------------------------------------- */
static uint32_t
add_set(struct build *b, const char *name)
{
	uint32_t name_at = build_text(b, name);
	uint32_t index;
	struct snap_set *set = build_add(b, PART_SETS, &index);

	set->name = name_at;
	return index;
}

static struct snap_set *
set_at(struct build *b, uint32_t set)
{
	return (struct snap_set *)(void *)b->part[PART_SETS].data + set;
}

static void
add_glob(struct build *b, uint32_t set, uint16_t source,
    const struct value *v)
{
	uint32_t text = build_text(b, v->name);
	uint32_t index;
	struct snap_glob *glob = build_add(b, PART_GLOBS, &index);

	glob->text = text;
	glob->length = (uint32_t)strlen(v->name);
	glob->source = source;
	glob->line = v->at.line;
	if (set_at(b, set)->glob_count++ == 0)
		set_at(b, set)->first_glob = index;
}

static bool
is_host_value(const struct value *v)
{
	return v->op == VALUE_SUFFIX || v->op == VALUE_EXACT ||
	    v->op == VALUE_BELOW || v->op == VALUE_GLOB;
}

/* All hosts among these values come into the set; globs of one set stand
 * together because nothing else adds any meanwhile. */
static void
fill_set(struct build *b, uint32_t set, const struct value *values,
    size_t count)
{
	uint32_t file = UINT32_MAX;
	uint16_t source = 0;

	for (size_t i = 0; i < count; i++) {
		const struct value *v = &values[i];
		enum entry_how how = v->op == VALUE_EXACT ? ENTRY_EXACT :
		    v->op == VALUE_BELOW ? ENTRY_BELOW : ENTRY_SUFFIX;

		if (!is_host_value(v))
			continue;
		if (v->at.file != file) {
			file = v->at.file;
			if (!build_source(b, set, sources_shown(b->sources,
			    file), &v->at, &source))
				return;
		}
		if (v->op == VALUE_GLOB)
			add_glob(b, set, source, v);
		else if (!build_name(b, source, v->name, strlen(v->name), how,
		    v->at.line))
			error_at(b->sources, &v->at, "there are too many host "
			    "names in this policy");
	}
}

/* --- networks ---------------------------------------------------------------------- */
static void
to_range(const struct network *n, struct snap_range *r)
{
	unsigned bits = n->prefix;
	uint64_t word[2] = { 0, 0 };

	if (n->base.family == 4) {
		word[1] = UINT64_C(0xffff00000000);
		for (int i = 0; i < 4; i++)
			word[1] |= (uint64_t)n->base.bytes[i] << (24 - 8 * i);
		bits += 96;
	} else {
		for (int i = 0; i < 16; i++)
			word[i / 8] = word[i / 8] << 8 | n->base.bytes[i];
	}
	r->low[0] = r->high[0] = word[0];
	r->low[1] = r->high[1] = word[1];
	if (bits < 64)
		r->high[0] |= UINT64_MAX >> bits;
	if (bits <= 64)
		r->high[1] = UINT64_MAX;
	else if (bits < 128)
		r->high[1] |= UINT64_MAX >> (bits - 64);
}

static int
compare_ranges(const void *va, const void *vb)
{
	const struct snap_range *a = va;
	const struct snap_range *b = vb;

	for (int i = 0; i < 2; i++)
		if (a->low[i] != b->low[i])
			return a->low[i] < b->low[i] ? -1 : 1;
	return 0;
}

static bool
above(const uint64_t a[2], const uint64_t b[2])
{
	return a[0] != b[0] ? a[0] > b[0] : a[1] > b[1];
}

static struct span
add_ranges(struct build *b, const struct value *values, size_t count)
{
	struct span span = { .first = (uint32_t)b->part[PART_RANGES].count,
	    .built = true };
	struct snap_range *all;
	size_t kept = 0;

	if (count == 0)
		return span;
	for (size_t i = 0; i < count; i++)
		to_range(&values[i].network, build_add(b, PART_RANGES, NULL));
	all = (struct snap_range *)(void *)b->part[PART_RANGES].data +
	    span.first;
	if (count > 1)
		qsort(all, count, sizeof(*all), compare_ranges);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && !above(all[i].low, all[kept - 1].high)) {
			if (above(all[i].high, all[kept - 1].high))
				memcpy(all[kept - 1].high, all[i].high,
				    sizeof(all[i].high));
			continue;
		}
		all[kept++] = all[i];
	}
	b->part[PART_RANGES].count = span.first + kept;
	span.count = (uint32_t)kept;
	return span;
}

/* --- values ------------------------------------------------------------------------- */
static void
add_value(struct build *b, enum snap_op op, uint32_t a, uint64_t value)
{
	struct snap_value *v = build_add(b, PART_VALUES, NULL);

	v->op = op;
	v->a = a;
	v->b = value;
}

static void
add_text_value(struct build *b, enum snap_op op, const struct value *v)
{
	add_value(b, op, build_text(b, v->name), strlen(v->name));
}

static uint32_t
add_pattern(struct build *b, const struct value *v)
{
	uint32_t text = build_text(b, v->name);
	uint32_t index;
	struct snap_pattern *p = build_add(b, PART_PATTERNS, &index);

	p->text = text;
	p->length = (uint32_t)strlen(v->name);
	return index;
}

static void
add_networks(struct rules_build *rb, const struct value *v)
{
	const struct tree *tree = rb->b->tree;
	struct network_section *n = tree_network(tree, v->name);
	struct span *span = &rb->networks[n - tree->networks];

	if (!span->built)
		*span = add_ranges(rb->b, n->values, n->value_count);
	add_value(rb->b, OP_RANGES, span->first, span->count);
}

static void
add_hours(struct rules_build *rb, const struct value *v)
{
	const struct tree *tree = rb->b->tree;
	struct hours_section *h = tree_hours(tree, v->name);
	uint32_t *index = &rb->hours[h - tree->hours];

	if (*index == 0) {
		struct snap_hours *to = build_add(rb->b, PART_HOURS, index);

		memcpy(to->week, h->week, sizeof(to->week));
		(*index)++;
	}
	add_value(rb->b, OP_HOURS, *index - 1, 0);
}

/* Whether host names among the values make one set; else they are text. */
static bool
asks_for_sets(const struct rules_build *rb, enum fact fact)
{
	return !rb->in_activity && (fact == FACT_HOST ||
	    fact == FACT_EMBEDDED_IN ||
	    fact == FACT_SERVER_NAME);
}

static void
add_name_value(struct build *b, const struct value *v, enum entry_how how)
{
	add_value(b, OP_NAME, build_text(b, v->name), (uint64_t)how << 32 |
	    strlen(v->name));
}

static uint64_t
halves(uint64_t low, uint64_t high)
{
	return low << 32 | high;
}

/* A family as the list of browsers has it. */
static void
add_browser(struct build *b, const struct value *v)
{
	const struct snap_family *family =
	    (const void *)b->part[PART_FAMILIES].data;
	struct nearest near = { .word = v->name };
	uint64_t versions = v->low == 0 && v->high == UINT32_MAX ?
	    BROWSER_ANY_VERSION : halves(v->low, v->high);

	if (strcmp(v->name, "legacy") == 0) {
		add_value(b, OP_BROWSER, BROWSER_OLD, BROWSER_ANY_VERSION);
		return;
	}
	for (size_t i = 0; i < b->part[PART_FAMILIES].count; i++) {
		const char *word = (const char *)b->part[PART_TEXT].data +
		    family[i].word;

		if (strcmp(word, v->name) == 0) {
			add_value(b, OP_BROWSER, (uint32_t)i, versions);
			return;
		}
		nearest_try(&near, word);
	}
	error_at(b->sources, &v->at, "the list of browsers has no family "
	    "\"%.80s\"%s%s%s; there are for example chrome, firefox, safari, "
	    "edge, internet-explorer, and legacy for all that are old",
	    v->name, near.best == NULL ? "" : " (did you mean \"",
	    near.best == NULL ? "" : near.best,
	    near.best == NULL ? "" : "\"?)");
}

static void
build_value(struct rules_build *rb, enum fact fact, const struct value *v)
{
	struct build *b = rb->b;
	struct span span;

	switch (v->op) {
	case VALUE_SUFFIX:
		if (!asks_for_sets(rb, fact))	/* else in the line's set */
			add_name_value(b, v, ENTRY_SUFFIX);
		return;
	case VALUE_BELOW:
		if (!asks_for_sets(rb, fact))
			add_name_value(b, v, ENTRY_BELOW);
		return;
	case VALUE_EXACT:
		if (fact == FACT_PATH)
			add_text_value(b, OP_WORD, v);
		else if (!asks_for_sets(rb, fact))
			add_name_value(b, v, ENTRY_EXACT);
		return;
	case VALUE_GLOB:
		if (!asks_for_sets(rb, fact))
			add_text_value(b, OP_GLOB, v);
		return;
	case VALUE_CATEGORY:
		add_value(b, OP_SET, (uint32_t)(tree_category(b->tree,
		    v->name) - b->tree->categories), 0);
		return;
	case VALUE_NETWORK:
		span = add_ranges(b, v, 1);
		add_value(b, OP_RANGES, span.first, span.count);
		return;
	case VALUE_NETWORKS:
		add_networks(rb, v);
		return;
	case VALUE_RANGE:
	case VALUE_DATES:
		add_value(b, OP_NUMBERS, 0, halves(v->low, v->high));
		return;
	case VALUE_WORD:
		add_text_value(b, OP_WORD, v);
		return;
	case VALUE_COUNTRY:
		add_value(b, OP_COUNTRY, 0, (uint64_t)v->name[0] << 8 |
		    (uint64_t)v->name[1]);
		return;
	case VALUE_KIND:
		add_value(b, OP_KIND, 0, UINT64_C(1) << v->low);
		return;
	case VALUE_PATH:
		add_text_value(b, OP_PATH, v);
		return;
	case VALUE_PATTERN:
		add_value(b, OP_PATTERN, add_pattern(b, v), 0);
		return;
	case VALUE_HOURS:
		add_hours(rb, v);
		return;
	case VALUE_PAIR:
		add_text_value(b, OP_PAIR, v);
		return;
	case VALUE_SERVICE:
		add_value(b, OP_SERVICE, (uint32_t)(tree_service(b->tree,
		    v->name) - b->tree->services), 0);
		return;
	case VALUE_CLASS:
		add_value(b, OP_CLASS, build_text(b, v->name), 0);
		return;
	case VALUE_ACTIVITY:
		add_value(b, OP_ACTIVITY, (uint32_t)v->low, 0);
		return;
	case VALUE_OVER:
		add_value(b, OP_OVER, 0, v->low);
		*(uint64_t *)build_add(b, PART_SIZES, NULL) = v->low + 1;
		return;
	case VALUE_UNDER:
		add_value(b, OP_UNDER, 0, v->low);
		*(uint64_t *)build_add(b, PART_SIZES, NULL) = v->low;
		return;
	case VALUE_BROWSER:
		add_browser(b, v);
		return;
	}
}

/* --- lines and rules ------------------------------------------------------------------ */
static uint32_t
line_text(struct build *b, const struct line *line, const char *word)
{
	char text[LINE_TEXT_MAX + 512];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s%s", word,
	    fact_word(line->fact));

	for (size_t i = 0; i < line->value_count; i++) {
		if (n > LINE_TEXT_MAX) {
			(void)snprintf(text + LINE_TEXT_MAX, 64,
			    " ... (%zu values in all)", line->value_count);
			break;
		}
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s %s",
		    i == 0 ? "" : " or", line->values[i].text);
	}
	return build_text(b, text);
}

static void
build_line(struct rules_build *rb, const struct line *line, const char *word)
{
	struct build *b = rb->b;
	struct snap_line snap = {
		.unless = line->kind == LINE_UNLESS,
		.fact = (uint8_t)line->fact,
		.text = line_text(b, line, word),
		.file = build_text(b, sources_shown(b->sources,
		    line->at.file)),
		.line = line->at.line,
		.first_value = (uint32_t)b->part[PART_VALUES].count,
	};
	bool hosts = false;

	for (size_t i = 0; i < line->value_count &&
	    asks_for_sets(rb, line->fact); i++)
		hosts |= is_host_value(&line->values[i]);
	if (hosts) {
		uint32_t set = add_set(b, NULL);

		fill_set(b, set, line->values, line->value_count);
		add_value(b, OP_SET, set, 0);
	}
	for (size_t i = 0; i < line->value_count; i++)
		build_value(rb, line->fact, &line->values[i]);
	snap.value_count = (uint32_t)b->part[PART_VALUES].count -
	    snap.first_value;
	*(struct snap_line *)build_add(b, PART_LINES, NULL) = snap;
}

void
build_condition(struct build *b, const struct line *line)
{
	struct rules_build rb = { .b = b, .in_activity = true };

	build_line(&rb, line, "");
}

static struct snap_keeping
join_keeping(struct build *b, const struct keeping *rule,
    const struct keeping *dflt)
{
	const struct keeping *depth = rule->has_depth ? rule : dflt;
	const struct keeping *as = rule->has_as ? rule : dflt;

	return (struct snap_keeping){
		.depth = (uint8_t)(depth->has_depth ? depth->depth :
		    DEPTH_URL),
		.as = (uint8_t)(as->has_as ? as->as : AS_NAME),
		.forward = rule->forward || dflt->forward,
		.keep_query = build_text(b, rule->keep_query != NULL ?
		    rule->keep_query : dflt->keep_query),
	};
}

/* What is known of an exchange that a rule of tls keeps closed. */
static struct snap_keeping
tls_keeping(enum verdict verdict)
{
	return (struct snap_keeping){
		.depth = verdict == VERDICT_INSPECT ? DEPTH_ACTIVITY :
		    DEPTH_HOST,
		.as = AS_NAME,
	};
}

static void
build_fields(struct build *b, const struct rule *rule)
{
	for (size_t i = 0; i < rule->field_count; i++) {
		const struct header_field *f = &rule->fields[i];
		struct snap_field snap = {
			.name = build_text(b, f->name),
			.name_length = (uint32_t)strlen(f->name),
			.value = build_text(b, f->value),
			.value_length = f->value == NULL ? 0 :
			    (uint32_t)strlen(f->value),
			.number = f->number,
		};

		*(struct snap_field *)build_add(b, PART_FIELDS, NULL) = snap;
	}
}

static void
build_rule(struct rules_build *rb, const struct rule *rule)
{
	struct build *b = rb->b;
	bool first_when = true;
	struct snap_rule snap = {
		.name = build_text(b, rule->name),
		.file = build_text(b, sources_shown(b->sources,
		    rule->at.file)),
		.line = rule->at.line,
		.because = build_text(b, rule->because),
		.ground = build_text(b, rule->ground),
		.owner = build_text(b, rule->owner),
		.purpose = build_text(b, rule->purpose),
		.first_line = (uint32_t)b->part[PART_LINES].count,
		.line_count = (uint32_t)rule->line_count,
		.verdict = (uint8_t)rule->verdict,
		.report_only = rule->report_only,
		.keeping = verdict_section(rule->verdict) == SECTION_TLS ?
		    tls_keeping(rule->verdict) :
		    join_keeping(b, &rule->keeping, &b->tree->keeping),
		.parent = build_text(b, rule->parent_host),
		.parent_port = rule->parent_port,
		.first_field = (uint32_t)b->part[PART_FIELDS].count,
		.field_count = (uint32_t)rule->field_count,
		.until_us = UINT64_MAX,
	};

	for (size_t i = 0; i < rule->line_count; i++) {
		const struct line *line = &rule->lines[i];

		build_line(rb, line, line->kind == LINE_UNLESS ? "unless " :
		    first_when ? "when " : "and ");
		snap.asks |= FACT_BIT(line->fact);
		if (line->kind == LINE_UNLESS)
			continue;
		first_when = false;
		if (line->fact == FACT_ADDRESS_KIND ||
		    line->fact == FACT_DESTINATION)
			snap.lifts |= LIFTS_ADDRESS;
		if (line->fact == FACT_PORT)
			snap.lifts |= LIFTS_PORT;
	}
	if (rule->has_until)
		snap.until_us = (uint64_t)zone_to_utc(
		    (const void *)b->part[PART_ZONE].data,
		    b->part[PART_ZONE].count, (rule->until + 1) * 86400) *
		    1000000;
	build_fields(b, rule);
	b->header.asks |= snap.asks;
	*(struct snap_rule *)build_add(b, PART_RULES, NULL) = snap;
}

static int
compare_sizes(const void *va, const void *vb)
{
	uint64_t a = *(const uint64_t *)va;
	uint64_t b = *(const uint64_t *)vb;

	return a < b ? -1 : a > b;
}

void
build_rules(struct build *b)
{
	struct tree *tree = b->tree;
	struct keeping nothing = { 0 };
	struct rules_build rb = {
		.b = b,
		.networks = arena_alloc(tree->arena,
		    (tree->network_count + 1) * sizeof(struct span)),
		.hours = arena_alloc(tree->arena,
		    (tree->hours_count + 1) * sizeof(uint32_t)),
	};

	/* The set of a category has the category's number. */
	for (size_t i = 0; i < tree->category_count; i++)
		(void)add_set(b, tree->categories[i].name);
	for (size_t i = 0; i < tree->category_count; i++) {
		struct category *c = &tree->categories[i];

		fill_set(b, (uint32_t)i, c->hosts, c->host_count);
		for (size_t k = 0; k < c->path_count; k++)
			build_list(b, (uint32_t)i, c->paths[k].text,
			    &c->paths[k].at);
	}
	build_services(b);
	for (int s = 0; s < SECTIONS; s++) {
		struct snap_list *list = &b->header.list[s];

		list->first = (uint32_t)b->part[PART_RULES].count;
		list->count = (uint32_t)tree->list[s].count;
		for (size_t i = 0; i < tree->list[s].count; i++)
			build_rule(&rb, &tree->list[s].rules[i]);
	}
	b->header.keeping = join_keeping(b, &nothing, &tree->keeping);
	if (b->part[PART_SIZES].count > 1)
		qsort(b->part[PART_SIZES].data, b->part[PART_SIZES].count,
		    sizeof(uint64_t), compare_sizes);
}
