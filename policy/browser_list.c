/* SPDX-License-Identifier: Apache-2.0 */
/*
 * browser_list.c - lists/browsers from text into the snapshot.  The text that
 * counts is the file "browsers" beside the policy; where there is none, the one
 * that this program was built with.
 *
 * Its statements, each on as many lines as it likes:
 *
 *   family WORD "Title" KIND [within WORD]
 *   is WORD "text" ... [and "text"] ... [not "text"] ...
 *       [version "text" [plus N] [or "text" [plus N]] ...]
 *   else WORD ... as is
 *   brand WORD "brand in Sec-CH-UA" ...
 *   old "text" ... [and ...] [not ...] [below N]
 *   noise "text" ...
 *   ending KIND "text" ...
 */
#include "policy/browser.h"
#include "policy/build.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BROWSERS_FILE "browsers"
#define BROWSERS_MAX (1 << 20)
#define TEXT_MAX 64
#define RULES_MAX 4096
#define FAMILIES_MAX 2048
#define NODES_MAX 20000

/* The list as it was built in. */
extern const char browsers_built_in[];
extern const char browsers_built_in_end[];
__asm__(
	".pushsection .rodata\n"
	".globl browsers_built_in\n"
	".globl browsers_built_in_end\n"
	"browsers_built_in:\n"
	".incbin \"lists/browsers\"\n"
	"browsers_built_in_end:\n"
	".byte 0\n"
	".popsection\n");

struct word {
	uint16_t flags;
};

struct node {
	uint32_t child, next;	/* 0: none */
	uint16_t word;
	uint16_t start_word;
	uint8_t byte;
};

struct family {
	const char *word;
};

struct reader {
	struct build *b;
	struct lexer lexer;
	struct family *families;
	size_t family_count;
	struct word *words;
	size_t word_count;
	struct node *nodes;
	size_t node_count;
	struct snap_ua_rule *rules;
	size_t rule_count;
	bool full;
};

/* --- words ---------------------------------------------------------------- */
static uint32_t
child_of(struct reader *r, uint32_t node, uint8_t byte)
{
	uint32_t *at = &r->nodes[node].child;

	while (*at != 0 && r->nodes[*at].byte < byte)
		at = &r->nodes[*at].next;
	if (*at == 0 || r->nodes[*at].byte != byte) {
		struct node new = { .byte = byte, .next = *at };

		if (r->node_count >= NODES_MAX) {
			r->full = true;
			return node;
		}
		*at = (uint32_t)r->node_count;
		r->nodes[r->node_count++] = new;
		return (uint32_t)r->node_count - 1;
	}
	return *at;
}

/* The number of a text plus 1. */
static uint16_t
add_word(struct reader *r, const char *text, uint16_t flags)
{
	bool at_start = text[0] == '^';
	uint32_t node = 0;
	uint16_t *at;
	size_t n;

	text += at_start;
	n = strlen(text);
	for (size_t i = 0; i < n; i++)
		node = child_of(r, node,
		    (uint8_t)tolower((unsigned char)text[i]));
	at = at_start ? &r->nodes[node].start_word : &r->nodes[node].word;
	if (*at != 0) {
		r->words[*at - 1].flags |= flags;
		return *at;
	}
	if (r->word_count >= UA_WORDS_MAX || r->full || node == 0) {
		r->full = true;
		return 1;
	}
	if (isalnum((unsigned char)text[n - 1]))
		flags |= UA_WHOLE;
	r->words[r->word_count++].flags = flags;
	*at = (uint16_t)r->word_count;
	return *at;
}

/* --- reading -------------------------------------------------------------- */
static bool
is_word(const struct reader *r, const char *word)
{
	return r->lexer.token.kind == TOKEN_WORD &&
	    strcmp(r->lexer.token.text, word) == 0;
}

static bool
take_word(struct reader *r, const char *word)
{
	if (!is_word(r, word))
		return false;
	lexer_next(&r->lexer);
	return true;
}

static void
wrong(struct reader *r, const char *wanted)
{
	error_at(r->b->sources, &r->lexer.token.at, "%s stands where %s "
	    "should be", token_shown(r->lexer.arena, &r->lexer.token), wanted);
}

