/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.c - what can be wrong with a policy that reads well: unknown names,
 * missing fields, rules that can never decide, names that nobody uses.
 */
#include "policy/tree.h"
#include "policy/values.h"

#include <string.h>

#define DAY_US UINT64_C(86400000000)

static struct place
value_place(const struct value *v)
{
	return v->at;
}

/* --- names ------------------------------------------------------------------------ */
static void
unknown_category(struct tree *tree, const struct line *line,
    const struct value *v)
{
	struct place at = value_place(v);
	struct nearest near = { .word = v->name };
	bool host = line->fact != FACT_CATEGORY;

	for (size_t i = 0; i < tree->category_count; i++)
		nearest_try(&near, tree->categories[i].name);
	error_at(tree->sources, &at, "there is no category called \"%.100s\""
	    "%s%s%s; define it with: category %.100s { example.org }%s%.100s"
	    "%s", v->name, near.best == NULL ? "" : " (did you mean \"",
	    near.best == NULL ? "" : near.best,
	    near.best == NULL ? "" : "\"?)", v->name,
	    host ? " (or write =" : "", host ? v->name : "",
	    host ? " for the host of that very name)" : "");
}

static void
check_value(struct tree *tree, const struct line *line, const struct value *v)
{
	struct place at = v->at;
	struct nearest near = { .word = v->name };

	if (v->op == VALUE_CATEGORY) {
		struct category *c = tree_category(tree, v->name);

		if (c == NULL)
			unknown_category(tree, line, v);
		else
			c->used = true;
	} else if (v->op == VALUE_NETWORKS) {
		struct network_section *n = tree_network(tree, v->name);

		if (n != NULL) {
			n->used = true;
			return;
		}
		for (size_t i = 0; i < tree->network_count; i++)
			nearest_try(&near, tree->networks[i].name);
		error_at(tree->sources, &at, "there is no network called "
		    "\"%.100s\"%s%s%s; define it with: network %.100s "
		    "{ 10.0.0.0/8 }", v->name,
		    near.best == NULL ? "" : " (did you mean \"",
		    near.best == NULL ? "" : near.best,
		    near.best == NULL ? "" : "\"?)", v->name);
	} else if (v->op == VALUE_SERVICE || v->op == VALUE_CLASS) {
		check_service_value(tree, v);
	} else if (v->op == VALUE_HOURS) {
		struct hours_section *h = tree_hours(tree, v->name);

		if (h != NULL) {
			h->used = true;
			return;
		}
		for (size_t i = 0; i < tree->hours_count; i++)
			nearest_try(&near, tree->hours[i].name);
		error_at(tree->sources, &at, "there are no hours called "
		    "\"%.100s\"%s%s%s; define them with: hours %.100s "
		    "{ mon-fri 08:00-18:00 }", v->name,
		    near.best == NULL ? "" : " (did you mean \"",
		    near.best == NULL ? "" : near.best,
		    near.best == NULL ? "" : "\"?)", v->name);
	}
}

/* An included file may be a library of names, and so may a file without any
 * rule; what nobody uses is told of the policy's own file. */
static bool
is_own(const struct tree *tree, const struct place *at)
{
	size_t rules = 0;

	for (int s = 0; s < SECTIONS; s++)
		rules += tree->list[s].count;
	return at->file == 0 && rules > 0;
}

