/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout.h - what a compiled policy looks like in memory: a header, then parts,
 * each an array of one kind of element.  Elements refer to each other by index
 * and to text by offset into PART_TEXT, never by pointer, so that the snapshot
 * may be mapped anywhere.  policy_open() checks every index once; the big
 * parts of lists are checked where they are read.
 */
#ifndef POLICY_LAYOUT_H
#define POLICY_LAYOUT_H

#include "policy/policy.h"

#include <stdint.h>

#define SNAPSHOT_MAGIC "GBPOLICY"
#define SNAPSHOT_LAYOUT 4
#define SNAPSHOT_BYTE_ORDER 0x01020304u

/* PART(name, element) */
#define PART_TABLE(PART) \
PART(TEXT, char) \
PART(RULES, struct snap_rule) \
PART(LINES, struct snap_line) \
PART(VALUES, struct snap_value) \
PART(RANGES, struct snap_range) \
PART(PATTERNS, struct snap_pattern) \
PART(HOURS, struct snap_hours) \
PART(SETS, struct snap_set) \
PART(GLOBS, struct snap_glob) \
PART(SOURCES, struct snap_source) \
PART(SIZES, uint64_t) \
PART(ZONE, struct snap_zone) \
PART(SLOTS, uint64_t) \
PART(REFS, uint32_t) \
PART(ENTRIES, unsigned char) \
PART(COUNTRY4, struct snap_geo4) \
PART(COUNTRY6, struct snap_geo6) \
PART(ASN4, struct snap_geo4) \
PART(ASN6, struct snap_geo6) \
PART(ALIASES, struct snap_alias) \
PART(FAMILIES, struct snap_family) \
PART(BRANDS, struct snap_brand) \
PART(UA_NODES, struct snap_ua_node) \
PART(UA_ROOT, uint16_t) \
PART(UA_WORDS, struct snap_ua_word) \
PART(UA_KEYS, uint16_t) \
PART(UA_RULES, struct snap_ua_rule) \
PART(UA_ENDINGS, struct snap_ua_ending) \
PART(SERVICES, struct snap_service) \
PART(ACTIVITIES, struct snap_activity) \
PART(FIELDS, struct snap_field)

enum part {
#define PART(name, element) PART_##name,
	PART_TABLE(PART)
#undef PART
	PARTS
};

struct snap_part {
	uint64_t offset;	/* from the start, a multiple of 64 */
	uint64_t count;		/* elements */
};

struct snap_keeping {
	uint8_t depth;		/* enum record_depth */
	uint8_t as;
	uint8_t forward;
	uint8_t unused;
	uint32_t keep_query;	/* text */
};

/* The rules of one section, a run of PART_RULES. */
struct snap_list {
	uint32_t first, count;
};

struct snap_header {
	char magic[8];
	uint32_t layout;
	uint32_t byte_order;
	uint64_t size;
	struct snap_part part[PARTS];
	uint64_t key[2];	/* of the hash over names */
	uint64_t asks;		/* FACT_BIT of all rules */
	struct snap_list list[SECTIONS];
	uint32_t notice;		/* text */
	uint32_t unused;
	uint32_t name, version, contact, controller, timezone; /* text */
	uint32_t has_country;	/* a database was there, even if empty */
	uint32_t has_asn;
	uint32_t file;			/* text: where default stands */
	uint32_t default_line;
	struct snap_keeping keeping;	/* of default */
};

/* What a rule says; text offsets, 0 for none. */
struct snap_rule {
	uint32_t name, file, line;
	uint32_t because, ground, owner, purpose;
	uint32_t first_line, line_count;
	uint8_t verdict;
	uint8_t report_only;
	uint8_t lifts;
	uint8_t unused;
	struct snap_keeping keeping;	/* default filled in */
	uint32_t parent;		/* text: host; route only */
	uint32_t parent_port;
	uint32_t first_field, field_count; /* headers only */
	uint64_t until_us;		/* first moment it no longer holds */
	uint64_t asks;			/* FACT_BIT */
};

/* A field that a rule of headers sets or, value 0, takes out. */
struct snap_field {
	uint32_t name, name_length;
	uint32_t value, value_length;
	uint32_t number;		/* the same for the same name */
	uint32_t unused;
};

struct snap_line {
	uint8_t unless;
	uint8_t fact;
	uint16_t unused;
	uint32_t text;		/* canonical, with its word */
	uint32_t file, line;
	uint32_t first_value, value_count;
};

enum snap_op {
	OP_SET,			/* a: set that the host must be in */
	OP_RANGES,		/* a: first, b: count of PART_RANGES, sorted */
	OP_NUMBERS,		/* low to high in b's halves */
	OP_WORD,		/* a: text, b: length */
	OP_COUNTRY,		/* b: two letters */
	OP_KIND,		/* b: bit mask of enum address_kind */
	OP_PATH,		/* a: text, b: length: it and below */
	OP_GLOB,		/* a: text, b: length */
	OP_PATTERN,		/* a: of PART_PATTERNS */
	OP_HOURS,		/* a: of PART_HOURS */
	OP_OVER,		/* b: bytes */
	OP_UNDER,
	OP_BROWSER,		/* a: of PART_FAMILIES, or BROWSER_OLD;
				 * b: versions, low to high in its halves */
	OP_NAME,		/* a: text, b: length, enum entry_how << 32 */
	OP_PAIR,		/* a: text, b: length: name or name=glob */
	OP_SERVICE,		/* a: of PART_SERVICES, it or a part of it */
	OP_CLASS,		/* a: text */
	OP_ACTIVITY,		/* a: enum activity_kind */
	OPS
};