/* A text in quotes; NULL after a fault. */
static const char *
take_text(struct reader *r)
{
	const char *text = r->lexer.token.text;
	size_t n = r->lexer.token.length;

	if (r->lexer.token.kind != TOKEN_STRING || n < 2 || n > TEXT_MAX) {
		wrong(r, "a text in quotation marks of 2 to 64 bytes");
		return NULL;
	}
	lexer_next(&r->lexer);
	return text;
}

static bool
take_number(struct reader *r, uint32_t high, uint32_t *number)
{
	const char *text = r->lexer.token.text;
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (r->lexer.token.kind != TOKEN_WORD ||
	    !isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 ||
	    n > high) {
		wrong(r, "a number");
		return false;
	}
	*number = (uint32_t)n;
	lexer_next(&r->lexer);
	return true;
}

static bool
take_kind(struct reader *r, enum client_kind *kind)
{
	if (r->lexer.token.kind != TOKEN_WORD ||
	    !client_kind_by_name(r->lexer.token.text, kind) ||
	    *kind == CLIENT_UNKNOWN) {
		wrong(r, "browser, app, tool, system or bot");
		return false;
	}
	lexer_next(&r->lexer);
	return true;
}

static bool
take_family(struct reader *r, uint16_t *family)
{
	struct nearest near = { .word = r->lexer.token.text };

	if (r->lexer.token.kind != TOKEN_WORD) {
		wrong(r, "a family");
		return false;
	}
	for (size_t i = 0; i < r->family_count; i++) {
		if (strcmp(r->families[i].word, near.word) == 0) {
			*family = (uint16_t)i;
			lexer_next(&r->lexer);
			return true;
		}
		nearest_try(&near, r->families[i].word);
	}
	error_at(r->b->sources, &r->lexer.token.at, "there is no family "
	    "\"%.80s\" above this line%s%s%s", near.word, near.best == NULL ?
	    "" : " (did you mean \"", near.best == NULL ? "" : near.best,
	    near.best == NULL ? "" : "\"?)");
	return false;
}

static bool
read_family(struct reader *r)
{
	const char *word = r->lexer.token.text;
	struct snap_family *f;
	enum client_kind kind;
	uint16_t within = 0;
	const char *title;

	if (r->lexer.token.kind != TOKEN_WORD || !isalnum(
	    (unsigned char)word[0]) || strcmp(word, "legacy") == 0) {
		wrong(r, "a word for the family");
		return false;
	}
	for (size_t i = 0; i < r->family_count; i++)
		if (strcmp(r->families[i].word, word) == 0) {
			error_at(r->b->sources, &r->lexer.token.at, "the "
			    "family \"%.80s\" is there already", word);
			return false;
		}
	lexer_next(&r->lexer);
	title = take_text(r);
	if (title == NULL || !take_kind(r, &kind))
		return false;
	if (take_word(r, "within")) {
		if (!take_family(r, &within))
			return false;
		within++;
	}
	if (r->family_count >= FAMILIES_MAX) {
		r->full = true;
		return false;
	}
	r->families[r->family_count++].word = word;
	f = build_add(r->b, PART_FAMILIES, NULL);
	f->within = within;
	f->kind = (uint8_t)kind;
	f->word = build_text(r->b, word);
	/* build_text() moves the texts, not the families */
	f->title = build_text(r->b, title);
	return true;
}

static bool
take_words(struct reader *r, uint16_t *into, size_t from)
{
	const char *text = take_text(r);

	if (text == NULL)
		return false;
	while (from < UA_RULE_WORDS && into[from] != 0)
		from++;
	if (from == UA_RULE_WORDS) {
		error_at(r->b->sources, &r->lexer.token.at, "a statement "
		    "takes at most three \"and\" and four \"not\"");
		return false;
	}
	into[from] = add_word(r, text, 0);
	return true;
}

