/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_service.c - what can be wrong with a catalogue that reads well:
 * services without class or host, hosts that two services claim, activities
 * that nothing tells or no example tests.
 */
#include "policy/tree.h"

#include "policy/values.h"

#include <stdlib.h>
#include <string.h>

static void
check_parts(struct tree *tree, const struct service *s)
{
	const struct service *up = s;

	if (s->part_of == NULL || s->part_of[0] == '\0')
		return;
	if (tree_service(tree, s->part_of) == NULL) {
		struct nearest near = { .word = s->part_of };

		for (size_t i = 0; i < tree->service_count; i++)
			nearest_try(&near, tree->services[i].name);
		error_at(tree->sources, &s->part_of_at, "there is no service "
		    "called \"%s\"%s%s%s; define the whole that \"%s\" is "
		    "part of", s->part_of,
		    near.best == NULL ? "" : " (did you mean \"",
		    near.best == NULL ? "" : near.best,
		    near.best == NULL ? "" : "\"?)", s->name);
		return;
	}
	for (int i = 0; up != NULL && up->part_of != NULL; i++) {
		if (i == SERVICE_DEPTH_MAX) {
			error_at(tree->sources, &s->part_of_at, "\"%s\" is "
			    "part of itself, or of a chain longer than %d; "
			    "delete a part-of", s->name, SERVICE_DEPTH_MAX);
			return;
		}
		up = tree_service(tree, up->part_of);
	}
}

static void
check_activity(struct tree *tree, const struct service *s,
    const struct activity *a)
{
	bool only_method = true;

	for (size_t i = 0; i < a->line_count; i++)
		only_method &= a->lines[i].fact == FACT_METHOD;
	if (a->broken)
		return;
	if (only_method)
		error_at(tree->sources, &a->at, "nothing tells this activity "
		    "of \"%s\" but its method, and reading is often a POST; "
		    "add a path, a host, a query or a field", s->name);
	if (a->example_count == 0)
		error_at(tree->sources, &a->at, "this activity of \"%s\" has "
		    "no example; add a request that must be recognised: "
		    "example POST \"https://www.example.org/post\"", s->name);
}

struct claim {
	const struct service *service;
	const struct service_host *host;
};

static int
compare_claims(const void *va, const void *vb)
{
	const struct claim *a = va;
	const struct claim *b = vb;
	int by_name = strcmp(a->host->host.name, b->host->host.name);

	if (by_name != 0)
		return by_name;
	return (int)a->host->host.op - (int)b->host->host.op;
}

static void
told_claims(struct tree *tree, const struct claim *a, const struct claim *b)
{
	if (a->service == b->service) {
		error_at(tree->sources, &b->host->host.at, "\"%s\" stands "
		    "twice in \"%s\"; keep one", b->host->host.text,
		    b->service->name);
	} else if (!a->host->shared || !b->host->shared) {
		error_at(tree->sources, &b->host->host.at, "both \"%s\" and "
		    "\"%s\" claim the host %s; write \"shared\" after it in "
		    "both, or delete one", a->service->name,
		    b->service->name, b->host->host.text);
		note_at(tree->sources, &a->host->host.at,
		    "the other one is here");
	}
}

/* The same name in two services must be shared in both. */
static void
check_claims(struct tree *tree)
{
	struct claim *claims;
	size_t count = 0;
	unsigned run = 1;

	for (size_t i = 0; i < tree->service_count; i++)
		count += tree->services[i].host_count;
	claims = arena_alloc(tree->arena, (count + 1) * sizeof(*claims));
	count = 0;
	for (size_t i = 0; i < tree->service_count; i++)
		for (size_t k = 0; k < tree->services[i].host_count; k++)
			claims[count++] = (struct claim){ &tree->services[i],
			    &tree->services[i].hosts[k] };
	if (count > 1)
		qsort(claims, count, sizeof(*claims), compare_claims);
	for (size_t i = 1; i < count; i++) {
		run = compare_claims(&claims[i - 1], &claims[i]) == 0 ?
		    run + 1 : 1;
		if (run == SERVICE_SHARERS_MAX + 1)
			error_at(tree->sources, &claims[i].host->host.at,
			    "the host %s is shared by more than %d services; "
			    "leave it out of the others",
			    claims[i].host->host.text, SERVICE_SHARERS_MAX);
		if (run > 1) {
			const struct place *a = &claims[i - 1].host->host.at;
			const struct place *b = &claims[i].host->host.at;
			bool later = a->file != b->file ? b->file > a->file :
			    b->line >= a->line;

			told_claims(tree, &claims[later ? i - 1 : i],
			    &claims[later ? i : i - 1]);
		}
	}
}

void
check_services(struct tree *tree)
{
	for (size_t i = 0; i < tree->service_count; i++) {
		const struct service *s = &tree->services[i];

		if (s->klass == NULL && !s->broken)
			error_at(tree->sources, &s->at, "the service \"%s\" "
			    "has no class; add for example: class "
			    "social-media", s->name);
		if (s->host_count == 0 && !s->broken)
			warn_at(tree->sources, &s->at, "the service \"%s\" "
			    "has no hosts, so nothing is ever told to be it; "
			    "add for example: site example.org", s->name);
		check_parts(tree, s);
		for (size_t k = 0; k < s->activity_count; k++)
			check_activity(tree, s, &s->activities[k]);
	}
	check_claims(tree);
}

void
check_service_value(struct tree *tree, const struct value *v)
{
	struct nearest near = { .word = v->name };
	const char *word = v->op == VALUE_SERVICE ? "service" :
	    "class of services";

	if (v->op == VALUE_SERVICE ? tree_service(tree, v->name) != NULL :
	    tree_has_class(tree, v->name))
		return;
	for (size_t i = 0; i < tree->service_count; i++)
		nearest_try(&near, v->op == VALUE_SERVICE ?
		    tree->services[i].name : tree->services[i].klass == NULL ?
		    "" : tree->services[i].klass);
	error_at(tree->sources, &v->at, "there is no %s called \"%.100s\"%s%s%s"
	    "%s", word, v->name, near.best == NULL ? "" : " (did you mean \"",
	    near.best == NULL ? "" : near.best,
	    near.best == NULL ? "" : "\"?)", tree->service_count > 0 ? "" :
	    "; take in the catalogue with: include \"services.policy\"");
}
