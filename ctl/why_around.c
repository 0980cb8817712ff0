/* SPDX-License-Identifier: Apache-2.0 */
/*
 * why_around.c - one computer in a span of minutes: what went wrong, in groups
 * of the same cause; else that all went well; else that nothing came, and what
 * that can mean.
 */
#include "ctl/why.h"

#include "ctl/ctl.h"
#include "ctl/log_ask.h"
#include "ctl/paint.h"
#include "lib/clock.h"
#include "lib/macros.h"
#include "lib/name.h"
#include "logging/log_query.h"
#include "policy/source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RECORDS_MAX 20000	/* asked for */
#define GROUPS_MAX 200		/* kept */
#define GROUPS_SHOWN 8
#define HOSTS_MAX 2000
#define NEAR_MAX 5
#define SEEN_SLOTS 65536	/* well above RECORDS_MAX, a power of two */

/* Troubles with the same cause at the same host. */
struct group {
	struct finding newest;
	unsigned count;
};

struct view {
	const char *host;	/* "": all */
	struct group *groups;
	size_t group_count;
	unsigned more_groups;	/* that found no room */
	char **hosts;
	size_t host_count;
	unsigned records;	/* lines that came */
	unsigned requests;	/* exchanges that fit */
	unsigned others;	/* exchanges with other hosts */
	unsigned bad;
	uint64_t *seen;		/* references met */
	bool failed;		/* no memory */
};

/* --- taking records in -------------------------------------------------------- */

/* Whether the exchange was met before (its end comes before its beginning). */
static bool
is_seen(struct view *v, const char *reference)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	size_t at;

	if (reference[0] == '\0')
		return false;
	for (const char *p = reference; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	hash |= hash == 0;
	for (at = (hash ^ hash >> 32) & (SEEN_SLOTS - 1); v->seen[at] != 0;
	    at = (at + 1) & (SEEN_SLOTS - 1))
		if (v->seen[at] == hash)
			return true;
	v->seen[at] = hash;
	return false;
}

static void
add_host(struct view *v, const char *host)
{
	if (host[0] == '\0' || v->host_count == HOSTS_MAX)
		return;
	for (size_t i = 0; i < v->host_count; i++)
		if (strcmp(v->hosts[i], host) == 0)
			return;
	v->hosts[v->host_count] = strdup(host);
	if (v->hosts[v->host_count] == NULL)
		v->failed = true;
	else
		v->host_count++;
}

static bool
is_same(const struct finding *a, const struct finding *b)
{
	return strcmp(a->outcome, b->outcome) == 0 &&
	    strcmp(a->host, b->host) == 0 && strcmp(a->rule, b->rule) == 0 &&
	    a->status == b->status && a->port == b->port;
}

static void
add_trouble(struct view *v, const struct finding *f)
{
	v->bad++;
	for (size_t i = 0; i < v->group_count; i++)
		if (is_same(&v->groups[i].newest, f)) {
			v->groups[i].count++;
			return;
		}
	if (v->group_count == GROUPS_MAX) {
		v->more_groups++;
		return;
	}
	v->groups[v->group_count].newest = *f;
	v->groups[v->group_count++].count = 1;
}

static bool
on_record(void *arg, const char *line, size_t length, bool more)
{
	static struct finding f;
	struct view *v = arg;

	(void)more;
	v->records++;
	if (!finding_read(line, length, &f) || !finding_is_exchange(&f) ||
	    is_seen(v, f.reference))
		return true;
	add_host(v, f.host);
	if (v->host[0] != '\0' && !name_has_suffix(f.host, strlen(f.host),
	    v->host, strlen(v->host))) {
		v->others++;
		return true;
	}
	v->requests++;
	if (!finding_is_good(&f))
		add_trouble(v, &f);
	return !v->failed;
}

/* --- near spellings -------------------------------------------------------------- */

/* How far a host or one of the names above it is from what was typed; 99: too
 * far. */
static unsigned
farness(const char *typed, const char *host)
{
	unsigned best = 99;

	while (host != NULL && strchr(host, '.') != NULL) {
		struct nearest near = { .word = typed };

		nearest_try(&near, host);
		if (near.best != NULL && near.distance < best)
			best = near.distance;
		host = strchr(host, '.');
		host = host == NULL ? NULL : host + 1;
	}
	return best;
}

