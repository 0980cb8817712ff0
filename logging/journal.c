/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.c - batches, files, and what the log says about itself.
 *
 * The end of each file is kept back: no ordinary record uses the last 40 KiB, so
 * that while the disk is full and no further file can be prepared there is still
 * room for what a person asks of the log, for the gap and for `stop`.
 */
#include "logging/journal.h"

#include "lib/clock.h"
#include "lib/report.h"
#include "logging/log_tree.h"
#include "logging/recover.h"
#include "logging/references.h"
#include "logging/retain.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH (1024 * 1024)
#define LINE_ROOM (FORMAT_LINE_MAX + 1)
#define OWN_RESERVE 4096		/* gap and stop */
#define SLICE (1024 * 1024)		/* of zeros at a time */
#define CLOCK_JUMP_US 500000
#define RETAIN_EVERY_US (60 * UINT64_C(1000000))
#define RETAIN_AFTER_JUMP_US (3600 * UINT64_C(1000000))
#define SETTLED_US (5 * UINT64_C(1000000))
/* No disk has that many lines not yet written: a book that says so is spoilt. */
#define MISSING_MAX (UINT64_C(1) << 20)

enum stage { STAGE_FIND, STAGE_FILE, STAGE_FIRST_LINES, STAGE_OPEN };

struct journal {
	struct journal_place place;
	enum stage stage;
	struct recovery found;
	uint64_t discarded;
	uint64_t missing;		/* lines that the disk lost */
	struct pseudonyms *pseudonyms;
	struct format *format;
	struct segments *segments;
	struct log_tree *tree;
	struct json_line batch;
	size_t flushed;			/* of the batch */
	uint64_t sequence;
	uint64_t unsynced;		/* bytes */
	uint64_t unsynced_since;
	uint64_t boot_offset;		/* boot clock minus mono clock */
	int64_t wall_offset;		/* wall clock minus boot clock */
	bool broken;
	struct report_limit limit;
	uint64_t healed_us;		/* mono; 0 if it never was full */
	uint64_t tick_us;		/* wall */
	uint64_t retain_at;		/* mono */
	uint64_t retain_not_before;	/* mono */
	bool pressed;			/* by log.keep.size: look soon */
	uint64_t doomed;		/* file whose deletion is being told */
	bool doomed_written;
	unsigned char own[2048];
};

struct journal *
journal_new(const struct journal_place *place)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	if (journal == NULL)
		return NULL;
	journal->place = *place;
	journal->batch.size = BATCH + FORMAT_ROOM;
	journal->batch.bytes = malloc(journal->batch.size);
	journal->pseudonyms = pseudonyms_new(place->key_folder);
	journal->format = journal->pseudonyms == NULL ? NULL :
	    format_new(place->node, journal->pseudonyms);
	journal->segments = segments_new(place->log_folder,
	    place->settings->log_segment_size,
	    place->settings->log_commit == LOG_COMMIT_FORWARD,
	    place->settings->log_segment_hash);
	journal->tree = log_tree_new(&(struct log_tree_place){
	    .log_folder = place->log_folder, .key_folder = place->key_folder,
	    .origin = place->origin, .stats = place->stats,
	    .data_name = place->settings->data_folder });
	journal->wall_offset = (int64_t)(clock_wall_us() - clock_boot_us());
	journal->boot_offset = clock_boot_us() - clock_mono_us();
	if (journal->batch.bytes == NULL || journal->format == NULL ||
	    journal->segments == NULL || journal->tree == NULL)
		journal_free(&journal);
	return journal;
}

void
journal_free(struct journal **journal)
{
	struct journal *j = *journal;

	if (j == NULL)
		return;
	*journal = NULL;
	segments_free(&j->segments);
	log_tree_free(&j->tree);
	format_free(&j->format);
	pseudonyms_free(&j->pseudonyms);
	free(j->batch.bytes);
	free(j);
}

void
journal_missing(struct journal *journal, uint64_t lines)
{
	if (lines > journal->missing)
		journal->missing = lines;
}

uint64_t
journal_recovered(const struct journal *journal)
{
	return journal->found.sequence;
}

uint64_t
journal_sequence(const struct journal *journal)
{
	return journal->sequence;
}

size_t
journal_pending(const struct journal *journal)
{
	return journal->batch.length - journal->flushed;
}

uint64_t
journal_boot_us(const struct journal *journal, uint64_t mono_us)
{
	return mono_us + journal->boot_offset;
}

/* --- condition ------------------------------------------------------------ */

