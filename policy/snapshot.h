/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot.h - a mapped policy from the inside, for the files that read it:
 * snapshot.c, names.c, match.c, decide.c, explain.c.
 */
#ifndef POLICY_SNAPSHOT_H
#define POLICY_SNAPSHOT_H

#include "policy/browser.h"
#include "policy/layout.h"
#include "policy/policy.h"
#include "policy/service.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct policy {
	const unsigned char *map;
	size_t size;
	const struct snap_header *header;
	/* The parts by name, with their counts. */
	const char *TEXT;
	const struct snap_rule *RULES;
	const struct snap_line *LINES;
	const struct snap_value *VALUES;
	const struct snap_range *RANGES;
	const struct snap_pattern *PATTERNS;
	const struct snap_hours *HOURS;
	const struct snap_set *SETS;
	const struct snap_glob *GLOBS;
	const struct snap_source *SOURCES;
	const uint64_t *SIZES;
	const struct snap_zone *ZONE;
	const uint64_t *SLOTS;
	const uint32_t *REFS;
	const unsigned char *ENTRIES;
	const struct snap_geo4 *COUNTRY4;
	const struct snap_geo6 *COUNTRY6;
	const struct snap_geo4 *ASN4;
	const struct snap_geo6 *ASN6;
	const struct snap_alias *ALIASES;
	const struct snap_family *FAMILIES;
	const struct snap_brand *BRANDS;
	const struct snap_ua_node *UA_NODES;
	const uint16_t *UA_ROOT;
	const struct snap_ua_word *UA_WORDS;
	const uint16_t *UA_KEYS;
	const struct snap_ua_rule *UA_RULES;
	const struct snap_ua_ending *UA_ENDINGS;
	const struct snap_service *SERVICES;
	const struct snap_activity *ACTIVITIES;
	const struct snap_field *FIELDS;
	size_t fields_room;
	size_t count[PARTS];
	pcre2_code **patterns;		/* by PART_PATTERNS */
	pcre2_match_data *match_data;	/* scratch; one thread decides */
	pcre2_match_context *match_context;
	pcre2_jit_stack *jit_stack;
};

static inline const char *
snap_text(const struct policy *policy, uint32_t offset)
{
	return offset == 0 ? NULL : policy->TEXT + offset;
}

/* --- names.c: which sets a host is in -------------------------------------- */
#define HITS_MAX 64
struct hit {
	uint32_t set;
	uint32_t slot;
};

struct hits {
	uint32_t count;
	bool overflow;		/* more: ask names_has() again instead */
	struct hit hit[HITS_MAX];
};

/* Look up every suffix of a settled name once. */
void names_look_up(const struct policy *policy, const char *name,
    size_t length, struct hits *hits);
/* Whether the name is in a set, by its hits and the set's globs. */
bool names_has(const struct policy *policy, const struct hits *hits,
    const char *name, size_t length, uint32_t set);

/* The entries of the longest suffix that any service has, at most
 * SERVICE_HITS_MAX; shared: it tells no service by itself. */
#define SERVICE_HITS_MAX 8
struct service_hits {
	uint32_t count;
	struct hit hit[SERVICE_HITS_MAX];
};
void names_service(const struct policy *policy, const char *name,
    size_t length, struct service_hits *hits, bool *shared);

struct name_entry {
	const char *file;
	uint32_t line;
	struct fact_string text;
};
/* The entry that puts the name into the set; false if there is none. */
bool names_entry(const struct policy *policy, const char *name, size_t length,
    uint32_t set, struct name_entry *entry);
/* Match with * for any run and ? for any one byte. */
bool glob_match(const char *glob, size_t glob_length, const char *text,
    size_t length);

/* --- match.c: lines ----------------------------------------------------------- */
enum truth {
	TRUTH_FALSE,
	TRUTH_UNKNOWN,
	TRUTH_TRUE
};

/* What the catalogue says about one of the two names. */
struct serving {
	bool have_hits, have_activity;
	bool shared;
	bool activity_open;	/* not known yet which, or whether any */
	uint32_t told;		/* which of hits is the service */
	uint32_t activity;	/* of PART_ACTIVITIES; UINT32_MAX: not told */
	uint32_t may;		/* bits of enum activity_kind, and above them
				 * one for nothing of the kind */
	struct service_hits hits;
};
#define SERVICE_WALK_MAX 8	/* from part to whole */

