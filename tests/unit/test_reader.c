/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_reader.c - the reader on files made here, a writer played here and real
 * connections: what comes back, in which order, recorded or not, and with how
 * much of it for whom.
 */
#include "lib/clock.h"
#include "lib/macros.h"
#include "lib/messages.h"
#include "lib/settings.h"
#include "logging/reader.h"
#include "logging/record.h"

#include <event2/event.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
	char folder[64];
	char path[96];			/* of the socket */
	struct reader reader;
	struct logstate state;
	struct settings *settings;
	int listener;
	int writer;			/* the other end of the channel */
	unsigned recorded;		/* questions that the writer took */
	bool deaf;			/* it answers none */
	uint64_t sequence;
};

/* --- files ---------------------------------------------------------------- */

static char *
segment_path(const struct world *w, uint64_t number, char out[128])
{
	(void)snprintf(out, 128, "%s/%08llu.jsonl", w->folder,
	    (unsigned long long)number);
	return out;
}

/* A file of zeros, as the writer prepares it. */
static void
new_segment(struct world *w)
{
	char path[128];
	uint64_t number = atomic_load(&w->state.segment) + 1;
	int fd = open(segment_path(w, number, path),
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 1024 * 1024), 0);
	(void)close(fd);
	atomic_store(&w->state.segment, number);
	atomic_store(&w->state.offset, 0);
}

/* Append a record that ends at 09:00 plus minute on a day in 2026. */
static void
append(struct world *w, int minute, const char *client, const char *host,
    const char *rest)
{
	char path[128], line[4096];
	uint64_t at = atomic_load(&w->state.offset);
	int n = snprintf(line, sizeof(line), "{\"@timestamp\":"
	    "\"2026-03-02T%02d:%02d:00.000000Z\",\"message\":\"m\","
	    "\"event.sequence\":%llu,\"source.ip\":\"%s\","
	    "\"destination.domain\":\"%s\",\"url.path\":\"/secret\"%s}\n",
	    9 + minute / 60, minute % 60, (unsigned long long)w->sequence++,
	    client, host, rest);
	int fd = open(segment_path(w, atomic_load(&w->state.segment), path),
	    O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0 && n > 0 && (size_t)n < sizeof(line));
	assert_int_equal(pwrite(fd, line, (size_t)n, (off_t)at), n);
	(void)close(fd);
	atomic_store(&w->state.offset, at + (uint64_t)n);
}

/* --- the world ------------------------------------------------------------- */

static int
listen_at(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%.90s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 64), 0);
	return fd;
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	int pair[2];

	(void)snprintf(w->folder, sizeof(w->folder), "/tmp/reader-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	(void)snprintf(w->path, sizeof(w->path), "%s/log", w->folder);
	w->settings = settings_defaults("/");
	atomic_store(&w->state.condition, LOGSTATE_GOOD);
	w->reader.base = event_base_new();
	w->reader.settings = w->settings;
	w->reader.state = &w->state;
	w->reader.writer = -1;
	w->reader.folder.fd = open(w->folder, O_RDONLY | O_DIRECTORY);
	w->reader.folder.state = &w->state;
	w->reader.access.owner = geteuid();
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, pair), 0);
	w->writer = pair[0];
	reader_set_writer(&w->reader, pair[1]);
	w->listener = listen_at(w->path);
	assert_int_equal(reader_listen(&w->reader, w->listener), 0);
	new_segment(w);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;
	char path[128];

	reader_close(&w->reader);
	event_base_free(w->reader.base);
	settings_free(&w->settings);
	for (uint64_t i = 1; i <= atomic_load(&w->state.segment); i++)
		(void)unlink(segment_path(w, i, path));
	(void)unlink(w->path);
	(void)rmdir(w->folder);
	(void)close(w->reader.folder.fd);
	(void)close(w->listener);
	if (w->writer >= 0)
		(void)close(w->writer);
	free(w);
	return 0;
}

/* Play the writer: take a question, say that it is on disk. */
static void
play_writer(struct world *w)
{
	static struct message message;
	uint64_t id;

	while (w->writer >= 0 && message_receive(w->writer, &message) > 0) {
		assert_int_equal(message.type, MESSAGE_EVENT);
		id = message_get_u64(&message);
		assert_int_equal(message_get_u32(&message),
		    RECORD_KIND_SEARCH);
		w->recorded++;
		if (w->deaf)
			continue;
		message_init(&message, MESSAGE_EVENT_DONE, -1);
		message_add_u64(&message, id);
		assert_int_equal(message_send(w->writer, &message), 0);
	}
}