static void
set_condition(struct journal *journal, enum logstate_condition condition)
{
	struct logstate *state = journal->place.state;
	uint32_t before = atomic_load(&state->condition);

	if (before == (uint32_t)condition)
		return;
	atomic_store(&state->since_us, clock_wall_us());
	atomic_store(&state->condition, (uint32_t)condition);
	stats_set(&journal->place.stats->log_failed,
	    condition == LOGSTATE_FULL || condition == LOGSTATE_BROKEN);
	if (before == LOGSTATE_FULL)
		journal->healed_us = clock_mono_us();
}

static const char *
meanwhile(const struct journal *journal)
{
	return journal->place.settings->log_failure == LOG_FAILURE_COUNT ?
	    "requests go on and those that find no room are counted" :
	    "new requests are refused";
}

static enum segments_result
full(struct journal *journal)
{
	if (atomic_load(&journal->place.state->condition) != LOGSTATE_FULL)
		report(REPORT_ERROR, "no room for the audit log: %s. Make room "
		    "in %s/log; it goes on by itself",
		    meanwhile(journal), journal->place.settings->data_folder);
	set_condition(journal, LOGSTATE_FULL);
	return SEGMENTS_FULL;
}

static enum segments_result
broken(struct journal *journal, const char *what)
{
	if (!journal->broken)
		report(REPORT_ERROR, "the audit log cannot be written (%s: %s) "
		    "and stays closed: %s. Repair the disk of %s/log, then "
		    "restart gatebook", what, strerror(errno),
		    meanwhile(journal), journal->place.settings->data_folder);
	journal->broken = true;
	set_condition(journal, LOGSTATE_BROKEN);
	return SEGMENTS_BROKEN;
}

/* The log is not what was signed: nothing of it is touched. */
static enum segments_result
not_ours(struct journal *journal, const char *why)
{
	report(REPORT_ERROR, "%s. The audit log stays closed: %s", why,
	    meanwhile(journal));
	journal->broken = true;
	set_condition(journal, LOGSTATE_BROKEN);
	return SEGMENTS_BROKEN;
}

static enum segments_result
failed(struct journal *journal, enum segments_result result, const char *what)
{
	return result == SEGMENTS_FULL ? full(journal) : broken(journal, what);
}

/* --- records --------------------------------------------------------------- */

bool
journal_has_room(const struct journal *journal, bool urgent)
{
	uint64_t left = journal->broken ? 0 : segments_left(journal->segments);
	uint64_t need = journal->batch.length - journal->flushed +
	    LINE_ROOM + OWN_RESERVE + (urgent ? 0 : LINE_ROOM);

	return journal->batch.length < BATCH && left >= need &&
	    log_tree_has_room(journal->tree);
}

/* Every line of the log passes here once, in its order; the leaf of the tree is
 * its bytes without the newline. */
static void
line_finished(struct journal *journal, const char *bytes, size_t n)
{
	log_tree_add(journal->tree, bytes, n - 1);
	stats_add(&journal->place.stats->log_records, 1);
	stats_add(&journal->place.stats->log_bytes, n);
	journal->sequence++;
}

void
journal_add(struct journal *journal, const struct format_event *event)
{
	size_t start = journal->batch.length;

	format_line(journal->format, event, journal->sequence,
	    &journal->batch);
	line_finished(journal, journal->batch.bytes + start,
	    journal->batch.length - start);
}

void
journal_add_own(struct journal *journal, enum record_kind kind,
    const struct record *record)
{
	struct format_event event = { kind, NULL, clock_wall_us(),
	    clock_boot_us(), record->bytes, record->length };

	assert(segments_left(journal->segments) - journal_pending(journal) >=
	    OWN_RESERVE / 2);
	journal_add(journal, &event);
}

static struct record
own_record(struct journal *journal)
{
	struct record record;

	record_init(&record, journal->own, sizeof(journal->own));
	return record;
}

static void
add_log_name(struct journal *journal, struct record *record)
{
	const char *id = log_tree_key_id(journal->tree);

	record_text(record, RECORD_LOG_ORIGIN_F, id == NULL ?
	    journal->place.origin : log_tree_origin(journal->tree));
	if (id != NULL)
		record_text(record, RECORD_LOG_KEY_ID_F, id);
}

/* first: the sequence of the first line in this file, which is one of these or
 * that of the start before them.  It tells later whether lines before it are
 * missing or were in a file that was deleted. */