static bool
take_versions(struct reader *r, struct snap_ua_rule *rule)
{
	for (size_t i = 0; i < UA_RULE_VERSIONS; i++) {
		const char *text = take_text(r);
		uint32_t plus = 0;

		if (text == NULL)
			return false;
		rule->version[i] = add_word(r, text, 0);
		if (take_word(r, "plus") && !take_number(r, 100, &plus))
			return false;
		rule->plus[i] = (uint8_t)plus;
		if (!take_word(r, "or"))
			return true;
	}
	wrong(r, "no more than three texts for the version");
	return false;
}

/* "text" ... [and ...] [not ...] [version ... | below N] */
static bool
read_rule(struct reader *r, struct snap_ua_rule rule)
{
	uint16_t key[32];
	size_t keys = 0;
	uint32_t below = 0;

	do {
		const char *text = take_text(r);

		if (text == NULL)
			return false;
		if (keys == COUNT_OF(key)) {
			wrong(r, "no more than 32 texts");
			return false;
		}
		key[keys++] = add_word(r, text, 0);
	} while (r->lexer.token.kind == TOKEN_STRING);
	for (;;) {
		bool ok = true;

		if (take_word(r, "and"))
			ok = take_words(r, rule.all, 1);
		else if (take_word(r, "not"))
			ok = take_words(r, rule.none, 0);
		else if (rule.kind != UA_OLD && take_word(r, "version"))
			ok = take_versions(r, &rule);
		else if (rule.kind == UA_OLD && take_word(r, "below"))
			ok = take_number(r, UINT16_MAX, &below);
		else
			break;
		if (!ok)
			return false;
	}
	rule.below = (uint16_t)below;
	for (size_t i = 0; i < keys; i++) {
		if (r->rule_count >= RULES_MAX) {
			r->full = true;
			return false;
		}
		rule.all[0] = key[i];
		r->rules[r->rule_count++] = rule;
	}
	return true;
}

static bool
read_brands(struct reader *r)
{
	uint16_t family;

	if (!take_family(r, &family))
		return false;
	do {
		const char *text = take_text(r);
		struct snap_brand *brand;
		uint32_t at;

		if (text == NULL)
			return false;
		at = build_text(r->b, text);
		brand = build_add(r->b, PART_BRANDS, NULL);
		brand->text = at;
		brand->length = (uint16_t)strlen(text);
		brand->family = family;
	} while (r->lexer.token.kind == TOKEN_STRING);
	return true;
}

static bool
read_endings(struct reader *r)
{
	enum client_kind kind;

	if (!take_kind(r, &kind))
		return false;
	do {
		const char *text = take_text(r);
		struct snap_ua_ending *ending;
		uint32_t at;

		if (text == NULL)
			return false;
		at = build_text(r->b, text);
		ending = build_add(r->b, PART_UA_ENDINGS, NULL);
		ending->text = at;
		ending->length = (uint16_t)strlen(text);
		ending->kind = (uint16_t)kind;
	} while (r->lexer.token.kind == TOKEN_STRING);
	return true;
}

static bool
read_noise(struct reader *r)
{
	do {
		const char *text = take_text(r);

		if (text == NULL)
			return false;
		(void)add_word(r, text, UA_NOISE);
	} while (r->lexer.token.kind == TOKEN_STRING);
	return true;
}

static bool
read_statement(struct reader *r)
{
	struct snap_ua_rule rule = { .kind = UA_OLD };

	if (take_word(r, "family"))
		return read_family(r);
	if (take_word(r, "is")) {
		rule.kind = UA_IS;
		return take_family(r, &rule.family) && read_rule(r, rule);
	}
	if (take_word(r, "else")) {
		rule.kind = UA_ELSE;
		return take_family(r, &rule.family) && read_rule(r, rule);
	}
	if (take_word(r, "old"))
		return read_rule(r, rule);
	if (take_word(r, "brand"))
		return read_brands(r);
	if (take_word(r, "noise"))
		return read_noise(r);
	if (take_word(r, "ending"))
		return read_endings(r);
	wrong(r, "family, is, else, brand, old, noise or ending");
	return false;
}

/* After a fault: on to what begins a statement. */
static void
leave_statement(struct reader *r)
{
	static const char *const begins[] = { "family", "is", "else", "brand",
	    "old", "noise", "ending" };

	for (;;) {
		if (r->lexer.token.kind == TOKEN_END)
			return;
		lexer_next(&r->lexer);
		for (size_t i = 0; i < COUNT_OF(begins); i++)
			if (is_word(r, begins[i]))
				return;
	}
}

