/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.c - in which lists a host stands.  One pass over the name gives the
 * hash of each suffix; all slots are fetched ahead, then looked at; what looks
 * like a hit is compared with the text before it counts.
 */
#include "policy/snapshot.h"

#include "policy/suffix.h"

#include <string.h>

#define SUFFIXES_MAX 130

struct suffixes {
	uint64_t hash[SUFFIXES_MAX];
	uint8_t start[SUFFIXES_MAX];
	unsigned count;
};

static void
find_suffixes(const struct policy *p, const char *name, size_t length,
    struct suffixes *s)
{
	uint64_t hash = p->header->key[0];
	size_t mask = p->count[PART_SLOTS] - 1;

	s->count = 0;
	if (length > 255)
		return;		/* no name has so many bytes */
	for (size_t i = length; i > 0; i--) {
		hash = suffix_step(hash, p->header->key,
		    (unsigned char)name[i - 1]);
		if ((i != 1 && name[i - 2] != '.') ||
		    s->count == SUFFIXES_MAX)
			continue;
		s->start[s->count] = (uint8_t)(i - 1);
		s->hash[s->count] = suffix_finish(hash);
		__builtin_prefetch(&p->SLOTS[s->hash[s->count] & mask]);
		s->count++;
	}
}

/* The entry of a slot if it is this suffix; NULL if it is another. */
static const unsigned char *
confirm(const struct policy *p, size_t slot, const char *name, size_t length,
    size_t start)
{
	size_t left = length - start;
	uint32_t at = p->REFS[slot];
	const unsigned char *e;

	if (at + (uint64_t)ENTRY_HEAD + left > p->count[PART_ENTRIES])
		return NULL;
	e = p->ENTRIES + at;
	if (e[4] != left || memcmp(e + ENTRY_HEAD, name + start, left) != 0)
		return NULL;
	if (((e[5] & ENTRY_HOW) == ENTRY_EXACT && start > 0) ||
	    ((e[5] & ENTRY_HOW) == ENTRY_BELOW && start == 0))
		return NULL;
	return e;
}

/* Every slot that this suffix may stand in, from *slot on; false at the end.
 * steps bounds the search in a table without a free slot. */
static bool
next_slot(const struct policy *p, uint64_t hash, size_t *slot, size_t *steps)
{
	size_t mask = p->count[PART_SLOTS] - 1;

	for (;;) {
		uint64_t s = p->SLOTS[*slot & mask];

		if (s == 0 || ++*steps > mask)
			return false;
		*slot = (*slot + 1) & mask;
		if ((s >> 16) == (hash >> 16) &&
		    SLOT_SOURCE(s) < p->count[PART_SOURCES])
			return true;
	}
}

void
names_look_up(const struct policy *p, const char *name, size_t length,
    struct hits *hits)
{
	size_t mask = p->count[PART_SLOTS] - 1;
	struct suffixes s;

	hits->count = 0;
	hits->overflow = false;
	find_suffixes(p, name, length, &s);
	for (unsigned i = s.count; i-- > 0; ) {
		size_t slot = s.hash[i] & mask;
		size_t steps = 0;

		while (next_slot(p, s.hash[i], &slot, &steps)) {
			size_t found = (slot - 1) & mask;

			if (confirm(p, found, name, length, s.start[i]) ==
			    NULL)
				continue;
			if (hits->count == HITS_MAX) {
				hits->overflow = true;
				return;
			}
			hits->hit[hits->count++] = (struct hit){
				.set = p->SOURCES[SLOT_SOURCE(
				    p->SLOTS[found])].set,
				.slot = (uint32_t)found,
			};
		}
	}
}

void
names_service(const struct policy *p, const char *name, size_t length,
    struct service_hits *hits, bool *shared)
{
	size_t mask = p->count[PART_SLOTS] - 1;
	struct suffixes s;

	bool narrow = false;

