/* SPDX-License-Identifier: Apache-2.0 */
/* build.c - growing parts, the table of names, sealing. */
#include "policy/build.h"

#include "lib/report.h"
#include "policy/suffix.h"

#include <sys/mman.h>
#include <sys/random.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX (UINT32_MAX / 2)

static const size_t element[PARTS] = {
#define PART(name, type) [PART_##name] = sizeof(type),
	PART_TABLE(PART)
#undef PART
};

static void *
grow(void *data, size_t bytes)
{
	void *bigger = realloc(data, bytes);

	if (bigger == NULL)
		report_bug("policy: out of memory");
	return bigger;
}

static void *
room_for(struct part_buffer *b, size_t size, size_t count)
{
	if (b->room - b->count < count) {
		size_t room = b->room == 0 ? 64 : b->room;

		while (room - b->count < count)
			room *= 2;
		b->data = grow(b->data, room * size);
		b->room = room;
	}
	return b->data + b->count * size;
}

void
build_init(struct build *build, struct tree *tree)
{
	*build = (struct build){ .tree = tree, .sources = tree->sources };
	if (getrandom(build->header.key, sizeof(build->header.key), 0) !=
	    (ssize_t)sizeof(build->header.key))
		report_bug("policy: no random numbers");
	build->digest = EVP_MD_CTX_new();
	if (build->digest == NULL ||
	    EVP_DigestInit_ex(build->digest, EVP_sha256(), NULL) != 1)
		report_bug("policy: no SHA-256");
	build->text_table_size = 1024;
	build->text_table = grow(NULL, 1024 * sizeof(uint32_t));
	memset(build->text_table, 0, 1024 * sizeof(uint32_t));
	(void)build_add(build, PART_TEXT, NULL);	/* offset 0: none */
}

void
build_clear(struct build *build)
{
	for (int i = 0; i < PARTS; i++)
		free(build->part[i].data);
	free(build->refs);
	free(build->ref_source);
	free(build->text_table);
	EVP_MD_CTX_free(build->digest);
}

void *
build_add(struct build *build, enum part part, uint32_t *index)
{
	struct part_buffer *b = &build->part[part];
	void *item = room_for(b, element[part], 1);

	memset(item, 0, element[part]);
	if (index != NULL)
		*index = (uint32_t)b->count;
	b->count++;
	return item;
}

/* --- texts ------------------------------------------------------------------------- */
static size_t
text_hash(const char *text, size_t length)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) *
		    UINT64_C(0x100000001b3);
	return (size_t)(hash ^ (hash >> 32));
}

static void
widen_texts(struct build *build)
{
	size_t size = build->text_table_size * 2;
	uint32_t *table = grow(NULL, size * sizeof(*table));
	const char *texts = (const char *)build->part[PART_TEXT].data;

	memset(table, 0, size * sizeof(*table));
	for (size_t i = 0; i < build->text_table_size; i++) {
		uint32_t at = build->text_table[i];
		size_t slot;

		if (at == 0)
			continue;
		slot = text_hash(texts + at, strlen(texts + at));
		while (table[slot &= size - 1] != 0)
			slot++;
		table[slot] = at;
	}
	free(build->text_table);
	build->text_table = table;
	build->text_table_size = size;
}

uint32_t
build_text_bytes(struct build *build, const char *text, size_t length)
{
	struct part_buffer *b = &build->part[PART_TEXT];
	size_t slot = text_hash(text, length);
	uint32_t at;
	char *to;

	while ((at = build->text_table[slot &= build->text_table_size - 1]) !=
	    0) {
		const char *there = (const char *)b->data + at;

		if (strlen(there) == length &&
		    memcmp(there, text, length) == 0)
			return at;
		slot++;
	}
	if (b->count + length + 1 > TEXT_MAX)
		report_bug("policy: more than 2 GiB of text");
	to = room_for(b, 1, length + 1);
	memcpy(to, text, length);
	to[length] = '\0';
	at = (uint32_t)b->count;
	b->count += length + 1;
	build->text_table[slot] = at;
	if (++build->text_count * 2 > build->text_table_size)
		widen_texts(build);
	return at;
}

uint32_t
build_text(struct build *build, const char *text)
{
	return text == NULL ? 0 : build_text_bytes(build, text, strlen(text));
}

/* --- names --------------------------------------------------------------------------- */
bool
build_source(struct build *build, uint32_t set, const char *file,
    const struct place *at, uint16_t *source)
{
	struct snap_source *s;
	uint32_t index;

	if (build->part[PART_SOURCES].count >= SOURCES_MAX) {
		error_at(build->sources, at, "there are more than %d lists "
		    "and lines with hosts; join some of them into categories",
		    SOURCES_MAX);
		return false;
	}
	s = build_add(build, PART_SOURCES, &index);
	s->set = set;
	s->file = build_text(build, file);
	*source = (uint16_t)index;
	return true;
}