/* --- writing -------------------------------------------------------------- */
/* Nodes level by level, so that children follow each other. */
static void
write_nodes(struct reader *r)
{
	uint32_t *queue = calloc(r->node_count, sizeof(*queue));
	size_t done = 0, known = 1;

	if (queue == NULL) {
		r->full = true;
		return;
	}
	for (int i = 0; i < 256; i++)
		(void)build_add(r->b, PART_UA_ROOT, NULL);
	for (; done < known; done++) {
		const struct node *n = &r->nodes[queue[done]];
		struct snap_ua_node *out = build_add(r->b, PART_UA_NODES,
		    NULL);
		size_t first = known;

		for (uint32_t c = n->child; c != 0; c = r->nodes[c].next) {
			if (done == 0)
				((uint16_t *)(void *)
				    r->b->part[PART_UA_ROOT].data)[
				    r->nodes[c].byte] = (uint16_t)known;
			queue[known++] = c;
		}
		out->first_child = (uint16_t)first;
		out->child_count = (uint8_t)(known - first);
		out->byte = n->byte;
		out->word = n->word;
		out->start_word = n->start_word;
	}
	free(queue);
}

static void
write_words(struct reader *r)
{
	for (size_t i = 0; i < r->word_count; i++) {
		struct snap_ua_word *w = build_add(r->b, PART_UA_WORDS, NULL);

		w->flags = r->words[i].flags;
		w->first_key = (uint16_t)r->b->part[PART_UA_KEYS].count;
		for (size_t k = 0; k < r->rule_count; k++) {
			if (r->rules[k].all[0] != i + 1)
				continue;
			*(uint16_t *)build_add(r->b, PART_UA_KEYS, NULL) =
			    (uint16_t)k;
			w->key_count++;
		}
	}
	for (size_t k = 0; k < r->rule_count; k++)
		*(struct snap_ua_rule *)build_add(r->b, PART_UA_RULES, NULL) =
		    r->rules[k];
}

static void
read_text(struct build *b, const char *shown, const char *text, size_t length)
{
	struct arena *arena = b->tree->arena;
	struct reader r = { .b = b,
		.families = arena_alloc(arena, FAMILIES_MAX *
		    sizeof(*r.families)),
		.words = arena_alloc(arena, UA_WORDS_MAX * sizeof(*r.words)),
		.nodes = arena_alloc(arena, NODES_MAX * sizeof(*r.nodes)),
		.node_count = 1,
		.rules = arena_alloc(arena, RULES_MAX * sizeof(*r.rules)) };

	lexer_init(&r.lexer, b->sources, arena, sources_file(b->sources,
	    shown), text, length);
	while (r.lexer.token.kind != TOKEN_END)
		if (!read_statement(&r))
			leave_statement(&r);
	write_nodes(&r);
	write_words(&r);
	if (r.full)
		error_at(b->sources, &r.lexer.token.at, "the list of browsers "
		    "is too long; it has room for %d families, %d texts and "
		    "%d rules", FAMILIES_MAX, UA_WORDS_MAX, RULES_MAX);
	build_digest(b, text, length);
}

void
build_browsers(struct build *b)
{
	struct place whole = { .file = 0 };
	char *text = NULL;
	size_t length = 0;

	if (sources_may_read(b->sources)) {
		text = sources_read(b->sources, b->tree->arena, BROWSERS_FILE,
		    BROWSERS_MAX, &length);
		if (text == NULL && errno != ENOENT && errno != EISDIR)
			error_at(b->sources, &whole, "the list \"%s\" beside "
			    "the policy cannot be read: %s", BROWSERS_FILE,
			    sources_why(b->sources, errno));
	}
	if (text != NULL)
		read_text(b, sources_show(b->sources, BROWSERS_FILE), text,
		    length);
	else
		read_text(b, "browsers (built in)", browsers_built_in,
		    (size_t)(browsers_built_in_end - browsers_built_in));
}
