/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read_words.c - see read_words.h.  A fact without words of its own here is
 * said by the words that explain has for it, so a new fact reads at once, if
 * not yet well.
 */
#include "policy/read_words.h"

#include "lib/macros.h"

#include <inttypes.h>
#include <string.h>

/* How a line about a fact begins; the values follow. */
static const char *const begins[FACTS] = {
	[FACT_CLIENT] = "the computer that asks is",
	[FACT_LISTENER] = "it connected to the listener",
	[FACT_HOURS] = "it is within the hours",
	[FACT_DATE] = "the day is",
	[FACT_HOST] = "the site asked for is",
	[FACT_PORT] = "the port asked for is",
	[FACT_CATEGORY] = "the site is one of",
	[FACT_SERVICE] = "the site belongs to the service",
	[FACT_SERVICE_CLASS] = "the site belongs to a service of the class",
	[FACT_ACTIVITY] = "what is done there is",
	[FACT_QUERY] = "the address has behind its question mark",
	[FACT_CONTENT_TYPE] = "what is sent is of the type",
	[FACT_FIELD] = "the form that is sent has the field",
	[FACT_OPERATION] = "the operation asked for is",
	[FACT_DESTINATION] = "the address that the site leads to is",
	[FACT_ADDRESS_KIND] = "the address that the site leads to is",
	[FACT_COUNTRY] = "the address that the site leads to belongs to the "
	    "country",
	[FACT_ASN] = "the address that the site leads to belongs to the "
	    "network operator",
	[FACT_SERVER_NAME] = "the site named inside the tunnel is",
	[FACT_PROTOCOL] = "what the tunnel carries is",
	[FACT_METHOD] = "the method of the request is",
	[FACT_SCHEME] = "the address asked for begins with",
	[FACT_PATH] = "the part of the address behind the site's name is",
	[FACT_URL] = "the whole address asked for fits the pattern",
	[FACT_REQUEST_SIZE] = "what is sent to the site is",
	[FACT_BROWSER] = "the browser says that it is",
	[FACT_CLIENT_KIND] = "the program that asks says that it is",
	[FACT_NAVIGATION] = "somebody goes to a page:",
	[FACT_EMBEDDED_IN] = "it is part of a page of"
};

const char *
read_between(size_t at, size_t count, const char *last)
{
	if (at == 0)
		return "";
	return at + 1 < count ? ", " : last;
}

void
read_date(FILE *out, int64_t day)
{
	static const char *const months[] = { "January", "February", "March",
	    "April", "May", "June", "July", "August", "September", "October",
	    "November", "December" };
	char text[16];
	unsigned year = 0, month = 1, of_month = 1;

	date_print(day, text);
	if (sscanf(text, "%u-%u-%u", &year, &month, &of_month) == 3 &&
	    month >= 1 && month <= 12)
		(void)fprintf(out, "%u %s %u", of_month, months[month - 1],
		    year);
	else
		(void)fputs(text, out);
}

static const char *
kind_words(uint64_t kind)
{
	switch ((enum address_kind)kind) {
	case ADDRESS_PUBLIC:
		return "a public one on the internet";
	case ADDRESS_LOOPBACK:
		return "the gateway's own computer (loopback)";
	case ADDRESS_PRIVATE:
		return "a private one (inside an organisation's network)";
	case ADDRESS_LINK_LOCAL:
		return "a link-local one (the nearest network only)";
	case ADDRESS_SHARED:
		return "a shared one (inside a provider's network)";
	case ADDRESS_MULTICAST:
		return "a multicast one";
	case ADDRESS_UNSPECIFIED:
		return "the unspecified one";
	case ADDRESS_DOCUMENTATION:
		return "one kept for documentation";
	case ADDRESS_RESERVED:
		return "a reserved one";
	case ADDRESS_SELF:
		return "the gateway's own";
	}
	return "of an unknown kind";
}

