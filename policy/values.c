/* SPDX-License-Identifier: Apache-2.0 */
/*
 * values.c - reading what may stand after a fact's word.  A new fact is a row
 * of FACT_TABLE, a row of readers[] and, if it has a kind of value of its own,
 * one function here and one in match.c.
 */
#include "policy/values.h"

#include "lib/name.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool
shape_fault(struct lexer *l, const char *wanted)
{
	error_at(l->sources, &l->token.at, "%s is not %s",
	    token_shown(l->arena, &l->token), wanted);
	return false;
}

/* --- hosts ------------------------------------------------------------------- */
static bool
settle(struct lexer *l, const char *text, size_t length, struct value *out)
{
	char name[NAME_MAX_BYTES + 1];
	struct address address;
	size_t n;

	if (name_settle(text, length, name, &n, &address) == NAME_BAD)
		return false;
	out->name = arena_text(l->arena, name, n);
	return true;
}

static const char *
lower(struct lexer *l, const char *text)
{
	char *copy = arena_text(l->arena, text, strlen(text));

	for (char *p = copy; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

static bool
is_glob(const char *text)
{
	return strpbrk(text, "*?") != NULL;
}

static bool
glob_is_sane(const char *text)
{
	for (; *text != '\0'; text++)
		if (!isalnum((unsigned char)*text) &&
		    strchr("-_.*?:", *text) == NULL)
			return false;
	return true;
}

bool
value_read_host(struct lexer *l, bool with_categories, struct value *out)
{
	const char *text = l->token.text;
	size_t length = l->token.length;
	bool ok = true;

	*out = (struct value){ .at = l->token.at, .op = VALUE_SUFFIX };
	if (l->token.kind != TOKEN_WORD && l->token.kind != TOKEN_STRING)
		return shape_fault(l, "a host name");
	if (strstr(text, "://") != NULL || strchr(text, '/') != NULL) {
		error_at(l->sources, &l->token.at, "%s is not a host name: "
		    "write the host alone, without scheme and path%s",
		    token_shown(l->arena, &l->token), strstr(text, "://") ==
		    NULL ? " (networks go with the fact destination)" : "");
		ok = false;
	} else if (text[0] == '=') {
		out->op = VALUE_EXACT;
		ok = settle(l, text + 1, length - 1, out);
		if (ok)
			out->text = arena_format(l->arena, "=%s", out->name);
	} else if (strncmp(text, "*.", 2) == 0 && !is_glob(text + 2)) {
		out->op = VALUE_BELOW;
		ok = settle(l, text + 2, length - 2, out);
		if (ok)
			out->text = arena_format(l->arena, "*.%s", out->name);
	} else if (is_glob(text)) {
		out->op = VALUE_GLOB;
		out->name = out->text = lower(l, text);
		ok = glob_is_sane(text);
	} else if (strpbrk(text, ".:") == NULL) {
		if (!with_categories) {
			error_at(l->sources, &l->token.at, "%s has no dot; "
			    "write =%s if the host of that very name is meant",
			    token_shown(l->arena, &l->token), text);
			lexer_next(l);
			return false;
		}
		out->op = VALUE_CATEGORY;
		out->name = out->text = text;
	} else {
		const char *bare = text[0] == '.' ? text + 1 : text;

		ok = settle(l, bare, strlen(bare), out);
		if (ok)
			out->text = out->name;
	}
	if (!ok && strstr(text, "/") == NULL)
		error_at(l->sources, &l->token.at, "%s is not a host name; "
		    "write a name such as example.org (it and all below it), "
		    "=example.org (it alone) or *.example.org (all below it)",
		    token_shown(l->arena, &l->token));
	lexer_next(l);
	return ok;
}

static bool
read_host(struct lexer *l, struct value *out)
{
	return value_read_host(l, true, out);
}

static bool
read_category(struct lexer *l, struct value *out)
{
	*out = (struct value){ .at = l->token.at, .op = VALUE_CATEGORY,
	    .name = l->token.text, .text = l->token.text };
	lexer_next(l);
	return true;
}

/* --- addresses ----------------------------------------------------------------- */
bool
value_read_network(struct lexer *l, bool with_names, struct value *out)
{
	const char *text = l->token.text;
	char printed[ADDRESS_TEXT_MAX];
	bool ok;

	*out = (struct value){ .at = l->token.at, .op = VALUE_NETWORK };
	if (with_names && strpbrk(text, ".:/") == NULL) {
		out->op = VALUE_NETWORKS;
		out->name = out->text = text;
		lexer_next(l);
		return true;
	}
	ok = network_parse(text, &out->network);
	if (ok) {
		uint8_t all = out->network.base.family == 4 ? 32 : 128;

		(void)address_print(&out->network.base, printed);
		out->text = out->network.prefix == all ?
		    arena_format(l->arena, "%s", printed) :
		    arena_format(l->arena, "%s/%u", printed,
		    out->network.prefix);
	} else {
		const char *slash = strchr(text, '/');
		struct address address;

		if (slash != NULL && address_parse(text,
		    (size_t)(slash - text), &address))
			error_at(l->sources, &l->token.at, "%s is not a "
			    "network: after the %s bits that it names only "
			    "zeros may follow, and there are at most %d bits",
			    token_shown(l->arena, &l->token), slash + 1,
			    address.family == 4 ? 32 : 128);
		else
			error_at(l->sources, &l->token.at, "%s is not an "
			    "address or network; write 10.1.2.3, 10.0.0.0/8 "
			    "or 2001:db8::/32",
			    token_shown(l->arena, &l->token));
	}
	lexer_next(l);
	return ok;
}

static bool
read_network(struct lexer *l, struct value *out)
{
	return value_read_network(l, true, out);
}

static bool
read_address_kind(struct lexer *l, struct value *out)
{
	enum address_kind kind;
	struct nearest near = { .word = l->token.text };

	*out = (struct value){ .at = l->token.at, .op = VALUE_KIND };
	if (address_kind_by_name(l->token.text, &kind) &&
	    kind != ADDRESS_SELF) {
		out->low = kind;
		out->text = address_kind_name(kind);
		lexer_next(l);
		return true;
	}
	for (int i = 0; i < ADDRESS_SELF; i++)
		nearest_try(&near, address_kind_name((enum address_kind)i));
	error_at(l->sources, &l->token.at, "%s is not a kind of address%s%s%s; "
	    "there are public, loopback, private, link-local, shared, "
	    "multicast, unspecified, documentation and reserved",
	    token_shown(l->arena, &l->token),
	    near.best == NULL ? "" : " (did you mean \"",
	    near.best == NULL ? "" : near.best,
	    near.best == NULL ? "" : "\"?)");
	lexer_next(l);
	return false;
}

static bool
read_country(struct lexer *l, struct value *out)
{
	const char *t = l->token.text;
	bool ok = l->token.length == 2 && isalpha((unsigned char)t[0]) &&
	    isalpha((unsigned char)t[1]);

	*out = (struct value){ .at = l->token.at, .op = VALUE_COUNTRY };
	if (ok)
		out->name = out->text = arena_format(l->arena, "%c%c",
		    toupper((unsigned char)t[0]), toupper((unsigned char)t[1]));
	else
		(void)shape_fault(l, "a country; write its two letters "
		    "(ISO 3166), such as GB or FR");
	lexer_next(l);
	return ok;
}

/* --- numbers ------------------------------------------------------------------- */
static bool
number(const char *text, uint64_t high, uint64_t *out)
{
	char *end;

	if (!isdigit((unsigned char)text[0]) || strlen(text) > 19)
		return false;
	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' && *out <= high;
}

static bool
read_port(struct lexer *l, struct value *out)
{
	char low[8];
	const char *text = l->token.text;
	const char *dash = strchr(text, '-');
	size_t n = dash == NULL ? strlen(text) : (size_t)(dash - text);
	bool ok;

	*out = (struct value){ .at = l->token.at, .op = VALUE_RANGE };
	ok = n < sizeof(low);
	if (ok) {
		memcpy(low, text, n);
		low[n] = '\0';
		ok = number(low, 65535, &out->low) && out->low > 0;
	}
	out->high = out->low;
	if (ok && dash != NULL)
		ok = number(dash + 1, 65535, &out->high) &&
		    out->high >= out->low;
	if (ok)
		out->text = out->low == out->high ?
		    arena_format(l->arena, "%u", (unsigned)out->low) :
		    arena_format(l->arena, "%u-%u", (unsigned)out->low,
		    (unsigned)out->high);
	else
		(void)shape_fault(l, "a port; write a number from 1 to 65535, "
		    "or two with a hyphen such as 8000-8099");
	lexer_next(l);
	return ok;
}

static bool
read_asn(struct lexer *l, struct value *out)
{
	const char *text = l->token.text;
	bool ok;

	*out = (struct value){ .at = l->token.at, .op = VALUE_RANGE };
	if ((text[0] == 'A' || text[0] == 'a') &&
	    (text[1] == 'S' || text[1] == 's'))
		text += 2;
	ok = number(text, UINT32_MAX, &out->low) && out->low > 0;
	out->high = out->low;
	if (ok)
		out->text = arena_format(l->arena, "AS%u",
		    (unsigned)out->low);
	else
		(void)shape_fault(l, "a network number; write it as AS786");
	lexer_next(l);
	return ok;
}

bool
value_size(const char *digits, const char *unit, uint64_t *bytes)
{
	static const struct {
		const char *unit;
		uint64_t factor;
	} units[] = {
		{ "bytes", 1 }, { "byte", 1 }, { "B", 1 },
		{ "KB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 },
		{ "KiB", 1024 }, { "MiB", 1048576 }, { "GiB", 1073741824 },
	};

	if (!number(digits, 999999999999, bytes))
		return false;
	for (size_t i = 0; i < COUNT_OF(units); i++)
		if (strcasecmp(unit, units[i].unit) == 0) {
			/* 10^12 * 2^30 does not fit; 10^9 of it is enough */
			if (*bytes > UINT64_C(1) << 33)
				return false;
			*bytes *= units[i].factor;
			return true;
		}
	return false;
}

static const char *
size_text(struct arena *arena, uint64_t bytes)
{
	static const struct {
		const char *unit;
		uint64_t factor;
	} units[] = {
		{ "GB", 1000000000 }, { "MB", 1000000 }, { "KB", 1000 },
		{ "GiB", 1073741824 }, { "MiB", 1048576 }, { "KiB", 1024 },
	};

	for (size_t i = 0; i < COUNT_OF(units); i++)
		if (bytes > 0 && bytes % units[i].factor == 0)
			return arena_format(arena, "%llu %s",
			    (unsigned long long)(bytes / units[i].factor),
			    units[i].unit);
	return arena_format(arena, "%llu bytes", (unsigned long long)bytes);
}

static bool
read_size(struct lexer *l, struct value *out)
{
	static const char wanted[] = "request-size needs a bound: write for "
	    "example over 50 MB or under 2 KB (units: bytes, KB, MB, GB, KiB, "
	    "MiB, GiB)";
	struct token word = l->token;
	const char *digits;
	bool over = strcmp(word.text, "over") == 0;

	*out = (struct value){ .at = word.at,
	    .op = over ? VALUE_OVER : VALUE_UNDER };
	if (!over && strcmp(word.text, "under") != 0) {
		error_at(l->sources, &word.at, "%s: %s",
		    token_shown(l->arena, &word), wanted);
		lexer_next(l);
		return false;
	}
	lexer_next(l);
	if (l->token.kind != TOKEN_WORD) {
		error_at(l->sources, &word.at, "%s", wanted);
		return false;
	}
	digits = l->token.text;
	lexer_next(l);
	if (l->token.kind != TOKEN_WORD || !value_size(digits, l->token.text,
	    &out->low)) {
		error_at(l->sources, &word.at, "\"%s %.40s %.40s\": %s",
		    word.text, digits, l->token.text, wanted);
		if (l->token.kind == TOKEN_WORD &&
		    !word_is_keyword(l->token.text))
			lexer_next(l);
		return false;
	}
	out->text = arena_format(l->arena, "%s %s", word.text,
	    size_text(l->arena, out->low));
	lexer_next(l);
	return true;
}

/* --- words ---------------------------------------------------------------------- */
static bool
read_word(struct lexer *l, struct value *out)
{
	*out = (struct value){ .at = l->token.at, .op = VALUE_WORD,
	    .name = l->token.text };
	out->text = lexer_is_plain(l->token.text) &&
	    !word_is_keyword(l->token.text) ? l->token.text :
	    quote_text(l->arena, l->token.text);
	lexer_next(l);
	return true;
}

bool
value_read_choice(struct lexer *l, const char *const *words, const char *what,
    struct value *out)
{
	struct nearest near = { .word = l->token.text };
	char all[256] = "";

	for (size_t i = 0; words[i] != NULL; i++) {
		size_t n = strlen(all);

		if (strcasecmp(words[i], l->token.text) == 0) {
			*out = (struct value){ .at = l->token.at,
			    .op = VALUE_WORD, .name = words[i],
			    .text = words[i] };
			lexer_next(l);
			return true;
		}
		nearest_try(&near, words[i]);
		(void)snprintf(all + n, sizeof(all) - n, "%s%s", i == 0 ? "" :
		    words[i + 1] == NULL ? " and " : ", ", words[i]);
	}
	error_at(l->sources, &l->token.at, "%s is not a %s%s%s%s; there are %s",
	    token_shown(l->arena, &l->token), what,
	    near.best == NULL ? "" : " (did you mean \"",
	    near.best == NULL ? "" : near.best,
	    near.best == NULL ? "" : "\"?)", all);
	lexer_next(l);
	return false;
}

static bool
read_protocol(struct lexer *l, struct value *out)
{
	static const char *const words[] = { "tls", "http", "websocket",
	    "other", NULL };

	return value_read_choice(l, words, "protocol", out);
}

static bool
read_scheme(struct lexer *l, struct value *out)
{
	static const char *const words[] = { "http", "https", "ws", "wss",
	    "ftp", NULL };

	return value_read_choice(l, words, "scheme", out);
}

static bool
read_method(struct lexer *l, struct value *out)
{
	static const char *const known[] = { "GET", "HEAD", "POST", "PUT",
	    "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT" };
	const char *text = l->token.text;

	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (strcasecmp(known[i], text) == 0 &&
		    strcmp(known[i], text) != 0) {
			error_at(l->sources, &l->token.at, "%s: methods are "
			    "written in capitals; write %s",
			    token_shown(l->arena, &l->token), known[i]);
			lexer_next(l);
			return false;
		}
	for (const char *p = text; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) &&
		    strchr("!#$%&'*+-.^_`|~", *p) == NULL) {
			(void)shape_fault(l, "a method such as GET or POST");
			lexer_next(l);
			return false;
		}
	return read_word(l, out);
}

/* --- paths and patterns ------------------------------------------------------------ */
static bool
read_path(struct lexer *l, struct value *out)
{
	const char *text = l->token.text;
	const char *path = text[0] == '=' ? text + 1 : text;

	*out = (struct value){ .at = l->token.at, .name = path };
	out->op = text[0] == '=' ? VALUE_EXACT : is_glob(text) ? VALUE_GLOB :
	    VALUE_PATH;
	out->text = quote_text(l->arena, text);
	if (path[0] != '/' && !is_glob(text)) {
		(void)shape_fault(l, "a path; write \"/admin\" (it and all "
		    "below it), \"=/admin\" (it alone) or \"/admin*\"");
		lexer_next(l);
		return false;
	}
	/* "/a/" means what "/a" means: it and what lies below */
	if (out->op == VALUE_PATH && path[1] != '\0' &&
	    path[strlen(path) - 1] == '/') {
		out->name = arena_text(l->arena, path, strlen(path) - 1);
		out->text = quote_text(l->arena, out->name);
	}
	lexer_next(l);
	return true;
}

static bool
read_pattern(struct lexer *l, struct value *out)
{
	PCRE2_UCHAR words[256];
	PCRE2_SIZE where;
	int code;
	pcre2_code *compiled;

	*out = (struct value){ .at = l->token.at, .op = VALUE_PATTERN,
	    .name = l->token.text,
	    .text = quote_text(l->arena, l->token.text) };
	if (l->token.kind != TOKEN_STRING) {
		(void)shape_fault(l, "in quotation marks; write the regular "
		    "expression as \"^http://example\\.org/\"");
		lexer_next(l);
		return false;
	}
	compiled = pcre2_compile((PCRE2_SPTR)l->token.text, l->token.length,
	    PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C, &code,
	    &where, NULL);
	if (compiled == NULL) {
		(void)pcre2_get_error_message(code, words, sizeof(words));
		error_at(l->sources, &l->token.at, "the regular expression "
		    "\"%.200s\" does not work: %s at its character %zu",
		    l->token.text, (const char *)words,
		    (size_t)where + 1);
		lexer_next(l);
		return false;
	}
	pcre2_code_free(compiled);
	lexer_next(l);
	return true;
}

/* --- time ----------------------------------------------------------------------------- */
static bool
read_hours(struct lexer *l, struct value *out)
{
	*out = (struct value){ .at = l->token.at, .op = VALUE_HOURS,
	    .name = l->token.text, .text = l->token.text };
	lexer_next(l);
	return true;
}

#define DAY_MAX UINT64_C(1000000)

static bool
one_date(struct lexer *l, uint64_t *day)
{
	int64_t found;

	if (!date_parse(l->token.text, &found)) {
		(void)shape_fault(l, "a date; write YEAR-MONTH-DAY such as "
		    "2027-03-31");
		if (l->token.kind == TOKEN_WORD ||
		    l->token.kind == TOKEN_STRING)
			lexer_next(l);
		return false;
	}
	*day = (uint64_t)found;
	lexer_next(l);
	return true;
}

/* 2027-03-31, 2027-03-01 to 2027-03-31, from 2027-03-01, before 2027-03-01 */
static bool
read_dates(struct lexer *l, struct value *out)
{
	struct place at = l->token.at;
	char low[16], high[16];
	bool from = strcmp(l->token.text, "from") == 0;
	bool before = strcmp(l->token.text, "before") == 0;

	*out = (struct value){ .at = at, .op = VALUE_DATES };
	if (from || before)
		lexer_next(l);
	if (!one_date(l, &out->low))
		return false;
	out->high = out->low;
	date_print((int64_t)out->low, low);
	if (from) {
		out->text = arena_format(l->arena, "from %s", low);
		out->high = DAY_MAX;
		return true;
	}
	if (before) {
		out->text = arena_format(l->arena, "before %s", low);
		out->high = out->low - (out->low > 0);
		out->low = 0;
		return true;
	}
	out->text = arena_format(l->arena, "%s", low);
	if (l->token.kind != TOKEN_WORD || strcmp(l->token.text, "to") != 0)
		return true;
	lexer_next(l);
	if (!one_date(l, &out->high))
		return false;
	date_print((int64_t)out->high, high);
	out->text = arena_format(l->arena, "%s to %s", low, high);
	if (out->high < out->low) {
		error_at(l->sources, &at, "\"%s\" ends before it begins; "
		    "write the earlier date first", out->text);
		return false;
	}
	return true;
}

/* --- the table -------------------------------------------------------------------------- */
typedef bool value_reader(struct lexer *, struct value *);

static value_reader *const readers[FACTS] = {
	[FACT_CLIENT] = read_network,
	[FACT_LISTENER] = read_word,
	[FACT_HOURS] = read_hours,
	[FACT_DATE] = read_dates,
	[FACT_HOST] = read_host,
	[FACT_PORT] = read_port,
	[FACT_CATEGORY] = read_category,
	[FACT_BROWSER] = value_read_browser,
	[FACT_CLIENT_KIND] = value_read_client_kind,
	[FACT_DESTINATION] = read_network,
	[FACT_ADDRESS_KIND] = read_address_kind,
	[FACT_COUNTRY] = read_country,
	[FACT_ASN] = read_asn,
	[FACT_SERVER_NAME] = read_host,
	[FACT_PROTOCOL] = read_protocol,
	[FACT_METHOD] = read_method,
	[FACT_SCHEME] = read_scheme,
	[FACT_PATH] = read_path,
	[FACT_URL] = read_pattern,
	[FACT_NAVIGATION] = value_read_navigation,
	[FACT_EMBEDDED_IN] = read_host,
	[FACT_REQUEST_SIZE] = read_size,
	[FACT_SERVICE] = value_read_service,
	[FACT_SERVICE_CLASS] = value_read_class,
	[FACT_ACTIVITY] = value_read_activity,
	[FACT_QUERY] = value_read_pair,
	[FACT_FIELD] = value_read_pair,
	[FACT_CONTENT_TYPE] = value_read_type,
	[FACT_OPERATION] = value_read_glob,
};

bool
value_read(struct lexer *l, enum fact fact, struct value *out)
{
	if (l->token.kind != TOKEN_WORD && l->token.kind != TOKEN_STRING) {
		error_at(l->sources, &l->token.at, "%s stands where a value "
		    "for %s should be; write one",
		    token_shown(l->arena, &l->token), fact_word(fact));
		return false;
	}
	if (l->token.kind == TOKEN_WORD && word_is_keyword(l->token.text)) {
		error_at(l->sources, &l->token.at, "%s stands where a value "
		    "for %s should be; put it in quotation marks if it is one",
		    token_shown(l->arena, &l->token), fact_word(fact));
		return false;
	}
	return readers[fact](l, out);
}