	hits->count = 0;
	*shared = false;
	if (p->count[PART_SERVICES] == 0)
		return;
	find_suffixes(p, name, length, &s);
	for (unsigned i = s.count; i-- > 0 && hits->count == 0; ) {
		size_t slot = s.hash[i] & mask;
		size_t steps = 0;

		while (hits->count < SERVICE_HITS_MAX &&
		    next_slot(p, s.hash[i], &slot, &steps)) {
			size_t found = (slot - 1) & mask;
			uint32_t set = p->SOURCES[SLOT_SOURCE(
			    p->SLOTS[found])].set;
			const unsigned char *e;

			if (p->SETS[set].service == 0)
				continue;
			e = confirm(p, found, name, length, s.start[i]);
			if (e == NULL || (narrow &&
			    (e[5] & ENTRY_HOW) == ENTRY_SUFFIX))
				continue;
			if (!narrow && (e[5] & ENTRY_HOW) != ENTRY_SUFFIX) {
				/* =host or *.host says more than host */
				narrow = true;
				hits->count = 0;
				*shared = false;
			}
			*shared |= (e[5] & ENTRY_SHARED) != 0;
			hits->hit[hits->count++] = (struct hit){
				.set = set, .slot = (uint32_t)found };
		}
	}
}

static bool
in_globs(const struct policy *p, const char *name, size_t length,
    uint32_t set, uint32_t *which)
{
	const struct snap_set *s = &p->SETS[set];

	for (uint32_t i = 0; i < s->glob_count; i++) {
		const struct snap_glob *g = &p->GLOBS[s->first_glob + i];

		if (glob_match(p->TEXT + g->text, g->length, name, length)) {
			*which = s->first_glob + i;
			return true;
		}
	}
	return false;
}

bool
names_entry(const struct policy *p, const char *name, size_t length,
    uint32_t set, struct name_entry *entry)
{
	size_t mask = p->count[PART_SLOTS] - 1;
	struct suffixes s;
	uint32_t glob;

	find_suffixes(p, name, length, &s);
	for (unsigned i = s.count; i-- > 0; ) {
		size_t slot = s.hash[i] & mask;
		size_t steps = 0;

		while (next_slot(p, s.hash[i], &slot, &steps)) {
			size_t found = (slot - 1) & mask;
			const struct snap_source *source =
			    &p->SOURCES[SLOT_SOURCE(p->SLOTS[found])];
			const unsigned char *e;

			if (source->set != set)
				continue;
			e = confirm(p, found, name, length, s.start[i]);
			if (e == NULL)
				continue;
			entry->file = snap_text(p, source->file);
			memcpy(&entry->line, e, sizeof(entry->line));
			entry->text.text = (const char *)e + ENTRY_HEAD;
			entry->text.length = e[4];
			return true;
		}
	}
	if (!in_globs(p, name, length, set, &glob))
		return false;
	entry->file = snap_text(p, p->SOURCES[p->GLOBS[glob].source].file);
	entry->line = p->GLOBS[glob].line;
	entry->text.text = p->TEXT + p->GLOBS[glob].text;
	entry->text.length = p->GLOBS[glob].length;
	return true;
}

bool
names_has(const struct policy *p, const struct hits *hits, const char *name,
    size_t length, uint32_t set)
{
	struct name_entry entry;
	uint32_t glob;

	for (uint32_t i = 0; i < hits->count; i++)
		if (hits->hit[i].set == set)
			return true;
	if (hits->overflow)
		return names_entry(p, name, length, set, &entry);
	return in_globs(p, name, length, set, &glob);
}

bool
glob_match(const char *glob, size_t glob_length, const char *text,
    size_t length)
{
	size_t g = 0, t = 0;
	size_t star = SIZE_MAX, from = 0;

	while (t < length) {
		if (g < glob_length && glob[g] == '*') {
			star = g++;
			from = t;
		} else if (g < glob_length && (glob[g] == '?' ||
		    glob[g] == text[t])) {
			g++;
			t++;
		} else if (star != SIZE_MAX) {
			g = star + 1;
			t = ++from;
		} else {
			return false;
		}
	}
	while (g < glob_length && glob[g] == '*')
		g++;
	return g == glob_length;
}
