/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats.h - counters in shared memory.  The parent makes one page, each child
 * writes its own slot, the admin process and `gatebook status` read all.  Every
 * counter has one writer; readers may see them a moment apart.
 */
#ifndef LIB_STATS_H
#define LIB_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#define STATS_SLOTS 272
#define STATS_BUCKETS 20	/* latency: below 1 ms * 2^i / 4, last is rest */

/* STAT(field, COUNTER or GAUGE, "metric name", "sentence") */
#define STATS_TABLE(STAT) \
STAT(connections_accepted, COUNTER, "client_connections_accepted", "Client connections accepted.") \
STAT(connections_open, GAUGE, "client_connections_open", "Client connections open now.") \
STAT(connections_shed, COUNTER, "client_connections_shed", "Client connections refused by a limit.") \
STAT(requests, COUNTER, "requests", "Exchanges that ended, tunnels included.") \
STAT(requests_running, GAUGE, "requests_running", "Exchanges running now, tunnels included.") \
STAT(tunnels_open, GAUGE, "tunnels_open", "Tunnels open now.") \
STAT(verdict_audit, COUNTER, "verdict_audit", "Exchanges let through and recorded.") \
STAT(verdict_deny, COUNTER, "verdict_deny", "Exchanges denied by a rule or a built-in refusal.") \
STAT(verdict_would, COUNTER, "verdict_report_only", "Exchanges for which a report-only rule would have decided.") \
STAT(refused_requests, COUNTER, "requests_refused", "Requests refused before any decision (malformed, too large, too slow).") \
STAT(outcome_success, COUNTER, "outcome_success", "Exchanges that ended well.") \
STAT(outcome_failure, COUNTER, "outcome_failure", "Exchanges that ended in a fault.") \
STAT(outcome_denied, COUNTER, "outcome_denied", "Exchanges that ended in a refusal.") \
STAT(bytes_from_clients, COUNTER, "client_received_bytes", "Bytes read from clients.") \
STAT(bytes_to_clients, COUNTER, "client_sent_bytes", "Bytes sent to clients.") \
STAT(upstream_connects, COUNTER, "upstream_connects", "Connections opened to origins.") \
STAT(upstream_reuses, COUNTER, "upstream_reuses", "Requests sent on a kept connection.") \
STAT(upstream_failures, COUNTER, "upstream_failures", "Connections to origins that failed.") \
STAT(upstream_idle, GAUGE, "upstream_connections_idle", "Kept connections to origins.") \
STAT(dns_queries, COUNTER, "dns_queries", "Names asked for.") \
STAT(dns_failures, COUNTER, "dns_failures", "Names that could not be resolved.") \
STAT(log_refused, COUNTER, "log_refused_requests", "Requests refused because the audit log could not take them.") \
STAT(log_records, COUNTER, "log_records", "Records written.") \
STAT(log_bytes, COUNTER, "log_bytes", "Bytes of records written.") \
STAT(log_syncs, COUNTER, "log_syncs", "Syncs of the log to disk.") \
STAT(log_sync_us, COUNTER, "log_sync_microseconds", "Time spent in those syncs.") \
STAT(log_lag_records, GAUGE, "log_lag_bytes", "Bytes of records waiting for the writer.") \
STAT(log_unsynced_us, GAUGE, "log_unsynced_microseconds", "Age of the oldest record not yet on disk.") \
STAT(log_failed, GAUGE, "log_failed", "1 while the audit log cannot be written.") \
STAT(log_gap, COUNTER, "log_gap_records", "Records that found no room under log.failure count.") \
STAT(unlisted_calls, COUNTER, "unlisted_system_calls", "System calls refused by the confinement.")

enum stats_kind { STATS_UNUSED, STATS_WORKER, STATS_WRITER, STATS_READER,
	STATS_PARENT, STATS_ADMIN };

struct stats {
	_Atomic uint32_t kind;		/* enum stats_kind */
	_Atomic uint32_t number;	/* which worker */
	_Atomic uint64_t pid;
	_Atomic uint64_t incarnation;
	_Atomic uint64_t heartbeat_us;	/* clock_mono_us() of the last beat */
#define STAT(field, kind, name, sentence) _Atomic uint64_t field;
	STATS_TABLE(STAT)
#undef STAT
	_Atomic uint64_t latency[STATS_BUCKETS]; /* whole exchanges, no tunnels */
	_Atomic uint64_t latency_us;	/* their sum */
} __attribute__((aligned(128)));

struct stats_page {
	uint32_t layout;		/* STATS_LAYOUT */
	uint32_t slots;
	struct stats slot[STATS_SLOTS];
};
#define STATS_LAYOUT 1

/* One writer a counter: a load and a store, no locked instruction. */
static inline void
stats_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter,
	    atomic_load_explicit(counter, memory_order_relaxed) + n,
	    memory_order_relaxed);
}

static inline void
stats_sub(_Atomic uint64_t *counter, uint64_t n)
{
	stats_add(counter, 0 - n);
}

static inline void
stats_set(_Atomic uint64_t *counter, uint64_t value)
{
	atomic_store_explicit(counter, value, memory_order_relaxed);
}

/* Map the page of a descriptor; writable for the owner of a slot.  NULL with
 * errno.  The mapping lives as long as the process. */
struct stats_page *stats_map(int fd, int writable);

#endif