static void
add_segment_lines(struct journal *journal, uint64_t first, uint64_t closed,
    const char *hash)
{
	struct record record = own_record(journal);

	record_text(&record, RECORD_BOOT_ID_F, journal->place.boot_id);
	add_log_name(journal, &record);
	record_number(&record, RECORD_LOG_SIZE_F, first);
	record_number(&record, RECORD_SEGMENT_F,
	    segments_number(journal->segments));
	journal_add_own(journal, RECORD_KIND_SEGMENT_OPEN, &record);
	if (closed == 0)
		return;
	/* Here, because a file cannot hold its own hash. */
	record = own_record(journal);
	record_number(&record, RECORD_SEGMENT_F, closed);
	if (journal->place.settings->log_segment_hash && hash[0] != '\0')
		record_text(&record, RECORD_SEGMENT_HASH_F, hash);
	journal_add_own(journal, RECORD_KIND_SEGMENT_CLOSE, &record);
}

static void
add_start(struct journal *journal)
{
	const struct recovery *found = &journal->found;
	bool clean = (found->sequence == 0 ||
	    (found->stopped && journal->discarded == 0)) &&
	    journal->missing == 0;
	bool power = strcmp(found->boot_id, journal->place.boot_id) != 0;
	struct record record = own_record(journal);

	record_text(&record, RECORD_OBSERVER_TYPE_F, "proxy");
	record_text(&record, RECORD_OBSERVER_VENDOR_F, "gatebook");
	record_text(&record, RECORD_OBSERVER_PRODUCT_F, "gatebook");
	record_text(&record, RECORD_OBSERVER_VERSION_F, GATEBOOK_VERSION);
	record_text(&record, RECORD_BOOT_ID_F, journal->place.boot_id);
	record_number(&record, RECORD_PID_F, (uint64_t)getpid());
	add_log_name(journal, &record);
	record_number(&record, RECORD_LOG_SIZE_F, found->sequence);
	record_text(&record, RECORD_CLOCK_SYNC_F, journal->place.clock_sync);
	if (clean) {
		journal_add_own(journal, RECORD_KIND_START, &record);
		return;
	}
	record_text(&record, RECORD_GAP_CAUSE_F, power ? "power" :
	    journal->missing > 0 ? "write-error" : "crash");
	record_number(&record, RECORD_GAP_DISCARDED_F, journal->discarded);
	/* A disk that fails takes along what it had not written yet; the books
	 * have let go of that, but know how long the log had been. */
	if (journal->missing > 0) {
		report(REPORT_ERROR, "%" PRIu64 " lines of the audit log that "
		    "were written but not on disk yet are lost; check the disk",
		    journal->missing);
		record_number(&record, RECORD_GAP_LOST_F, journal->missing);
		record_number(&record, RECORD_GAP_KNOWN_F,
		    journal->missing <= MISSING_MAX);
	}
	/* Else, without a loss of power, nothing is missing: what was not
	 * written was in the books. */
	record_number(&record, RECORD_GAP_WINDOW_F,
	    power ? journal->place.settings->log_sync_interval : 0);
	journal_add_own(journal, RECORD_KIND_RECOVERED, &record);
}

/* Tell what was refused or went by unrecorded, and begin to count anew. */
static void
add_gap(struct journal *journal, const char *cause, const char *words,
    uint64_t from_us, bool even_if_none)
{
	struct logstate *state = journal->place.state;
	uint64_t refused, lost;
	struct record record;
	char reason[256];

	if (!even_if_none && atomic_load(&state->refused) == 0 &&
	    atomic_load(&state->uncounted) == 0)
		return;
	refused = atomic_exchange(&state->refused, 0);
	lost = atomic_exchange(&state->uncounted, 0);
	(void)snprintf(reason, sizeof(reason), "%s: %" PRIu64 " requests were "
	    "refused and %" PRIu64 " went by without a record", words, refused,
	    lost);
	record = own_record(journal);
	record_text(&record, RECORD_REASON_F, reason);
	record_number(&record, RECORD_START_F, from_us);
	record_number(&record, RECORD_END_F, clock_wall_us());
	record_text(&record, RECORD_GAP_CAUSE_F, cause);
	record_number(&record, RECORD_GAP_LOST_F, lost);
	record_number(&record, RECORD_GAP_KNOWN_F, 1);
	record_number(&record, RECORD_GAP_REFUSED_F, refused);
	journal_add_own(journal, RECORD_KIND_GAP, &record);
}

