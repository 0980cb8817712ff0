/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status.c - what `gatebook status` shows.  Made by hand at each question;
 * nothing is kept but the totals of the last seconds.
 */
#include "daemon/status.h"

#include "daemon/reload.h"
#include "lib/clock.h"
#include "lib/macros.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *
number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *
utc(uint64_t wall_us)
{
	char text[28];

	clock_format_utc(wall_us, text);
	return json_string(text);
}

/* A line "Name:   123 kB" of a file of /proc/PID; 0 if there is none. */
static uint64_t
proc_kib(pid_t pid, const char *file, const char *name)
{
	char path[64], text[4096];
	const char *at;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[n > 0 ? (size_t)n : 0] = '\0';
	at = strstr(text, name);
	return at != NULL ? strtoull(at + strlen(name), NULL, 10) : 0;
}

/* What it costs: shared pages counted in part where the kernel says. */
static json_t *
memory(pid_t pid)
{
	uint64_t kib = proc_kib(pid, "smaps_rollup", "\nPss:");

	if (kib == 0)
		kib = proc_kib(pid, "status", "\nVmRSS:");
	return number(kib);
}

static const char *
state_name(enum child_state state)
{
	switch (state) {
	case CHILD_STARTING:
		return "starting";
	case CHILD_RUNNING:
		return "running";
	case CHILD_DRAINING:
		return "draining";
	case CHILD_KILLED:
		return "killed";
	}
	return "unknown";
}

static json_t *
child_json(const struct child *child)
{
	json_t *json = json_object();
	const struct stats *slot = child->slot == NO_SLOT ? NULL :
	    &child->parent->stats->slot[child->slot];

	json_object_set_new(json, "kind",
	    json_string(child_kind_name(child->kind)));
	json_object_set_new(json, "number", number(child->number));
	json_object_set_new(json, "pid", number((uint64_t)child->pid));
	json_object_set_new(json, "state",
	    json_string(state_name(child->state)));
	json_object_set_new(json, "user", json_string(child->user.name));
	json_object_set_new(json, "user_by_number",
	    json_boolean(child->user.by_number));
	json_object_set_new(json, "uptime_s",
	    number((clock_mono_us() - child->born_us) / 1000000));
	json_object_set_new(json, "memory_kib", memory(child->pid));
	json_object_set_new(json, "confinement",
	    json_string(child->confinement));
	json_object_set_new(json, "restarts",
	    number(child->seat != NULL ? child->seat->restarts : 0));
	if (slot == NULL)
		return json;
	json_object_set_new(json, "connections",
	    number(atomic_load(&slot->connections_open)));
	json_object_set_new(json, "requests",
	    number(atomic_load(&slot->requests)));
	json_object_set_new(json, "requests_running",
	    number(atomic_load(&slot->requests_running)));
	json_object_set_new(json, "unlisted_calls",
	    number(atomic_load(&slot->unlisted_calls)));
	return json;
}

static json_t *
processes_json(const struct parent *parent)
{
	json_t *list = json_array();
	json_t *own = json_object();

	json_object_set_new(own, "kind", json_string("parent"));
	json_object_set_new(own, "number", number(0));
	json_object_set_new(own, "pid", number((uint64_t)getpid()));
	json_object_set_new(own, "state", json_string("running"));
	json_object_set_new(own, "user",
	    json_string(geteuid() == 0 ? "root" : parent->users.log.name));
	json_object_set_new(own, "uptime_s",
	    number((clock_wall_us() - parent->since_us) / 1000000));
	json_object_set_new(own, "memory_kib", memory(getpid()));
	json_object_set_new(own, "confinement",
	    json_string("none: reads nothing from the network"));
	json_object_set_new(own, "restarts", number(0));
	json_array_append_new(list, own);
	for (const struct child *child = parent->children; child != NULL;
	    child = child->next)
		json_array_append_new(list, child_json(child));
	return list;
}

static json_t *
totals_json(const struct stats *total)
{
	json_t *json = json_object();

#define STAT(field, kind, name, sentence) \
	json_object_set_new(json, #field, number(atomic_load(&total->field)));
	STATS_TABLE(STAT)
#undef STAT
	json_object_set_new(json, "latency_us",
	    number(atomic_load(&total->latency_us)));
	return json;
}

void
status_tick(struct parent *parent)
{
	struct rates *rates = &parent->rates;

	rates->at_us[rates->next] = clock_mono_us();
	stats_total(parent->stats, &rates->total[rates->next]);
	rates->next = (rates->next + 1) % COUNT_OF(rates->at_us);
	if (rates->filled < COUNT_OF(rates->at_us))
		rates->filled++;
}

static void
add_rate(json_t *json, const char *name, uint64_t now, uint64_t then,
    double seconds)
{
	double rate = now > then ? (double)(now - then) / seconds : 0;

	json_object_set_new(json, name, json_real(rate));
}

static json_t *
rates_json(const struct parent *parent, const struct stats *now)
{
	const struct rates *rates = &parent->rates;
	json_t *json = json_object();
	const struct stats *then;
	unsigned oldest;
	double seconds;

	if (rates->filled == 0)
		return json;
	oldest = rates->filled < COUNT_OF(rates->at_us) ? 0 : rates->next;
	then = &rates->total[oldest];
	seconds = (double)(clock_mono_us() - rates->at_us[oldest]) / 1e6;
	if (seconds < 0.001)
		return json;
	json_object_set_new(json, "seconds", json_real(seconds));
#define RATE_COUNTER(field) add_rate(json, #field, now->field, then->field, \
	seconds);
#define RATE_GAUGE(field)
#define STAT(field, kind, name, sentence) RATE_##kind(field)
	STATS_TABLE(STAT)
#undef STAT
	return json;
}