static int
ask(struct world *w, const char *request)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)snprintf(un.sun_path, sizeof(un.sun_path), "%.90s", w->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	if (request != NULL)
		assert_int_equal(send(fd, request, strlen(request), 0),
		    strlen(request));
	return fd;
}

/* Turn the loop until so many bytes came, the end did, or the deadline. */
static size_t
turn(struct world *w, int fd, char *out, size_t size, size_t enough)
{
	uint64_t until = clock_mono_us() + 10000000;
	size_t have = 0;
	ssize_t n;

	while (have < enough && clock_mono_us() < until) {
		(void)event_base_loop(w->reader.base, EVLOOP_NONBLOCK);
		play_writer(w);
		n = recv(fd, out + have, size - have - 1, 0);
		if (n == 0)
			break;
		if (n > 0)
			have += (size_t)n;
	}
	out[have] = '\0';
	return have;
}

/* Ask and take the whole answer. */
static char *
answer(struct world *w, const char *request)
{
	static char text[4 * 1024 * 1024];
	int fd = ask(w, request);

	(void)turn(w, fd, text, sizeof(text), SIZE_MAX);
	(void)close(fd);
	return text;
}

static unsigned
count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

/* --- cases ----------------------------------------------------------------- */

static void
fill(struct world *w)
{
	for (int i = 0; i < 60; i++) {
		char rest[64];

		if (i % 20 == 0 && i > 0)
			new_segment(w);
		(void)snprintf(rest, sizeof(rest),
		    ",\"transaction.id\":\"%026d\"", i / 3);
		append(w, i, i % 2 == 0 ? "10.0.0.1" : "10.0.0.2",
		    i % 5 == 0 ? "example.org" : "other.example", rest);
	}
}

static void
test_search(void **state)
{
	struct world *w = *state;
	char *text;

	fill(w);
	text = answer(w, "{\"command\":\"search\",\"host\":\"example.org\"}\n");
	assert_int_equal(count(text, "\"destination.domain\":\"example.org\""),
	    12);
	assert_non_null(strstr(text, "{\"result\":\"ok\",\"message\":"
	    "\"12 records\",\"count\":12}\n"));
	/* newest first, over the files */
	assert_int_equal(strncmp(text, "{\"@timestamp\":\"2026-03-02T09:55",
	    30), 0);
	assert_true(strstr(text, "T09:40:00") < strstr(text, "T09:35:00"));
	assert_int_equal(w->recorded, 1);
	text = answer(w, "{\"command\":\"search\",\"client\":\"10.0.0.2\","
	    "\"limit\":3}\n");
	assert_int_equal(count(text, "\"source.ip\":\"10.0.0.2\""), 3);
	text = answer(w, "{\"command\":\"search\","
	    "\"since\":\"2026-03-02T09:10:00.000000Z\","
	    "\"until\":\"2026-03-02T09:12:59.999999Z\"}\n");
	assert_int_equal(count(text, "@timestamp"), 3);
	text = answer(w, "{\"command\":\"search\",\"limit\":0}\n");
	assert_int_equal(count(text, "@timestamp"), 0);
	text = answer(w, "{\"command\":\"search\",\"host\":\"no.where\"}\n");
	assert_non_null(strstr(text, "\"count\":0"));
	assert_int_equal(w->recorded, 5);
}

static void
test_show(void **state)
{
	struct world *w = *state;
	char *text;

	fill(w);
	text = answer(w, "{\"command\":\"show\",\"transaction\":"
	    "\"00000000000000000000000006\"}\n");
	assert_int_equal(count(text, "@timestamp"), 3);
	/* oldest first, from two files */
	assert_true(strstr(text, "T09:18:00") < strstr(text, "T09:20:00"));
	text = answer(w, "{\"command\":\"show\",\"transaction\":"
	    "\"00000000000000000000000099\"}\n");
	assert_non_null(strstr(text, "\"result\":\"failed\""));
	assert_non_null(strstr(text, "no such record"));
	assert_int_equal(w->recorded, 2);
}