/* The next file now, whatever it takes; the parent is to see us alive. */
static enum segments_result
prepare_all(struct journal *journal)
{
	enum segments_result result = SEGMENTS_OK;

	while (result == SEGMENTS_OK &&
	    !segments_is_prepared(journal->segments)) {
		result = segments_prepare(journal->segments, 16 * SLICE);
		stats_set(&journal->place.stats->heartbeat_us,
		    clock_mono_us());
	}
	return result;
}

/* --- opening --------------------------------------------------------------- */

static enum segments_result
find(struct journal *journal)
{
	enum segments_result result;
	char why[LOG_TREE_WHY];
	int error;

	if (recover(journal->place.log_folder, &journal->found) == -1 ||
	    references_start(journal->place.log_folder, journal->place.state,
	    journal->found.sequence) == -1) {
		error = errno;
		journal->discarded += journal->found.discarded;
		errno = error;
		return failed(journal, error == ENOSPC || error == EDQUOT ?
		    SEGMENTS_FULL : SEGMENTS_BROKEN, "recovery");
	}
	journal->discarded += journal->found.discarded;
	result = log_tree_open(journal->tree, &journal->found, why);
	if (result == SEGMENTS_BROKEN && why[0] != '\0')
		return not_ours(journal, why);
	if (result != SEGMENTS_OK)
		return failed(journal, result, "the tree over the log");
	journal->sequence = journal->found.sequence;
	journal->stage = STAGE_FILE;
	return SEGMENTS_OK;
}

static enum segments_result
first_file(struct journal *journal)
{
	enum segments_result result;
	uint32_t condition;
	uint64_t since;

	result = prepare_all(journal);
	if (result == SEGMENTS_OK)
		result = segments_number_next(journal->segments,
		    journal->found.number + 1);
	if (result == SEGMENTS_OK)
		result = log_tree_reserve(journal->tree);
	if (result == SEGMENTS_OK)
		result = segments_open(journal->segments);
	if (result != SEGMENTS_OK)
		return failed(journal, result, "making a file");
	(void)pseudonyms_month(journal->pseudonyms, clock_wall_us());
	add_start(journal);
	add_segment_lines(journal, journal->found.sequence,
	    journal->found.number, journal->found.hash);
	/* Counted while there was no room, no whole disk or no writer. */
	condition = atomic_load(&journal->place.state->condition);
	since = atomic_load(&journal->place.state->since_us);
	if (condition == LOGSTATE_FULL)
		add_gap(journal, "disk-full", "The disk was full", since,
		    false);
	else if (condition == LOGSTATE_BROKEN)
		add_gap(journal, "write-error", "The log could not be written",
		    since, false);
	else
		add_gap(journal, "crash", "The log had no writer",
		    journal->found.last_us, false);
	journal->stage = STAGE_FIRST_LINES;
	return SEGMENTS_OK;
}

enum segments_result
journal_find(struct journal *journal)
{
	if (journal->broken)
		return SEGMENTS_BROKEN;
	return journal->stage == STAGE_FIND ? find(journal) : SEGMENTS_OK;
}

enum segments_result
journal_open(struct journal *journal)
{
	enum segments_result result = journal_find(journal);

	if (result == SEGMENTS_OK && journal->stage == STAGE_FILE)
		result = first_file(journal);
	if (result == SEGMENTS_OK && journal->stage == STAGE_FIRST_LINES) {
		result = journal_flush(journal);
		if (result == SEGMENTS_OK)
			result = journal_sync(journal);
	}
	if (result != SEGMENTS_OK)
		return result;
	journal->stage = STAGE_OPEN;
	journal->tick_us = clock_wall_us();
	set_condition(journal, LOGSTATE_GOOD);
	return SEGMENTS_OK;
}

/* --- running --------------------------------------------------------------- */

static enum segments_result
rotate(struct journal *journal)
{
	uint64_t old = segments_number(journal->segments);
	enum segments_result result;
	char hash[SEGMENTS_HASH];

	result = prepare_all(journal);
	if (result == SEGMENTS_OK)
		result = segments_number_next(journal->segments, old + 1);
	if (result != SEGMENTS_OK)
		return failed(journal, result, "preparing the next file");
	if (journal_sync(journal) != SEGMENTS_OK)
		return SEGMENTS_BROKEN;
	if (log_tree_close(journal->tree, false) != SEGMENTS_OK)
		return broken(journal, "the hashes and head of a file");
	if (segments_finish(journal->segments, hash) != SEGMENTS_OK ||
	    segments_open(journal->segments) != SEGMENTS_OK)
		return broken(journal, "changing to the next file");
	add_segment_lines(journal, journal->sequence, old, hash);
	journal->pressed = journal->place.settings->log_keep_size > 0;
	return SEGMENTS_OK;
}

