/* SPDX-License-Identifier: Apache-2.0 */
/*
 * browser.c - reading a User-Agent: one pass finds which texts of the list
 * stand in it and where, then the first rule whose texts are there names the
 * family.  A program that the list does not know goes by the name with which
 * its User-Agent begins.
 */
#include "policy/browser.h"
#include "policy/snapshot.h"

#include <string.h>

#define HITS_KEPT 96
#define NAME_MAX_LENGTH 64

struct scan {
	const struct policy *p;
	const char *text;
	size_t length;
	uint64_t seen[UA_WORDS_MAX / 64];
	uint16_t after[UA_WORDS_MAX];	/* where it ended, if seen */
	uint16_t hit[HITS_KEPT];
	size_t hits;
	size_t ending_from;	/* the first word that tells a kind */
	size_t ending_to;
	enum client_kind ending;
};

static const char *const kinds[CLIENT_KINDS] = {
	[CLIENT_UNKNOWN] = "unknown",
	[CLIENT_BROWSER] = "browser",
	[CLIENT_APP] = "app",
	[CLIENT_TOOL] = "tool",
	[CLIENT_SYSTEM] = "system",
	[CLIENT_BOT] = "bot",
};

const char *
client_kind_name(enum client_kind kind)
{
	return kinds[kind];
}

bool
client_kind_by_name(const char *name, enum client_kind *kind)
{
	for (int i = 0; i < CLIENT_KINDS; i++)
		if (strcmp(kinds[i], name) == 0) {
			*kind = (enum client_kind)i;
			return true;
		}
	return false;
}

/* --- bytes ---------------------------------------------------------------- */
static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Letters and digits, and all that is not ASCII. */
static bool
is_letter(char c)
{
	unsigned char u = (unsigned char)c;

	return (unsigned)((u | 0x20) - 'a') < 26 || is_digit(c) || u >= 0x80;
}

