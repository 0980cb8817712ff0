/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer_main.c - the log writer's process: takes what the parent hands over,
 * locks the log, gives up everything but its two folders, then does one turn
 * after the other until it is told to stop or the parent is gone.
 */
#include "lib/clock.h"
#include "lib/confine.h"
#include "lib/messages.h"
#include "lib/report.h"
#include "lib/settings.h"
#include "lib/stats.h"
#include "logging/note.h"
#include "logging/writer.h"

#include <sys/file.h>
#include <sys/timex.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define LOCK_WAIT_US (15 * UINT64_C(1000000))
#define LOCK_STEP_US 20000
#define LAST_BATCHES 64
#define KILLED "it was killed together with the parent, or while there was no " \
	"parent"

static struct {
	struct event_base *base;
	struct event *from_parent;
	struct event *from_reader;
	struct event *woken;
	struct event *timer;
	struct settings *settings;
	struct stats *stats;
	struct logstate *state;
	int data;
	int log;
	int keys;
	int lock;
	int wake;
	int reader;
	bool started;
	bool ready;
	bool stopping;
	char node[256];
	char boot_id[64];
	const char *clock_sync;
	char confined[256];
	uint64_t unlisted;
	struct journal *journal;
	struct writer *writer;
	struct message message;
	/* Books that came before START. */
	struct { int fd; int wake; uint64_t incarnation; bool dead; }
	    early[STATS_SLOTS * 4];
	size_t early_count;
} the = { .data = -1, .log = -1, .keys = -1, .lock = -1, .wake = -1,
	.reader = -1 };

static void
fail(const char *what)
{
	report(REPORT_ERROR, "cannot start: %s", what);
	exit(1);
}

/* Take the descriptor out of the message at hand. */
static int
take_fd(void)
{
	int fd = the.message.fd;

	the.message.fd = -1;
	return fd;
}

static void
keep_fd(int *where)
{
	if (*where != -1)
		(void)close(*where);
	*where = take_fd();
}

/* --- starting ----------------------------------------------------------------- */

static void
take_settings(void)
{
	struct settings *settings = settings_read_fd(the.message.fd);

	if (settings == NULL)
		fail("the settings from the parent cannot be read");
	settings_free(&the.settings);
	the.settings = settings;
	report_set_level((enum report_level)settings->report_level);
	if (settings->node_name[0] != '\0')
		(void)snprintf(the.node, sizeof(the.node), "%s",
		    settings->node_name);
	else if (gethostname(the.node, sizeof(the.node) - 1) != 0)
		(void)snprintf(the.node, sizeof(the.node), "gatebook");
}

static void
take_stats(void)
{
	uint32_t slot = message_get_u32(&the.message);
	struct stats_page *page = stats_map(the.message.fd, 1);

	if (page == NULL || slot >= STATS_SLOTS)
		fail("the page of counters cannot be mapped");
	the.stats = &page->slot[slot];
}

static void
take_folder(void)
{
	const char *which = message_get_string(&the.message);

	if (strcmp(which, "data") == 0)
		keep_fd(&the.data);
	else if (strcmp(which, "log") == 0)
		keep_fd(&the.log);
	else if (strcmp(which, "keys") == 0)
		keep_fd(&the.keys);
}

