/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve_setup.c - a libunbound context made ready from the dns.* settings.
 *
 * The library wants its orders in this order: options, trust anchor,
 * forwarders, hosts file, and only then zones and data, since each of those two
 * closes the door for the ones before.
 */
#include "proxy/resolve_setup.h"

#include "lib/macros.h"
#include "lib/report.h"

#include <unbound.h>
#include <unbound-event.h>

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_A 1
#define CLASS_IN 1

/* A name that the library answers by itself, from RFC 6761. */
#define WARM_UP_NAME "gatebook.invalid"

struct option {
	const char *name;
	const char *value;
};

static const struct option options[] = {
	{ "do-daemonize:", "no" },
	{ "use-syslog:", "no" },
	/* A resolver on this machine is as good as any other. */
	{ "do-not-query-localhost:", "no" },
	/* Questions on their way at once, each on a port of its own; more wait
	 * inside the library. */
	{ "outgoing-range:", "256" },
	{ "outgoing-num-tcp:", "16" },
	{ "msg-cache-size:", "4m" },
	{ "rrset-cache-size:", "8m" },
	/* A resolver that was away is asked again soon, not after the quarter
	 * of an hour that is the default. */
	{ "infra-host-ttl:", "60" },
	{ "infra-keep-probing:", "yes" },
	{ "infra-cache-max-rtt:", "4000" },
};

/* What the library says while it is set up goes here, to be reported with our
 * own words. */
struct setup {
	struct ub_ctx *ub;
	FILE *log;
	char *log_text;
	size_t log_size;
};

/* The last line that the library wrote, without its time stamp; "" if none. */
static const char *
last_words(struct setup *s)
{
	char *line, *colon;

	if (s->log == NULL || fflush(s->log) != 0 || s->log_text == NULL)
		return "";
	while (s->log_size > 0 && s->log_text[s->log_size - 1] == '\n')
		s->log_text[--s->log_size] = '\0';
	line = strrchr(s->log_text, '\n');
	line = line != NULL ? line + 1 : s->log_text;
	colon = strstr(line, "error: ");
	return colon != NULL ? colon + strlen("error: ") : line;
}

/* Report that a setting could not be used; always -1. */
static int
refuse(struct setup *s, const char *setting, const char *value, int error)
{
	const char *words = last_words(s);

	report(REPORT_ERROR, "%s %s cannot be used: %s%s%s. Please correct it "
	    "in proxy.conf.", setting, value, ub_strerror(error),
	    words[0] != '\0' ? ": " : "", words);
	return -1;
}

static int
set_options(struct setup *s, const struct settings *settings)
{
	size_t i;
	int error;

	for (i = 0; i < COUNT_OF(options); i++) {
		error = ub_ctx_set_option(s->ub, options[i].name,
		    options[i].value);
		if (error != 0) {
			report(REPORT_ERROR, "the DNS library does not take "
			    "\"%s %s\": %s", options[i].name,
			    options[i].value, ub_strerror(error));
			return -1;
		}
	}
	/* Without a trust anchor the validator would only cost time. */
	error = ub_ctx_set_option(s->ub, "module-config:",
	    settings->dns_dnssec ? "validator iterator" : "iterator");
	if (error != 0) {
		report(REPORT_ERROR, "the DNS library cannot validate: %s",
		    ub_strerror(error));
		return -1;
	}
	return 0;
}

static int
set_resolvers(struct setup *s, const struct settings *settings)
{
	const struct settings_list *forward = &settings->dns_forward;
	size_t i;
	int error;

	if (forward->count == 0) {
		error = ub_ctx_resolvconf(s->ub, NULL);
		if (error != 0) {
			report(REPORT_ERROR, "the resolvers cannot be read "
			    "from /etc/resolv.conf: %s. Please name them with "
			    "dns.forward.", ub_strerror(error));
			return -1;
		}
	}
	for (i = 0; i < forward->count; i++) {
		error = ub_ctx_set_fwd(s->ub, forward->item[i]);
		if (error != 0)
			return refuse(s, "dns.forward", forward->item[i],
			    error);
	}
	return 0;
}

