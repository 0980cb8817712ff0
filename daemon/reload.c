/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reload.c - see reload.h.
 *
 *   IDLE -> LOADING -> OFFERING --------------> IDLE   (policy only)
 *                  \-> REPLACING one by one ---> IDLE   (settings of workers)
 *
 * What is tried stands in struct trial until it is put in force; a trial that
 * fails is thrown away and nothing has changed.
 */
#include "daemon/reload.h"

#include "daemon/announce.h"
#include "daemon/family.h"
#include "daemon/names.h"
#include "daemon/oplog.h"
#include "daemon/trial.h"
#include "daemon/watched.h"
#include "lib/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND_US UINT64_C(1000000)
#define OFFER_US (30 * SECOND_US)
#define RETIRED_MAX 4
#define FILES_POLL_US (10 * SECOND_US)

enum reload_state {
	RELOAD_IDLE,
	RELOAD_LOADING,
	RELOAD_OFFERING,
	RELOAD_REPLACING
};

struct reload {
	struct parent *parent;
	enum reload_state state;
	bool again;		/* asked for while one was under way */
	bool first;		/* of this life: nothing is in force yet */
	char why[256];
	struct reload_asker asker;
	bool has_asker;
	struct trial trial;
	struct trial before;	/* what was in force, while replacing */
	uint64_t last_number;
	uint64_t deadline_us;
	unsigned at;		/* worker being replaced */
	char complaint[512];	/* the first error, for the record */
	struct watched country;	/* GeoIP files */
	struct watched asn;
	struct names names;	/* what the workers read about names */
	uint64_t next_poll_us;
};