/* By the reference that one record of the exchange has, all of them come. */
static void
test_show_reference(void **state)
{
	struct world *w = *state;
	struct reference_lease lease = { 0, 0 };
	char reference[REFERENCE_TEXT], rest[128], request[128], *text;

	atomic_store(&w->state.reference_limit, REFERENCE_BLOCK);
	assert_int_equal(reference_draw(&w->state, &lease, reference), 0);
	append(w, 1, "10.0.0.1", "a.example", ",\"transaction.id\":"
	    "\"0000000000000000000000000A\"");
	append(w, 2, "10.0.0.1", "b.example", ",\"transaction.id\":"
	    "\"0000000000000000000000000B\"");
	(void)snprintf(rest, sizeof(rest), ",\"transaction.id\":"
	    "\"0000000000000000000000000A\",\"gatebook.reference\":\"%s\"",
	    reference);
	append(w, 3, "10.0.0.1", "a.example", rest);
	(void)snprintf(request, sizeof(request), "{\"command\":\"show\","
	    "\"reference\":\"%s\"}\n", reference);
	text = answer(w, request);
	assert_int_equal(count(text, "a.example"), 2);
	assert_int_equal(count(text, "@timestamp"), 2);
	assert_int_equal(w->recorded, 1);
}

/* --- refusals by rule --------------------------------------------------------- */

static void
append_refusal(struct world *w, int minute, const char *person,
    const char *rest)
{
	char text[1024];

	(void)snprintf(text, sizeof(text), ",%s%s", person, rest);
	/* A field that append() writes twice would be damage. */
	append(w, minute, "10.0.0.1", "a.example", text);
}

/* Like append(), without a client of its own. */
static void
append_bare(struct world *w, int minute, const char *rest)
{
	char path[128], line[4096];
	uint64_t at = atomic_load(&w->state.offset);
	int n = snprintf(line, sizeof(line), "{\"@timestamp\":"
	    "\"2026-03-02T%02d:%02d:00.000000Z\",\"event.sequence\":%llu%s}\n",
	    9 + minute / 60, minute % 60, (unsigned long long)w->sequence++,
	    rest);
	int fd = open(segment_path(w, atomic_load(&w->state.segment), path),
	    O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0 && n > 0 && (size_t)n < sizeof(line));
	assert_int_equal(pwrite(fd, line, (size_t)n, (off_t)at), n);
	(void)close(fd);
	atomic_store(&w->state.offset, at + (uint64_t)n);
}

#define ENDS "\"event.action\":\"request\","
#define DENIED "\"gatebook.decision\":\"deny\""

static void
test_count_rules(void **state)
{
	struct world *w = *state;
	char *text;

	append_refusal(w, 0, ENDS, DENIED ",\"rule.id\":\"early\"");
	append_refusal(w, 10, ENDS, DENIED ",\"rule.id\":\"r1\"");
	append_refusal(w, 11, ENDS, DENIED ",\"rule.id\":\"r1\"");
	new_segment(w);
	append(w, 12, "10.0.0.2", "a.example", "," ENDS DENIED
	    ",\"rule.id\":\"r1\"");
	/* a beginning is not counted beside its end */
	append_refusal(w, 13, "\"event.action\":\"tunnel-open\",", DENIED
	    ",\"rule.id\":\"r1\"");
	/* under a pseudonym, and naming nobody */
	append_bare(w, 14, "," ENDS "\"user.hash\":\"aa\"," DENIED
	    ",\"rule.id\":\"r1\"");
	append_bare(w, 15, "," ENDS DENIED ",\"rule.id\":\"r1\"");
	/* on trial, twice on one line; an audit rule is no restriction */
	append_refusal(w, 16, ENDS, "\"gatebook.decision\":\"audit\","
	    "\"gatebook.report_only\":[\"deny r1 p:1\",\"audit a p:2\","
	    "\"deny r2 p:3\"],\"rule.id\":\"default\"");
	append_refusal(w, 17, ENDS, DENIED ",\"rule.id\":\"built-in\","
	    "\"gatebook.outcome\":\"special-address\"");
	append_refusal(w, 18, ENDS, "\"gatebook.decision\":\"audit\"");
	text = answer(w, "{\"command\":\"count-rules\","
	    "\"since\":\"2026-03-02T09:05:00.000000Z\"}\n");
	assert_non_null(strstr(text, "{\"lines\":9,"
	    "\"oldest\":\"2026-03-02T09:10:00.000000Z\"}\n"));
	assert_non_null(strstr(text, "{\"rule\":\"r1\",\"kind\":\"deny\","
	    "\"hits\":5,\"people\":3,\"at_least\":false,\"unnamed\":1,"
	    "\"last\":\"2026-03-02T09:15:00.000000Z\"}\n"));
	assert_non_null(strstr(text, "{\"rule\":\"r1\",\"kind\":"
	    "\"report-only\",\"hits\":1,\"people\":1,"));
	assert_non_null(strstr(text, "{\"rule\":\"r2\",\"kind\":"
	    "\"report-only\",\"hits\":1,"));
	assert_non_null(strstr(text, "{\"rule\":\"special-address\",\"kind\":"
	    "\"built-in\",\"hits\":1,"));
	assert_null(strstr(text, "early"));
	assert_null(strstr(text, "10.0.0"));
	assert_null(strstr(text, "example"));
	assert_non_null(strstr(text, "\"message\":\"4 rules\",\"count\":4"));
	assert_int_equal(w->recorded, 1);
	/* The desk may count too: nothing in it leads to a person. */
	w->reader.access.owner = geteuid() + 1;
	w->reader.access.has_desk = true;
	w->reader.access.desk = getegid();
	if (geteuid() != 0) {
		text = answer(w, "{\"command\":\"count-rules\"}\n");
		assert_non_null(strstr(text, "early"));
	}
	text = answer(w, "{\"command\":\"count-rules\","
	    "\"host\":\"a.example\"}\n");
	assert_non_null(strstr(text, "no other filter"));
}