static void
check_unused(struct tree *tree)
{
	for (size_t i = 0; i < tree->category_count; i++)
		if (!tree->categories[i].used && is_own(tree,
		    &tree->categories[i].at))
			warn_at(tree->sources, &tree->categories[i].at,
			    "no rule uses the category \"%s\"; use it or "
			    "delete it", tree->categories[i].name);
	for (size_t i = 0; i < tree->network_count; i++)
		if (!tree->networks[i].used && is_own(tree,
		    &tree->networks[i].at))
			warn_at(tree->sources, &tree->networks[i].at,
			    "no rule uses the network \"%s\"; use it or "
			    "delete it", tree->networks[i].name);
	for (size_t i = 0; i < tree->hours_count; i++)
		if (!tree->hours[i].used && is_own(tree, &tree->hours[i].at))
			warn_at(tree->sources, &tree->hours[i].at,
			    "no rule uses the hours \"%s\"; use them or "
			    "delete them", tree->hours[i].name);
	for (size_t i = 0; i < tree->category_count; i++)
		if (tree->categories[i].path_count == 0 &&
		    tree->categories[i].host_count == 0)
			warn_at(tree->sources, &tree->categories[i].at,
			    "the category \"%s\" is empty, so nothing is ever "
			    "in it; name some hosts",
			    tree->categories[i].name);
	for (size_t i = 0; i < tree->network_count; i++)
		if (tree->networks[i].value_count == 0)
			warn_at(tree->sources, &tree->networks[i].at,
			    "the network \"%s\" is empty, so nobody is ever "
			    "in it; name some addresses",
			    tree->networks[i].name);
	for (size_t i = 0; i < tree->hours_count; i++)
		if (tree->hours[i].entry_count == 0)
			warn_at(tree->sources, &tree->hours[i].at,
			    "the hours \"%s\" are empty, so it is never that "
			    "time; name some", tree->hours[i].name);
}

/* --- fields ------------------------------------------------------------------------ */
static void
check_fields(struct tree *tree, const struct rule *rule)
{
	struct place at = rule->at;
	char missing[256] = "";
	const struct {
		bool there;
		const char *words;
	} needs[] = {
		{ rule->because != NULL, "because \"REASON\"" },
		{ rule->ground != NULL,
		    "ground security, technical or business" },
		{ rule->owner != NULL, "owner \"NAME, CONTACT\"" },
		{ rule->has_review, "review-by YEAR-MONTH-DAY" },
	};

	if (rule->verdict == VERDICT_AUDIT) {
		if (rule->because != NULL || rule->ground != NULL)
			warn_at(tree->sources, &at, "rule \"%s\" lets people "
			    "through, so its \"%s\" is shown to nobody; "
			    "delete it or write deny", rule->name,
			    rule->because != NULL ? "because" : "ground");
		return;
	}
	for (size_t i = 0; i < COUNT_OF(needs); i++) {
		size_t n = strlen(missing);

		if (!needs[i].there)
			(void)snprintf(missing + n, sizeof(missing) - n,
			    "%s%s", n == 0 ? "" : "; ", needs[i].words);
	}
	if (missing[0] != '\0')
		error_at(tree->sources, &at, "deny \"%s\" does not say all "
		    "that a refusal must say; add: %s", rule->name, missing);
	if (rule->purpose != NULL)
		warn_at(tree->sources, &at, "rule \"%s\" refuses, so its "
		    "\"purpose\" describes nothing that is kept; delete it",
		    rule->name);
}

static void
check_dates(struct tree *tree, const struct rule *rule, int64_t today)
{
	char date[16];

	if (rule->has_review && rule->review_by != INT64_MAX) {
		date_print(rule->review_by, date);
		if (rule->review_by < today)
			warn_at(tree->sources, &rule->review_at, "the review "
			    "of \"%s\" was due by %s; ask %s to review it and "
			    "set a new date", rule->name, date,
			    rule->owner == NULL ? "its owner" : rule->owner);
		else if (rule->review_by <= today + 30)
			warn_at(tree->sources, &rule->review_at, "the review "
			    "of \"%s\" is due by %s, in %d days", rule->name,
			    date, (int)(rule->review_by - today));
	}
	if (rule->has_until && rule->until < today) {
		date_print(rule->until, date);
		warn_at(tree->sources, &rule->until_at, "rule \"%s\" ended "
		    "on %s and does nothing any more; delete it or set a new "
		    "date", rule->name, date);
	}
}

/* --- rules that can never decide -------------------------------------------------------- */
static bool
has_value(const struct line *line, const struct value *wanted)
{
	for (size_t i = 0; i < line->value_count; i++)
		if (line->values[i].op == wanted->op &&
		    strcmp(line->values[i].text, wanted->text) == 0)
			return true;
	return false;
}

/* Whether wherever the line b holds, the line a holds. */
static bool
line_covers(const struct line *a, const struct line *b)
{
	if (a->fact != b->fact || a->kind != b->kind)
		return false;
	if (a->kind == LINE_WHEN) {
		for (size_t i = 0; i < b->value_count; i++)
			if (!has_value(a, &b->values[i]))
				return false;
		return true;
	}
	for (size_t i = 0; i < a->value_count; i++)
		if (!has_value(b, &a->values[i]))
			return false;
	return true;
}

