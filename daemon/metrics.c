/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.c - see metrics.h.  Pure: pages in, text out.
 */
#include "daemon/metrics.h"

#include "lib/macros.h"

#include <event2/buffer.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HEARTBEAT_US UINT64_C(5000000)

static const char *
kind_name(uint32_t kind)
{
	switch ((enum stats_kind)kind) {
	case STATS_UNUSED:
		break;
	case STATS_WORKER:
		return "worker";
	case STATS_WRITER:
		return "writer";
	case STATS_READER:
		return "reader";
	case STATS_PARENT:
		/* It keeps what processes that are gone have counted. */
		return "parent";
	case STATS_ADMIN:
		return "admin";
	}
	return NULL;
}

/* The label of a slot: by its number in the page too, since two workers of one
 * number live while one replaces the other. */
static const char *
label(const struct stats *slot, uint32_t at, char out[80])
{
	const char *kind = kind_name(atomic_load(&slot->kind));

	if (kind == NULL)
		return NULL;
	(void)snprintf(out, 80, "process=\"%s\",number=\"%" PRIu32
	    "\",slot=\"%" PRIu32 "\"", kind, atomic_load(&slot->number), at);
	return out;
}

static void
print_family(struct evbuffer *out, const struct stats_page *page,
    size_t offset, bool counter, const char *name, const char *help)
{
	char labels[80];

	(void)evbuffer_add_printf(out, "# TYPE gatebook_%s %s\n"
	    "# HELP gatebook_%s %s\n", name, counter ? "counter" : "gauge",
	    name, help);
	for (uint32_t i = 0; i < STATS_SLOTS; i++) {
		const struct stats *slot = &page->slot[i];
		const _Atomic uint64_t *value = (const void *)
		    ((const char *)slot + offset);

		if (label(slot, i, labels) != NULL)
			(void)evbuffer_add_printf(out, "gatebook_%s%s{%s} %"
			    PRIu64 "\n", name, counter ? "_total" : "",
			    labels, atomic_load(value));
	}
}

static void
print_latency(struct evbuffer *out, const struct stats_page *page)
{
	static const char name[] = "gatebook_request_duration_seconds";
	char labels[80];

	(void)evbuffer_add_printf(out, "# TYPE %s histogram\n# UNIT %s seconds\n"
	    "# HELP %s Request latency, tunnels left out.\n", name, name,
	    name);
	for (uint32_t i = 0; i < STATS_SLOTS; i++) {
		const struct stats *slot = &page->slot[i];
		uint64_t sum = 0;

		if (label(slot, i, labels) == NULL ||
		    atomic_load(&slot->kind) == STATS_WRITER ||
		    atomic_load(&slot->kind) == STATS_READER ||
		    atomic_load(&slot->kind) == STATS_ADMIN)
			continue;
		for (unsigned j = 0; j < STATS_BUCKETS; j++) {
			sum += atomic_load(&slot->latency[j]);
			/* 1 ms * 2^j / 4 */
			if (j + 1 < STATS_BUCKETS)
				(void)evbuffer_add_printf(out, "%s_bucket{%s,"
				    "le=\"%.9g\"} %" PRIu64 "\n", name, labels,
				    0.00025 * (double)(UINT64_C(1) << j), sum);
			else
				(void)evbuffer_add_printf(out, "%s_bucket{%s,"
				    "le=\"+Inf\"} %" PRIu64 "\n", name, labels,
				    sum);
		}
		(void)evbuffer_add_printf(out, "%s_count{%s} %" PRIu64 "\n"
		    "%s_sum{%s} %.6f\n", name, labels, sum, name, labels,
		    (double)atomic_load(&slot->latency_us) / 1e6);
	}
}

static void
print_gauge(struct evbuffer *out, const char *name, const char *help,
    uint64_t value)
{
	(void)evbuffer_add_printf(out, "# TYPE gatebook_%s gauge\n"
	    "# HELP gatebook_%s %s\ngatebook_%s %" PRIu64 "\n", name, name,
	    help, name, value);
}

static void
print_log(struct evbuffer *out, const struct logstate *log)
{
	static const char *const names[] = { "starting", "good", "full",
	    "broken" };
	uint32_t condition = atomic_load(&log->condition);

	(void)evbuffer_add_printf(out,
	    "# TYPE gatebook_log_condition stateset\n"
	    "# HELP gatebook_log_condition How the audit log is.\n");
	for (uint32_t i = 0; i < COUNT_OF(names); i++)
		(void)evbuffer_add_printf(out, "gatebook_log_condition"
		    "{gatebook_log_condition=\"%s\"} %d\n", names[i],
		    condition == i);
	print_gauge(out, "log_sequence", "Number of the next record.",
	    atomic_load(&log->sequence));
	print_gauge(out, "log_synced_sequence",
	    "Number below which every record is on disk.",
	    atomic_load(&log->synced));
	print_gauge(out, "log_segment", "Number of the open file of the log.",
	    atomic_load(&log->segment));
	print_gauge(out, "log_segment_offset_bytes",
	    "Bytes written in that file.", atomic_load(&log->offset));
	print_gauge(out, "log_gap_refused",
	    "Requests refused in the present gap.",
	    atomic_load(&log->refused));
	print_gauge(out, "log_gap_unrecorded",
	    "Exchanges let through unrecorded in the present gap.",
	    atomic_load(&log->uncounted));
}

void
metrics_print(struct evbuffer *out, const struct stats_page *page,
    const struct logstate *log)
{
	(void)evbuffer_add_printf(out, "# TYPE gatebook_build info\n"
	    "# HELP gatebook_build Version.\n"
	    "gatebook_build_info{version=\"%s\"} 1\n", GATEBOOK_VERSION);
#define IS_COUNTER true
#define IS_GAUGE false
#define STAT(field, kind, name, sentence) \
	print_family(out, page, offsetof(struct stats, field), IS_##kind, \
	    name, sentence);
	STATS_TABLE(STAT)
#undef STAT
	print_latency(out, page);
	print_log(out, log);
	(void)evbuffer_add_printf(out, "# EOF\n");
}

bool
metrics_ready(const struct stats_page *page, const struct logstate *log,
    uint64_t mono_us, char *why, size_t why_size)
{
	unsigned workers = 0;

	/* The parent says in its own slot whether the service is on. */
	if (atomic_load(&page->slot[0].incarnation) == 0) {
		(void)snprintf(why, why_size, "starting or stopping");
		return false;
	}
	if (atomic_load(&log->condition) != LOGSTATE_GOOD) {
		(void)snprintf(why, why_size, "the audit log is not good");
		return false;
	}
	for (uint32_t i = 0; i < STATS_SLOTS; i++) {
		const struct stats *slot = &page->slot[i];

		if (atomic_load(&slot->kind) != STATS_WORKER)
			continue;
		workers++;
		if (atomic_load(&slot->heartbeat_us) + HEARTBEAT_US <
		    mono_us) {
			(void)snprintf(why, why_size, "worker %" PRIu32
			    " does not answer", atomic_load(&slot->number));
			return false;
		}
	}
	if (workers == 0) {
		(void)snprintf(why, why_size, "no worker runs");
		return false;
	}
	return true;
}