bool
build_name(struct build *build, uint16_t source, const char *name,
    size_t length, enum entry_how how, uint32_t line)
{
	struct part_buffer *b = &build->part[PART_ENTRIES];
	unsigned char *to;

	if (b->count + ENTRY_HEAD + length > UINT32_MAX)
		return false;
	to = room_for(b, 1, ENTRY_HEAD + length);
	memcpy(to, &line, sizeof(line));
	to[4] = (unsigned char)length;
	to[5] = (unsigned char)how;
	memcpy(to + ENTRY_HEAD, name, length);
	if (build->name_count == build->ref_room) {
		size_t room = build->ref_room == 0 ? 1024 :
		    build->ref_room * 2;

		build->refs = grow(build->refs, room * sizeof(uint32_t));
		build->ref_source = grow(build->ref_source,
		    room * sizeof(uint16_t));
		build->ref_room = room;
	}
	build->refs[build->name_count] = (uint32_t)b->count;
	build->ref_source[build->name_count] = source;
	build->name_count++;
	b->count += ENTRY_HEAD + length;
	return true;
}

static bool
same_entry(const struct build *build, uint32_t a, uint32_t b)
{
	const unsigned char *entries = build->part[PART_ENTRIES].data;

	return entries[a + 4] == entries[b + 4] &&
	    entries[a + 5] == entries[b + 5] &&
	    memcmp(entries + a + ENTRY_HEAD, entries + b + ENTRY_HEAD,
	    entries[a + 4]) == 0;
}

/* A name that a set has twice keeps its first line. */
static void
place_name(struct build *build, uint64_t *slots, uint32_t *refs, size_t mask,
    size_t number, uint64_t hash)
{
	const struct snap_source *sources =
	    (const void *)build->part[PART_SOURCES].data;
	uint16_t source = build->ref_source[number];
	size_t i = (size_t)hash & mask;

	for (; slots[i] != 0; i = (i + 1) & mask)
		if ((slots[i] >> 16) == (hash >> 16) &&
		    sources[SLOT_SOURCE(slots[i])].set ==
		    sources[source].set &&
		    same_entry(build, refs[i], build->refs[number]))
			return;
	slots[i] = (hash & ~UINT64_C(0xffff)) | (uint64_t)(source + 1);
	refs[i] = build->refs[number];
}

#define AHEAD 16

void
build_slots(struct build *build)
{
	const unsigned char *entries = build->part[PART_ENTRIES].data;
	size_t size = 16;
	uint64_t *slots;
	uint32_t *refs;
	uint64_t ring[AHEAD];

	while (size * 3 < build->name_count * 5)	/* at most 60 % full */
		size *= 2;
	slots = room_for(&build->part[PART_SLOTS], sizeof(*slots), size);
	refs = room_for(&build->part[PART_REFS], sizeof(*refs), size);
	memset(slots, 0, size * sizeof(*slots));
	memset(refs, 0, size * sizeof(*refs));
	build->part[PART_SLOTS].count = size;
	build->part[PART_REFS].count = size;
	for (size_t i = 0; i < build->name_count + AHEAD; i++) {
		if (i >= AHEAD)
			place_name(build, slots, refs, size - 1, i - AHEAD,
			    ring[i % AHEAD]);
		if (i < build->name_count) {
			const unsigned char *e = entries + build->refs[i];
			uint64_t hash = suffix_hash(build->header.key,
			    (const char *)e + ENTRY_HEAD, e[4]);

			ring[i % AHEAD] = hash;
			__builtin_prefetch(&slots[hash & (size - 1)], 1);
			__builtin_prefetch(&refs[hash & (size - 1)], 1);
		}
	}
}

void
build_digest(struct build *build, const void *data, size_t length)
{
	if (EVP_DigestUpdate(build->digest, data, length) != 1)
		report_bug("policy: SHA-256 failed");
}

/* --- sealing ------------------------------------------------------------------------------ */
static int
write_at(int fd, const void *data, size_t length, uint64_t offset)
{
	const unsigned char *from = data;

	while (length > 0) {
		ssize_t n = pwrite(fd, from, length, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		from += n;
		length -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

int
build_seal(struct build *build)
{
	struct snap_header *h = &build->header;
	uint64_t at = (sizeof(*h) + 63) & ~UINT64_C(63);
	int fd = memfd_create("gatebook-policy",
	    MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	memcpy(h->magic, SNAPSHOT_MAGIC, sizeof(h->magic));
	h->layout = SNAPSHOT_LAYOUT;
	h->byte_order = SNAPSHOT_BYTE_ORDER;
	for (int i = 0; i < PARTS; i++) {
		uint64_t bytes = build->part[i].count * element[i];

		h->part[i].offset = at;
		h->part[i].count = build->part[i].count;
		if (bytes > 0 && write_at(fd, build->part[i].data, bytes,
		    at) != 0)
			goto failed;
		at = (at + bytes + 63) & ~UINT64_C(63);
	}
	h->size = at;
	if (write_at(fd, h, sizeof(*h), 0) != 0 ||
	    ftruncate(fd, (off_t)at) != 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |
	    F_SEAL_SEAL) != 0)
		goto failed;
	return fd;
failed:
	(void)close(fd);
	return -1;
}
