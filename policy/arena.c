/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c - memory that is given back all at once when a compilation ends. */
#include "policy/source.h"

#include "lib/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_MIN 65536

struct chunk {
	struct chunk *next;
	size_t used;
	size_t size;
	_Alignas(16) unsigned char data[];
};

struct arena {
	struct chunk *chunks;
};

struct arena *
arena_new(void)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (arena == NULL)
		report_bug("policy: out of memory");
	return arena;
}

void
arena_free(struct arena **arena)
{
	struct chunk *chunk;

	if (*arena == NULL)
		return;
	while ((chunk = (*arena)->chunks) != NULL) {
		(*arena)->chunks = chunk->next;
		free(chunk);
	}
	free(*arena);
	*arena = NULL;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	struct chunk *chunk = arena->chunks;
	void *result;

	size = (size + 15) & ~(size_t)15;
	if (chunk == NULL || chunk->size - chunk->used < size) {
		size_t room = size > CHUNK_MIN ? size : CHUNK_MIN;

		chunk = malloc(sizeof(*chunk) + room);
		if (chunk == NULL)
			report_bug("policy: out of memory");
		chunk->size = room;
		chunk->used = 0;
		chunk->next = arena->chunks;
		arena->chunks = chunk;
	}
	result = chunk->data + chunk->used;
	chunk->used += size;
	memset(result, 0, size);
	return result;
}

char *
arena_text(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	memcpy(copy, text, length);
	return copy;
}

char *
arena_format(struct arena *arena, const char *fmt, ...)
{
	char small[512];
	va_list ap;
	char *out;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0)
		return arena_text(arena, "", 0);
	if ((size_t)n < sizeof(small))
		return arena_text(arena, small, (size_t)n);
	out = arena_alloc(arena, (size_t)n + 1);
	va_start(ap, fmt);
	(void)vsnprintf(out, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return out;
}

/* Arrays double at powers of two; what they leave behind is at most as much
 * again and goes with the arena. */
void *
arena_grow(struct arena *arena, void *items, size_t count, size_t size)
{
	void *bigger;

	if (count != 0 && (count & (count - 1)) != 0)
		return items;
	bigger = arena_alloc(arena, (count == 0 ? 1 : count * 2) * size);
	if (count > 0)
		memcpy(bigger, items, count * size);
	return bigger;
}