/* More people and more rules than are kept: bounds, not growth. */
static void
test_count_bounds(void **state)
{
	struct world *w = *state;
	char rest[256], *text;

	for (int i = 0; i < 4100; i++) {
		if (i % 2000 == 0)
			new_segment(w);
		(void)snprintf(rest, sizeof(rest), "," ENDS "\"source.ip\":"
		    "\"10.1.%d.%d\"," DENIED ",\"rule.id\":\"many\"",
		    i / 256, i % 256);
		append_bare(w, 0, rest);
	}
	new_segment(w);
	for (int i = 0; i < 4200; i++) {
		if (i % 2000 == 0)
			new_segment(w);
		(void)snprintf(rest, sizeof(rest), "," ENDS DENIED
		    ",\"rule.id\":\"rule%d\"", i);
		append_bare(w, 1, rest);
	}
	text = answer(w, "{\"command\":\"count-rules\"}\n");
	assert_int_equal(count(text, "\"rule\":"), 4096);
	assert_non_null(strstr(text, "4096 rules; there were more rules than"));
	/* The oldest lines are met last, so this rule found no room. */
	assert_null(strstr(text, "\"many\""));
	text = answer(w, "{\"command\":\"count-rules\","
	    "\"until\":\"2026-03-02T09:00:30.000000Z\"}\n");
	assert_non_null(strstr(text, "\"rule\":\"many\",\"kind\":\"deny\","
	    "\"hits\":4100,\"people\":4100,\"at_least\":false"));
}

static void
test_tail(void **state)
{
	struct world *w = *state;
	static char text[65536];
	size_t n;
	char *all;
	int fd;

	fill(w);
	all = answer(w, "{\"command\":\"tail\",\"count\":25,"
	    "\"follow\":false}\n");
	assert_int_equal(count(all, "@timestamp"), 25);
	assert_int_equal(strncmp(all, "{\"@timestamp\":\"2026-03-02T09:35",
	    30), 0);
	fd = ask(w, "{\"command\":\"tail\",\"count\":0,\"follow\":true}\n");
	/* Its record is what says that it is there. */
	for (unsigned before = w->recorded; w->recorded == before;)
		(void)turn(w, fd, text, sizeof(text), 0),
		(void)event_base_loop(w->reader.base, EVLOOP_NONBLOCK),
		play_writer(w);
	append(w, 60, "10.0.0.9", "new.example", "");
	n = turn(w, fd, text, sizeof(text), 1);
	assert_int_equal(count(text, "new.example"), 1);
	assert_int_equal(text[n - 1], '\n');
	/* over to a new file, and one that was there for one line only */
	new_segment(w);
	append(w, 61, "10.0.0.9", "next.example", "");
	new_segment(w);
	append(w, 62, "10.0.0.9", "last.example", "");
	n = 0;
	while (strstr(text, "last.example") == NULL)
		n += turn(w, fd, text + n, sizeof(text) - n, 1);
	assert_int_equal(count(text, "@timestamp"), 2);
	(void)close(fd);
}

/* An empty log, then its first record. */
static void
test_tail_of_nothing(void **state)
{
	struct world *w = *state;
	char text[4096];
	int fd = ask(w, "{\"command\":\"tail\",\"follow\":true}\n");

	while (w->recorded == 0) {
		(void)event_base_loop(w->reader.base, EVLOOP_NONBLOCK);
		play_writer(w);
	}
	append(w, 1, "10.0.0.1", "first.example", "");
	(void)turn(w, fd, text, sizeof(text), 1);
	assert_int_equal(count(text, "first.example"), 1);
	(void)close(fd);
}

