/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build.h - putting a snapshot together: growing parts, the table of names,
 * lists, databases, the time zone.  Used by compile.c and its helpers only.
 */
#ifndef POLICY_BUILD_H
#define POLICY_BUILD_H

#include "policy/layout.h"
#include "policy/tree.h"

#include <openssl/evp.h>

struct part_buffer {
	unsigned char *data;
	size_t count;		/* elements */
	size_t room;
};

struct build {
	struct tree *tree;
	struct sources *sources;
	struct snap_header header;
	struct part_buffer part[PARTS];
	uint64_t name_count;	/* entries in PART_ENTRIES */
	uint32_t *refs;		/* where each entry stands, unordered */
	uint16_t *ref_source;
	size_t ref_room;
	EVP_MD_CTX *digest;	/* of all that the version stands for */
	uint32_t *text_table;	/* texts already there, by hash */
	size_t text_table_size;
	size_t text_count;
};

void build_init(struct build *build, struct tree *tree);
void build_clear(struct build *build);
/* Append one zeroed element; its index goes to *index (may be NULL). */
void *build_add(struct build *build, enum part part, uint32_t *index);
/* Offset of a text, the same for the same; 0 for NULL. */
uint32_t build_text(struct build *build, const char *text);
uint32_t build_text_bytes(struct build *build, const char *text,
    size_t length);
/* Add a host name to the table; false when there is no room left. */
bool build_name(struct build *build, uint16_t source, const char *name,
    size_t length, enum entry_how how, uint32_t line);
/* Turn what build_name() gathered into slots; at gets a fault if it cannot. */
void build_slots(struct build *build);
/* A new source for a set; false after a fault. */
bool build_source(struct build *build, uint32_t set, const char *file,
    const struct place *at, uint16_t *source);
/* Mix into the policy's version. */
void build_digest(struct build *build, const void *data, size_t length);
/* Write it all to a sealed descriptor; -1 with errno. */
int build_seal(struct build *build);

/* Rules, lines, values of the tree. */
void build_rules(struct build *build);
/* The list of browsers, beside the policy or built in. */
void build_browsers(struct build *build);
/* The services of the tree; their sets come after those of the categories. */
void build_services(struct build *build);
/* One line of an activity, at the end of PART_LINES; its hosts are compared as
 * text, because few of them are ever looked at. */
void build_condition(struct build *build, const struct line *line);
/* Names from a list: file or UT1 folder; at is where the policy names it. */
void build_list(struct build *build, uint32_t set, const char *path,
    const struct place *at);
/* The table of local time for a zone; false after a fault. */
bool build_zone(struct build *build, const char *name,
    const struct place *at);
/* Seconds that local time is ahead at a moment, and the reverse. */
int64_t zone_offset(const struct snap_zone *zone, size_t count,
    int64_t seconds);
int64_t zone_to_utc(const struct snap_zone *zone, size_t count,
    int64_t local_seconds);
/* Ranges of a MaxMind database. */
void build_geo(struct build *build, const char *path, bool asn);

#endif