static bool
asks_for_names(const struct line *line)
{
	return line->fact == FACT_HOST || line->fact == FACT_CATEGORY ||
	    line->fact == FACT_SERVICE || line->fact == FACT_SERVICE_CLASS ||
	    line->fact == FACT_ACTIVITY;
}

static bool
has_field(const struct rule *rule, const char *name)
{
	for (size_t i = 0; i < rule->field_count; i++)
		if (strcasecmp(rule->fields[i].name, name) == 0)
			return true;
	return false;
}

/* Whether the earlier rule decides wherever the later one would: each of its
 * lines follows from a line of the later one.  Host lines of most rules demand
 * both names and those of a deny or never one, so these are not covered. */
static bool
rule_covers(const struct rule *early, const struct rule *late)
{
	for (size_t i = 0; i < late->field_count; i++)
		if (!has_field(early, late->fields[i].name))
			return false;
	if (early->report_only || (early->has_until &&
	    (!late->has_until || late->until > early->until)))
		return false;
	for (size_t i = 0; i < early->line_count; i++) {
		bool found = false;

		if (!verdict_by_either_name(early->verdict) &&
		    verdict_by_either_name(late->verdict) &&
		    asks_for_names(&early->lines[i]))
			return false;
		for (size_t k = 0; k < late->line_count && !found; k++)
			found = line_covers(&early->lines[i],
			    &late->lines[k]);
		if (!found)
			return false;
	}
	return true;
}

#define COVER_LOOK_BACK 500	/* pairs grow with the square of the rules */

static void
check_covered(struct tree *tree, const struct rule_list *list)
{
	const struct rule *rules = list->rules;

	for (size_t i = 1; i < list->count; i++) {
		size_t first = i > COVER_LOOK_BACK ? i - COVER_LOOK_BACK : 0;

		for (size_t k = first; k < i; k++) {
			if (!rule_covers(&rules[k], &rules[i]))
				continue;
			warn_at(tree->sources, &rules[i].at, "rule "
			    "\"%s\" can never decide, because \"%s\" above "
			    "it covers it; move it up or delete it",
			    rules[i].name, rules[k].name);
			note_at(tree->sources, &rules[k].at,
			    "\"%s\" is here", rules[k].name);
			if (rules[k].line_count == 0 &&
			    rules[k].field_count == 0)
				return;	/* and so on for all that follow */
			break;
		}
	}
}

static enum stage
rule_stage(const struct rule *rule)
{
	enum stage stage = STAGE_CONNECTION;

	for (size_t i = 0; i < rule->line_count; i++)
		if (fact_stage(rule->lines[i].fact) > stage)
			stage = fact_stage(rule->lines[i].fact);
	return stage;
}

/* A deny that can decide before an earlier rule that would let through is
 * known: the order on the page is not the order in which they decide. */
static void
check_order(struct tree *tree, const struct rule *rules, size_t number)
{
	const struct rule *deny = &rules[number];
	enum stage stage = rule_stage(deny);

	if (deny->verdict != VERDICT_DENY || deny->report_only)
		return;
	for (size_t i = 0; i < number; i++) {
		const struct rule *early = &rules[i];

		if (early->verdict != VERDICT_AUDIT || early->report_only ||
		    rule_stage(early) <= stage)
			continue;
		warn_at(tree->sources, &deny->at, "\"%s\" decides at the "
		    "stage \"%s\", before \"%s\" above it is known (stage "
		    "\"%s\"), so a tunnel is refused although \"%s\" might "
		    "have let it through; ask for the same facts in both, or "
		    "move one", deny->name, stage_name(stage), early->name,
		    stage_name(rule_stage(early)), early->name);
		return;
	}
}

static bool
names_word(const struct line *line, const char *word)
{
	return line->value_count == 1 && line->values[0].name != NULL &&
	    strcmp(line->values[0].name, word) == 0;
}

/* Lines that only hold where no page can be shown, or never hold at all while
 * the inside of TLS is not seen. */