static void
read_dates(FILE *out, const struct value *v)
{
	bool from = strncmp(v->text, "from ", 5) == 0;

	if (strncmp(v->text, "before ", 7) == 0) {
		(void)fputs("before ", out);
		read_date(out, (int64_t)v->high + 1);
		return;
	}
	if (from || v->low != v->high)
		(void)fputs("from ", out);
	read_date(out, (int64_t)v->low);
	if (from)
		(void)fputs(" on", out);
	else if (v->low != v->high) {
		(void)fputs(" to ", out);
		read_date(out, (int64_t)v->high);
	}
}

void
read_host(FILE *out, const struct value *v)
{
	const char *name = v->name != NULL ? v->name : v->text;

	if (v->op == VALUE_EXACT)
		(void)fprintf(out, "%s alone", name);
	else if (v->op == VALUE_BELOW)
		(void)fprintf(out, "every site below %s (not that itself)",
		    name);
	else if (v->op == VALUE_GLOB)
		(void)fprintf(out, "every site whose name looks like \"%s\"",
		    v->text);
	else
		(void)fputs(name, out);
}

/* A host as an alternative in a line. */
static void
read_host_or(FILE *out, const struct value *v)
{
	const char *name = v->name != NULL ? v->name : v->text;

	if (v->op == VALUE_CATEGORY)
		(void)fprintf(out, "one of \"%s\"", name);
	else if (v->op == VALUE_BELOW)
		(void)fprintf(out, "a site below %s (not that itself)",
		    name);
	else if (v->op == VALUE_GLOB)
		(void)fprintf(out, "a site whose name looks like \"%s\"",
		    v->text);
	else
		read_host(out, v);
}

static void
read_path(FILE *out, const struct value *v)
{
	if (v->op == VALUE_EXACT)
		(void)fprintf(out, "\"%s\" alone", v->name);
	else if (v->op == VALUE_GLOB)
		(void)fprintf(out, "something that looks like \"%s\"",
		    v->name);
	else
		(void)fprintf(out, "\"%s\" or something below it", v->name);
}

static void
read_network(FILE *out, const struct value *v)
{
	bool one = v->network.prefix ==
	    (strchr(v->text, ':') != NULL ? 128 : 32);

	if (v->op == VALUE_NETWORKS)
		(void)fprintf(out, "in the network \"%s\"", v->name);
	else
		(void)fprintf(out, "%s%s", one || strchr(v->text, '/') == NULL
		    ? "" : "in the network ", v->text);
}

static void
read_browser(FILE *out, const struct value *v)
{
	if (strcmp(v->name, "legacy") == 0) {
		(void)fputs("one that the list of browsers calls old", out);
		return;
	}
	(void)fputs(v->name, out);
	if (v->low > 0)
		(void)fprintf(out, " after version %" PRIu64, v->low - 1);
	else if (v->high < UINT32_MAX)
		(void)fprintf(out, " before version %" PRIu64, v->high + 1);
}

static const char *
client_words(const char *kind)
{
	return strcmp(kind, "app") == 0 ? "an app" :
	    strcmp(kind, "system") == 0 ? "the operating system itself" :
	    strcmp(kind, "tool") == 0 ? "a tool" :
	    strcmp(kind, "bot") == 0 ? "a bot" : "a browser";
}

static void
read_value(FILE *out, enum fact fact, const struct value *v)
{
	switch (fact) {
	case FACT_CLIENT:
	case FACT_DESTINATION:
		read_network(out, v);
		return;
	case FACT_BROWSER:
		read_browser(out, v);
		return;
	case FACT_CLIENT_KIND:
		(void)fputs(client_words(v->text), out);
		return;
	case FACT_NAVIGATION:
		(void)fputs(strcmp(v->text, "yes") == 0 ? "certainly" :
		    strcmp(v->text, "no") == 0 ? "not at all" : v->text, out);
		return;
	case FACT_HOST:
	case FACT_SERVER_NAME:
	case FACT_EMBEDDED_IN:
		read_host_or(out, v);
		return;
	case FACT_DATE:
		read_dates(out, v);
		return;
	case FACT_ADDRESS_KIND:
		(void)fputs(kind_words(v->low), out);
		return;
	case FACT_PATH:
		read_path(out, v);
		return;
	case FACT_PORT:
		if (v->low != v->high)
			(void)fprintf(out, "between %" PRIu64 " and %" PRIu64,
			    v->low, v->high);
		else
			(void)fputs(v->text, out);
		return;
	case FACT_SCHEME:
		(void)fprintf(out, "%s:", v->text);
		return;
	case FACT_CATEGORY:
	case FACT_HOURS:
	case FACT_LISTENER:
		(void)fprintf(out, "\"%s\"", v->name);
		return;
	case FACT_PROTOCOL:
		(void)fputs(strcmp(v->text, "other") == 0 ?
		    "something other than these" : v->text, out);
		return;
	case FACT_REQUEST_SIZE:
		/* "over 50 MB" reads as it stands */
		(void)fprintf(out, "%s", v->text);
		return;
	default:
		(void)fputs(v->text, out);
		return;
	}
}