static void reload_fail(struct reload *reload, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void successor_failed(struct reload *reload, struct seat *seat);

struct reload *
reload_new(struct parent *parent)
{
	struct reload *reload = calloc(1, sizeof(*reload));

	if (reload == NULL)
		report_bug("out of memory");
	reload->parent = parent;
	trial_init(&reload->trial);
	trial_init(&reload->before);
	return reload;
}

void
reload_free(struct reload **reload)
{
	struct reload *gone = *reload;

	if (gone == NULL)
		return;
	*reload = NULL;
	trial_clear(&gone->trial);
	trial_clear(&gone->before);
	free(gone);
}

bool
is_reloading(const struct reload *reload)
{
	return reload->state != RELOAD_IDLE;
}

void
reload_forget_asker(struct reload *reload, const void *arg)
{
	if (reload->has_asker && reload->asker.arg == arg)
		reload->has_asker = false;
}

/* --- words and records --------------------------------------------------- */

static void
say(struct reload *reload, enum report_level level, const char *line)
{
	if (level == REPORT_ERROR && reload->complaint[0] == '\0')
		(void)snprintf(reload->complaint, sizeof(reload->complaint),
		    "%s", line);
	report(level, "%s", line);
	if (reload->has_asker)
		reload->asker.say(reload->asker.arg, level, line);
}

static void
on_complaint(void *arg, const char *file, unsigned line, const char *message)
{
	char words[1024];

	if (line > 0)
		(void)snprintf(words, sizeof(words), "%s:%u: %s", file, line,
		    message);
	else
		(void)snprintf(words, sizeof(words), "%s: %s", file, message);
	say(arg, REPORT_ERROR, words);
}

static void
record_policy(struct reload *reload, enum record_kind kind, const char *why)
{
	struct parent *parent = reload->parent;
	struct record *record = events_begin(parent->events);
	bool refused = kind == RECORD_KIND_POLICY_REJECT;
	const struct settings *settings = reload->trial.settings != NULL ?
	    reload->trial.settings : parent->settings;

	record_text(record, RECORD_REASON_F, why);
	record_text(record, RECORD_FILE_PATH_F, settings->policy_file);
	record_text(record, RECORD_RULESET_F, parent->snapshot.name);
	record_text(record, RECORD_RULE_VERSION_F, parent->snapshot.version);
	record_text(record, RECORD_OUTCOME_F, refused ? "failure" : "success");
	if (refused && reload->complaint[0] != '\0')
		record_text(record, RECORD_ERROR_MESSAGE_F, reload->complaint);
	events_send(parent->events, kind);
}

static void
end_asking(struct reload *reload, bool good, const char *message)
{
	if (reload->has_asker)
		reload->asker.done(reload->asker.arg, good, message);
	reload->has_asker = false;
}

static void
become_idle(struct reload *reload)
{
	struct parent *parent = reload->parent;

	reload->state = RELOAD_IDLE;
	reload->first = false;
	trial_clear(&reload->trial);
	trial_clear(&reload->before);
	parent->try_settings_fd = -1;
	parent->try_policy_fd = -1;
	oplog_check(parent->oplog);
	if (parent->phase == PHASE_RUNNING)
		announce_reloaded();
	if (reload->again && !is_stopping(parent)) {
		reload->again = false;
		reload_begin(parent, "asked again while a reload ran", NULL);
	}
}

static void
reload_fail(struct reload *reload, const char *fmt, ...)
{
	struct parent *parent = reload->parent;
	char words[640];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	if (reload->first) {
		reload->state = RELOAD_IDLE;
		trial_clear(&reload->trial);
		family_fail(parent, words);
		return;
	}
	report(REPORT_ERROR, "reload: %s; what ran before stays in force",
	    words);
	record_policy(reload, RECORD_KIND_POLICY_REJECT, words);
	end_asking(reload, false, words);
	become_idle(reload);
}

static void
reload_succeed(struct reload *reload, bool new_version)
{
	struct parent *parent = reload->parent;
	char words[640];

	(void)snprintf(words, sizeof(words), "policy %s version %s is in force",
	    parent->snapshot.name[0] != '\0' ? parent->snapshot.name :
	    parent->settings->policy_file, parent->snapshot.version);
	report(REPORT_INFO, "reload: %s (%s)", words, reload->why);
	if (new_version)
		record_policy(reload, RECORD_KIND_POLICY_LOAD, reload->why);
	record_policy(reload, RECORD_KIND_RELOAD, reload->why);
	end_asking(reload, true, words);
	become_idle(reload);
}

/* --- LOADING ------------------------------------------------------------- */

static void
start_loader(struct reload *reload)
{
	struct parent *parent = reload->parent;
	const struct settings *settings = reload->trial.settings != NULL ?
	    reload->trial.settings : parent->settings;

	reload->state = RELOAD_LOADING;
	reload->complaint[0] = '\0';
	reload->trial.snapshot.number = ++reload->last_number;
	watched_loaded(&reload->country, settings->geoip_country);
	watched_loaded(&reload->asn, settings->geoip_asn);
	if (child_start(parent, CHILD_LOADER, 0, NULL) == NULL)
		reload_fail(reload, "the policy loader could not be started");
}

void
reload_first(struct parent *parent)
{
	struct reload *reload = parent->reload;

	reload->first = true;
	(void)snprintf(reload->why, sizeof(reload->why), "start");
	names_loaded(&reload->names, parent->settings);
	start_loader(reload);
}

void
reload_begin(struct parent *parent, const char *why,
    const struct reload_asker *asker)
{
	struct reload *reload = parent->reload;
	const char *fixed;

	if (parent->phase != PHASE_RUNNING || reload->state != RELOAD_IDLE) {
		if (asker != NULL)
			asker->done(asker->arg, false, "a start or reload is "
			    "under way; try again when it is done");
		else
			reload->again = parent->phase <= PHASE_RUNNING;
		return;
	}
	(void)snprintf(reload->why, sizeof(reload->why), "%s", why);
	reload->complaint[0] = '\0';
	reload->has_asker = asker != NULL;
	if (asker != NULL)
		reload->asker = *asker;
	announce_reloading();
	reload->trial.settings = settings_read(parent->settings_path,
	    on_complaint, reload);
	if (reload->trial.settings == NULL) {
		reload_fail(reload, "the settings in %s are not good",
		    parent->settings_path);
		return;
	}
	reload->trial.touches = settings_compare(parent->settings,
	    reload->trial.settings, &fixed);
	if (fixed != NULL) {
		reload_fail(reload, "the setting %s can only change with a "
		    "stop and a start", fixed);
		return;
	}
	if (names_differ(&reload->names, reload->trial.settings))
		reload->trial.touches |= TOUCHES_WORKERS;
	if (trial_prepare(&reload->trial, parent, on_complaint, reload) != 0) {
		reload_fail(reload, "%s", reload->complaint);
		return;
	}
	parent->try_settings_fd = reload->trial.settings_fd;
	parent->try_policy_fd = reload->trial.policy_fd;
	start_loader(reload);
}

/* --- OFFERING ------------------------------------------------------------ */

static void
offer_to_others(struct parent *parent)
{
	struct snapshot *snapshot = &parent->snapshot;

	for (struct child *child = parent->children; child != NULL;
	    child = child->next)
		if (child->kind == CHILD_WORKER && child->channel != NULL &&
		    child->snapshot_ready != snapshot->number &&
		    child->state != CHILD_KILLED)
			child_offer_snapshot(child, snapshot->fd,
			    snapshot->number);
}

/* Everybody who works by a snapshot of ours has the new one. */
static void
put_in_force(struct reload *reload)
{
	struct parent *parent = reload->parent;
	bool new_version = strcmp(parent->snapshot.version,
	    reload->trial.snapshot.version) != 0;

	trial_swap(&reload->trial, parent);
	for (struct child *child = parent->children; child != NULL;
	    child = child->next)
		if (child->kind == CHILD_WORKER && child->channel != NULL &&
		    child->snapshot_ready == parent->snapshot.number)
			child_use_snapshot(child, parent->snapshot.number);
	offer_to_others(parent);
	trial_restart_others(reload->trial.touches, parent);
	reload_succeed(reload, new_version);
}

static void
check_offered(struct reload *reload)
{
	if (reload->state != RELOAD_OFFERING)
		return;
	for (const struct child *child = reload->parent->children;
	    child != NULL; child = child->next)
		if (child->kind == CHILD_WORKER &&
		    child->state == CHILD_RUNNING &&
		    child->snapshot_ready != reload->trial.snapshot.number)
			return;
	put_in_force(reload);
}

static void
offer(struct reload *reload)
{
	reload->state = RELOAD_OFFERING;
	reload->deadline_us = clock_mono_us() + OFFER_US;
	for (struct child *child = reload->parent->children; child != NULL;
	    child = child->next)
		if (child->kind == CHILD_WORKER &&
		    child->state == CHILD_RUNNING && child->channel != NULL)
			child_offer_snapshot(child, reload->trial.snapshot.fd,
			    reload->trial.snapshot.number);
	check_offered(reload);
}

/* --- REPLACING ----------------------------------------------------------- */

static void
take_back(struct reload *reload)
{
	trial_swap(&reload->before, reload->parent);
	trial_clear(&reload->before);
	reload_fail(reload, "the first worker with the new settings did not "
	    "come up");
}

static void
finish_replacing(struct reload *reload)
{
	struct parent *parent = reload->parent;
	bool new_version = strcmp(parent->snapshot.version,
	    reload->before.snapshot.version) != 0;

	for (unsigned i = parent->worker_count; i < WORKERS_MAX; i++)
		seat_leave(&parent->worker[i], parent->settings->drain_max);
	trial_restart_others(reload->before.touches, parent);
	reload_succeed(reload, new_version);
}

/* Reload after reload would pile up workers that drain: the oldest must go. */
static void
hurry_retired(struct parent *parent, unsigned number)
{
	unsigned retired = 0;

	for (struct child *child = parent->children; child != NULL;
	    child = child->next)
		if (child->kind == CHILD_WORKER && child->number == number &&
		    child->state == CHILD_DRAINING &&
		    ++retired >= RETIRED_MAX)
			child_drain(child, 0);
}

static void
replace_next(struct reload *reload)
{
	struct parent *parent = reload->parent;
	struct seat *seat;

	if (reload->at >= parent->worker_count) {
		finish_replacing(reload);
		return;
	}
	seat = &parent->worker[reload->at];
	seat_cancel(seat);
	hurry_retired(parent, seat->number);
	seat->successor = child_start(parent, CHILD_WORKER, seat->number,
	    seat);
	if (seat->successor == NULL)
		successor_failed(reload, seat);
}

static void
start_replacing(struct reload *reload)
{
	reload->state = RELOAD_REPLACING;
	reload->at = 0;
	/* Until the first new worker stands, all this can be taken back. */
	reload->before.touches = reload->trial.touches;
	trial_swap(&reload->trial, reload->parent);
	trial_clear(&reload->before);
	reload->before = reload->trial;
	trial_init(&reload->trial);
	/* Also if it is taken back: trying again waits for the next change. */
	names_loaded(&reload->names, reload->parent->settings);
	replace_next(reload);
}

void
reload_worker_ready(struct child *child)
{
	struct reload *reload = child->parent->reload;
	struct seat *seat = child->seat;
	struct child *old;

	if (seat == NULL || seat->successor != child)
		return;
	old = seat->current;
	seat->current = child;
	seat->successor = NULL;
	if (old != NULL) {
		old->seat = NULL;
		child_drain(old, child->parent->settings->drain_max);
	}
	if (reload->state != RELOAD_REPLACING)
		return;
	if (reload->at == 0)
		offer_to_others(child->parent);
	reload->at++;
	replace_next(reload);
}

/* A successor died before it was READY: child's seat keeps whom it has. */
static void
successor_failed(struct reload *reload, struct seat *seat)
{
	struct parent *parent = reload->parent;

	seat->successor = NULL;
	if (reload->state != RELOAD_REPLACING) {
		if (seat->current == NULL)
			seat_fill(seat);
		return;
	}
	if (reload->at == 0) {
		take_back(reload);
	} else {
		trial_restart_others(reload->before.touches, parent);
		reload_fail(reload, "worker %u with the new settings did not "
		    "come up; %u workers run by the new settings",
		    seat->number, reload->at);
	}
	if (seat->current == NULL)
		seat_fill(seat);
}

/* --- what happened ------------------------------------------------------- */

/* It has said all it has to say. */
static void
loader_ends(struct child *child)
{
	child->state = CHILD_DRAINING;
	child_deadline(child, 5 * SECOND_US, "it did not end in time");
}

static void
took_loaded(struct reload *reload, struct child *child,
    struct message *message)
{
	struct parent *parent = reload->parent;
	struct snapshot *snapshot = &reload->trial.snapshot;
	const char *version = message_get_string(message);
	const char *name = message_get_string(message);
	int seals = message->fd >= 0 ? fcntl(message->fd, F_GET_SEALS) : -1;
	int needed = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;

	if (!message_end(message) || seals < 0 || (seals & needed) != needed) {
		child_kill(child, "its snapshot is not sealed");
		return;
	}
	loader_ends(child);
	snapshot->fd = message->fd;
	message->fd = -1;
	(void)snprintf(snapshot->version, sizeof(snapshot->version), "%s",
	    version);
	(void)snprintf(snapshot->name, sizeof(snapshot->name), "%s", name);
	snapshot->loaded_us = clock_wall_us();
	if (reload->first) {
		parent->snapshot = *snapshot;
		snapshot->fd = -1;
		record_policy(reload, RECORD_KIND_POLICY_LOAD, "start");
		become_idle(reload);
		family_loaded(parent);
	} else if ((reload->trial.touches & TOUCHES_WORKERS) != 0) {
		start_replacing(reload);
	} else {
		offer(reload);
	}
}

static void
took_snapshot_answer(struct reload *reload, struct child *child,
    struct message *message)
{
	struct parent *parent = reload->parent;
	bool ready = message->type == MESSAGE_SNAPSHOT_READY;
	uint64_t number = message_get_u64(message);
	const char *why = ready ? "" : message_get_string(message);
	char who[64];

	if (!message_end(message)) {
		child_kill(child, "it sent a broken message");
		return;
	}
	if (!ready)
		report(REPORT_ERROR, "%s cannot use the policy: %s",
		    child_words(child, who), why);
	if (ready)
		child->snapshot_ready = number;
	if (number == parent->snapshot.number) {
		if (ready)
			child_use_snapshot(child, number);
		else if (!child->started)
			child_kill(child, "it cannot use the policy");
	} else if (reload->state == RELOAD_OFFERING &&
	    number == reload->trial.snapshot.number) {
		if (ready)
			check_offered(reload);
		else
			reload_fail(reload, "%s cannot use it: %s",
			    child_words(child, who), why);
	}
}

void
reload_took(struct child *child, struct message *message)
{
	struct reload *reload = child->parent->reload;
	uint32_t level;

	switch ((int)message->type) {
	case MESSAGE_LOAD_MESSAGE:
		level = message_get_u32(message);
		say(reload, level <= REPORT_DEBUG ?
		    (enum report_level)level : REPORT_INFO,
		    message_get_string(message));
		break;
	case MESSAGE_LOADED:
		if (reload->state == RELOAD_LOADING)
			took_loaded(reload, child, message);
		break;
	case MESSAGE_LOAD_FAILED:
		loader_ends(child);
		if (reload->state == RELOAD_LOADING && reload->first)
			reload_fail(reload, "the policy is not good; what is "
			    "wrong stands above");
		else if (reload->state == RELOAD_LOADING)
			reload_fail(reload, "the policy is not good%s%s",
			    reload->complaint[0] != '\0' ? ": " : "",
			    reload->complaint);
		break;
	default:
		took_snapshot_answer(reload, child, message);
		break;
	}
}

void
reload_loader_ended(struct child *child, const char *how)
{
	struct reload *reload = child->parent->reload;

	if (child->state == CHILD_DRAINING)
		return;		/* it had answered; this load is another's */
	if (reload->state == RELOAD_LOADING && !is_stopping(child->parent))
		reload_fail(reload, "the policy loader: %s before it was "
		    "done", how);
}

void
reload_successor_gone(struct child *child)
{
	successor_failed(child->parent->reload, child->seat);
}

static void
poll_files(struct reload *reload)
{
	const struct settings *settings = reload->parent->settings;
	bool country = watched_changed(&reload->country,
	    settings->geoip_country);
	bool asn = watched_changed(&reload->asn, settings->geoip_asn);
	bool names = names_changed(&reload->names, settings);

	if (country || asn)
		reload_begin(reload->parent, "a GeoIP file has changed", NULL);
	else if (names)
		reload_begin(reload->parent, "the resolvers, the hosts file or "
		    "the trust anchor have changed", NULL);
}

void
reload_tick(struct parent *parent)
{
	struct reload *reload = parent->reload;
	uint64_t now = clock_mono_us();

	if (parent->phase != PHASE_RUNNING)
		return;
	if (reload->state == RELOAD_OFFERING) {
		check_offered(reload);
		if (reload->state == RELOAD_OFFERING &&
		    now >= reload->deadline_us)
			reload_fail(reload, "a worker did not answer");
	}
	if (reload->state == RELOAD_IDLE && now >= reload->next_poll_us) {
		reload->next_poll_us = now + FILES_POLL_US;
		poll_files(reload);
	}
}

void
reload_abandon(struct parent *parent)
{
	struct reload *reload = parent->reload;

	end_asking(reload, false, "gatebook ends");
	reload->again = false;
	reload->state = RELOAD_IDLE;
	trial_clear(&reload->trial);
	trial_clear(&reload->before);
	parent->try_settings_fd = -1;
	parent->try_policy_fd = -1;
}
