/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expect_service.c - the examples of the catalogue: each must be told as the
 * service and the activity it stands in.  An example shows all of a request:
 * what it does not come with is absent.
 */
#include "policy/expect.h"

#include "policy/compile.h"
#include "policy/service.h"

#include <stdlib.h>
#include <string.h>

static void
give(struct facts *f, enum fact fact, struct fact_string *to,
    const char *text)
{
	if (text == NULL) {
		fact_set_absent(f, fact);
		return;
	}
	*to = (struct fact_string){ text, strlen(text) };
	fact_set(f, fact);
}

static void
try_one(struct tree *tree, struct question *q, const struct policy *policy,
    const struct service *s, const struct activity *a,
    const struct example *e)
{
	struct policy_service found;
	char why[256];

	question_init(q);
	if (!question_request(q, e->method, e->url, why, sizeof(why))) {
		error_at(tree->sources, &e->at, "\"%.200s\": %s", e->url, why);
		return;
	}
	give(&q->facts, FACT_CONTENT_TYPE, &q->facts.content_type,
	    e->content_type);
	give(&q->facts, FACT_FIELD, &q->facts.fields, e->fields);
	give(&q->facts, FACT_OPERATION, &q->facts.operation, e->operation);
	if (!policy_service(policy, &q->facts, &found))
		error_at(tree->sources, &e->at, "this example is not "
		    "recognised: no service is told by it; name the host in "
		    "\"%s\", or correct the lines of this activity", s->name);
	else if (strcmp(found.name, s->name) != 0)
		error_at(tree->sources, &e->at, "this example is not "
		    "recognised: the service is told to be \"%s\" (%.*s, "
		    "%s:%u)", found.name, (int)found.entry.length,
		    found.entry.text, found.file, found.line);
	else if (found.activity == NULL)
		error_at(tree->sources, &e->at, "this example is not "
		    "recognised: no activity of \"%s\" holds; compare its "
		    "lines with the request", s->name);
	else if (strcmp(found.activity, activity_name(a->kind)) != 0)
		error_at(tree->sources, &e->at, "this example is not "
		    "recognised: the first activity that holds is \"%s\" "
		    "(%s:%u); put the narrower one first", found.activity,
		    found.activity_file, found.activity_line);
}

void
expect_examples(struct tree *tree, const struct policy *policy)
{
	struct question *q;

	if (tree->service_count == 0)
		return;
	q = malloc(sizeof(*q));
	if (q == NULL)
		return;
	for (size_t i = 0; i < tree->service_count; i++) {
		const struct service *s = &tree->services[i];

		for (size_t k = 0; k < s->activity_count; k++)
			for (size_t n = 0; n < s->activities[k].example_count;
			    n++)
				try_one(tree, q, policy, s, &s->activities[k],
				    &s->activities[k].examples[n]);
	}
	free(q);
}
