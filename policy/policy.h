/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h - a compiled policy and the one function that decides.  The live
 * proxy, `explain`, `expect` and later replay all call policy_decide(); nothing
 * here reads a clock, a socket or a file after policy_open().
 *
 * A compiled policy is one sealed, read-only piece of memory with offsets
 * instead of pointers, made by compile.h in the loader, mapped here.  Regular
 * expressions travel as text and are compiled when it is mapped.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "lib/depth.h"
#include "policy/facts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct policy;

/* Map a snapshot from its descriptor (sealed memfd or file).  NULL, and why is
 * filled with words, if it is not one of this layout.  The descriptor stays the
 * caller's. */
struct policy *policy_open(int fd, char *why, size_t why_size);
/* Unmap; nothing that pointed into it may be used after. */
void policy_close(struct policy **policy);

/* Sections of rules: each is a list of its own, walked by itself.  A further
 * one is a row here, rows of VERDICT_TABLE, and what parse_lists.c and
 * check_lists.c know about its rules.  SECTION(id, word) */
#define SECTION_TABLE(SECTION) \
SECTION(ACCESS, "access") \
SECTION(TLS, "tls") \
SECTION(ROUTE, "route") \
SECTION(HEADERS, "headers")

enum section {
#define SECTION(id, word) SECTION_##id,
	SECTION_TABLE(SECTION)
#undef SECTION
	SECTIONS
};
const char *section_name(enum section section);

/* VERDICT(id, word, section) */
#define VERDICT_TABLE(VERDICT) \
VERDICT(AUDIT, "audit", ACCESS) \
VERDICT(DENY, "deny", ACCESS) \
VERDICT(NEVER, "never", TLS)		/* not inspected, promised */ \
VERDICT(INSPECT, "inspect", TLS)	/* not done by this version */ \
VERDICT(TUNNEL, "tunnel", TLS) \
VERDICT(DIRECT, "direct", ROUTE) \
VERDICT(PARENT, "parent", ROUTE)	/* by another proxy */ \
VERDICT(SET, "set", HEADERS) \
VERDICT(STRIP, "strip", HEADERS)

enum verdict {
#define VERDICT(id, word, section) VERDICT_##id,
	VERDICT_TABLE(VERDICT)
#undef VERDICT
	VERDICTS
};
/* The end of a list that leaves it to the settings. */
#define VERDICT_NONE VERDICTS
const char *verdict_name(enum verdict verdict);
enum section verdict_section(enum verdict verdict);
/* Whether one of a tunnel's two names is enough to satisfy a host line of such
 * a rule: refusals and promises hold by either, all else by both. */
bool verdict_by_either_name(enum verdict verdict);

/* Built-in refusals that a deciding rule lifts by naming the fact. */
enum {
	LIFTS_ADDRESS = 1,	/* names address-kind or destination */
	LIFTS_PORT = 2		/* names port */
};

struct policy_rule {
	const char *name;
	const char *file;	/* as a person would open it */
	uint32_t line;
	const char *because;	/* deny: the words on the page; else NULL */
	const char *ground;	/* "security" "technical" "business" or NULL */
	const char *owner;
	const char *purpose;
	const char *keep_query;	/* names, space separated, or NULL */
};

struct policy_would {
	enum verdict verdict;
	struct policy_rule rule;
};

#define POLICY_WOULD_MAX 4

struct decision {
	enum verdict verdict;
	bool by_rule;		/* false: the end of the list */
	struct policy_rule rule; /* name "default" where no rule decided */
	enum stage stage;	/* latest stage any fact of it came from */
	unsigned lifts;
	/* Of access: the shallower of what its rule and the tls rule keep. */
	enum record_depth depth;
	enum record_as as;
	bool forward;		/* commit forward */
	bool may_forward;	/* ... by a rule that was passed over because a
				 * fact it asks for was unknown */
	/* Of a route rule that says parent; else NULL. */
	const char *parent_host;
	uint16_t parent_port;
	/* The list entry that made a category line of the deciding rule hold;
	 * category NULL where none did. */
	const char *category;
	const char *list_file;
	uint32_t list_line;
	struct fact_string list_entry;	/* points into the policy */
	/* report-only rules that held on the way */
	struct policy_would would[POLICY_WOULD_MAX];
	uint32_t would_count;
	/* Facts that rules before the deciding one asked for and that were
	 * unknown: if none of them can come, this decision is the last.  Holds
	 * SERVER_NAME while a host line was judged by the CONNECT host alone. */
	uint64_t waiting;
	/* A regular expression met its match limit; its line was unknown. */
	bool pattern_limit;
};

/* Walk the access list with the facts known so far.  No I/O, no allocation. */
void policy_decide(const struct policy *policy, const struct facts *facts,
    struct decision *decision);
/* The same for another list.  At its end by_rule is false and the verdict is
 * that of doing nothing: tls tunnel, route VERDICT_NONE.  Of headers more than
 * one rule may act: that is policy_decide_fields(). */
void policy_decide_in(const struct policy *policy, enum section section,
    const struct facts *facts, struct decision *decision);
/* A field of a request that the section headers sets, for all of its name that
 * are there, or takes out.  Everything points into the policy. */
struct policy_field {
	enum verdict verdict;	/* VERDICT_SET or VERDICT_STRIP */
	struct fact_string name;
	struct fact_string value; /* of VERDICT_SET */
	struct policy_rule rule;
};
#define POLICY_FIELDS_MAX 32	/* different names in one policy */
/* What headers does to a request: each name once.  Returns how many. */
unsigned policy_decide_fields(const struct policy *policy,
    const struct facts *facts, struct policy_field out[POLICY_FIELDS_MAX]);
/* Bytes of header that it may add at most. */
size_t policy_fields_room(const struct policy *policy);
/* Why the inside of a tunnel is not looked at, in words, by what tls decided. */
const char *policy_tls_reason(enum verdict verdict, bool by_rule);
/* Whether a section has any rules; if not, there is no need to ask it. */
bool policy_has(const struct policy *policy, enum section section);
/* Facts that any rule asks for (FACT_BIT), so that a caller need not
 * gather what nobody wants. */
uint64_t policy_asks(const struct policy *policy);
/* Smallest size above this one at which a request-size line changes, or
 * UINT64_MAX: when the count of body bytes reaches it, decide again. */
uint64_t policy_next_size(const struct policy *policy, uint64_t size);
/* Country and AS number of an address; false if no database was loaded or it
 * does not know.  country gets two letters and NUL. */
bool policy_geo(const struct policy *policy, const struct address *address,
    char country[3], uint32_t *asn);

const char *policy_name(const struct policy *policy);
/* "sha256:" and 64 hex digits of the canonical form and all that it uses. */
const char *policy_version(const struct policy *policy);
const char *policy_contact(const struct policy *policy);	/* or NULL */
const char *policy_controller(const struct policy *policy);	/* or NULL */
/* What people were told about inspection, and where; or NULL. */
const char *policy_notice(const struct policy *policy);

#endif
