/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_access.c - who asks, what they may see, and what the helpdesk gets of
 * a line.  Groups are looked up once, before the process is confined; which of
 * them somebody is in is asked of the kernel at each connection.
 */
#include "logging/reader.h"

#include "lib/macros.h"
#include "lib/report.h"
#include "logging/line_read.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAMES_MAX 4096
#define GROUPS_MAX 65536	/* as many as the kernel allows */

/* Names of local users, to put a word beside a number in the record. */
struct reader_names {
	size_t count;
	struct {
		uid_t uid;
		char name[33];
	} user[NAMES_MAX];
};

/* What the helpdesk sees: the cause of a trouble and the host it was with.  No
 * path, no query, no agent, no person, no client and no sentence made of them. */
static const char *const desk_fields[] = {
	"@timestamp", "log.level", "event.sequence", "event.kind",
	"event.category", "event.type", "event.action", "event.outcome",
	"event.provider", "event.code", "event.reason", "event.start",
	"event.end", "event.duration",
	"destination.domain", "destination.ip", "destination.port",
	"destination.geo.country_iso_code", "destination.as.number",
	"network.transport", "network.protocol",
	"url.scheme", "url.domain", "url.port",
	"http.request.method", "http.response.status_code",
	"tls.client.server_name",
	"rule.id", "rule.category", "rule.ruleset", "rule.version",
	"observer.name", "error.code", "error.message",
	"gatebook.reference", "gatebook.decision", "gatebook.stage",
	"gatebook.rule.file", "gatebook.rule.line",
	"gatebook.list.file", "gatebook.list.line", "gatebook.list.entry",
	"gatebook.report_only", "gatebook.report_only.count",
	"gatebook.outcome", "gatebook.listener", "gatebook.parent",
	"gatebook.dns.answers", "gatebook.dns.security",
	"gatebook.upstream.attempts", "gatebook.address_kind",
	"gatebook.time.dns_us", "gatebook.time.connect_us",
	"gatebook.time.first_byte_us", "gatebook.tls.inspection",
	"gatebook.tls.name_mismatch", "gatebook.tls.ech"
};

static void
read_names(struct reader_names *names)
{
	FILE *in = fopen("/etc/passwd", "re");
	struct passwd *user;

	if (in == NULL)
		return;
	while (names->count < NAMES_MAX && (user = fgetpwent(in)) != NULL) {
		if (strlen(user->pw_name) >= sizeof(names->user[0].name))
			continue;
		names->user[names->count].uid = user->pw_uid;
		(void)snprintf(names->user[names->count].name,
		    sizeof(names->user[0].name), "%s", user->pw_name);
		names->count++;
	}
	(void)fclose(in);
}

static bool
find_group(const char *name, gid_t *gid)
{
	struct group *group;

	if (name == NULL || name[0] == '\0')
		return false;
	group = getgrnam(name);
	if (group == NULL) {
		report(REPORT_INFO, "there is no group %s; nobody reads the log "
		    "as one of its members", name);
		return false;
	}
	*gid = group->gr_gid;
	return true;
}

void
reader_access_init(struct reader_access *access,
    const struct settings *settings)
{
	memset(access, 0, sizeof(*access));
	access->owner = geteuid();
	access->has_auditor = find_group(settings->group_auditor,
	    &access->auditor);
	access->has_desk = find_group(settings->group_desk, &access->desk);
	access->names = calloc(1, sizeof(*access->names));
	if (access->names != NULL)
		read_names(access->names);
}

void
reader_access_clear(struct reader_access *access)
{
	free(access->names);
	access->names = NULL;
}

static void
name_person(const struct reader_access *access, struct reader_person *person)
{
	const struct reader_names *names = access->names;

	(void)snprintf(person->name, sizeof(person->name), "uid %lu",
	    (unsigned long)person->uid);
	for (size_t i = 0; names != NULL && i < names->count; i++) {
		if (names->user[i].uid != person->uid)
			continue;
		(void)snprintf(person->name, sizeof(person->name),
		    "uid %lu (%s)", (unsigned long)person->uid,
		    names->user[i].name);
		return;
	}
}

/* The groups of the peer besides its first; NULL if there are none. */
static gid_t *
peer_groups(int fd, size_t *count)
{
	socklen_t size = 64 * sizeof(gid_t);
	gid_t *groups = malloc(size);

	*count = 0;
	if (groups == NULL)
		return NULL;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0) {
		free(groups);
		/* On ERANGE the kernel says how much it takes. */
		if (size <= 64 * sizeof(gid_t) ||
		    size > GROUPS_MAX * sizeof(gid_t))
			return NULL;
		groups = malloc(size);
		if (groups == NULL)
			return NULL;
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups,
		    &size) != 0) {
			free(groups);
			return NULL;
		}
	}
	*count = size / sizeof(gid_t);
	return groups;
}

static bool
is_member(gid_t wanted, gid_t first, const gid_t *groups, size_t count)
{
	if (first == wanted)
		return true;
	for (size_t i = 0; i < count; i++)
		if (groups[i] == wanted)
			return true;
	return false;
}

static void
grant(struct reader_person *person, enum reader_rights rights, const char *as)
{
	person->rights = rights;
	person->as = as;
}

void
reader_identify(const struct reader_access *access, int fd,
    struct reader_person *person)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	gid_t *groups;
	size_t count;

	memset(person, 0, sizeof(*person));
	grant(person, RIGHTS_NONE, "nobody");
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return;
	person->uid = peer.uid;
	name_person(access, person);
	groups = peer_groups(fd, &count);
	if (peer.uid == 0)
		grant(person, RIGHTS_ALL, "root");
	else if (peer.uid == access->owner)
		grant(person, RIGHTS_ALL, "owner");
	else if (access->has_auditor &&
	    is_member(access->auditor, peer.gid, groups, count))
		grant(person, RIGHTS_ALL, "auditor");
	else if (access->has_desk &&
	    is_member(access->desk, peer.gid, groups, count))
		grant(person, RIGHTS_DESK, "desk");
	free(groups);
}

static bool
is_for_desk(const struct line_field *field)
{
	for (size_t i = 0; i < COUNT_OF(desk_fields); i++)
		if (line_field_is(field, desk_fields[i]))
			return true;
	return false;
}

size_t
reader_desk_line(const char *line, size_t length, char *out)
{
	struct line_walk walk;
	struct line_field field;
	size_t at = 0;

	line_walk_init(&walk, line, length);
	while (line_walk_next(&walk, &field)) {
		const char *start = field.name - 1;
		size_t n = (size_t)(field.end - start);

		if (!is_for_desk(&field))
			continue;
		out[at] = at == 0 ? '{' : ',';
		memcpy(out + at + 1, start, n);
		at += n + 1;
	}
	if (!walk.whole || at == 0)
		return 0;
	out[at++] = '}';
	out[at++] = '\n';
	return at;
}