/* The longest label but the last of a name: what people remember of it. */
static void
main_label(const char *name, char out[64])
{
	size_t best = 0;

	out[0] = '\0';
	for (const char *dot; (dot = strchr(name, '.')) != NULL;
	    name = dot + 1) {
		size_t n = (size_t)(dot - name);

		if (n <= best || n >= 64)
			continue;
		memcpy(out, name, n);
		out[n] = '\0';
		best = n;
	}
}

struct near_host {
	const char *name;
	unsigned far;
};

static int
compare_near(const void *va, const void *vb)
{
	const struct near_host *a = va, *b = vb;

	if (a->far != b->far)
		return a->far < b->far ? -1 : 1;
	return strcmp(a->name, b->name);
}

static size_t
near_hosts(const struct view *v, struct near_host near[HOSTS_MAX])
{
	char label[64];
	size_t count = 0;

	main_label(v->host, label);
	for (size_t i = 0; i < v->host_count; i++) {
		unsigned far = farness(v->host, v->hosts[i]);

		if (far == 99 && strlen(label) >= 4 &&
		    strstr(v->hosts[i], label) != NULL)
			far = 4;
		if (far != 99)
			near[count++] = (struct near_host){ v->hosts[i], far };
	}
	qsort(near, count, sizeof(near[0]), compare_near);
	return count < NEAR_MAX ? count : NEAR_MAX;
}

/* --- whether anybody came -------------------------------------------------------- */

struct company {
	bool anybody;		/* some exchange in that time */
	bool stopped;		/* gatebook stopped, started or broke */
	char what[40];
};

static bool
on_company(void *arg, const char *line, size_t length, bool more)
{
	static struct finding f;
	struct company *company = arg;

	(void)more;
	if (!finding_read(line, length, &f))
		return true;
	if (finding_is_exchange(&f))
		company->anybody = true;
	else if (strcmp(f.action, "stop") == 0 ||
	    strcmp(f.action, "start") == 0 || strcmp(f.action, "gap") == 0 ||
	    strcmp(f.action, "recovered") == 0) {
		company->stopped = true;
		(void)snprintf(company->what, sizeof(company->what), "%s",
		    f.action);
	}
	return true;
}

static bool
set_times(json_t *request, uint64_t since_us, uint64_t until_us)
{
	char text[LOG_TIME];

	clock_format_utc(since_us, text);
	(void)json_object_set_new(request, "since", json_string(text));
	clock_format_utc(until_us, text);
	return json_object_set_new(request, "until", json_string(text)) == 0;
}

static int
find_company(struct why *why, uint64_t since_us, uint64_t until_us,
    struct company *company)
{
	json_t *request = why_request(why, "search");
	char message[512];

	(void)set_times(request, since_us, until_us);
	(void)json_object_set_new(request, "limit", json_integer(1000));
	return log_ask(&why->instance, request, on_company, company, message);
}

/* --- saying it ------------------------------------------------------------------- */

static void
span_print(uint64_t since_us, uint64_t until_us, char out[208])
{
	char from[64], to[64], day[64];
	time_t seconds = (time_t)(since_us / 1000000);
	struct tm tm;

	why_time(since_us, false, from);
	why_time(until_us, false, to);
	day[0] = '\0';
	if (localtime_r(&seconds, &tm) != NULL)
		(void)strftime(day, sizeof(day), "%A %d %B %Y", &tm);
	(void)snprintf(out, 208, "%s to %s on %s", from, to, day);
}

