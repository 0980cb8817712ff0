/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - a policy as it was written: sections, rules, lines, values, each
 * with its place.  Every value carries its canonical text, so that printing is
 * walking the tree.
 */
#ifndef POLICY_TREE_H
#define POLICY_TREE_H

#include "lib/address.h"
#include "lib/depth.h"
#include "policy/service.h"
#include "policy/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_op {
	VALUE_SUFFIX,		/* name: it and all below it */
	VALUE_EXACT,		/* name alone */
	VALUE_BELOW,		/* all below name, not name */
	VALUE_GLOB,		/* name holds * or ? */
	VALUE_CATEGORY,		/* name of a category */
	VALUE_NETWORK,		/* network */
	VALUE_NETWORKS,		/* name of a network section */
	VALUE_RANGE,		/* low to high */
	VALUE_WORD,		/* name as it is */
	VALUE_COUNTRY,		/* name, two letters */
	VALUE_KIND,		/* low: enum address_kind */
	VALUE_PATH,		/* name and what lies below it */
	VALUE_PATTERN,		/* name: PCRE2 */
	VALUE_HOURS,		/* name of an hours section */
	VALUE_DATES,		/* low to high, days since 1970 */
	VALUE_OVER,		/* more than low */
	VALUE_UNDER,		/* less than low */
	VALUE_BROWSER,		/* name: a family, versions low to high */
	VALUE_PAIR,		/* name: a field, or field=glob */
	VALUE_SERVICE,		/* name of a service */
	VALUE_CLASS,		/* name of a class of services */
	VALUE_ACTIVITY		/* low: enum activity_kind */
};

struct value {
	struct place at;
	enum value_op op;
	const char *text;	/* canonical */
	const char *name;
	uint64_t low;
	uint64_t high;
	struct network network;
};

enum line_kind {
	LINE_WHEN,		/* when and each and */
	LINE_UNLESS
};

struct line {
	struct place at;
	enum line_kind kind;
	enum fact fact;
	struct value *values;
	size_t value_count;
};

/* What a record keeps; used by rules and by default. */
struct keeping {
	bool has_depth, has_as;
	enum record_depth depth;
	enum record_as as;
	bool forward;
	const char *keep_query;	/* space separated, or NULL */
};

/* What a rule of headers sets or, value NULL, takes out. */
struct header_field {
	const char *name;
	const char *value;
	uint32_t number;	/* the same for the same name, by check_lists() */
};
#define HEADER_TEXTS 2

struct rule {
	struct place at;
	const char *name;
	enum verdict verdict;
	struct line *lines;
	size_t line_count;
	struct keeping keeping;
	const char *because, *ground, *owner, *purpose;
	struct place review_at, until_at;
	bool has_review, has_until, report_only;
	const char *parent;	/* route: canonical HOST:PORT */
	const char *parent_host;
	uint16_t parent_port;
	const char *preset;	/* headers: of a tenant, or NULL */
	const char *texts[HEADER_TEXTS]; /* as written: field and value, or */
	size_t text_count;		/* the values of the preset */
	struct header_field *fields;
	size_t field_count;
	int64_t review_by;	/* days since 1970 */
	int64_t until;
};

/* The rules of one section, in the order of the text. */
struct rule_list {
	struct rule *rules;
	size_t count;
};

struct text_at {
	struct place at;
	const char *text;
};

struct category {
	struct place at;
	const char *name;
	struct text_at *paths;	/* relative to the policy's folder */
	size_t path_count;
	struct value *hosts;
	size_t host_count;
	bool used;
};

struct network_section {
	struct place at;
	const char *name;
	struct value *values;
	size_t value_count;
	bool used;
};

#define WEEK_MINUTES (7 * 24 * 60)
#define WEEK_WORDS ((WEEK_MINUTES + 63) / 64)

struct hours_entry {
	struct place at;
	const char *text;	/* canonical */
};