static const char *
other_protocol(const struct line *line)
{
	return line->fact == FACT_PROTOCOL && line->value_count == 1 &&
	    strcmp(line->values[0].text, "other") == 0 ?
	    " neither TLS nor HTTP nor WebSocket" : NULL;
}

void
read_line(FILE *out, const struct line *line)
{
	const char *begin = begins[line->fact];
	const char *other = other_protocol(line);

	if (begin != NULL)
		(void)fputs(begin, out);
	else
		(void)fprintf(out, "%s is", fact_says(line->fact));
	if (other != NULL) {
		(void)fputs(other, out);
		return;
	}
	for (size_t i = 0; i < line->value_count; i++) {
		(void)fputs(i == 0 ? " " : read_between(i, line->value_count,
		    " or "), out);
		read_value(out, line->fact, &line->values[i]);
	}
}

static const char *
day_words(const char *text)
{
	static const struct { const char *word, *says; } days[] = {
		{ "mon", "Monday" }, { "tue", "Tuesday" },
		{ "wed", "Wednesday" }, { "thu", "Thursday" },
		{ "fri", "Friday" }, { "sat", "Saturday" },
		{ "sun", "Sunday" }
	};

	for (size_t i = 0; i < COUNT_OF(days); i++)
		if (strncasecmp(text, days[i].word, 3) == 0)
			return days[i].says;
	return "?";
}

void
read_hours_entry(FILE *out, const char *text)
{
	bool first = true;

	while (*text != '\0') {
		size_t n = strcspn(text, " ");

		if (text[0] >= '0' && text[0] <= '9')
			(void)fprintf(out, "%sfrom %.5s to %.5s", first ?
			    "every day " : " ", text, text + 6);
		else if (strncmp(text, "daily", n) == 0)
			(void)fprintf(out, "%severy day", first ? "" : ", ");
		else if (n == 3)
			(void)fprintf(out, "%s%s", first ? "" : ", ",
			    day_words(text));
		else
			(void)fprintf(out, "%s%s to %s", first ? "" : ", ",
			    day_words(text), day_words(text + 4));
		first = false;
		text += n;
		text += *text == ' ';
	}
}

const char *
read_depth(enum record_depth depth)
{
	switch (depth) {
	case DEPTH_CATEGORY:
		return "the category of the site, but not its name";
	case DEPTH_HOST:
		return "the name of the site, but not which page of it";
	case DEPTH_PATH:
		return "the site and the page, without what follows a "
		    "question mark";
	case DEPTH_URL:
		return "the whole address, with passwords, keys and search "
		    "terms taken out";
	case DEPTH_ACTIVITY:
		return "the whole address, with passwords, keys and search "
		    "terms taken out, and what was done there";
	}
	return "?";
}

const char *
read_as(enum record_as as)
{
	switch (as) {
	case AS_NAME:
		return "names the person or the address of their computer";
	case AS_PSEUDONYM:
		return "has a pseudonym, changed each month, in place of the "
		    "person and their address";
	case AS_COUNT_ONLY:
		return "names nobody, and nothing in it leads back to a "
		    "person";
	}
	return "?";
}
