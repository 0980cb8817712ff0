/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_main.c - the process gatebook-reader: takes what the parent gives it,
 * gives up everything else, then answers people who ask about the log.  It
 * opens the log's files for reading alone and has no way to change them.
 */
#include "logging/reader.h"

#include "lib/clock.h"
#include "lib/confine.h"
#include "lib/messages.h"
#include "lib/report.h"

#include <jansson.h>

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define START_MS 30000

static struct reader reader;
static struct message message;
static int listener = -1;
static uint64_t unlisted;	/* counted by confine() */

/* --- what the parent says ---------------------------------------------------- */

static int
take_settings(void)
{
	struct settings *settings = settings_read_fd(message.fd);

	if (settings == NULL)
		return -1;
	settings_free(&reader.settings);
	reader.settings = settings;
	return 0;
}

static int
take_stats(void)
{
	struct stats_page *page;
	uint32_t slot = message_get_u32(&message);

	if (!message_end(&message) || slot >= STATS_SLOTS)
		return -1;
	page = stats_map(message.fd, 1);
	if (page == NULL)
		return -1;
	reader.stats = &page->slot[slot];
	return 0;
}

/* The descriptor of the message is ours from now on. */
static int
keep_fd(int *where)
{
	if (message.fd < 0)
		return -1;
	if (*where >= 0)
		(void)close(*where);
	*where = message.fd;
	message.fd = -1;
	return 0;
}

static int
take_folder(void)
{
	const char *which = message_get_string(&message);

	if (!message_end(&message) || strcmp(which, "log") != 0)
		return -1;
	return keep_fd(&reader.folder.fd);
}

static int
take_listener(void)
{
	(void)message_get_u32(&message);
	(void)message_get_string(&message);
	(void)message_get_string(&message);
	(void)message_get_u32(&message);
	return message_end(&message) ? keep_fd(&listener) : -1;
}

static int
take_writer(void)
{
	int fd = -1;

	if (keep_fd(&fd) != 0)
		return -1;
	reader_set_writer(&reader, fd);
	return 0;
}

/* What comes before MESSAGE_START; 0, or -1 if it must not come. */
static int
take(void)
{
	switch (message.type) {
	case MESSAGE_SETTINGS:
		return take_settings();
	case MESSAGE_STATS:
		return take_stats();
	case MESSAGE_LOGSTATE:
		reader.state = logstate_map(message.fd);
		return reader.state == NULL ? -1 : 0;
	case MESSAGE_FOLDER:
		return take_folder();
	case MESSAGE_LISTENER:
		return take_listener();
	case MESSAGE_WRITER_CHANNEL:
		return take_writer();
	default:
		return -1;
	}
}

/* Take all there is up to MESSAGE_START. */
static int
wait_for_start(void)
{
	uint64_t until = clock_mono_us() + START_MS * UINT64_C(1000);

	for (;;) {
		struct pollfd ready = { .fd = MESSAGE_PARENT_FD,
			.events = POLLIN };
		int got = message_receive(MESSAGE_PARENT_FD, &message);

		if (got < 0)
			return -1;
		if (got == 0) {
			if (clock_mono_us() > until)
				return -1;
			(void)poll(&ready, 1, 1000);
			continue;
		}
		if (message.type == MESSAGE_START)
			return 0;
		if (take() != 0) {
			report(REPORT_ERROR, "message %d of the parent cannot "
			    "be used: %s", (int)message.type, strerror(errno));
			return -1;
		}
		message_drop(&message);
	}
}

static void
on_parent(evutil_socket_t fd, short what, void *arg)
{
	int got;

	(void)what;
	(void)arg;
	while ((got = message_receive((int)fd, &message)) > 0) {
		bool ends = message.type == MESSAGE_STOP ||
		    message.type == MESSAGE_DRAIN;

		if (message.type == MESSAGE_WRITER_CHANNEL)
			ends = take_writer() != 0;
		else if (!ends)
			report(REPORT_WARNING, "unexpected message %d of the "
			    "parent", (int)message.type);
		message_drop(&message);
		if (ends) {
			/* Nobody loses anything: ask again later. */
			(void)event_base_loopbreak(reader.base);
			return;
		}
	}
	if (got < 0)
		(void)event_base_loopbreak(reader.base);
}

/* --- the process ----------------------------------------------------------------*/

static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	if (reader.stats == NULL)
		return;
	stats_set(&reader.stats->heartbeat_us, clock_mono_us());
	stats_set(&reader.stats->unlisted_calls, unlisted);
}

static int
confine_and_say(void)
{
	struct confine_folder folder = { reader.folder.fd, false };
	char words[256];

	if (confine(CONFINE_READER, &folder, 1, &unlisted, words,
	    sizeof(words)) != 0)
		return -1;
	message_init(&message, MESSAGE_READY, -1);
	message_add_string(&message, words);
	return message_send(MESSAGE_PARENT_FD, &message);
}

static int
run(void)
{
	static const struct timeval second = { 1, 0 };
	struct event *parent, *beat;

	parent = event_new(reader.base, MESSAGE_PARENT_FD,
	    EV_READ | EV_PERSIST, on_parent, NULL);
	beat = event_new(reader.base, -1, EV_PERSIST, on_beat, NULL);
	if (parent == NULL || beat == NULL || event_add(parent, NULL) != 0 ||
	    event_add(beat, &second) != 0 ||
	    reader_listen(&reader, listener) != 0)
		return 1;
	on_beat(-1, 0, NULL);
	(void)event_base_dispatch(reader.base);
	reader_close(&reader);
	event_free(parent);
	event_free(beat);
	return 0;
}

static int
run_level(void)
{
	/* The levels of settings.def are those of report.h, in its order. */
	return (int)reader.settings->report_level;
}

int
main(void)
{
	int status;

	report_init("reader", REPORT_INFO);
	message_need_parent();
	(void)signal(SIGPIPE, SIG_IGN);
	json_object_seed(0);	/* while random numbers can be had */
	reader.writer = -1;
	reader.folder.fd = -1;
	reader.base = event_base_new();
	if (reader.base == NULL)
		report_bug("out of memory");
	(void)evutil_make_socket_nonblocking(MESSAGE_PARENT_FD);
	if (wait_for_start() != 0 || reader.settings == NULL ||
	    reader.state == NULL || reader.folder.fd < 0 || listener < 0) {
		report(REPORT_ERROR, "this program is started by gatebookd, "
		    "which did not say what to do; use \"gatebook run\"");
		return 1;
	}
	reader.folder.state = reader.state;
	report_set_level((enum report_level)run_level());
	reader_access_init(&reader.access, reader.settings);
	if (confine_and_say() != 0)
		return 1;
	status = run();
	reader_access_clear(&reader.access);
	settings_free(&reader.settings);
	event_base_free(reader.base);
	return status;
}
