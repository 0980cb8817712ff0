/* SPDX-License-Identifier: Apache-2.0 */
/* build_service.c - the catalogue as parts of a snapshot.  The hosts of a
 * service are a set in the same table of names as those of the lists. */
#include "policy/build.h"

#include <string.h>

static uint32_t
add_set(struct build *b, uint32_t service)
{
	uint32_t index;
	struct snap_set *set = build_add(b, PART_SETS, &index);

	set->service = service + 1;
	return index;
}

static void
add_hosts(struct build *b, const struct service *s, uint32_t set)
{
	uint16_t source;

	if (s->host_count == 0 || !build_source(b, set, sources_shown(
	    b->sources, s->hosts[0].host.at.file), &s->at, &source))
		return;
	for (size_t i = 0; i < s->host_count; i++) {
		const struct service_host *h = &s->hosts[i];
		unsigned how = h->host.op == VALUE_EXACT ? ENTRY_EXACT :
		    h->host.op == VALUE_BELOW ? ENTRY_BELOW : ENTRY_SUFFIX;

		how |= (unsigned)h->role << ENTRY_ROLE_SHIFT |
		    (h->shared ? ENTRY_SHARED : 0);
		if (!build_name(b, source, h->host.name,
		    strlen(h->host.name), (enum entry_how)how,
		    h->host.at.line))
			error_at(b->sources, &h->host.at, "there are too many "
			    "host names in this policy");
	}
}

static void
add_activity(struct build *b, const struct activity *a)
{
	struct snap_activity snap = {
		.kind = a->kind,
		.file = build_text(b, sources_shown(b->sources, a->at.file)),
		.line = a->at.line,
		.first_line = (uint32_t)b->part[PART_LINES].count,
		.line_count = (uint32_t)a->line_count,
	};

	for (size_t i = 0; i < a->line_count; i++)
		build_condition(b, &a->lines[i]);
	*(struct snap_activity *)build_add(b, PART_ACTIVITIES, NULL) = snap;
}

void
build_services(struct build *b)
{
	const struct tree *tree = b->tree;

	for (size_t i = 0; i < tree->service_count; i++) {
		const struct service *s = &tree->services[i];
		struct snap_service snap = {
			.name = build_text(b, s->name),
			.title = build_text(b, s->title),
			.klass = build_text(b, s->klass),
			.file = build_text(b, sources_shown(b->sources,
			    s->at.file)),
			.line = s->at.line,
			.set = add_set(b, (uint32_t)i),
			.first_activity =
			    (uint32_t)b->part[PART_ACTIVITIES].count,
			.activity_count = (uint32_t)s->activity_count,
		};

		if (s->part_of != NULL)
			snap.parent = (uint32_t)(tree_service(tree,
			    s->part_of) - tree->services) + 1;
		add_hosts(b, s, snap.set);
		for (size_t k = 0; k < s->activity_count; k++)
			add_activity(b, &s->activities[k]);
		*(struct snap_service *)build_add(b, PART_SERVICES, NULL) =
		    snap;
	}
}