/* Two writers would be the end of the log. */
static void
lock_log(void)
{
	uint64_t until = clock_mono_us() + LOCK_WAIT_US;

	the.lock = openat(the.log, "lock", O_RDWR | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (the.lock == -1) {
		report(REPORT_ERROR, "cannot open %s/log/lock: %s. The user of "
		    "the log must be able to write in that folder",
		    the.settings->data_folder, strerror(errno));
		exit(1);
	}
	while (flock(the.lock, LOCK_EX | LOCK_NB) == -1) {
		if (clock_mono_us() > until) {
			report(REPORT_ERROR, "another writer has the audit log "
			    "in %s/log. Two instances cannot share a data "
			    "folder: stop the other one or set data.folder",
			    the.settings->data_folder);
			exit(1);
		}
		stats_set(&the.stats->heartbeat_us, clock_mono_us());
		(void)usleep(LOCK_STEP_US);
	}
}

static void
learn_machine(void)
{
	struct timex clock = { 0 };
	ssize_t n = -1;
	int fd, sync;

	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		n = read(fd, the.boot_id, sizeof(the.boot_id) - 1);
		(void)close(fd);
	}
	the.boot_id[n > 0 ? n : 0] = '\0';
	the.boot_id[strcspn(the.boot_id, "\n")] = '\0';
	sync = adjtimex(&clock);
	the.clock_sync = sync == -1 ? "unknown" : sync == TIME_ERROR ||
	    (clock.status & STA_UNSYNC) != 0 ? "unsynchronised" :
	    "synchronised";
}

/* The library loads its parts when they are first used: now, while it can. */
static void
warm_up(void)
{
	struct note_signer *signer = note_signer_new("none");
	unsigned char hash[EVP_MAX_MD_SIZE];
	char text[NOTE_HEAD];
	unsigned n;

	if (signer == NULL || note_sign(signer, "\n", 1, text,
	    sizeof(text)) == 0)
		fail("the cryptographic library has no Ed25519");
	note_signer_free(&signer);
	if (EVP_Digest("", 0, hash, &n, EVP_sha256(), NULL) != 1 ||
	    HMAC(EVP_sha256(), "", 0, hash, n, hash, NULL) == NULL)
		fail("the cryptographic library has no SHA-256");
	(void)strerror(ENOSPC);
}

static void
give_up_rights(void)
{
	struct confine_folder folders[2] = { { the.log, true },
	    { the.keys, true } };

	if (confine(CONFINE_WRITER, folders, the.keys == -1 ? 1 : 2,
	    &the.unlisted, the.confined, sizeof(the.confined)) == -1)
		exit(1);
}

static void
make_writer(void)
{
	struct journal_place place = { .settings = the.settings,
	    .log_folder = the.log, .key_folder = the.keys,
	    .state = the.state, .stats = the.stats, .node = the.node,
	    .origin = the.settings->log_origin[0] != '\0' ?
	    the.settings->log_origin : the.node,
	    .boot_id = the.boot_id, .clock_sync = the.clock_sync };
	size_t i;

	the.journal = journal_new(&place);
	the.writer = the.journal == NULL ? NULL :
	    writer_new(the.journal, the.stats);
	if (the.writer == NULL)
		fail("no memory");
	writer_set_channel(the.writer, WRITER_PARENT, MESSAGE_PARENT_FD);
	writer_set_channel(the.writer, WRITER_READER, the.reader);
	for (i = 0; i < the.early_count; i++) {
		writer_add_book(the.writer, the.early[i].fd,
		    the.early[i].incarnation,
		    the.early[i].dead ? KILLED : NULL);
		(void)close(the.early[i].fd);
		if (the.early[i].wake != -1)
			writer_add_wake(the.writer, the.early[i].incarnation,
			    the.early[i].wake);
	}
}

/* --- turns ---------------------------------------------------------------------- */

static void
turn(void)
{
	struct timeval wait;
	uint64_t us;

	us = writer_turn(the.writer);
	stats_set(&the.stats->unlisted_calls, the.unlisted);
	if (!the.ready) {
		message_init(&the.message, MESSAGE_READY, -1);
		message_add_string(&the.message, the.confined);
		if (message_send(MESSAGE_PARENT_FD, &the.message) == -1)
			(void)event_base_loopbreak(the.base);
		the.ready = true;
	}
	wait.tv_sec = (time_t)(us / 1000000);
	wait.tv_usec = (suseconds_t)(us % 1000000);
	(void)event_add(the.timer, &wait);
}

static void
on_time(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	turn();
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	uint64_t count;

	(void)what;
	(void)arg;
	(void)!read((int)fd, &count, sizeof(count));
	turn();
}

