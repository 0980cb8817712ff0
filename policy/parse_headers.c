/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse_headers.c - what a rule of headers sets or takes out: a field by its
 * name, or the fields by which a service keeps people to its own tenants, by
 * preset.  The presets are one table.
 */
#include "policy/parse.h"

#include "policy/values.h"

#include <ctype.h>
#include <string.h>

/* --- names and values ------------------------------------------------------- */
/* These frame, route or belong to one connection: the proxy writes them. */
static const char *const ours[] = {
	"Host", "Content-Length", "Transfer-Encoding", "Connection",
	"Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Upgrade", "Via",
	"Expect", "Max-Forwards", "Proxy-Authorization", "Proxy-Authenticate",
	"Proxy-Authentication-Info", "HTTP2-Settings",
};

#define FIELD_NAME_MAX 128
#define FIELD_VALUE_MAX 2048

static bool
is_field_name(const char *text)
{
	size_t n = strlen(text);

	for (const char *c = text; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) &&
		    strchr("!#$%&'*+-.^_`|~", *c) == NULL)
			return false;
	return n > 0 && n <= FIELD_NAME_MAX;
}

static bool
field_name_ok(struct parser *p, const struct token *t)
{
	if (!is_field_name(t->text)) {
		error_at(p->tree->sources, &t->at, "%s is not the name of a "
		    "field; write for example \"X-Department\"",
		    token_shown(p->tree->arena, t));
		return false;
	}
	for (size_t i = 0; i < COUNT_OF(ours); i++)
		if (strcasecmp(ours[i], t->text) == 0) {
			error_at(p->tree->sources, &t->at, "%s belongs to the "
			    "connection or frames the message, so that a "
			    "policy cannot change it; delete this rule",
			    token_shown(p->tree->arena, t));
			return false;
		}
	return true;
}

static bool
field_value_ok(struct parser *p, const struct token *t)
{
	size_t n = t->length;
	bool ok = n <= FIELD_VALUE_MAX && (n == 0 || (t->text[0] != ' ' &&
	    t->text[n - 1] != ' '));

	for (size_t i = 0; i < n; i++)
		ok = ok && t->text[i] >= 0x20 && t->text[i] <= 0x7e;
	if (!ok)
		error_at(p->tree->sources, &t->at, "%s cannot be the value of "
		    "a field; write plain letters, digits and signs without "
		    "blanks at the ends, at most %d",
		    token_shown(p->tree->arena, t), FIELD_VALUE_MAX);
	return ok;
}

/* --- tenants ------------------------------------------------------------------- */
static const struct preset {
	const char *name;
	size_t least, most;	/* values behind it */
	const char *wanted;
	struct {
		const char *field;
		size_t value;	/* number of the value, from 0 */
		const char *fixed;
	} field[2];
} presets[] = {
	/* learn.microsoft.com: tenant restrictions (v1) */
	{ "microsoft-365", 1, 2, "the tenants that may be used and the "
	    "directory id of your own", {
		{ "Restrict-Access-To-Tenants", 0, NULL },
		{ "Restrict-Access-Context", 1, NULL } } },
	{ "microsoft-consumer", 0, 0, "no value", {
		{ "sec-Restrict-Tenant-Access-Policy", 0, "restrict-msa" } } },
	/* support.google.com: block access to consumer accounts */
	{ "google-workspace", 1, 1, "the domains that may be used", {
		{ "X-GoogApps-Allowed-Domains", 0, NULL } } },
	/* slack.com: approve workspaces for your network */
	{ "slack", 2, 2, "the workspaces that may be used and the id of the "
	    "workspace or organisation that asks for it", {
		{ "X-Slack-Allowed-Workspaces-Requester", 1, NULL },
		{ "X-Slack-Allowed-Workspaces", 0, NULL } } },
	/* help.dropbox.com: network control */
	{ "dropbox", 1, 1, "the ids of the teams that may be used", {
		{ "X-Dropbox-allowed-Team-Ids", 0, NULL } } },
	/* support.google.com: restrict YouTube content on your network */
	{ "youtube", 1, 1, "\"Strict\" or \"Moderate\"", {
		{ "YouTube-Restrict", 0, NULL } } },
};

static const struct preset *
find_preset(struct parser *p)
{
	struct token t = p->lexer.token;
	struct nearest near = { .word = t.text };
	char all[256] = "";

	for (size_t i = 0; i < COUNT_OF(presets); i++) {
		size_t n = strlen(all);

		if (parser_is_word(p, presets[i].name)) {
			lexer_next(&p->lexer);
			return &presets[i];
		}
		nearest_try(&near, presets[i].name);
		(void)snprintf(all + n, sizeof(all) - n, "%s%s", i == 0 ? "" :
		    i + 1 == COUNT_OF(presets) ? " and " : ", ",
		    presets[i].name);
	}
	error_at(p->tree->sources, &t.at, "%s is no service with tenants that "
	    "is known here%s%s%s; there are %s",
	    token_shown(p->tree->arena, &t),
	    near.best == NULL ? "" : " (did you mean \"",
	    near.best == NULL ? "" : near.best,
	    near.best == NULL ? "" : "\"?)", all);
	if (t.kind == TOKEN_WORD)
		lexer_next(&p->lexer);
	return NULL;
}

