/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.h - what the service catalogue says about one exchange: which service
 * its host belongs to, and what was done there.  A shared host (a CDN or a
 * sign-in host of many) never tells the service by itself; what was asked for
 * there may.
 */
#ifndef POLICY_SERVICE_H
#define POLICY_SERVICE_H

#include "policy/facts.h"

#include <stdbool.h>
#include <stdint.h>

struct policy;

/* What a host is for; ROLE(id, "word in the catalogue"). */
#define SERVICE_ROLES(ROLE) \
ROLE(SITE, "site")		/* what people open */ \
ROLE(API, "api")		/* what pages and apps call */ \
ROLE(CDN, "cdn")		/* scripts, styles, pictures of the site */ \
ROLE(MEDIA, "media")		/* what people put there */

enum service_role {
#define ROLE(id, word) SERVICE_##id,
	SERVICE_ROLES(ROLE)
#undef ROLE
	SERVICE_ROLE_COUNT
};
const char *service_role_name(enum service_role role);

#define ACTIVITIES(ACTIVITY) \
ACTIVITY(VIEW, "view") \
ACTIVITY(SEARCH, "search") \
ACTIVITY(POST, "post") \
ACTIVITY(COMMENT, "comment") \
ACTIVITY(REACT, "react") \
ACTIVITY(MESSAGE, "message") \
ACTIVITY(UPLOAD, "upload") \
ACTIVITY(FOLLOW, "follow") \
ACTIVITY(SIGN_IN, "sign-in") \
ACTIVITY(SIGN_OUT, "sign-out") \
ACTIVITY(LIVE, "live") \
ACTIVITY(EDIT, "edit") \
ACTIVITY(DELETE, "delete")

enum activity_kind {
#define ACTIVITY(id, word) ACTIVITY_##id,
	ACTIVITIES(ACTIVITY)
#undef ACTIVITY
	ACTIVITY_KINDS
};
const char *activity_name(enum activity_kind kind);
bool activity_by_name(const char *name, enum activity_kind *kind);

/* What an activity may be told by. */
#define ACTIVITY_FACTS (FACT_BIT(FACT_METHOD) | FACT_BIT(FACT_HOST) | \
	FACT_BIT(FACT_PATH) | FACT_BIT(FACT_QUERY) | \
	FACT_BIT(FACT_CONTENT_TYPE) | FACT_BIT(FACT_FIELD) | \
	FACT_BIT(FACT_OPERATION))

/* Strings point into the policy; NULL where not told. */
struct policy_service {
	const char *name;	/* "facebook"; NULL: no service is told */
	const char *title;	/* "Facebook" */
	const char *klass;	/* "social-media" */
	/* The entry of the catalogue that the host met. */
	enum service_role role;
	bool shared;		/* told by what was asked, not by the host */
	enum fact by;		/* FACT_HOST, FACT_SERVER_NAME, or
				 * FACT_ACTIVITY for a shared host */
	struct fact_string entry;
	const char *file;
	uint32_t line;
	/* What was done, with its place and the lines that held. */
	const char *activity;
	const char *activity_file;
	uint32_t activity_line;
	uint32_t first_matched, matched_count;
};

/* Fill out with what is known now; true if a service is told. */
bool policy_service(const struct policy *policy, const struct facts *facts,
    struct policy_service *out);
/* A line that held, such as path "/api/graphql"; i < matched_count. */
const char *policy_service_matched(const struct policy *policy,
    const struct policy_service *service, uint32_t i);

#endif