/* What is worked out once for one walk. */
struct eval {
	const struct policy *policy;
	const struct facts *facts;
	struct hits host;
	struct hits server_name;
	struct serving by_host;
	struct serving by_server_name;
	struct hits embedded_in;
	struct browser browser;
	bool have_host, have_server_name, have_embedded_in, have_browser;
	bool have_time, have_country, have_asn;
	bool country_known, asn_known;
	bool pattern_limit;
	bool names_by_host_alone;	/* a host line without server name */
	uint64_t unknown;	/* facts that the last line found unknown */
	int64_t day;		/* local, since 1970 */
	unsigned week_minute;	/* local, from Monday 00:00 */
	char country[3];
	uint32_t asn;
};

void eval_init(struct eval *eval, const struct policy *policy,
    const struct facts *facts);
/* Whether a line lets its rule hold; either: one of the two names of a tunnel
 * is enough. */
enum truth eval_line(struct eval *eval, const struct snap_line *line,
    bool either);
/* A line of an activity, judged by one of the two names. */
enum truth eval_condition(struct eval *eval, const struct snap_line *line,
    bool server_name);
/* Local time, for lines and words; false if no time is stated. */
bool eval_time(struct eval *eval);
/* Who asks, if the User-Agent is known. */
const struct browser *eval_browser(struct eval *eval);
bool eval_country(struct eval *eval, char country[3], bool *known);
bool eval_asn(struct eval *eval, uint32_t *asn, bool *known);

/* --- decide.c ------------------------------------------------------------------- */
enum walk_outcome {
	WALK_DECIDED,
	WALK_NOTED,
	WALK_FALSE,
	WALK_UNKNOWN,
	WALK_ENDED,
	WALK_SETTLED		/* headers: rules above settled its fields */
};
/* Told of each rule; line is the one that settled FALSE or UNKNOWN. */
typedef void walk_seen(void *arg, struct eval *eval,
    const struct snap_rule *rule, enum walk_outcome outcome,
    const struct snap_line *line);
void policy_walk(const struct policy *policy, enum section section,
    const struct facts *facts, struct decision *decision, walk_seen *seen,
    void *arg);
/* One rule: DECIDED, NOTED, FALSE, UNKNOWN or ENDED; line is the one that
 * settled FALSE or UNKNOWN, and what was unknown is added to waiting. */
enum walk_outcome rule_walk(struct eval *eval, const struct snap_rule *rule,
    const struct snap_line **line, uint64_t *waiting);
void rule_describe(const struct policy *policy, const struct snap_rule *rule,
    struct policy_rule *out);
/* The category, if any, that makes a line of a rule that holds hold. */
bool rule_category(struct eval *eval, const struct snap_rule *rule,
    uint32_t *set, struct name_entry *entry);

/* --- service.c -------------------------------------------------------------- */
/* Work out the service by one name; what was done there too if that is asked
 * for or the host is shared. */
void service_settle(struct eval *eval, bool server_name, bool activity);
/* A line that asks for service, service-class or activity, without its
 * unless. */
enum truth service_line(struct eval *eval, const struct snap_line *line,
    bool server_name);
/* Whether fields as of a URL-encoded form have "name" or "name=glob". */
bool pair_matches(const char *wanted, size_t wanted_length, const char *text,
    size_t length);
bool type_matches(const char *wanted, size_t wanted_length, const char *text,
    size_t length);

/* --- fields.c ------------------------------------------------------------------ */
unsigned policy_walk_fields(const struct policy *policy,
    const struct facts *facts, struct policy_field out[POLICY_FIELDS_MAX],
    walk_seen *seen, void *arg);

/* --- geo.c ------------------------------------------------------------------------ */
bool geo_country(const struct policy *policy, const struct address *address,
    char country[3]);
bool geo_asn(const struct policy *policy, const struct address *address,
    uint32_t *asn);
/* An address as the 128-bit number of struct snap_range. */
void address_words(const struct address *address, uint64_t words[2]);

#endif