static void
on_reader(evutil_socket_t fd, short what, void *arg)
{
	const void *bytes;
	uint64_t id;
	uint32_t kind;
	size_t n;
	int got;

	(void)what;
	(void)arg;
	while ((got = message_receive((int)fd, &the.message)) > 0) {
		id = message_get_u64(&the.message);
		kind = message_get_u32(&the.message);
		bytes = message_get_bytes(&the.message, &n);
		if (the.message.type != MESSAGE_EVENT ||
		    !message_end(&the.message) ||
		    !writer_add_event(the.writer, WRITER_READER, id, kind,
		    bytes, n)) {
			report(REPORT_ERROR, "the log reader sent a message "
			    "that it may not send; its channel is closed");
			got = -1;
		}
		message_drop(&the.message);
		if (got == -1)
			break;
	}
	if (got == -1) {
		writer_set_channel(the.writer, WRITER_READER, -1);
		event_free(the.from_reader);
		the.from_reader = NULL;
		(void)close(the.reader);
		the.reader = -1;
	}
	turn();
}

static void
listen_to_reader(void)
{
	if (the.reader == -1)
		return;
	the.from_reader = event_new(the.base, the.reader,
	    EV_READ | EV_PERSIST, on_reader, NULL);
	if (the.from_reader == NULL ||
	    event_add(the.from_reader, NULL) == -1)
		fail("no memory");
	writer_set_channel(the.writer, WRITER_READER, the.reader);
}