struct snap_value {
	uint32_t op;		/* enum snap_op */
	uint32_t a;
	uint64_t b;
};

/* Addresses as 128-bit numbers, IPv4 below ::ffff:0:0/96; both ends belong. */
struct snap_range {
	uint64_t low[2];
	uint64_t high[2];
};

struct snap_pattern {
	uint32_t text;
	uint32_t length;
};

struct snap_hours {
	uint64_t week[158];	/* a bit a minute from Monday 00:00 */
};

/* A set of hosts: a category, or the hosts of one line (name 0). */
struct snap_set {
	uint32_t name;
	uint32_t first_glob, glob_count;
	uint32_t service;	/* whose hosts these are, plus 1; 0 nobody's */
};

struct snap_glob {
	uint32_t text;
	uint32_t length;
	uint32_t source;
	uint32_t line;
};

/* Where names of a set come from: one list file, or the policy itself. */
struct snap_source {
	uint32_t set;
	uint32_t file;		/* text */
};

/* Names: open addressing.  A slot is 0 or the upper 48 bits of the hash over a
 * suffix and, below, its source plus 1.  PART_REFS[i] is where the entry of
 * slot i stands in PART_ENTRIES: line (4 bytes), length, how, the name. */
#define SLOT_SOURCE(slot) (((uint32_t)((slot) & 0xffff)) - 1)
#define SOURCES_MAX 65534
#define ENTRY_HEAD 6

enum entry_how {
	ENTRY_SUFFIX,
	ENTRY_EXACT,
	ENTRY_BELOW
};
/* The byte "how" of an entry: enum entry_how, and for the host of a service its
 * role and whether others use it too. */
#define ENTRY_HOW 0x03
#define ENTRY_ROLE_SHIFT 2
#define ENTRY_ROLE 0x0c
#define ENTRY_SHARED 0x10

/* A service of the catalogue; texts by offset. */
struct snap_service {
	uint32_t name, title, klass;
	uint32_t parent;	/* what it is part of, plus 1; 0 none */
	uint32_t set;		/* of its hosts */
	uint32_t first_activity, activity_count;
	uint32_t file, line;
};

/* It was done if all its lines hold; the first of a service counts. */
struct snap_activity {
	uint32_t kind;		/* enum activity_kind */
	uint32_t file, line;
	uint32_t first_line, line_count;
};

/* A field with its value, and a type of content, are compared in a buffer of
 * this size; what is longer is compared by its beginning. */
#define PAIR_MAX 512
#define TYPE_MAX 128

/* Local time: seconds to add from this moment on. */
struct snap_zone {
	int64_t from;
	int64_t offset;
};

/* From this address to the next row's: value, 0 for unknown. */
struct snap_geo4 {
	uint32_t from;
	uint32_t value;
};

struct snap_geo6 {
	uint64_t from[2];
	uint64_t value;
};

/* IPv6 prefixes below which a database repeats its IPv4 part. */
struct snap_alias {
	uint64_t prefix[2];
	uint32_t bits;
	uint32_t asn;		/* 0: of the country database, 1: of the asn's */
};

/* --- who asks: lists/browsers, see browser_list.c ------------------------- */
#define BROWSER_OLD UINT32_MAX		/* "legacy": whatever family */
#define BROWSER_ANY_VERSION UINT64_MAX

struct snap_family {
	uint32_t word;		/* text: in the policy */
	uint32_t title;		/* text: in records */
	uint16_t within;	/* a wider family plus 1, or 0 */
	uint8_t kind;		/* enum client_kind */
	uint8_t unused;
};

/* A brand of Sec-CH-UA. */
struct snap_brand {
	uint32_t text;
	uint16_t length;
	uint16_t family;
};

/* A tree of bytes, lower case: the children of a node follow each other. */
struct snap_ua_node {
	uint16_t first_child;
	uint16_t word;		/* that ends here, plus 1, or 0 */
	uint16_t start_word;	/* the same, for one at the start only */
	uint8_t byte;
	uint8_t child_count;
};

/* A text to look for. */
#define UA_WORDS_MAX 2048
struct snap_ua_word {
	uint16_t first_key;	/* rules that begin with it, in order */
	uint16_t key_count;
	uint16_t flags;
	uint16_t unused;
};
#define UA_WHOLE 1		/* no letter or digit may follow */
#define UA_NOISE 2		/* says nothing about who asks */

enum ua_rule_kind {
	UA_IS,			/* then it is of that family */
	UA_ELSE,		/* the same, where it has no name */
	UA_OLD			/* then it is old, if below that version */
};

/* The first rule that holds names the family. */
#define UA_RULE_WORDS 4
#define UA_RULE_VERSIONS 3
struct snap_ua_rule {
	uint16_t all[UA_RULE_WORDS];	/* words plus 1 that must be there */
	uint16_t none[UA_RULE_WORDS];	/* and that must not */
	uint16_t version[UA_RULE_VERSIONS];	/* words plus 1 before it */
	uint8_t plus[UA_RULE_VERSIONS];	/* to add to it */
	uint8_t kind;		/* enum ua_rule_kind */
	uint16_t family;
	uint16_t below;		/* UA_OLD; 0: whatever version */
};

/* Whoever has a word that ends so is of that kind. */
struct snap_ua_ending {
	uint32_t text;
	uint16_t length;
	uint16_t kind;		/* enum client_kind */
};

#endif