static int
say_nothing(struct why *why, const struct view *v, const char *client,
    const char *span, const struct company *company)
{
	char title[512], means[1024], todo[512], now[64];
	uint64_t us = clock_wall_us();

	why_time(us, true, now);
	(void)snprintf(title, sizeof(title), "Nothing from %s reached gatebook",
	    client);
	if (v->host[0] != '\0' && v->others > 0)
		(void)snprintf(title, sizeof(title), "%s asked for nothing at "
		    "%s", client, v->host);
	if (v->host[0] != '\0' && v->others > 0)
		(void)snprintf(means, sizeof(means), "In that time %u requests "
		    "for other sites came from there, so the computer uses "
		    "gatebook. The name may be another than was said, the "
		    "browser may have the page from its own store, or it goes "
		    "around the proxy for this site.", v->others);
	else if (company->anybody)
		(void)snprintf(means, sizeof(means), "Others got through in "
		    "that time, so gatebook was working. Either the browser or "
		    "program did not use the proxy; or its requests came from "
		    "another address (a VPN, a second network card, IPv6, a "
		    "shared address); or the caller's clock differs; or the "
		    "policy keeps no address for what they did (records under "
		    "a pseudonym are not found by address).");
	else
		(void)snprintf(means, sizeof(means), "Nobody's requests were "
		    "recorded in that time%s%s%s. If others were at work "
		    "then, gatebook was not reached at all: it was not "
		    "running, or the network in front of it was down.",
		    company->stopped ? ", and the log says \"" : "",
		    company->what, company->stopped ? "\"" : "");
	(void)snprintf(todo, sizeof(todo), "Compare clocks: this one says %s. "
	    "Have the caller try again now and ask with --around now. Check "
	    "the proxy settings and the address of their computer.", now);
	if (why->json)
		return why_put_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, "
		    "s:b}", "client", client, "span", span, "title", title,
		    "means", means, "do", todo, "requests", 0,
		    "others_got_through", company->anybody), CTL_FAILED);
	paint(stdout, why->colours, PAINT_BOLD, title);
	(void)printf("\n\n");
	why_put("When", span, 0);
	why_put("What it means", means, 0);
	why_put("What to do", todo, 0);
	return CTL_FAILED;
}

static int
say_near(struct why *why, const struct view *v, const char *client,
    const char *span, const struct near_host *near, size_t count)
{
	char text[1600] = "";
	size_t used = 0;

	if (why->json) {
		json_t *list = json_array();

		for (size_t i = 0; i < count; i++)
			(void)json_array_append_new(list,
			    json_string(near[i].name));
		return why_put_json(json_pack("{s:s, s:s, s:s, s:i, s:o}",
		    "client", client, "span", span, "host", v->host,
		    "requests", 0, "near", list), CTL_FAILED);
	}
	for (size_t i = 0; i < count && used < 1200; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		    "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ",
		    near[i].name);
	(void)snprintf(text + used, sizeof(text) - used, "? Ask again with "
	    "--host and that name.");
	paint(stdout, why->colours, PAINT_BOLD, "No request for a site of "
	    "that name");
	(void)printf("\n\n");
	why_put("When", span, 0);
	why_put("Was it perhaps", text, 0);
	return CTL_FAILED;
}

/* Rules and faults of ours before sites' own errors, newest first in each. */
static int
compare_groups(const void *va, const void *vb)
{
	const struct group *a = va, *b = vb;
	bool site_a = strcmp(a->newest.outcome, "complete") == 0;
	bool site_b = strcmp(b->newest.outcome, "complete") == 0;

	if (site_a != site_b)
		return site_a ? 1 : -1;
	if (a->newest.time_us != b->newest.time_us)
		return a->newest.time_us > b->newest.time_us ? -1 : 1;
	return 0;
}

static void
put_group(struct why *why, const struct group *g)
{
	struct cause_words words;
	char text[400], when[64];

	why_words(why, &g->newest, &words);
	why_time(g->newest.time_us, false, when);
	(void)putchar('\n');
	paint(stdout, why->colours, PAINT_BOLD, words.title);
	(void)printf("\n");
	if (g->newest.host[0] != '\0')
		why_put("Site", g->newest.host, 2);
	(void)snprintf(text, sizeof(text), g->count == 1 ? "at %s" :
	    "last at %s, %u times in all", when, g->count);
	why_put("When", text, 2);
	if (g->newest.reference[0] != '\0')
		why_put("Reference", g->newest.reference, 2);
	why_put_words(why, &words, 2);
}