static uint8_t
lower(char c)
{
	return (uint8_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* --- finding texts -------------------------------------------------------- */
static const struct snap_ua_node *
child(const struct policy *p, const struct snap_ua_node *node, uint8_t byte)
{
	const struct snap_ua_node *c = p->UA_NODES + node->first_child;

	for (unsigned i = 0; i < node->child_count; i++)
		if (c[i].byte == byte)
			return &c[i];
	return NULL;
}

/* "Mini2.6" ends after Mini, "Minimo" does not. */
static bool
goes_on(const struct scan *s, size_t at)
{
	return is_letter(s->text[at]) &&
	    is_digit(s->text[at]) == is_digit(s->text[at - 1]);
}

static void
found(struct scan *s, uint16_t word, size_t to)
{
	unsigned flags = s->p->UA_WORDS[word].flags;

	if ((s->seen[word / 64] >> (word % 64) & 1) != 0 ||
	    s->hits == HITS_KEPT ||
	    ((flags & UA_WHOLE) != 0 && to < s->length && goes_on(s, to)))
		return;
	s->seen[word / 64] |= UINT64_C(1) << (word % 64);
	s->after[word] = (uint16_t)to;
	s->hit[s->hits++] = word;
}

static void
find_from(struct scan *s, size_t from)
{
	const struct policy *p = s->p;
	uint16_t first = p->UA_ROOT[lower(s->text[from])];
	const struct snap_ua_node *node = first == 0 ? NULL :
	    p->UA_NODES + first;

	for (size_t to = from + 1; node != NULL; to++) {
		if (node->word != 0)
			found(s, (uint16_t)(node->word - 1), to);
		if (node->start_word != 0 && from == 0)
			found(s, (uint16_t)(node->start_word - 1), to);
		if (to >= s->length)
			return;
		node = child(p, node, lower(s->text[to]));
	}
}

/* Whether a word says nothing about who asks. */
static bool
is_noise(const struct policy *p, const char *text, size_t length)
{
	uint16_t first = length == 0 ? 0 : p->UA_ROOT[lower(text[0])];
	const struct snap_ua_node *node = first == 0 ? NULL :
	    p->UA_NODES + first;

	for (size_t i = 1; node != NULL && i < length; i++)
		node = child(p, node, lower(text[i]));
	return node != NULL && node->word != 0 &&
	    (p->UA_WORDS[node->word - 1].flags & UA_NOISE) != 0;
}

static void
judge_ending(struct scan *s, size_t from, size_t to)
{
	const struct policy *p = s->p;

	for (size_t i = 0; i < p->count[PART_UA_ENDINGS]; i++) {
		const struct snap_ua_ending *e = &p->UA_ENDINGS[i];
		const char *want = p->TEXT + e->text;
		size_t n = e->length, k = 0;

		if (to - from < n)
			continue;
		while (k < n && lower(s->text[to - n + k]) == lower(want[k]))
			k++;
		if (k < n || is_noise(p, s->text + from, to - from))
			continue;
		s->ending_from = from;
		s->ending_to = to;
		s->ending = (enum client_kind)e->kind;
		return;
	}
}

/* The last letters of all endings, so that most words are passed over. */
static uint32_t
last_letters(const struct policy *p)
{
	uint32_t set = 0;

	for (size_t i = 0; i < p->count[PART_UA_ENDINGS]; i++) {
		const struct snap_ua_ending *e = &p->UA_ENDINGS[i];

		set |= 1u << (p->TEXT[e->text + e->length - 1] & 31);
	}
	return set;
}

static void
scan_all(struct scan *s)
{
	const uint16_t *root = s->p->UA_ROOT;
	uint32_t last = last_letters(s->p);
	bool inside = false;	/* the byte before is a letter */
	size_t word = 0;	/* where the run of letters began */

	for (size_t i = 0; i < s->length; i++) {
		char c = s->text[i];
		bool letter = is_letter(c);

		if (letter && !inside)
			word = i;
		if (inside && !letter && s->ending == CLIENT_UNKNOWN &&
		    (last >> (s->text[i - 1] & 31) & 1) != 0)
			judge_ending(s, word, i);
		if ((!letter || !inside) && root[lower(c)] != 0)
			find_from(s, i);
		inside = letter;
	}
	if (inside && s->ending == CLIENT_UNKNOWN)
		judge_ending(s, word, s->length);
}

/* --- rules ---------------------------------------------------------------- */
static bool
was_seen(const struct scan *s, uint16_t word_plus_1)
{
	uint16_t word = (uint16_t)(word_plus_1 - 1);

	return (s->seen[word / 64] >> (word % 64) & 1) != 0;
}

/* The number that stands at or just behind a place. */
static bool
version_at(const struct scan *s, size_t at, uint32_t *version)
{
	uint32_t n = 0;
	size_t digits = 0;

	for (size_t i = 0; i < 2 && at < s->length &&
	    memchr(" /:(._-", s->text[at], 7) != NULL; i++)
		at++;
	if (at < s->length && lower(s->text[at]) == 'v')
		at++;
	while (at < s->length && is_digit(s->text[at]) && digits < 9) {
		n = n * 10 + (uint32_t)(s->text[at++] - '0');
		digits++;
	}
	*version = n;
	return digits > 0;
}

static bool
rule_holds(const struct scan *s, const struct snap_ua_rule *rule)
{
	for (int i = 0; i < UA_RULE_WORDS; i++)
		if ((rule->all[i] != 0 && !was_seen(s, rule->all[i])) ||
		    (rule->none[i] != 0 && was_seen(s, rule->none[i])))
			return false;
	return true;
}

static bool
rule_version(const struct scan *s, const struct snap_ua_rule *rule,
    uint32_t *version)
{
	if (rule->version[0] == 0)
		return version_at(s, s->after[rule->all[0] - 1], version);
	for (int i = 0; i < UA_RULE_VERSIONS && rule->version[i] != 0; i++)
		if (was_seen(s, rule->version[i]) && version_at(s,
		    s->after[rule->version[i] - 1], version)) {
			*version += rule->plus[i];
			return true;
		}
	return false;
}

/* The first rule of that kind that holds. */
static bool
judge_rules(const struct scan *s, enum ua_rule_kind kind, struct browser *b)
{
	const struct policy *p = s->p;
	const struct snap_ua_rule *best = NULL;
	uint32_t version;

	for (size_t i = 0; i < s->hits; i++) {
		const struct snap_ua_word *w = &p->UA_WORDS[s->hit[i]];

		for (unsigned k = 0; k < w->key_count; k++) {
			const struct snap_ua_rule *rule =
			    &p->UA_RULES[p->UA_KEYS[w->first_key + k]];

			if (rule->kind == kind && (best == NULL ||
			    rule < best) && rule_holds(s, rule) &&
			    (kind != UA_OLD || rule->below == 0 ||
			    (rule_version(s, rule, &version) &&
			    version < rule->below)))
				best = rule;
		}
	}
	if (best == NULL)
		return false;
	if (kind == UA_OLD)
		return true;
	b->family = best->family;
	b->kind = (enum client_kind)p->FAMILIES[b->family].kind;
	b->has_major = rule_version(s, best, &b->major);
	return true;
}

/* --- programs that the list does not know ------------------------------------ */
static void
named(const struct scan *s, struct browser *b, size_t from, size_t to)
{
	if (to - from > NAME_MAX_LENGTH)
		to = from + NAME_MAX_LENGTH;
	while (to > from && s->text[to - 1] == ' ')
		to--;
	if (to == from)
		return;
	b->name = (struct fact_string){ s->text + from, to - from };
	b->has_major = version_at(s, to, &b->major);
}

/* "Pocket Casts/7.2 (...)", "The Bat! 4.0", "got (https://...)" */
static size_t
name_end(const struct scan *s, size_t at)
{
	for (; at < s->length; at++) {
		char c = s->text[at];

		if (memchr("/();,[", c, 6) != NULL)
			break;
		if (c == ' ' && at + 1 < s->length &&
		    (is_digit(s->text[at + 1]) || (s->text[at + 1] == 'v' &&
		    at + 2 < s->length && is_digit(s->text[at + 2]))))
			break;
	}
	return at;
}

/* Behind the last bracket: what is neither engine nor noise. */
static bool
product_behind(const struct scan *s, struct browser *b)
{
	const char *bracket = memrchr(s->text, ')', s->length);
	size_t at = bracket == NULL ? 0 : (size_t)(bracket + 1 - s->text);

	while (at < s->length) {
		size_t to = at;

		while (to < s->length && s->text[to] != ' ' &&
		    s->text[to] != '/')
			to++;
		if (to < s->length && s->text[to] == '/' && to > at &&
		    !is_noise(s->p, s->text + at, to - at)) {
			named(s, b, at, to);
			return true;
		}
		while (to < s->length && s->text[to] != ' ')
			to++;
		at = to + 1;
	}
	return false;
}

static void
name_unlisted(const struct scan *s, struct browser *b)
{
	static const char compatible[] = "compatible; ";
	const char *inner;
	size_t at = 0;

	if (s->length < 8 || strncasecmp(s->text, "Mozilla/", 8) != 0) {
		/* "Mobile/..." and the like do not name anybody */
		if (is_noise(s->p, s->text, name_end(s, 0)))
			return;
		b->kind = CLIENT_APP;
		named(s, b, 0, name_end(s, 0));
		return;
	}
	if (product_behind(s, b)) {
		b->kind = memmem(s->text, s->length, "Safari/", 7) != NULL ?
		    CLIENT_BROWSER : CLIENT_APP;
		return;
	}
	if (judge_rules(s, UA_ELSE, b))
		return;
	inner = memmem(s->text, s->length, compatible,
	    sizeof(compatible) - 1);
	if (inner == NULL)
		return;
	at = (size_t)(inner - s->text) + sizeof(compatible) - 1;
	named(s, b, at, name_end(s, at));
}

/* "Googlebot": the whole of the word, with what hangs on it. */
static void
name_ending(const struct scan *s, struct browser *b)
{
	size_t from = s->ending_from, to = s->ending_to;

	while (from > 0 && (is_letter(s->text[from - 1]) ||
	    memchr("-_.", s->text[from - 1], 3) != NULL))
		from--;
	while (to < s->length && (is_letter(s->text[to]) ||
	    memchr("-_", s->text[to], 2) != NULL))
		to++;
	b->family = BROWSER_NO_FAMILY;
	b->kind = s->ending;
	named(s, b, from, to);
}

/* --- client hints --------------------------------------------------------- */
/* The next "brand";v="8" of a list. */
static bool
next_brand(const struct fact_string *list, size_t *at,
    struct fact_string *brand, struct fact_string *version)
{
	struct fact_string *part[2] = { brand, version };

	for (int i = 0; i < 2; i++) {
		const char *open, *close;
		const char *end = list->text + list->length;

		open = *at >= list->length ? NULL : memchr(list->text + *at,
		    '"', list->length - *at);
		if (open == NULL)
			return false;
		close = memchr(open + 1, '"', (size_t)(end - open - 1));
		if (close == NULL)
			return false;
		*part[i] = (struct fact_string){ open + 1,
			(size_t)(close - open - 1) };
		*at = (size_t)(close + 1 - list->text);
	}
	return true;
}

/*
 * A browser on Chromium may send Chrome's User-Agent and give its name in the
 * hints alone.  So they count where the User-Agent says the family of the last
 * brand on the list, Chrome, or nothing.
 */
static void
judge_brands(const struct policy *p, const struct fact_string *list,
    struct browser *b)
{
	size_t count = p->count[PART_BRANDS], best = count;
	struct fact_string brand, version, chosen = { NULL, 0 };
	size_t at = 0;

	if (count == 0 || list->length == 0 ||
	    (b->family != BROWSER_NO_FAMILY &&
	    b->family != p->BRANDS[count - 1].family))
		return;
	for (int n = 0; n < 16 && next_brand(list, &at, &brand, &version);
	    n++)
		for (size_t i = 0; i < best; i++) {
			const struct snap_brand *row = &p->BRANDS[i];

			if (row->length == brand.length &&
			    memcmp(p->TEXT + row->text, brand.text,
			    brand.length) == 0) {
				best = i;
				chosen = version;
			}
		}
	if (best == count || p->BRANDS[best].family == b->family)
		return;
	b->family = p->BRANDS[best].family;
	b->major = 0;
	for (size_t i = 0; i < chosen.length && i < 9 &&
	    is_digit(chosen.text[i]); i++)
		b->major = b->major * 10 + (uint32_t)(chosen.text[i] - '0');
	b->has_major = chosen.length > 0 && is_digit(chosen.text[0]);
}

/* --- all of it -------------------------------------------------------------- */
void
browser_read(const struct policy *p, const struct client_words *words,
    struct browser *b)
{
	struct scan s;

	*b = (struct browser){ .family = BROWSER_NO_FAMILY };
	/* the places are written where a text is found */
	s.p = p;
	s.text = words->user_agent.text;
	s.length = words->user_agent.length < USER_AGENT_MAX ?
	    words->user_agent.length : USER_AGENT_MAX;
	memset(s.seen, 0, sizeof(s.seen));
	s.hits = 0;
	s.ending = CLIENT_UNKNOWN;
	if (s.length > 0) {
		scan_all(&s);
		b->old = judge_rules(&s, UA_OLD, b);
		(void)judge_rules(&s, UA_IS, b);
	}
	judge_brands(p, &words->brands, b);
	if (b->family != BROWSER_NO_FAMILY)
		b->kind = (enum client_kind)p->FAMILIES[b->family].kind;
	if (s.ending != CLIENT_UNKNOWN && (b->kind == CLIENT_UNKNOWN ||
	    b->kind == CLIENT_BROWSER || b->kind == CLIENT_APP)) {
		name_ending(&s, b);
		return;
	}
	if (b->family == BROWSER_NO_FAMILY && s.length > 0)
		name_unlisted(&s, b);
	if (b->family == BROWSER_NO_FAMILY)
		return;
	b->name.text = p->TEXT + p->FAMILIES[b->family].title;
	b->name.length = strlen(b->name.text);
}

const char *
browser_word(const struct policy *p, uint16_t family)
{
	return family >= p->count[PART_FAMILIES] ? NULL :
	    snap_text(p, p->FAMILIES[family].word);
}

bool
browser_is(const struct policy *p, const struct browser *b, uint32_t family)
{
	uint32_t f = b->family;

	if (family == BROWSER_OLD)
		return b->old;
	/* a wider family always stands above */
	while (f < p->count[PART_FAMILIES]) {
		if (f == family)
			return true;
		if (p->FAMILIES[f].within == 0)
			return false;
		f = p->FAMILIES[f].within - 1u;
	}
	return false;
}