static void
add_field(struct parser *p, struct rule *rule, const char *name,
    const char *value)
{
	*ARENA_ADD(p->tree->arena, rule->fields, rule->field_count) =
	    (struct header_field){ .name = name, .value = value };
}

static void
parse_values(struct parser *p, struct rule *rule, size_t most)
{
	while (p->lexer.token.kind == TOKEN_STRING &&
	    rule->text_count < most) {
		if (field_value_ok(p, &p->lexer.token))
			rule->texts[rule->text_count++] = p->lexer.token.text;
		else
			most--;
		lexer_next(&p->lexer);
	}
}

static void
parse_tenant(struct parser *p, struct rule *rule)
{
	unsigned errors = sources_errors(p->tree->sources);
	const struct preset *preset;
	struct place at;

	lexer_next(&p->lexer);		/* tenant */
	at = p->lexer.token.at;
	preset = find_preset(p);
	parse_values(p, rule, HEADER_TEXTS);
	if (preset == NULL || sources_errors(p->tree->sources) > errors)
		return;
	rule->preset = preset->name;
	if (rule->text_count < preset->least ||
	    rule->text_count > preset->most) {
		error_at(p->tree->sources, &at, "\"%s\" takes %s, in quotation "
		    "marks each", preset->name, preset->wanted);
		return;
	}
	if (rule->text_count < preset->most)
		warn_at(p->tree->sources, &at, "\"%s\" takes %s; the second is "
		    "missing, and the service may not restrict anything "
		    "without it", preset->name, preset->wanted);
	if (strcmp(preset->name, "youtube") == 0 &&
	    strcmp(rule->texts[0], "Strict") != 0 &&
	    strcmp(rule->texts[0], "Moderate") != 0)
		error_at(p->tree->sources, &at, "\"youtube\" takes %s",
		    preset->wanted);
	for (size_t i = 0; i < COUNT_OF(preset->field); i++) {
		if (preset->field[i].field == NULL)
			continue;
		if (preset->field[i].fixed != NULL)
			add_field(p, rule, preset->field[i].field,
			    preset->field[i].fixed);
		else if (preset->field[i].value < rule->text_count)
			add_field(p, rule, preset->field[i].field,
			    rule->texts[preset->field[i].value]);
	}
}

/* --- the head of a rule ------------------------------------------------------------ */
static void
parse_field(struct parser *p, struct rule *rule)
{
	struct token t = p->lexer.token;
	bool set = rule->verdict == VERDICT_SET;
	const char *example = set ? "set \"X-Department\" \"Examples\"" :
	    "strip \"X-Forwarded-For\"";
	bool ok;

	if (t.kind != TOKEN_STRING) {
		error_at(p->tree->sources, &t.at, "%s stands where the name of "
		    "a field should be, in quotation marks; write for "
		    "example %s", token_shown(p->tree->arena, &t), example);
		return;
	}
	ok = field_name_ok(p, &t);
	lexer_next(&p->lexer);
	rule->text_count = 0;
	rule->texts[rule->text_count++] = t.text;
	if (!set) {
		if (ok)
			add_field(p, rule, t.text, NULL);
		return;
	}
	if (p->lexer.token.kind != TOKEN_STRING) {
		error_at(p->tree->sources, &p->lexer.token.at, "%s stands "
		    "where the value of \"%s\" should be; write the name of "
		    "the field and its value in quotation marks, for example "
		    "%s", token_shown(p->tree->arena, &p->lexer.token),
		    t.text, example);
		return;
	}
	ok &= field_value_ok(p, &p->lexer.token);
	rule->texts[rule->text_count++] = p->lexer.token.text;
	if (ok)
		add_field(p, rule, t.text, p->lexer.token.text);
	lexer_next(&p->lexer);
}

void
parse_header(struct parser *p, struct rule *rule)
{
	if (p->lexer.token.kind == TOKEN_WORD &&
	    !parser_is_word(p, "tenant")) {
		rule->at = p->lexer.token.at;
		rule->name = parser_name(p, "rule");
	}
	if (rule->verdict == VERDICT_SET && parser_is_word(p, "tenant")) {
		parse_tenant(p, rule);
		if (rule->name == NULL)
			rule->name = rule->preset;
	} else {
		parse_field(p, rule);
		if (rule->name == NULL && rule->field_count > 0)
			rule->name = rule->fields[0].name;
	}
}

const char *
header_usual_name(const struct rule *rule)
{
	return rule->preset != NULL ? rule->preset : rule->fields[0].name;
}
