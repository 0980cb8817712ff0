/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_lists.c - what the sections beside access ask of their rules.
 */
#include "policy/tree.h"

#include <string.h>

/* --- facts that come too late --------------------------------------------------- */
#define STAGE(stage) (1u << STAGE_##stage)

/* What may have come when the rules of a section are decided for the last
 * time; whatever else they asked for would never be known to them. */
static const struct {
	unsigned stages;
	const char *when;
} decided[SECTIONS] = {
	[SECTION_ACCESS] = { ~0u, "" },
	[SECTION_TLS] = { STAGE(CONNECTION) | STAGE(TUNNEL) | STAGE(ADDRESS) |
	    STAGE(HELLO), "once the first bytes inside the tunnel are there" },
	[SECTION_HEADERS] = { STAGE(CONNECTION) | STAGE(TUNNEL) |
	    STAGE(HELLO) | STAGE(REQUEST),
	    "when the head of the request is written" },
	[SECTION_ROUTE] = { STAGE(CONNECTION) | STAGE(TUNNEL) |
	    STAGE(REQUEST), "before the name is resolved and anything is sent" },
};

static void
check_stages(struct tree *tree, enum section section)
{
	const struct rule_list *list = &tree->list[section];

	for (size_t i = 0; i < list->count; i++)
		for (size_t k = 0; k < list->rules[i].line_count; k++) {
			const struct line *line = &list->rules[i].lines[k];
			enum stage stage = fact_stage(line->fact);

			if ((decided[section].stages >> stage & 1) != 0)
				continue;
			error_at(tree->sources, &line->at, "a rule of %s "
			    "decides %s, and \"%s\" is known only later "
			    "(stage \"%s\"); ask for what is known by then, "
			    "such as host or client", section_name(section),
			    decided[section].when, fact_word(line->fact),
			    stage_name(stage));
		}
}

/* --- tls ------------------------------------------------------------------------ */
/* Every promise stands before every intrusion, so that reading down to the
 * first `inspect` shows all that is promised. */
static void
check_promises(struct tree *tree, const struct rule_list *list)
{
	const struct rule *inspect = NULL;

	for (size_t i = 0; i < list->count; i++) {
		const struct rule *rule = &list->rules[i];

		if (rule->verdict == VERDICT_INSPECT && inspect == NULL)
			inspect = rule;
		if (rule->verdict != VERDICT_NEVER || inspect == NULL)
			continue;
		error_at(tree->sources, &rule->at, "never \"%s\" stands below "
		    "inspect \"%s\", which could decide first and break the "
		    "promise; move every never above every inspect",
		    rule->name, inspect->name);
		note_at(tree->sources, &inspect->at, "\"%s\" is here",
		    inspect->name);
	}
}

/* What people must be able to know before anybody looks inside. */
static void
check_openness(struct tree *tree, const struct rule *inspect)
{
	const struct {
		const char *there;
		const char *words;
	} needs[] = {
		{ tree->controller, "controller \"WHO RECORDS\"" },
		{ tree->contact, "contact \"WHOM TO ASK\"" },
		{ tree->notice, "notice \"WHERE PEOPLE READ ABOUT IT\"" },
	};
	char missing[128] = "";

	for (size_t i = 0; i < COUNT_OF(needs); i++) {
		size_t n = strlen(missing);

		if (needs[i].there == NULL)
			(void)snprintf(missing + n, sizeof(missing) - n,
			    "%s%s", n == 0 ? "" : "; ", needs[i].words);
	}
	if (missing[0] != '\0')
		error_at(tree->sources, &inspect->at, "a policy that inspects "
		    "must say who does it, whom to ask and what people were "
		    "told; add to policy { }: %s", missing);
}

static void
check_tls(struct tree *tree)
{
	const struct rule_list *list = &tree->list[SECTION_TLS];
	bool inspects = false;

	check_promises(tree, list);
	for (size_t i = 0; i < list->count; i++) {
		const struct rule *rule = &list->rules[i];

		if (rule->verdict != VERDICT_INSPECT) {
			if (rule->purpose != NULL)
				warn_at(tree->sources, &rule->at, "rule \"%s\" "
				    "does not look inside, so its \"purpose\" "
				    "describes nothing; delete it",
				    rule->name);
			continue;
		}
		if (rule->purpose == NULL)
			error_at(tree->sources, &rule->at, "inspect \"%s\" "
			    "does not say why; add: purpose \"REASON\"",
			    rule->name);
		if (!inspects)
			check_openness(tree, rule);
		inspects = true;
	}
}

/* --- headers --------------------------------------------------------------------- */
#define FIELDS_ROOM_MAX 16384

static void
check_headers(struct tree *tree)
{
	const struct rule_list *list = &tree->list[SECTION_HEADERS];
	const char *names[POLICY_FIELDS_MAX];
	size_t count = 0, room = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct rule *rule = &list->rules[i];

		for (size_t f = 0; f < rule->field_count; f++) {
			struct header_field *field = &rule->fields[f];
			size_t n = 0;

			room += field->value == NULL ? 0 :
			    strlen(field->name) + strlen(field->value) + 4;
			while (n < count &&
			    strcasecmp(names[n], field->name) != 0)
				n++;
			field->number = (uint32_t)n;
			if (n < count)
				continue;
			if (count < POLICY_FIELDS_MAX) {
				names[count++] = field->name;
				continue;
			}
			error_at(tree->sources, &rule->at, "there are more "
			    "than %d different fields in headers; leave some "
			    "out", POLICY_FIELDS_MAX);
			return;
		}
		if (room > FIELDS_ROOM_MAX) {
			error_at(tree->sources, &rule->at, "the fields of "
			    "headers have more than %d bytes in all; leave "
			    "some out", FIELDS_ROOM_MAX);
			return;
		}
		if (rule->preset != NULL)
			warn_at(tree->sources, &rule->at, "fields are set in "
			    "plain HTTP only, because this version does not "
			    "look inside TLS, and \"%s\" is reached by TLS: "
			    "nobody is kept to these tenants yet",
			    rule->preset);
	}
}

void
check_lists(struct tree *tree)
{
	for (int s = 0; s < SECTIONS; s++)
		check_stages(tree, (enum section)s);
	check_tls(tree);
	check_headers(tree);
}