static void
start(void)
{
	if (the.started)
		return;
	if (the.settings == NULL || the.stats == NULL || the.state == NULL ||
	    the.log == -1 || the.wake == -1)
		fail("the parent did not hand over everything");
	if (the.keys == -1 && the.data != -1)
		the.keys = openat(the.data, "keys",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (the.keys == -1)
		report(REPORT_WARNING, "no folder for keys: records that want "
		    "a pseudonym will name nobody");
	lock_log();
	learn_machine();
	warm_up();
	/* Made before rights are given up: it asks the system about itself. */
	the.woken = event_new(the.base, the.wake, EV_READ | EV_PERSIST,
	    on_wake, NULL);
	the.timer = evtimer_new(the.base, on_time, NULL);
	if (the.woken == NULL || the.timer == NULL ||
	    event_add(the.woken, NULL) == -1)
		fail("no memory");
	give_up_rights();
	if (the.data != -1)
		(void)close(the.data);
	the.data = -1;
	the.started = true;
	make_writer();
	listen_to_reader();
	turn();
}

/* --- the parent ------------------------------------------------------------------ */

static void
take_book(void)
{
	uint64_t incarnation = message_get_u64(&the.message);
	bool alive = message_get_u32(&the.message) != 0;

	(void)message_get_string(&the.message);
	if (!message_end(&the.message) || the.message.fd == -1)
		fail("a message of the parent is not what it should be");
	if (the.started) {
		writer_add_book(the.writer, the.message.fd, incarnation,
		    alive ? NULL : KILLED);
		return;
	}
	if (the.early_count == sizeof(the.early) / sizeof(the.early[0])) {
		report(REPORT_ERROR, "too many tables of earlier processes; "
		    "the rest is read at the next start");
		return;
	}
	the.early[the.early_count].fd = take_fd();
	the.early[the.early_count].wake = -1;
	the.early[the.early_count].incarnation = incarnation;
	the.early[the.early_count++].dead = !alive;
}

static void
take_wake(void)
{
	uint64_t incarnation = message_get_u64(&the.message);
	size_t i;

	if (the.started) {
		writer_add_wake(the.writer, incarnation, take_fd());
		return;
	}
	for (i = 0; i < the.early_count; i++)
		if (the.early[i].incarnation == incarnation)
			keep_fd(&the.early[i].wake);
}

static void
take_dead(void)
{
	uint64_t incarnation = message_get_u64(&the.message);
	const char *how = message_get_string(&the.message);
	size_t i;

	if (the.started) {
		writer_book_dead(the.writer, incarnation, how);
		return;
	}
	for (i = 0; i < the.early_count; i++)
		if (the.early[i].incarnation == incarnation)
			the.early[i].dead = true;
}

static void
take_event(void)
{
	uint64_t id = message_get_u64(&the.message);
	uint32_t kind = message_get_u32(&the.message);
	const void *bytes;
	size_t n;

	bytes = message_get_bytes(&the.message, &n);
	if (!message_end(&the.message) || !the.started ||
	    !writer_add_event(the.writer, WRITER_PARENT, id, kind, bytes, n))
		report(REPORT_ERROR, "the parent sent an event that it may not "
		    "send (kind %" PRIu32 "); it is left out", kind);
}

static void
take_reader_channel(void)
{
	if (the.from_reader != NULL)
		event_free(the.from_reader);
	the.from_reader = NULL;
	keep_fd(&the.reader);
	if (the.started)
		listen_to_reader();
}

static void
take_message(void)
{
	switch (the.message.type) {
	case MESSAGE_SETTINGS:
		if (!the.started)
			take_settings();
		break;
	case MESSAGE_STATS:
		take_stats();
		break;
	case MESSAGE_LOGSTATE:
		the.state = logstate_map(the.message.fd);
		if (the.state == NULL)
			fail("the log's shared page cannot be mapped");
		break;
	case MESSAGE_FOLDER:
		take_folder();
		break;
	case MESSAGE_WAKE_WRITER:
		keep_fd(&the.wake);
		break;
	case MESSAGE_WRITER_BOOK:
		take_book();
		break;
	case MESSAGE_WRITER_WAKE:
		take_wake();
		break;
	case MESSAGE_WRITER_DEAD:
		take_dead();
		break;
	case MESSAGE_WRITER_CHANNEL:
		take_reader_channel();
		break;
	case MESSAGE_EVENT:
		take_event();
		break;
	case MESSAGE_START:
		start();
		break;
	case MESSAGE_DRAIN:
	case MESSAGE_STOP:
		the.stopping = true;
		break;
	default:
		report(REPORT_WARNING, "unexpected message %d of the parent",
		    (int)the.message.type);
		break;
	}
}

static void
on_parent(evutil_socket_t fd, short what, void *arg)
{
	int got;

	(void)what;
	(void)arg;
	while (!the.stopping &&
	    (got = message_receive((int)fd, &the.message)) != 0) {
		if (got < 0) {
			/* The next parent's writer goes on where we end. */
			(void)event_base_loopbreak(the.base);
			return;
		}
		take_message();
		/* Answers are made in the same memory. */
		message_drop(&the.message);
	}
	if (the.stopping)
		(void)event_base_loopbreak(the.base);
	else if (the.started)
		turn();
}

/* Told to stop: nobody else writes any more, say so and end. */
static int
end(void)
{
	if (!the.started)
		return 0;
	/* Told to stop, all others have ended; left alone, they go on. */
	if (writer_drain(the.writer, the.stopping ? UINT_MAX : LAST_BATCHES) ==
	    -1) {
		report(REPORT_WARNING, "the audit log did not take everything; "
		    "what is left stays in the tables for the next start");
		return 1;
	}
	if (the.stopping && journal_stop(the.journal) != SEGMENTS_OK) {
		report(REPORT_WARNING, "the audit log could not be closed");
		return 1;
	}
	return 0;
}

int
main(void)
{
	int status;

	report_init("writer", REPORT_INFO);
	message_need_parent();
	/* The parent says when to end, not who types ^C in its terminal. */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	the.base = event_base_new();
	if (the.base == NULL)
		fail("no memory");
	the.from_parent = event_new(the.base, MESSAGE_PARENT_FD,
	    EV_READ | EV_PERSIST, on_parent, NULL);
	if (the.from_parent == NULL || event_add(the.from_parent, NULL) == -1)
		fail("no channel to the parent: this program is started by "
		    "gatebook run");
	(void)event_base_dispatch(the.base);
	status = end();
	writer_free(&the.writer);
	journal_free(&the.journal);
	settings_free(&the.settings);
	return status;
}