/* What leads to a person is not answered unrecorded; other questions are. */
static void
test_unrecorded(void **state)
{
	static const char personal[] = "{\"command\":\"search\","
	    "\"client\":\"10.0.0.1\"}\n";
	struct world *w = *state;
	char *text;

	fill(w);
	atomic_store(&w->state.condition, LOGSTATE_FULL);
	text = answer(w, personal);
	assert_int_equal(count(text, "@timestamp"), 0);
	assert_non_null(strstr(text, "recorded before it is answered"));
	text = answer(w, "{\"command\":\"search\",\"host\":\"example.org\"}\n");
	assert_int_equal(count(text, "@timestamp"), 12);
	assert_non_null(strstr(text, "could not be recorded"));
	atomic_store(&w->state.condition, LOGSTATE_GOOD);
	(void)close(w->writer);
	w->writer = -1;
	text = answer(w, personal);
	assert_non_null(strstr(text, "\"failed\""));
}

/* The writer dies while a question is on its way. */
static void
test_writer_dies(void **state)
{
	struct world *w = *state;
	char text[4096];
	int fd;

	fill(w);
	w->deaf = true;
	fd = ask(w, "{\"command\":\"show\",\"transaction\":"
	    "\"00000000000000000000000006\"}\n");
	while (w->recorded == 0) {
		(void)event_base_loop(w->reader.base, EVLOOP_NONBLOCK);
		play_writer(w);
	}
	(void)close(w->writer);
	w->writer = -1;
	(void)turn(w, fd, text, sizeof(text), SIZE_MAX);
	assert_non_null(strstr(text, "\"failed\""));
	assert_null(strstr(text, "@timestamp"));
	(void)close(fd);
}

static void
test_bad_requests(void **state)
{
	static const char *const cases[] = { "\n", "x\n", "[]\n", "{}\n",
		"{\"command\":\"drop\"}\n", "{\"command\":7}\n",
		"{\"command\":\"search\",\"limit\":-1}\n",
		"{\"command\":\"search\",\"limit\":\"x\"}\n",
		"{\"command\":\"search\",\"host\":7}\n",
		"{\"command\":\"search\",\"colour\":\"red\"}\n",
		"{\"command\":\"search\",\"host\":\"a\",\"host\":\"b\"}\n",
		"{\"command\":\"search\",\"host\":\"a\\u0000b\"}\n",
		"{\"command\":\"show\"}\n" };
	struct world *w = *state;
	static char large[READER_REQUEST_MAX + 100];

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(strncmp(answer(w, cases[i]),
		    "{\"result\":\"failed\"", 18), 0);
	memset(large, 'x', sizeof(large) - 1);
	assert_non_null(strstr(answer(w, large), "too long"));
	assert_int_equal(w->recorded, 0);
}

/* A damaged piece, a line that is none and zeros are passed over. */
static void
test_damage(void **state)
{
	struct world *w = *state;
	char path[128];
	static char noise[300000];
	uint64_t at;
	int fd;

	append(w, 1, "10.0.0.1", "a.example", "");
	at = atomic_load(&w->state.offset);
	memset(noise, 'x', sizeof(noise));
	noise[sizeof(noise) - 1] = '\n';
	fd = open(segment_path(w, 1, path), O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, noise, sizeof(noise), (off_t)at),
	    sizeof(noise));
	assert_int_equal(pwrite(fd, "{\"a\":1\n\n", 8, (off_t)(at +
	    sizeof(noise))), 8);
	(void)close(fd);
	atomic_store(&w->state.offset, at + sizeof(noise) + 8);
	append(w, 2, "10.0.0.1", "b.example", "");
	assert_int_equal(count(answer(w, "{\"command\":\"search\"}\n"),
	    "@timestamp"), 2);
	assert_int_equal(count(answer(w, "{\"command\":\"tail\",\"count\":2,"
	    "\"follow\":false}\n"), "@timestamp"), 2);
	/* Beyond the offset there is nothing yet. */
	at = atomic_load(&w->state.offset);
	append(w, 3, "10.0.0.1", "c.example", "");
	atomic_store(&w->state.offset, at);
	assert_int_equal(count(answer(w, "{\"command\":\"search\"}\n"),
	    "@timestamp"), 2);
}