static int
say_json(struct why *why, const struct view *v, const char *client,
    const char *span, bool cut)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->group_count; i++) {
		struct cause_words words;
		json_t *one;

		why_words(why, &v->groups[i].newest, &words);
		one = why_json(&v->groups[i].newest, &words);
		(void)json_object_set_new(one, "count",
		    json_integer(v->groups[i].count));
		(void)json_array_append_new(list, one);
	}
	return why_put_json(json_pack("{s:s, s:s, s:i, s:i, s:b, s:o}",
	    "client", client, "span", span, "requests", (int)v->requests,
	    "troubled", (int)v->bad, "cut", cut, "troubles", list), CTL_OK);
}

static int
say_found(struct why *why, struct view *v, const char *client,
    const char *span)
{
	bool cut = v->records >= RECORDS_MAX;
	char text[256];
	size_t shown;

	if (v->group_count > 1)
		qsort(v->groups, v->group_count, sizeof(v->groups[0]),
		    compare_groups);
	if (why->json)
		return say_json(why, v, client, span, cut);
	(void)printf("%s, %s\n", client, span);
	(void)snprintf(text, sizeof(text), "%u request%s%s%s; %u of them ran "
	    "into something.", v->requests, v->requests == 1 ? "" : "s",
	    v->host[0] != '\0' ? " for " : "", v->host, v->bad);
	(void)puts(text);
	if (cut)
		(void)puts("There were more than could be looked at; the newest "
		    "are told.  Narrow it with --host.");
	shown = v->group_count < GROUPS_SHOWN ? v->group_count : GROUPS_SHOWN;
	for (size_t i = 0; i < shown; i++)
		put_group(why, &v->groups[i]);
	if (v->group_count + v->more_groups > shown)
		(void)printf("\nAnd %zu other kinds of trouble; narrow it with "
		    "--host.\n", v->group_count + v->more_groups - shown);
	if (v->bad == 0) {
		(void)putchar('\n');
		why_put("What happened", "All of it went through as it should, "
		    "as far as the gateway can see. It does not see into "
		    "encrypted connections.", 0);
		why_put("What to do", "The fault is with the site, the browser "
		    "or the computer: try another browser, and the site "
		    "later.", 0);
		why_put("Whom to ring", "Whoever looks after the caller's "
		    "computer, if other sites fail too.", 0);
	}
	return CTL_OK;
}

/* --- all of it ---------------------------------------------------------------------- */

static int
look(struct why *why, struct view *v, const char *client, uint64_t since_us,
    uint64_t until_us)
{
	static struct near_host near[HOSTS_MAX];
	struct company company = { .anybody = false };
	json_t *request = why_request(why, "search");
	char message[512], span[208];
	size_t count;
	int status;

	(void)set_times(request, since_us, until_us);
	(void)json_object_set_new(request, "client", json_string(client));
	(void)json_object_set_new(request, "limit", json_integer(RECORDS_MAX));
	status = log_ask(&why->instance, request, on_record, v, message);
	if (v->failed)
		ctl_say("out of memory");
	if (status != CTL_OK)
		return status;
	span_print(since_us, until_us, span);
	if (v->requests > 0)
		return say_found(why, v, client, span);
	count = v->host[0] != '\0' ? near_hosts(v, near) : 0;
	if (count > 0)
		return say_near(why, v, client, span, near, count);
	if (v->others == 0) {
		status = find_company(why, since_us, until_us, &company);
		if (status != CTL_OK)
			return status;
	}
	return say_nothing(why, v, client, span, &company);
}

int
why_around(struct why *why, const char *client, const char *host,
    uint64_t since_us, uint64_t until_us)
{
	struct view view = { .host = host };
	int status = CTL_FAILED;

	view.groups = calloc(GROUPS_MAX, sizeof(*view.groups));
	view.hosts = calloc(HOSTS_MAX, sizeof(*view.hosts));
	view.seen = calloc(SEEN_SLOTS, sizeof(*view.seen));
	if (view.groups != NULL && view.hosts != NULL && view.seen != NULL)
		status = look(why, &view, client, since_us, until_us);
	else
		ctl_say("out of memory");
	for (size_t i = 0; i < view.host_count; i++)
		free(view.hosts[i]);
	free(view.hosts);
	free(view.groups);
	free(view.seen);
	return status;
}
