/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot.c - mapping a compiled policy.  Whatever the loader made out of
 * outside text is checked here before anyone decides by it: every index and
 * every text offset lies inside its part.
 */
#include "policy/snapshot.h"

#include "lib/depth.h"
#include "policy/browser.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A pattern that runs away is stopped within about a fifth of a millisecond
 * (measured); what it would have said is then unknown. */
#define PATTERN_MATCH_LIMIT 100000
#define PATTERN_DEPTH_LIMIT 1000
#define PATTERN_HEAP_KIB 1024

static const size_t element[PARTS] = {
#define PART(name, type) [PART_##name] = sizeof(type),
	PART_TABLE(PART)
#undef PART
};

static bool
check_parts(struct policy *p)
{
	const struct snap_header *h = p->header;

	if (p->size < sizeof(*h) ||
	    memcmp(h->magic, SNAPSHOT_MAGIC, sizeof(h->magic)) != 0 ||
	    h->layout != SNAPSHOT_LAYOUT ||
	    h->byte_order != SNAPSHOT_BYTE_ORDER || h->size != p->size)
		return false;
	for (int i = 0; i < PARTS; i++) {
		const struct snap_part *part = &h->part[i];

		if (part->offset % 64 != 0 || part->offset > p->size ||
		    part->count > (p->size - part->offset) / element[i])
			return false;
		p->count[i] = part->count;
	}
#define PART(name, type) \
	p->name = (const void *)(p->map + h->part[PART_##name].offset);
	PART_TABLE(PART)
#undef PART
	return true;
}

static bool
text_ok(const struct policy *p, uint32_t offset)
{
	return offset < p->count[PART_TEXT];
}

static bool
text_of_length(const struct policy *p, uint32_t offset, uint64_t length)
{
	return offset != 0 && text_ok(p, offset) &&
	    length < p->count[PART_TEXT] - offset;
}

static bool
span_ok(const struct policy *p, enum part part, uint64_t first,
    uint64_t count)
{
	return first <= p->count[part] && count <= p->count[part] - first;
}

static bool
keeping_ok(const struct policy *p, const struct snap_keeping *k)
{
	return k->depth <= DEPTH_ACTIVITY && k->as <= AS_COUNT_ONLY &&
	    text_ok(p, k->keep_query);
}

static bool
value_ok(const struct policy *p, const struct snap_value *v)
{
	if (v->op >= OPS)
		return false;
	switch ((enum snap_op)v->op) {
	case OP_SET:
		return v->a < p->count[PART_SETS];
	case OP_RANGES:
		return span_ok(p, PART_RANGES, v->a, v->b);
	case OP_NAME:
		return text_of_length(p, v->a, v->b & UINT32_MAX) &&
		    v->b >> 32 <= ENTRY_BELOW;
	case OP_SERVICE:
		return v->a < p->count[PART_SERVICES];
	case OP_CLASS:
		return v->a != 0 && text_ok(p, v->a);
	case OP_ACTIVITY:
		return v->a < ACTIVITY_KINDS;
	case OP_PAIR:
	case OP_WORD:
	case OP_PATH:
	case OP_GLOB:
		return (v->b == 0 && v->a < p->count[PART_TEXT]) ||
		    text_of_length(p, v->a, v->b);
	case OP_PATTERN:
		return v->a < p->count[PART_PATTERNS];
	case OP_HOURS:
		return v->a < p->count[PART_HOURS];
	case OP_BROWSER:
		return v->a == BROWSER_OLD || v->a < p->count[PART_FAMILIES];
	case OP_NUMBERS:
	case OP_COUNTRY:
	case OP_KIND:
	case OP_OVER:
	case OP_UNDER:
	case OPS:
		return true;
	}
	return false;
}

static bool
check_rules(const struct policy *p)
{
	for (size_t i = 0; i < p->count[PART_RULES]; i++) {
		const struct snap_rule *r = &p->RULES[i];

		if (!text_ok(p, r->name) || r->name == 0 ||
		    !text_ok(p, r->file) || r->file == 0 ||
		    !text_ok(p, r->because) || !text_ok(p, r->ground) ||
		    !text_ok(p, r->owner) || !text_ok(p, r->purpose) ||
		    !span_ok(p, PART_LINES, r->first_line, r->line_count) ||
		    !text_ok(p, r->parent) || r->parent_port > UINT16_MAX ||
		    (r->verdict == VERDICT_PARENT) != (r->parent != 0) ||
		    r->verdict >= VERDICTS || !keeping_ok(p, &r->keeping))
			return false;
	}
	for (size_t i = 0; i < p->count[PART_LINES]; i++) {
		const struct snap_line *l = &p->LINES[i];

		if (l->fact >= FACTS || !text_ok(p, l->text) ||
		    l->text == 0 || !text_ok(p, l->file) || l->file == 0 ||
		    !span_ok(p, PART_VALUES, l->first_value, l->value_count))
			return false;
	}
	for (size_t i = 0; i < p->count[PART_VALUES]; i++)
		if (!value_ok(p, &p->VALUES[i]))
			return false;
	return true;
}

/* The lists stand one behind the other and hold their own verdicts alone. */
static bool
check_lists(const struct policy *p)
{
	size_t next = 0;

	for (int s = 0; s < SECTIONS; s++) {
		const struct snap_list *list = &p->header->list[s];

		if (list->first != next ||
		    !span_ok(p, PART_RULES, list->first, list->count))
			return false;
		next += list->count;
		for (size_t i = list->first; i < next; i++)
			if (verdict_section((enum verdict)
			    p->RULES[i].verdict) != (enum section)s)
				return false;
	}
	return next == p->count[PART_RULES];
}

/* What goes into the heads of requests ends no line of them. */
static bool
is_plain(const char *text, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	return true;
}

static bool
check_fields(struct policy *p)
{
	size_t most[POLICY_FIELDS_MAX] = { 0 };

	for (size_t i = 0; i < p->count[PART_FIELDS]; i++) {
		const struct snap_field *f = &p->FIELDS[i];
		size_t n = (size_t)f->name_length + f->value_length + 4;

		if (!text_of_length(p, f->name, f->name_length) ||
		    (f->value != 0 &&
		    !text_of_length(p, f->value, f->value_length)) ||
		    (f->value == 0 && f->value_length != 0) ||
		    f->number >= POLICY_FIELDS_MAX || f->name_length == 0 ||
		    !is_plain(p->TEXT + f->name, f->name_length) ||
		    !is_plain(p->TEXT + f->value, f->value_length))
			return false;
		if (most[f->number] < n)
			most[f->number] = n;
	}
	for (size_t i = 0; i < POLICY_FIELDS_MAX; i++)
		p->fields_room += most[i];
	for (size_t i = 0; i < p->count[PART_RULES]; i++)
		if (!span_ok(p, PART_FIELDS, p->RULES[i].first_field,
		    p->RULES[i].field_count) ||
		    (p->RULES[i].field_count > 0) !=
		    (verdict_section((enum verdict)p->RULES[i].verdict) ==
		    SECTION_HEADERS))
			return false;
	return true;
}

static bool
check_names(const struct policy *p)
{
	size_t slots = p->count[PART_SLOTS];

	for (size_t i = 0; i < p->count[PART_SETS]; i++)
		if (!text_ok(p, p->SETS[i].name) || !span_ok(p, PART_GLOBS,
		    p->SETS[i].first_glob, p->SETS[i].glob_count) ||
		    p->SETS[i].service > p->count[PART_SERVICES])
			return false;
	for (size_t i = 0; i < p->count[PART_GLOBS]; i++)
		if (!text_of_length(p, p->GLOBS[i].text, p->GLOBS[i].length) ||
		    p->GLOBS[i].source >= p->count[PART_SOURCES])
			return false;
	for (size_t i = 0; i < p->count[PART_SOURCES]; i++)
		if (p->SOURCES[i].set >= p->count[PART_SETS] ||
		    p->SOURCES[i].file == 0 ||
		    !text_ok(p, p->SOURCES[i].file))
			return false;
	for (size_t i = 0; i < p->count[PART_PATTERNS]; i++)
		if (!text_of_length(p, p->PATTERNS[i].text,
		    p->PATTERNS[i].length))
			return false;
	return slots > 0 && (slots & (slots - 1)) == 0 &&
	    p->count[PART_REFS] == slots && p->count[PART_ZONE] > 0;
}

static bool
ua_rule_ok(const struct policy *p, const struct snap_ua_rule *r)
{
	size_t words = p->count[PART_UA_WORDS];

	for (int i = 0; i < UA_RULE_WORDS; i++)
		if (r->all[i] > words || r->none[i] > words)
			return false;
	for (int i = 0; i < UA_RULE_VERSIONS; i++)
		if (r->version[i] > words)
			return false;
	return r->all[0] != 0 && r->kind <= UA_OLD &&
	    (r->kind == UA_OLD || r->family < p->count[PART_FAMILIES]);
}

/* The list of browsers: a tree that only goes down, families within ones that
 * stand above them. */
static bool
check_browsers(const struct policy *p)
{
	size_t nodes = p->count[PART_UA_NODES];

	for (size_t i = 0; i < p->count[PART_FAMILIES]; i++) {
		const struct snap_family *f = &p->FAMILIES[i];

		if (!text_ok(p, f->word) || f->word == 0 ||
		    !text_ok(p, f->title) || f->title == 0 ||
		    f->within > i || f->kind >= CLIENT_KINDS)
			return false;
	}
	for (size_t i = 0; i < p->count[PART_BRANDS]; i++)
		if (!text_of_length(p, p->BRANDS[i].text,
		    p->BRANDS[i].length) ||
		    p->BRANDS[i].family >= p->count[PART_FAMILIES])
			return false;
	for (size_t i = 0; i < p->count[PART_UA_ENDINGS]; i++)
		if (!text_of_length(p, p->UA_ENDINGS[i].text,
		    p->UA_ENDINGS[i].length) ||
		    p->UA_ENDINGS[i].kind >= CLIENT_KINDS)
			return false;
	for (size_t i = 0; i < nodes; i++) {
		const struct snap_ua_node *n = &p->UA_NODES[i];

		if (n->word > p->count[PART_UA_WORDS] ||
		    n->start_word > p->count[PART_UA_WORDS] ||
		    (n->child_count > 0 && (n->first_child <= i ||
		    !span_ok(p, PART_UA_NODES, n->first_child,
		    n->child_count))))
			return false;
	}
	for (size_t i = 0; i < p->count[PART_UA_WORDS]; i++)
		if (!span_ok(p, PART_UA_KEYS, p->UA_WORDS[i].first_key,
		    p->UA_WORDS[i].key_count))
			return false;
	for (size_t i = 0; i < p->count[PART_UA_KEYS]; i++)
		if (p->UA_KEYS[i] >= p->count[PART_UA_RULES])
			return false;
	for (size_t i = 0; i < p->count[PART_UA_RULES]; i++)
		if (!ua_rule_ok(p, &p->UA_RULES[i]))
			return false;
	for (size_t i = 0; i < p->count[PART_UA_ROOT]; i++)
		if (p->UA_ROOT[i] >= nodes)
			return false;
	return p->count[PART_UA_ROOT] == 256 && nodes > 0 &&
	    p->count[PART_UA_WORDS] <= UA_WORDS_MAX;
}

static bool
check_catalogue(const struct policy *p)
{
	for (size_t i = 0; i < p->count[PART_SERVICES]; i++) {
		const struct snap_service *s = &p->SERVICES[i];

		if (s->name == 0 || !text_ok(p, s->name) || s->title == 0 ||
		    !text_ok(p, s->title) || s->klass == 0 ||
		    !text_ok(p, s->klass) || s->file == 0 ||
		    !text_ok(p, s->file) ||
		    s->parent > p->count[PART_SERVICES] ||
		    s->set >= p->count[PART_SETS] || !span_ok(p,
		    PART_ACTIVITIES, s->first_activity, s->activity_count))
			return false;
	}
	for (size_t i = 0; i < p->count[PART_ACTIVITIES]; i++) {
		const struct snap_activity *a = &p->ACTIVITIES[i];

		if (a->kind >= ACTIVITY_KINDS || a->file == 0 ||
		    !text_ok(p, a->file) || !span_ok(p, PART_LINES,
		    a->first_line, a->line_count))
			return false;
		/* what service.c may ask for without going in circles */
		for (uint32_t k = 0; k < a->line_count; k++) {
			uint64_t bit = FACT_BIT(
			    p->LINES[a->first_line + k].fact);

			if ((bit & ACTIVITY_FACTS) == 0)
				return false;
		}
	}
	return true;
}

static bool
check_header(const struct policy *p)
{
	const struct snap_header *h = p->header;

	return p->count[PART_TEXT] > 0 && p->TEXT[0] == '\0' &&
	    p->TEXT[p->count[PART_TEXT] - 1] == '\0' &&
	    text_ok(p, h->name) && h->name != 0 && text_ok(p, h->version) &&
	    h->version != 0 && text_ok(p, h->contact) &&
	    text_ok(p, h->controller) && text_ok(p, h->file) && h->file != 0 &&
	    text_ok(p, h->timezone) && text_ok(p, h->notice) &&
	    keeping_ok(p, &h->keeping);
}

/* Where executable memory is refused, patterns run interpreted. */
static bool
compile_patterns(struct policy *p, char *why, size_t why_size)
{
	size_t count = p->count[PART_PATTERNS];

	if (count == 0)
		return true;
	p->patterns = calloc(count, sizeof(*p->patterns));
	p->match_data = pcre2_match_data_create(1, NULL);
	p->match_context = pcre2_match_context_create(NULL);
	if (p->patterns == NULL || p->match_data == NULL ||
	    p->match_context == NULL) {
		(void)snprintf(why, why_size, "out of memory");
		return false;
	}
	(void)pcre2_set_match_limit(p->match_context, PATTERN_MATCH_LIMIT);
	(void)pcre2_set_depth_limit(p->match_context, PATTERN_DEPTH_LIMIT);
	(void)pcre2_set_heap_limit(p->match_context, PATTERN_HEAP_KIB);
	p->jit_stack = pcre2_jit_stack_create(32 * 1024, 256 * 1024, NULL);
	if (p->jit_stack != NULL)
		pcre2_jit_stack_assign(p->match_context, NULL, p->jit_stack);
	for (size_t i = 0; i < count; i++) {
		int code;
		PCRE2_SIZE where;

		p->patterns[i] = pcre2_compile((PCRE2_SPTR)p->TEXT +
		    p->PATTERNS[i].text, p->PATTERNS[i].length,
		    PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
		    PCRE2_NEVER_BACKSLASH_C, &code, &where, NULL);
		if (p->patterns[i] == NULL) {
			(void)snprintf(why, why_size, "a regular expression "
			    "in it does not compile");
			return false;
		}
		(void)pcre2_jit_compile(p->patterns[i], PCRE2_JIT_COMPLETE);
	}
	return true;
}

struct policy *
policy_open(int fd, char *why, size_t why_size)
{
	struct policy *p = calloc(1, sizeof(*p));
	struct stat st;
	void *map;

	if (p == NULL || fstat(fd, &st) != 0 || st.st_size <= 0) {
		(void)snprintf(why, why_size, "the snapshot cannot be read: "
		    "%s", p == NULL ? "out of memory" : "it is empty");
		free(p);
		return NULL;
	}
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		(void)snprintf(why, why_size, "the snapshot cannot be mapped: "
		    "%s", strerror(errno));
		free(p);
		return NULL;
	}
	p->map = map;
	p->size = (size_t)st.st_size;
	p->header = map;
	if (!check_parts(p)) {
		(void)snprintf(why, why_size, "this is not a policy snapshot "
		    "of this version");
		policy_close(&p);
		return NULL;
	}
	if (!check_header(p) || !check_rules(p) || !check_lists(p) ||
	    !check_fields(p) || !check_names(p) || !check_browsers(p) ||
	    !check_catalogue(p)) {
		(void)snprintf(why, why_size, "the policy snapshot is "
		    "damaged");
		policy_close(&p);
		return NULL;
	}
	if (!compile_patterns(p, why, why_size)) {
		policy_close(&p);
		return NULL;
	}
	return p;
}

void
policy_close(struct policy **policy)
{
	struct policy *p = *policy;

	if (p == NULL)
		return;
	*policy = NULL;
	for (size_t i = 0; p->patterns != NULL &&
	    i < p->count[PART_PATTERNS]; i++)
		pcre2_code_free(p->patterns[i]);
	free(p->patterns);
	pcre2_match_data_free(p->match_data);
	pcre2_match_context_free(p->match_context);
	pcre2_jit_stack_free(p->jit_stack);
	(void)munmap((void *)(uintptr_t)p->map, p->size);
	free(p);
}

const char *
policy_name(const struct policy *p)
{
	return snap_text(p, p->header->name);
}

const char *
policy_version(const struct policy *p)
{
	return snap_text(p, p->header->version);
}

const char *
policy_contact(const struct policy *p)
{
	return snap_text(p, p->header->contact);
}

const char *
policy_controller(const struct policy *p)
{
	return snap_text(p, p->header->controller);
}

const char *
policy_notice(const struct policy *p)
{
	return snap_text(p, p->header->notice);
}

uint64_t
policy_next_size(const struct policy *p, uint64_t size)
{
	size_t low = 0, high = p->count[PART_SIZES];

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->SIZES[middle] > size)
			high = middle;
		else
			low = middle + 1;
	}
	return low < p->count[PART_SIZES] ? p->SIZES[low] : UINT64_MAX;
}

uint64_t
policy_asks(const struct policy *p)
{
	uint64_t asks = p->header->asks;

	/* what derived facts are derived from */
	if ((asks & FACT_BIT(FACT_ACTIVITY)) != 0)
		asks |= ACTIVITY_FACTS;
	if ((asks & (FACT_BIT(FACT_CATEGORY) | FACT_BIT(FACT_SERVICE) |
	    FACT_BIT(FACT_SERVICE_CLASS))) != 0)
		asks |= FACT_BIT(FACT_HOST);
	if ((asks & FACT_BIT(FACT_QUERY)) != 0)
		asks |= FACT_BIT(FACT_URL);
	if ((asks & FACT_BIT(FACT_HOST)) != 0)
		asks |= FACT_BIT(FACT_SERVER_NAME);
	if ((asks & FACT_BIT(FACT_CLIENT_KIND)) != 0)
		asks |= FACT_BIT(FACT_BROWSER);
	if ((asks & (FACT_BIT(FACT_ADDRESS_KIND) | FACT_BIT(FACT_COUNTRY) |
	    FACT_BIT(FACT_ASN))) != 0)
		asks |= FACT_BIT(FACT_DESTINATION);
	return asks;
}