static const char *
condition_name(uint32_t condition)
{
	switch ((enum logstate_condition)condition) {
	case LOGSTATE_STARTING:
		return "starting";
	case LOGSTATE_GOOD:
		return "good";
	case LOGSTATE_FULL:
		return "full";
	case LOGSTATE_BROKEN:
		return "broken";
	}
	return "unknown";
}

static json_t *
log_json(const struct parent *parent, const struct stats *total)
{
	const struct logstate *log = parent->logstate;
	json_t *json = json_object();

	json_object_set_new(json, "condition",
	    json_string(condition_name(atomic_load(&log->condition))));
	json_object_set_new(json, "since", utc(atomic_load(&log->since_us)));
	json_object_set_new(json, "folder",
	    json_sprintf("%s/log", parent->settings->data_folder));
	json_object_set_new(json, "sequence",
	    number(atomic_load(&log->sequence)));
	json_object_set_new(json, "segment",
	    number(atomic_load(&log->segment)));
	json_object_set_new(json, "offset", number(atomic_load(&log->offset)));
	json_object_set_new(json, "synced", number(atomic_load(&log->synced)));
	json_object_set_new(json, "lag_bytes", number(total->log_lag_records));
	json_object_set_new(json, "unsynced_us",
	    number(total->log_unsynced_us));
	json_object_set_new(json, "refused",
	    number(atomic_load(&log->refused)));
	json_object_set_new(json, "uncounted",
	    number(atomic_load(&log->uncounted)));
	json_object_set_new(json, "tables_waiting",
	    number(parent->books->count));
	return json;
}

static json_t *
listeners_json(const struct parent *parent)
{
	const struct listeners *listeners = parent->listeners;
	json_t *list = json_array();
	char where[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < listeners->count; i++) {
		const struct listener *listener = &listeners->item[i];

		(void)address_print_port(&listener->address, where);
		json_array_append_new(list, json_pack(
		    "{s:s, s:s, s:b, s:b, s:i}", "name", listener->name,
		    "address", where, "proxy_protocol",
		    listener->proxy_protocol ? 1 : 0, "from_systemd",
		    listener->given ? 1 : 0, "sockets", (int)listener->fds));
	}
	if (listeners->admin.fds > 0) {
		(void)address_print_port(&listeners->admin.address, where);
		json_array_append_new(list, json_pack("{s:s, s:s}", "name",
		    "admin", "address", where));
	}
	return list;
}

static json_t *
policy_json(const struct parent *parent)
{
	const struct snapshot *snapshot = &parent->snapshot;
	json_t *json = json_object();

	json_object_set_new(json, "name", json_string(snapshot->name));
	json_object_set_new(json, "version", json_string(snapshot->version));
	json_object_set_new(json, "file",
	    json_string(parent->settings->policy_file));
	json_object_set_new(json, "loaded_at", utc(snapshot->loaded_us));
	json_object_set_new(json, "reloading",
	    json_boolean(is_reloading(parent->reload)));
	return json;
}

static json_t *
limits_json(const struct parent *parent)
{
	const struct settings *settings = parent->settings;

	return json_pack("{s:I, s:I, s:I, s:I, s:I}",
	    "open_files", (json_int_t)parent->nofile,
	    "client_max", (json_int_t)settings->client_max,
	    "client_max_address", (json_int_t)settings->client_max_address,
	    "inflight_cells", (json_int_t)settings->log_inflight_cells,
	    "ring_bytes", (json_int_t)settings->log_ring_size);
}

static const char *
phase_name(enum phase phase)
{
	if (phase < PHASE_RUNNING)
		return "starting";
	return phase == PHASE_RUNNING ? "running" : "stopping";
}

json_t *
status_json(struct parent *parent)
{
	json_t *json = json_object();
	struct stats total;

	stats_total(parent->stats, &total);
	json_object_set_new(json, "version", json_string(GATEBOOK_VERSION));
	json_object_set_new(json, "node", json_string(parent->node));
	json_object_set_new(json, "since", utc(parent->since_us));
	json_object_set_new(json, "state",
	    json_string(phase_name(parent->phase)));
	json_object_set_new(json, "settings",
	    json_string(parent->settings_path));
	json_object_set_new(json, "unlisted_calls",
	    number(total.unlisted_calls));
	json_object_set_new(json, "policy", policy_json(parent));
	json_object_set_new(json, "processes", processes_json(parent));
	json_object_set_new(json, "totals", totals_json(&total));
	json_object_set_new(json, "rates", rates_json(parent, &total));
	json_object_set_new(json, "log", log_json(parent, &total));
	json_object_set_new(json, "listeners", listeners_json(parent));
	json_object_set_new(json, "limits", limits_json(parent));
	return json;
}
