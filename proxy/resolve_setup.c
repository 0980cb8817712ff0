/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve_setup.c - a libunbound context made ready from the dns.* settings.
 *
 * Everything is said before the first question: that one closes the door.
 */
#include "proxy/resolve_setup.h"

#include "lib/macros.h"
#include "lib/report.h"

#include <unbound.h>
#include <unbound-event.h>

#include <sys/mman.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* Report that a setting could not be used; always -1.  The number alone is not
 * to be believed: bad data is "out of memory" to the library. */
static int
refuse(struct setup *s, const char *setting, const char *value, int error)
{
	const char *words = last_words(s);

	report(REPORT_ERROR, "%s %s cannot be used: %s. Please correct it in "
	    "proxy.conf.", setting, value,
	    words[0] != '\0' ? words : ub_strerror(error));
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
		/* The library opens it later, and then does not say why. */
		error = access(settings->dns_anchor, R_OK) == 0 ?
		    ub_ctx_add_ta_file(s->ub, settings->dns_anchor) :
		    UB_READFILE;
		if (error != 0)
			return refuse(s, "dns.anchor", settings->dns_anchor,
			    error);
	}
	if (settings->dns_hosts != NULL && settings->dns_hosts[0] != '\0') {
		error = ub_ctx_hosts(s->ub, settings->dns_hosts);
		if (error == UB_SYNTAX) {
			report(REPORT_ERROR, "dns.hosts %s cannot be used: it "
			    "has a line that is not an address followed by "
			    "names. Please correct that line.",
			    settings->dns_hosts);
			return -1;
		}
		if (error != 0)
			return refuse(s, "dns.hosts", settings->dns_hosts,
			    error);
	}
	return 0;
}

/* Have the library read one line as if from a file of its own.  Its functions
 * for zones and data will not do: a zone that is added by them hides the data of
 * the zone around it (seen with 1.17.1), and some types it knows only in a file. */
static int
read_line(struct setup *s, const char *setting, const char *value,
    const char *line)
{
	char path[64];
	int fd = memfd_create("dns", MFD_CLOEXEC), error;

	if (fd == -1 || dprintf(fd, "server:\n\t%s\n", line) < 0) {
		report(REPORT_ERROR, "%s %s cannot be handed to the DNS "
		    "library: %s", setting, value, strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	error = ub_ctx_config(s->ub, path);
	close(fd);
	return error == 0 ? 0 : refuse(s, setting, value, error);
}

/* Whether a value can stand in the library's file between double quotes. */
static bool
is_plain(const char *setting, const char *value)
{
	const char *p;

	for (p = value; *p != '\0'; p++) {
		if (*p < ' ' || *p > '~' || *p == '"') {
			report(REPORT_ERROR, "%s %s cannot be used: it may "
			    "hold no quotation mark and only ASCII.", setting,
			    value);
			return false;
		}
	}
	return true;
}

static int
add_zone(struct setup *s, const char *item)
{
	size_t name_length = strcspn(item, " \t");
	const char *type = item + name_length;
	char line[1024];

	type += strspn(type, " \t");
	if (name_length == 0 || !settings_zone_type(type) ||
	    strlen(item) > sizeof(line) - 64) {
		report(REPORT_ERROR, "dns.zone %s cannot be used.", item);
		return -1;
	}
	if (!is_plain("dns.zone", item))
		return -1;
	snprintf(line, sizeof(line), "local-zone: \"%.*s\" \"%s\"",
	    (int)name_length, item, type);
	return read_line(s, "dns.zone", item, line);
}

static int
add_data(struct setup *s, const char *item)
{
	char line[1024];

	if (!is_plain("dns.data", item))
		return -1;
	if (strlen(item) > sizeof(line) - 64) {
		report(REPORT_ERROR, "dns.data %s cannot be used: it is too "
		    "long.", item);
		return -1;
	}
	snprintf(line, sizeof(line), "local-data: \"%s\"", item);
	return read_line(s, "dns.data", item, line);
}

static int
add_local(struct setup *s, const struct settings *settings)
{
	size_t i;

	for (i = 0; i < settings->dns_zone.count; i++) {
		if (add_zone(s, settings->dns_zone.item[i]) == -1)
			return -1;
	}
	for (i = 0; i < settings->dns_data.count; i++) {
		if (add_data(s, settings->dns_data.item[i]) == -1)
			return -1;
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
	const char *words;

	if (error == 0)
		return 0;
	words = last_words(s);
	report(REPORT_ERROR, "the DNS library does not start: %s. Please "
	    "check the dns settings in proxy.conf and the files they name.",
	    words[0] != '\0' ? words : ub_strerror(error));
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
