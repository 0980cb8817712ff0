/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_journal.c - what a record costs the writer from its fields to the file,
 * hashes and all, in processor time.  In /dev/shm, so that no disk is measured.
 *
 *   build/tests/bench/bench_journal [RECORDS]
 */
#include "lib/clock.h"
#include "logging/journal.h"

#include <sys/mman.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t
cpu_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void
make_record(struct record *record, unsigned i)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/news/%u/index.html", i);
	record_text(record, RECORD_METHOD_F, "GET");
	record_text(record, RECORD_URL_DOMAIN_F, "www.news.example");
	record_text(record, RECORD_URL_PATH_F, path);
	record_number(record, RECORD_STATUS_F, 200);
	record_number(record, RECORD_RESPONSE_BODY_F, 48213);
	record_number(record, RECORD_SOURCE_BYTES_F, 812);
	record_number(record, RECORD_DEST_BYTES_F, 48900);
	record_text(record, RECORD_MIME_TYPE_F, "text/html");
	record_text(record, RECORD_RULE_F, "default");
	record_text(record, RECORD_RULESET_F, "department");
	record_text(record, RECORD_DECISION_F, "audit");
	record_text(record, RECORD_FAILURE_F, "complete");
	record_text(record, RECORD_DEPTH_F, "path");
	record_text(record, RECORD_AS_F, "name");
	record_text(record, RECORD_LISTENER_F, "main");
}

static void
remove_all(const char *folder)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	if (system(command) != 0)
		exit(1);
}

int
main(int argc, char **argv)
{
	unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 400000, i;
	char folder[] = "/dev/shm/gatebook-bench-XXXXXX";
	static unsigned char bytes[4096];
	struct journal_place place = { .node = "edge-1", .boot_id = "b",
	    .clock_sync = "unknown", .key_folder = -1 };
	int state = memfd_create("state", 0);
	struct exchange_id id = { 1, 0 };
	struct journal *journal;
	struct record record;
	uint64_t start, spent;

	if (mkdtemp(folder) == NULL || logstate_create(state) == -1)
		return 1;
	place.settings = settings_defaults(folder);
	place.log_folder = place.key_folder =
	    open(folder, O_RDONLY | O_DIRECTORY);
	place.state = logstate_map(state);
	place.stats = calloc(2, sizeof(*place.stats));
	place.origin = "edge-1";
	journal = journal_new(&place);
	if (journal == NULL || journal_open(journal) != SEGMENTS_OK)
		return 1;
	start = cpu_ns();
	for (i = 0; i < count; i++) {
		struct format_event event = { RECORD_KIND_REQUEST, &id,
		    clock_wall_us(), clock_boot_us(), bytes, 0 };

		if ((i % 512 == 0 || !journal_has_room(journal, false)) &&
		    (journal_flush(journal) != SEGMENTS_OK ||
		    journal_sync(journal) != SEGMENTS_OK ||
		    journal_ready(journal) != SEGMENTS_OK))
			return 1;
		id.counter = i + 1;
		record_init(&record, bytes, sizeof(bytes));
		make_record(&record, i);
		event.length = record.length;
		journal_add(journal, &event);
	}
	if (journal_stop(journal) != SEGMENTS_OK)
		return 1;
	spent = cpu_ns() - start;
	(void)printf("%u records of %" PRIu64 " bytes: %.3f us each\n", count,
	    place.stats->log_bytes / place.stats->log_records,
	    (double)spent / 1000 / count);
	journal_free(&journal);
	remove_all(folder);
	return 0;
}
