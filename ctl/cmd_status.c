/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_status.c - `gatebook status`: the answer of the parent as a page. */
#include "ctl/control.h"
#include "ctl/options.h"
#include "ctl/paint.h"

#include "logging/log_query.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *
text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value != NULL ? value : "-";
}

static uint64_t
number(const json_t *object, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(object, key));

	return n > 0 ? (uint64_t)n : 0;
}

static double
rate(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static void
heading(bool colours, const char *words)
{
	(void)fputc('\n', stdout);
	paint(stdout, colours, PAINT_BOLD, words);
	(void)fputc('\n', stdout);
}

/* "2026-03-02T09:00:00.000007Z" as local time. */
static void
local_time(const char *utc, char out[32])
{
	uint64_t us;
	time_t seconds;
	struct tm tm;

	(void)snprintf(out, 32, "%.30s", utc);
	if (!log_time_read(utc, strlen(utc), &us))
		return;
	seconds = (time_t)(us / 1000000);
	if (localtime_r(&seconds, &tm) != NULL)
		(void)strftime(out, 32, "%Y-%m-%d %H:%M:%S", &tm);
}

static void
print_head(bool colours, const json_t *s)
{
	const char *state = text(s, "state");
	const json_t *policy = json_object_get(s, "policy");
	char since[32];

	local_time(text(s, "since"), since);
	(void)fputs("gatebook ", stdout);
	paint(stdout, colours, PAINT_PLAIN, text(s, "version"));
	(void)fputs(" on ", stdout);
	paint(stdout, colours, PAINT_BOLD, text(s, "node"));
	(void)fputs(": ", stdout);
	paint(stdout, colours, strcmp(state, "running") == 0 ? PAINT_GOOD :
	    PAINT_WARN, state);
	(void)printf(", since %s\n", since);
	(void)fputs("settings  ", stdout);
	paint(stdout, colours, PAINT_PLAIN, text(s, "settings"));
	(void)fputs("\npolicy    ", stdout);
	paint(stdout, colours, PAINT_PLAIN, text(policy, "file"));
	(void)fputs("  \"", stdout);
	paint(stdout, colours, PAINT_PLAIN, text(policy, "name"));
	(void)fputs("\"\n", stdout);
	local_time(text(policy, "loaded_at"), since);
	if (text(policy, "version")[0] == '\0') {
		(void)fputs("          not loaded yet\n", stdout);
		return;
	}
	(void)fputs("          ", stdout);
	paint(stdout, colours, PAINT_DIM, text(policy, "version"));
	(void)printf("\n          loaded %s%s\n", since,
	    json_is_true(json_object_get(policy, "reloading")) ?
	    "; a reload is under way" : "");
}

static void
print_listeners(bool colours, const json_t *list)
{
	size_t i;
	json_t *item;

	heading(colours, "Listeners");
	json_array_foreach(list, i, item) {
		(void)fputs("  ", stdout);
		paint(stdout, colours, PAINT_PLAIN, text(item, "name"));
		(void)fputs("  ", stdout);
		paint(stdout, colours, PAINT_PLAIN, text(item, "address"));
		if (json_is_true(json_object_get(item, "proxy_protocol")))
			(void)fputs("  PROXY protocol", stdout);
		if (json_is_true(json_object_get(item, "from_systemd")))
			(void)fputs("  from systemd", stdout);
		(void)fputc('\n', stdout);
	}
}

static void
print_process(bool colours, const json_t *p)
{
	const char *state = text(p, "state");
	char name[64], memory[16], age[24];
	uint64_t unlisted = number(p, "unlisted_calls");

	if (strcmp(text(p, "kind"), "worker") == 0)
		(void)snprintf(name, sizeof(name), "worker %" PRIu64,
		    number(p, "number"));
	else
		(void)snprintf(name, sizeof(name), "%.40s", text(p, "kind"));
	paint_bytes(number(p, "memory_kib") * 1024, memory);
	paint_duration(number(p, "uptime_s") * 1000000, age);
	(void)printf("  %-10s %8" PRIu64 "  ", name, number(p, "pid"));
	paint(stdout, colours, strcmp(state, "running") == 0 ? PAINT_GOOD :
	    PAINT_WARN, state);
	(void)printf("%*s  %8s  %-12s %3" PRIu64 "  ",
	    strlen(state) < 8 ? (int)(8 - strlen(state)) : 0, "", memory, age,
	    number(p, "restarts"));
	paint(stdout, colours, PAINT_PLAIN, text(p, "confinement"));
	if (unlisted > 0) {
		(void)snprintf(name, sizeof(name), "  %" PRIu64
		    " unlisted calls refused", unlisted);
		paint(stdout, colours, PAINT_WARN, name);
	}
	(void)fputc('\n', stdout);
}

static void
print_processes(bool colours, const json_t *list)
{
	size_t i;
	json_t *item;

	heading(colours, "Processes");
	paint(stdout, colours, PAINT_DIM, "  name            pid  state      "
	    " memory  up           re-starts, confinement");
	(void)fputc('\n', stdout);
	json_array_foreach(list, i, item)
		print_process(colours, item);
}

static void
print_traffic(bool colours, const json_t *total, const json_t *rates)
{
	char up[16], down[16];

	heading(colours, "Traffic");
	(void)printf("  connections  %" PRIu64 " open, %" PRIu64
	    " accepted (%.1f a second), %" PRIu64 " refused by a limit\n",
	    number(total, "connections_open"),
	    number(total, "connections_accepted"),
	    rate(rates, "connections_accepted"),
	    number(total, "connections_shed"));
	(void)printf("  exchanges    %" PRIu64 " running (%" PRIu64
	    " tunnels), %" PRIu64 " ended (%.1f a second)\n",
	    number(total, "requests_running"), number(total, "tunnels_open"),
	    number(total, "requests"), rate(rates, "requests"));
	(void)printf("  verdicts     %" PRIu64 " let through, %" PRIu64
	    " denied, %" PRIu64 " refused as malformed; report-only rules "
	    "held for %" PRIu64 "\n", number(total, "verdict_audit"),
	    number(total, "verdict_deny"), number(total, "refused_requests"),
	    number(total, "verdict_would"));
	(void)printf("  outcomes     %" PRIu64 " good, %" PRIu64 " faults, %"
	    PRIu64 " refusals\n", number(total, "outcome_success"),
	    number(total, "outcome_failure"), number(total, "outcome_denied"));
	paint_bytes(number(total, "bytes_from_clients"), up);
	paint_bytes(number(total, "bytes_to_clients"), down);
	(void)printf("  bytes        %s from clients, %s to clients\n", up,
	    down);
	(void)printf("  origins      %" PRIu64 " connections opened, %" PRIu64
	    " kept, %" PRIu64 " reused, %" PRIu64 " failed; %" PRIu64
	    " names asked for, %" PRIu64 " not found\n",
	    number(total, "upstream_connects"), number(total, "upstream_idle"),
	    number(total, "upstream_reuses"),
	    number(total, "upstream_failures"), number(total, "dns_queries"),
	    number(total, "dns_failures"));
}

static void
print_log(bool colours, const json_t *log, const json_t *total)
{
	const char *condition = text(log, "condition");
	char size[16], since[32], age[24];

	heading(colours, "Audit log");
	(void)fputs("  condition    ", stdout);
	paint(stdout, colours, strcmp(condition, "good") == 0 ? PAINT_GOOD :
	    PAINT_BAD, condition);
	local_time(text(log, "since"), since);
	(void)printf(" since %s\n  folder       ", since);
	paint(stdout, colours, PAINT_PLAIN, text(log, "folder"));
	paint_bytes(number(log, "offset"), size);
	(void)printf("\n  position     record %" PRIu64 ", file %" PRIu64
	    " at %s; on disk below record %" PRIu64 "\n",
	    number(log, "sequence"), number(log, "segment"), size,
	    number(log, "synced"));
	paint_bytes(number(log, "lag_bytes"), size);
	paint_duration(number(log, "unsynced_us"), age);
	(void)printf("  lag          %s waiting for the writer; oldest record "
	    "not on disk %s\n", size, age);
	(void)printf("  refused      %" PRIu64 " requests because of the log, %"
	    PRIu64 " exchanges let through uncounted\n",
	    number(total, "log_refused"), number(log, "uncounted"));
}

static void
print_status(const json_t *s)
{
	bool colours = paint_wanted(stdout);
	const json_t *total = json_object_get(s, "totals");

	print_head(colours, s);
	print_listeners(colours, json_object_get(s, "listeners"));
	print_processes(colours, json_object_get(s, "processes"));
	print_traffic(colours, total, json_object_get(s, "rates"));
	print_log(colours, json_object_get(s, "log"), total);
}

static int
run(const struct ctl_command *self, int argc, char **argv)
{
	struct instance instance;
	struct options options;
	int status = options_read(self, argc, argv, true, NULL, &options);
	json_t *last;

	if (status >= 0)
		return status;
	if (instance_find(options.conf, true, &instance) != 0)
		return CTL_FAILED;
	last = control_ask(&instance, json_pack("{s:s}", "command", "status"),
	    NULL, 30, &status);
	if (last == NULL)
		return status;
	status = control_status(last);
	if (status == CTL_OK && options.json) {
		(void)json_dumpf(last, stdout, JSON_INDENT(2) |
		    JSON_ENSURE_ASCII);
		(void)fputc('\n', stdout);
	} else if (status == CTL_OK) {
		print_status(last);
	}
	json_decref(last);
	return status;
}

const struct ctl_command command_status = { "status", "[--json] [-c FILE]",
    "Show processes, connections, rates, memory, confinement and the log.",
    "  --json  the same as one JSON object\n", run };