/* Much is found and slowly read: it waits in the log, not in memory. */
static void
test_slow(void **state)
{
	struct world *w = *state;
	static char text[4 * 1024 * 1024];
	char rest[3000];
	struct timeval tick = { 0, 1000 };
	int fd;

	memset(rest, 'y', sizeof(rest));
	memcpy(rest, ",\"x\":\"", 6);
	memcpy(rest + sizeof(rest) - 2, "\"", 2);
	for (int i = 0; i < 900; i++) {
		if (i % 300 == 299)
			new_segment(w);
		append(w, i / 60, "10.0.0.1", "a.example", rest);
	}
	fd = ask(w, "{\"command\":\"search\",\"limit\":100000}\n");
	for (int i = 0; i < 400; i++) {
		(void)event_base_loopexit(w->reader.base, &tick);
		(void)event_base_dispatch(w->reader.base);
		play_writer(w);
	}
	assert_int_equal(w->recorded, 1);
	assert_non_null(w->reader.clients);
	assert_int_equal(w->reader.clients->state, CLIENT_SENDING);
	assert_in_range(w->reader.clients->sent, 1, 400);
	(void)turn(w, fd, text, sizeof(text), SIZE_MAX);
	assert_int_equal(count(text, "@timestamp"), 900);
	(void)close(fd);
}

static void
test_too_many(void **state)
{
	struct world *w = *state;
	int fd[READER_CLIENTS];
	char text[512];

	for (int i = 0; i < READER_CLIENTS; i++) {
		fd[i] = ask(w, NULL);
		(void)event_base_loop(w->reader.base, EVLOOP_NONBLOCK);
	}
	assert_non_null(strstr(answer(w, NULL), "too many"));
	(void)close(fd[0]);
	(void)event_base_loop(w->reader.base, EVLOOP_NONBLOCK);
	fd[0] = ask(w, "{\"command\":\"search\"}\n");
	(void)turn(w, fd[0], text, sizeof(text), SIZE_MAX);
	assert_non_null(strstr(text, "\"ok\""));
	for (int i = 0; i < READER_CLIENTS; i++)
		(void)close(fd[i]);
}

/* Rights of the peer; what the helpdesk gets of a line. */
static void
test_rights(void **state)
{
	static const char line[] = "{\"@timestamp\":\"T\",\"message\":\"GET "
	    "/secret\",\"user.name\":\"alice\",\"source.ip\":\"10.0.0.1\","
	    "\"url.domain\":\"a.example\",\"url.path\":\"/secret\","
	    "\"url.query\":\"q=1\",\"user_agent.original\":\"x\","
	    "\"rule.id\":\"r\",\"gatebook.outcome\":\"dns-failure\"}";
	struct world *w = *state;
	char out[sizeof(line) + 2];
	struct reader_access access = { .owner = geteuid() };
	struct reader_person person;
	int pair[2];
	size_t n;

	n = reader_desk_line(line, sizeof(line) - 1, out);
	out[n] = '\0';
	assert_string_equal(out, "{\"@timestamp\":\"T\",\"url.domain\":"
	    "\"a.example\",\"rule.id\":\"r\",\"gatebook.outcome\":"
	    "\"dns-failure\"}\n");
	assert_int_equal(reader_desk_line(line, sizeof(line) - 2, out), 0);
	assert_int_equal(reader_desk_line("{\"a\":1}", 7, out), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	reader_identify(&access, pair[0], &person);
	assert_int_equal(person.rights, RIGHTS_ALL);
	if (geteuid() != 0) {
		access.owner = geteuid() + 1;
		reader_identify(&access, pair[0], &person);
		assert_int_equal(person.rights, RIGHTS_NONE);
		access.has_desk = true;
		access.desk = getegid();
		reader_identify(&access, pair[0], &person);
		assert_int_equal(person.rights, RIGHTS_DESK);
	}
	(void)close(pair[0]);
	(void)close(pair[1]);
	(void)w;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		CASE(test_search), CASE(test_show), CASE(test_show_reference),
		CASE(test_search), CASE(test_show), CASE(test_count_rules),
		CASE(test_search), CASE(test_show), CASE(test_count_bounds),
		CASE(test_tail),
		CASE(test_tail_of_nothing), CASE(test_unrecorded),
		CASE(test_writer_dies), CASE(test_bad_requests),
		CASE(test_damage), CASE(test_slow), CASE(test_too_many),
		CASE(test_rights)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