struct hours_section {
	struct place at;
	const char *name;
	struct hours_entry *entries;
	size_t entry_count;
	uint64_t week[WEEK_WORDS]; /* a bit a minute, Monday 00:00 first */
	bool used;
};

#define SERVICE_DEPTH_MAX 8	/* services that are parts of parts */
#define SERVICE_SHARERS_MAX 8	/* services with the same shared host */

/* --- the catalogue ----------------------------------------------------------- */
struct service_host {
	struct value host;
	enum service_role role;
	bool shared;		/* others use it too */
};

/* A request that must be recognised. */
struct example {
	struct place at;
	const char *method, *url;
	const char *content_type, *fields, *operation;	/* or NULL */
};

struct activity {
	struct place at;
	enum activity_kind kind;
	struct line *lines;
	size_t line_count;
	struct example *examples;
	size_t example_count;
	bool broken;		/* a fault in it was told already */
};

struct service {
	struct place at, class_at, part_of_at;
	const char *name, *title, *klass, *part_of;
	struct service_host *hosts;
	size_t host_count;
	struct activity *activities;
	size_t activity_count;
	bool broken;
};

struct given {
	struct place at;
	const char *word;	/* "url" "host" "client" ... "would" */
	const char *value;
	bool quoted;
};

struct expectation {
	struct place at;
	enum verdict verdict;	/* and with it the section */
	struct place rule_at;
	const char *rule;	/* or "default" */
	struct given *given;
	size_t given_count;
};

struct tree {
	struct arena *arena;
	struct sources *sources;
	bool has_policy;
	struct place policy_at, timezone_at;
	const char *name, *owner, *controller, *contact, *timezone, *notice;
	struct category *categories;
	size_t category_count;
	struct network_section *networks;
	size_t network_count;
	struct hours_section *hours;
	size_t hours_count;
	struct service *services;
	size_t service_count;
	bool has_default;
	struct place default_at;
	struct keeping keeping;
	struct rule_list list[SECTIONS];
	struct expectation *expectations;
	size_t expectation_count;
	const char **files;	/* read so far, to find circles */
	size_t file_count;
};

/* Names by binary search would pay only beyond hundreds of sections. */
struct category *tree_category(const struct tree *tree, const char *name);
struct network_section *tree_network(const struct tree *tree,
    const char *name);
struct hours_section *tree_hours(const struct tree *tree, const char *name);
struct service *tree_service(const struct tree *tree, const char *name);
bool tree_has_class(const struct tree *tree, const char *name);

/* Read text (and its includes) into tree; faults are told to its sources. */
void parse_policy(struct tree *tree, const char *path, const char *text,
    size_t length);
/* The same from a file below the policy's folder. */
void parse_policy_file(struct tree *tree, const char *path);

/* What a rule of headers is called that says no name. */
const char *header_usual_name(const struct rule *rule);

/* Write the canonical form. */
void print_tree(const struct tree *tree, FILE *out);
void print_services(const struct tree *tree, FILE *out);

/* Find what the parser could not: unknown names, missing fields, rules that
 * can never decide, names never used.  now_us 0: dates are not judged. */
void check_tree(struct tree *tree, uint64_t now_us);
/* The same for the catalogue, and for a line's names of services. */
void check_services(struct tree *tree);
void check_service_value(struct tree *tree, const struct value *v);

/* The same for the rules of one section by themselves, and what it needs. */
void check_lists(struct tree *tree);

/* Parse (text NULL: the file) and, unless there is an error, hand the tree to
 * use.  With checked the tree is checked first.  0, or -1 if there was an error
 * or use said so. */
typedef int tree_use(const struct tree *tree, void *arg);
int policy_with_tree(const char *path, const char *text, size_t length,
    const struct policy_options *options, bool checked, tree_use *use,
    void *use_arg, policy_complain *complain, void *arg);

/* Days since 1970 of YYYY-MM-DD; false if it is not a date. */
bool date_parse(const char *text, int64_t *day);
void date_print(int64_t day, char out[16]);

#endif