static void
watch_clock(struct journal *journal)
{
	uint64_t wall = clock_wall_us(), boot = clock_boot_us();
	int64_t offset = (int64_t)(wall - boot);
	int64_t step = offset - journal->wall_offset;
	struct record record;

	journal->boot_offset = boot - clock_mono_us();
	(void)pseudonyms_month(journal->pseudonyms, wall);
	journal->wall_offset = offset;
	if (step <= CLOCK_JUMP_US && step >= -CLOCK_JUMP_US)
		return;
	record = own_record(journal);
	record_text(&record, RECORD_BOOT_ID_F, journal->place.boot_id);
	record_number(&record, RECORD_CLOCK_STEP_F, (uint64_t)step);
	journal_add_own(journal, RECORD_KIND_CLOCK_CHANGE, &record);
	/* A clock that jumped is no reason to delete anything soon. */
	journal->retain_not_before = clock_mono_us() + RETAIN_AFTER_JUMP_US;
}

static void
retain(struct journal *journal, uint64_t now)
{
	struct retain_choice choice;
	struct record record;

	if ((now < journal->retain_at && !journal->pressed) ||
	    now < journal->retain_not_before || journal->doomed != 0)
		return;
	journal->retain_at = now + RETAIN_EVERY_US;
	journal->pressed = false;
	if (!retain_choose(journal->place.log_folder, journal->place.settings,
	    segments_number(journal->segments), clock_wall_us(), &choice))
		return;
	/* Size may press; age has time, should a clock be wrong. */
	journal->pressed = !choice.by_age;
	journal->doomed = choice.number;
	journal->doomed_written = false;
	record = own_record(journal);
	record_text(&record, RECORD_REASON_F, choice.by_age ?
	    "its last record is older than log.keep.max" :
	    "the log is larger than log.keep.size");
	record_number(&record, RECORD_END_F, choice.last_us);
	record_number(&record, RECORD_SEGMENT_F, choice.number);
	journal_add_own(journal, RECORD_KIND_SEGMENT_DELETE, &record);
}

enum segments_result
journal_ready(struct journal *journal)
{
	enum segments_result result;

	assert(journal->stage == STAGE_OPEN && journal_pending(journal) == 0);
	if (journal->broken)
		return SEGMENTS_BROKEN;
	if (!journal_has_room(journal, false)) {
		result = rotate(journal);
		if (result != SEGMENTS_OK)
			return result;
	}
	result = log_tree_reserve(journal->tree);
	if (result != SEGMENTS_OK)
		return failed(journal, result, "making room for hashes");
	watch_clock(journal);
	if (journal->pressed)
		retain(journal, clock_mono_us());
	if (atomic_load(&journal->place.state->condition) == LOGSTATE_FULL) {
		add_gap(journal, "disk-full", "The disk was full",
		    atomic_load(&journal->place.state->since_us), true);
		report(REPORT_INFO, "there is room for the audit log again");
		set_condition(journal, LOGSTATE_GOOD);
	}
	return SEGMENTS_OK;
}

enum segments_result
journal_flush(struct journal *journal)
{
	struct logstate *state = journal->place.state;
	enum segments_result result;
	size_t written;

	if (journal->broken)
		return SEGMENTS_BROKEN;
	if (journal_pending(journal) == 0)
		return SEGMENTS_OK;
	/* Hashes first: for each line that a reader sees there is one. */
	result = log_tree_flush(journal->tree);
	if (result != SEGMENTS_OK)
		return failed(journal, result, "writing hashes");
	result = segments_append(journal->segments, journal->batch.bytes +
	    journal->flushed, journal_pending(journal), &written);
	if (written > 0 && journal->unsynced == 0)
		journal->unsynced_since = clock_mono_us();
	journal->flushed += written;
	journal->unsynced += written;
	if (result != SEGMENTS_OK)
		return failed(journal, result, "writing");
	journal->batch.length = journal->flushed = 0;
	atomic_store(&state->segment, segments_number(journal->segments));
	atomic_store(&state->offset, segments_offset(journal->segments));
	atomic_store(&state->sequence, journal->sequence);
	journal->doomed_written = journal->doomed != 0;
	return SEGMENTS_OK;
}