static void
check_reach(struct tree *tree, const struct rule *rule)
{
	bool only_tunnel = false;

	for (size_t i = 0; i < rule->line_count; i++) {
		const struct line *line = &rule->lines[i];

		if (line->kind != LINE_WHEN)
			continue;
		if (line->fact == FACT_SCHEME && (names_word(line, "https") ||
		    names_word(line, "wss"))) {
			warn_at(tree->sources, &line->at, "the scheme %s is "
			    "seen only inside inspected TLS, which comes with "
			    "a later version, so rule \"%s\" never decides; "
			    "use protocol tls or port 443",
			    line->values[0].name, rule->name);
			return;
		}
		if (line->fact == FACT_METHOD && names_word(line, "CONNECT"))
			warn_at(tree->sources, &line->at, "a CONNECT is not "
			    "a request of its own here, so rule \"%s\" never "
			    "decides; use protocol tls or port 443",
			    rule->name);
		only_tunnel |= line->fact == FACT_SERVER_NAME ||
		    (line->fact == FACT_PROTOCOL && names_word(line, "tls"));
	}
	if (only_tunnel && rule->verdict == VERDICT_DENY)
		warn_at(tree->sources, &rule->at, "\"%s\" refuses only "
		    "tunnels, where no page can be shown: people will see "
		    "their browser's own error, and the helpdesk finds the "
		    "reason in the record", rule->name);
}

/* --- all of it ------------------------------------------------------------------------ */
static void
check_rule(struct tree *tree, const struct rule *rule, uint64_t now_us)
{
	for (size_t k = 0; k < rule->line_count; k++)
		for (size_t v = 0; v < rule->lines[k].value_count; v++)
			check_value(tree, &rule->lines[k],
			    &rule->lines[k].values[v]);
	if (now_us != 0)
		check_dates(tree, rule, (int64_t)(now_us / DAY_US));
}

static void
check_access(struct tree *tree, bool whole)
{
	const struct rule_list *list = &tree->list[SECTION_ACCESS];

	for (size_t i = 0; i < list->count; i++) {
		check_fields(tree, &list->rules[i]);
		if (whole) {
			check_reach(tree, &list->rules[i]);
			check_order(tree, list->rules, i);
		}
	}
}

static void
check_expectation(struct tree *tree, const struct expectation *e)
{
	enum section section = verdict_section(e->verdict);
	const struct rule_list *list = &tree->list[section];
	struct nearest near = { .word = e->rule };
	bool found = strcmp(e->rule, "default") == 0;
	bool access = section == SECTION_ACCESS;

	if (found && section == SECTION_ROUTE) {
		error_at(tree->sources, &e->rule_at, "the end of route is what "
		    "the settings say; end the list with a rule such as "
		    "direct everything-else, and expect that");
		return;
	}
	for (size_t k = 0; k < list->count && !found; k++) {
		found = strcmp(list->rules[k].name, e->rule) == 0;
		nearest_try(&near, list->rules[k].name);
	}
	if (!found)
		error_at(tree->sources, &e->rule_at, "there is no rule%s%s "
		    "called \"%s\"%s%s%s", access ? "" : " of ",
		    access ? "" : section_name(section), e->rule,
		    near.best == NULL ? "; name one of this policy, "
		    "or default" : " (did you mean \"",
		    near.best == NULL ? "" : near.best,
		    near.best == NULL ? "" : "\"?)");
}

void
check_tree(struct tree *tree, uint64_t now_us)
{
	/* Where something could not be read, what is missing or never used is
	 * not known: such warnings would only hide the fault. */
	bool whole = sources_errors(tree->sources) == 0;

	for (int s = 0; s < SECTIONS; s++)
		for (size_t i = 0; i < tree->list[s].count; i++)
			check_rule(tree, &tree->list[s].rules[i], now_us);
	check_access(tree, whole);
	check_lists(tree);
	check_services(tree);
	if (whole) {
		check_unused(tree);
		for (int s = 0; s < SECTIONS; s++)
			check_covered(tree, &tree->list[s]);
	}
	for (size_t i = 0; i < tree->expectation_count; i++)
		check_expectation(tree, &tree->expectations[i]);
}