static int
set_files(struct setup *s, const struct settings *settings)
{
	int error;

	if (settings->dns_dnssec) {
		error = ub_ctx_add_ta_file(s->ub, settings->dns_anchor);
		if (error != 0)
			return refuse(s, "dns.anchor", settings->dns_anchor,
			    error);
	}
	if (settings->dns_hosts != NULL && settings->dns_hosts[0] != '\0') {
		error = ub_ctx_hosts(s->ub, settings->dns_hosts);
		if (error != 0)
			return refuse(s, "dns.hosts", settings->dns_hosts,
			    error);
	}
	return 0;
}

static int
add_zone(struct setup *s, const char *item)
{
	size_t name_length = strcspn(item, " \t");
	const char *type = item + name_length;
	char *name;
	int error;

	type += strspn(type, " \t");
	if (name_length == 0 || *type == '\0') {
		report(REPORT_ERROR, "dns.zone %s cannot be used: it needs a "
		    "name and a type, for example \"dns.zone ads.example "
		    "always_nxdomain\".", item);
		return -1;
	}
	name = strndup(item, name_length);
	if (name == NULL)
		return -1;
	/* "nodefault" is a word of the library's file, not of its functions:
	 * it takes one of the built-in zones away. */
	if (strcmp(type, "nodefault") == 0)
		error = ub_ctx_zone_remove(s->ub, name);
	else
		error = ub_ctx_zone_add(s->ub, name, type);
	free(name);
	return error == 0 ? 0 : refuse(s, "dns.zone", item, error);
}

static int
add_local(struct setup *s, const struct settings *settings)
{
	size_t i;
	int error;

	for (i = 0; i < settings->dns_zone.count; i++) {
		if (add_zone(s, settings->dns_zone.item[i]) == -1)
			return -1;
	}
	for (i = 0; i < settings->dns_data.count; i++) {
		error = ub_ctx_data_add(s->ub, settings->dns_data.item[i]);
		if (error != 0)
			return refuse(s, "dns.data",
			    settings->dns_data.item[i], error);
	}
	return 0;
}

static void
on_warm_up(void *arg, int rcode, void *packet, int length, int security,
    char *why_bogus, int was_ratelimited)
{
	(void)arg;
	(void)rcode;
	(void)packet;
	(void)length;
	(void)security;
	(void)why_bogus;
	(void)was_ratelimited;
}

/* The first question sets up what the library has put off: random numbers,
 * trust anchors, local zones. */
static int
warm_up(struct setup *s)
{
	int error = ub_resolve_event(s->ub, WARM_UP_NAME, TYPE_A, CLASS_IN,
	    NULL, on_warm_up, NULL);

	if (error == 0)
		return 0;
	report(REPORT_ERROR, "the DNS library does not start: %s%s%s. Please "
	    "check the dns settings in proxy.conf and the files they name.",
	    ub_strerror(error), last_words(s)[0] != '\0' ? ": " : "",
	    last_words(s));
	return -1;
}

struct ub_ctx *
resolve_setup(struct event_base *base, const struct settings *settings)
{
	struct setup s = { NULL, NULL, NULL, 0 };
	int result = -1;

	s.ub = ub_ctx_create_event(base);
	if (s.ub == NULL) {
		report(REPORT_ERROR, "the DNS library cannot be set up: out "
		    "of memory");
		return NULL;
	}
	s.log = open_memstream(&s.log_text, &s.log_size);
	if (s.log != NULL)
		(void)ub_ctx_debugout(s.ub, s.log);
	if (set_options(&s, settings) == 0 && set_files(&s, settings) == 0 &&
	    set_resolvers(&s, settings) == 0 &&
	    add_local(&s, settings) == 0 && warm_up(&s) == 0)
		result = 0;
	/* From here on the library is silent: what a peer can provoke must not
	 * fill the operator's log, and what matters comes with the answers. */
	(void)ub_ctx_debugout(s.ub, NULL);
	if (s.log != NULL)
		fclose(s.log);
	free(s.log_text);
	if (result == -1) {
		ub_ctx_delete(s.ub);
		s.ub = NULL;
	}
	return s.ub;
}