/* The record that it goes is durable: it goes. */
static void
delete_doomed(struct journal *journal)
{
	char name[SEGMENTS_NAME];

	segments_name(journal->doomed, name);
	if (unlinkat(journal->place.log_folder, name, 0) == -1 &&
	    errno != ENOENT)
		report_limited(&journal->limit, REPORT_ERROR, "log file %s is "
		    "too old and cannot be deleted: %s", name,
		    strerror(errno));
	journal->doomed = 0;
	journal->doomed_written = false;
}

enum segments_result
journal_sync(struct journal *journal)
{
	struct stats *stats = journal->place.stats;
	uint64_t start;

	if (journal->broken)
		return SEGMENTS_BROKEN;
	if (journal->unsynced == 0)
		return SEGMENTS_OK;
	start = clock_mono_us();
	if (segments_sync(journal->segments) != SEGMENTS_OK)
		return broken(journal, "syncing");
	stats_add(&stats->log_syncs, 1);
	stats_add(&stats->log_sync_us, clock_mono_us() - start);
	stats_set(&stats->log_unsynced_us, 0);
	journal->unsynced = 0;
	if (journal_pending(journal) == 0) {
		atomic_store(&journal->place.state->synced, journal->sequence);
		log_tree_settled(journal->tree);
	}
	if (journal->doomed_written)
		delete_doomed(journal);
	return SEGMENTS_OK;
}

uint64_t
journal_sync_due(const struct journal *journal)
{
	if (journal->unsynced == 0 || journal->broken)
		return UINT64_MAX;
	if (journal->unsynced >= journal->place.settings->log_sync_bytes)
		return 0;
	return journal->unsynced_since +
	    journal->place.settings->log_sync_interval;
}

bool
journal_idle(struct journal *journal)
{
	enum segments_result result;

	if (journal->broken || journal->stage != STAGE_OPEN ||
	    segments_is_ahead(journal->segments))
		return false;
	result = segments_prepare(journal->segments, SLICE);
	if (result == SEGMENTS_OK)
		return !segments_is_ahead(journal->segments);
	report_limited(&journal->limit, REPORT_WARNING, "the next file of the "
	    "audit log cannot be prepared: %s. When the one in use is full, "
	    "%s; see to the disk of %s/log", strerror(errno),
	    meanwhile(journal), journal->place.settings->data_folder);
	return false;
}

void
journal_tick(struct journal *journal)
{
	uint64_t now = clock_mono_us(), wall = clock_wall_us();
	bool lately;

	if (journal->broken || journal->stage != STAGE_OPEN)
		return;
	if (log_tree_sign(journal->tree) != SEGMENTS_OK) {
		(void)broken(journal, "writing the signed head");
		return;
	}
	if (references_extend(journal->place.log_folder,
	    journal->place.state) == -1)
		report_limited(&journal->limit, REPORT_ERROR, "no more "
		    "references can be made durable in %s/log: %s",
		    journal->place.settings->data_folder, strerror(errno));
	if (journal->unsynced > 0)
		stats_set(&journal->place.stats->log_unsynced_us,
		    now - journal->unsynced_since);
	if (atomic_load(&journal->place.state->condition) != LOGSTATE_GOOD ||
	    !journal_has_room(journal, true))
		return;
	/* A worker may count a moment after the disk healed; otherwise its
	 * ring was full. */
	lately = journal->healed_us != 0 &&
	    journal->healed_us + SETTLED_US > now;
	add_gap(journal, lately ? "disk-full" : "overload", lately ?
	    "The disk was full" : "The log could not keep up",
	    journal->tick_us, false);
	journal->tick_us = wall;
	retain(journal, now);
}

enum segments_result
journal_stop(struct journal *journal)
{
	enum segments_result result;
	char hash[SEGMENTS_HASH];
	struct record record;

	if (journal->broken || journal->stage != STAGE_OPEN)
		return SEGMENTS_BROKEN;
	result = journal_flush(journal);
	if (result != SEGMENTS_OK)
		return result;
	add_gap(journal, "stopped", "gatebook was stopping",
	    journal->tick_us, false);
	record = own_record(journal);
	record_text(&record, RECORD_GAP_CAUSE_F, "stopped");
	journal_add_own(journal, RECORD_KIND_STOP, &record);
	result = journal_flush(journal);
	if (result == SEGMENTS_OK)
		result = journal_sync(journal);
	if (result == SEGMENTS_OK)
		result = log_tree_close(journal->tree, true);
	if (result == SEGMENTS_OK)
		result = segments_finish(journal->segments, hash);
	return result;
}
