/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_main.c - a worker from its start to its end: what the parent hands over
 * comes in messages; on START everything that needs files is opened, the process
 * gives up what it does not need, and only then takes the first connection.
 */
#include "lib/clock.h"
#include "lib/confine.h"
#include "lib/messages.h"
#include "lib/report.h"
#include "proxy/answer.h"
#include "proxy/clients.h"
#include "proxy/listen.h"
#include "proxy/pipes.h"
#include "proxy/upstream.h"
#include "proxy/worker.h"

#include <sys/resource.h>
#include <ifaddrs.h>

#include <openssl/rand.h>

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RESERVED_FDS 128

/* What came before START. */
struct setup {
	struct worker *worker;
	int book_fd;
	int wake_writer;
	bool started;
	struct message message;
};

static void
fail(const char *what)
{
	report(REPORT_ERROR, "cannot start: %s", what);
	exit(1);
}

/* --- setting up ------------------------------------------------------------------- */

/* Our name in Via: tells nodes apart, tells outsiders nothing. */
static void
make_via(struct worker *w)
{
	uint64_t h = 14695981039346656037u;
	const char *parts[] = { w->node, w->settings->data_folder,
		w->settings->file };

	for (size_t i = 0; i < 3; i++)
		for (const char *at = parts[i]; at != NULL && *at != '\0';
		    at++)
			h = (h ^ (unsigned char)*at) * 1099511628211u;
	(void)snprintf(w->via, sizeof(w->via), "1.1 gatebook-%08" PRIx32,
	    (uint32_t)(h ^ (h >> 32)));
}

static void
read_settings(struct worker *w, int fd)
{
	struct settings *settings = settings_read_fd(fd);

	(void)close(fd);
	if (settings == NULL)
		fail("the settings from the parent cannot be read");
	w->settings = settings;
	report_set_level((enum report_level)settings->report_level);
	if (settings->node_name[0] != '\0')
		(void)snprintf(w->node, sizeof(w->node), "%s",
		    settings->node_name);
	else if (gethostname(w->node, sizeof(w->node) - 1) != 0)
		(void)snprintf(w->node, sizeof(w->node), "gatebook");
	make_via(w);
	w->limits = (struct http1_limits){
		.head = settings->http_head_max,
		.field = settings->http_field_max,
		.fields = settings->http_fields_max,
		.target = settings->http_target_max
	};
	w->trusted = calloc(settings->proxy_protocol_from.count + 1,
	    sizeof(*w->trusted));
	if (w->trusted == NULL)
		fail("no memory");
	for (size_t i = 0; i < settings->proxy_protocol_from.count; i++)
		if (network_parse(settings->proxy_protocol_from.item[i],
		    &w->trusted[w->trusted_count]))
			w->trusted_count++;
	if (settings->upstream_parent[0] != '\0') {
		if (!settings_host_port(settings->upstream_parent,
		    w->parent_host, &w->parent_port))
			fail("upstream.parent is not HOST:PORT");
		w->has_parent = true;
	}
}

static void
make_buffers(struct worker *w)
{
	w->scratch_size = 2 * w->limits.head + 65536 + ANSWER_MAX;
	w->fields = calloc(w->limits.fields + 1, sizeof(*w->fields));
	w->buffer = malloc(WORKER_BUFFER + w->limits.head);
	w->scratch = malloc(w->scratch_size);
	w->record_bytes = malloc(RECORD_MAX);
	w->pool = pool_new(w);
	w->clients = clients_new(w);
	w->pipes = pipes_new();
	w->wheel = deadlines_new(w->base);
	if (w->fields == NULL || w->buffer == NULL || w->scratch == NULL ||
	    w->record_bytes == NULL || w->pool == NULL || w->clients == NULL ||
	    w->pipes == NULL || w->wheel == NULL)
		fail("no memory");
}

static void
learn_own_addresses(struct worker *w)
{
	struct ifaddrs *list, *at;

	if (getifaddrs(&list) != 0)
		return;
	for (at = list; at != NULL && w->self_count < WORKER_SELF_MAX;
	    at = at->ifa_next)
		if (at->ifa_addr != NULL && address_from_sockaddr(
		    at->ifa_addr, &w->self[w->self_count]))
			w->self_count++;
	freeifaddrs(list);
}

static void
set_limits(struct worker *w)
{
	struct rlimit files;
	uint64_t most = 10000;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
		if (files.rlim_cur > 2 * RESERVED_FDS)
			most = (files.rlim_cur - RESERVED_FDS) / 2;
		else
			most = RESERVED_FDS / 2;
	}
	w->sessions_max = w->settings->client_max;
	if (w->sessions_max == 0 || w->sessions_max > most)
		w->sessions_max = most;
}

static void
send_words(enum message_type type, uint64_t number, const char *words)
{
	struct message *m = malloc(sizeof(*m));

	if (m == NULL)
		return;
	message_init(m, type, -1);
	if (type != MESSAGE_READY)
		message_add_u64(m, number);
	if (words != NULL)
		message_add_string(m, words);
	if (message_send(MESSAGE_PARENT_FD, m) != 0)
		report(REPORT_WARNING, "the parent does not listen");
	free(m);
}

static void
start(struct setup *setup)
{
	struct worker *w = setup->worker;
	struct timeval second = { 1, 0 };
	char words[512];
	unsigned char random[8];

	if (setup->started)
		return;
	if (w->settings == NULL || w->stats == NULL || w->log == NULL ||
	    w->book == NULL || w->policy == NULL)
		fail("the parent left something out");
	setup->started = true;
	(void)RAND_bytes(random, sizeof(random));
	memcpy(&w->trace_seed, random, sizeof(random));
	/* The C library reads its time zone and the like on first use. */
	tzset();
	(void)worker_date();
	learn_own_addresses(w);
	set_limits(w);
	w->resolver = resolver_new(w->base, w->settings);
	if (w->resolver == NULL)
		fail("no resolver");
	if (confine(CONFINE_WORKER, NULL, 0, &w->unlisted, words,
	    sizeof(words)) != 0)
		fail("not confined");
	(void)event_assign(&w->beat, w->base, -1, EV_PERSIST, worker_on_beat,
	    w);
	(void)event_add(&w->beat, &second);
	stats_set(&w->stats->heartbeat_us, clock_mono_us());
	worker_start(w);
	send_words(MESSAGE_READY, 0, words);
}

/* --- what the parent says ------------------------------------------------------------ */

static void
take_snapshot(struct worker *w, int fd, uint64_t number)
{
	char why[256];

	if (w->next_policy != NULL)
		policy_close(&w->next_policy);
	w->next_policy = policy_open(fd, why, sizeof(why));
	(void)close(fd);
	if (w->next_policy == NULL) {
		send_words(MESSAGE_SNAPSHOT_REFUSED, number, why);
		return;
	}
	w->next_number = number;
	send_words(MESSAGE_SNAPSHOT_READY, number, NULL);
}

static void
use_snapshot(struct worker *w, uint64_t number)
{
	struct policy *old = w->policy;

	if (w->next_policy == NULL || w->next_number != number)
		return;
	w->policy = w->next_policy;
	w->policy_serial++;
	w->next_policy = NULL;
	/* Nothing keeps a pointer into a policy beyond the call in hand. */
	policy_close(&old);
	worker_redecide(w);
}

static void
map_stats(struct worker *w, int fd, uint32_t slot)
{
	struct stats_page *page = stats_map(fd, 1);

	(void)close(fd);
	if (page == NULL || slot >= STATS_SLOTS)
		fail("the page of counters cannot be mapped");
	w->stats = &page->slot[slot];
}

static void
take(struct setup *setup, struct message *m)
{
	struct worker *w = setup->worker;
	int fd = m->fd;
	uint32_t number;
	const char *name, *text;

	m->fd = -1;
	switch ((int)m->type) {
	case MESSAGE_SETTINGS:
		read_settings(w, fd);
		make_buffers(w);
		return;
	case MESSAGE_STATS:
		map_stats(w, fd, message_get_u32(m));
		return;
	case MESSAGE_LOGSTATE:
		w->log = logstate_map(fd);
		(void)close(fd);
		return;
	case MESSAGE_WAKE_WRITER:
		setup->wake_writer = fd;
		break;
	case MESSAGE_BOOK:
		setup->book_fd = fd;
		break;
	case MESSAGE_WAKE_SELF:
		w->wake_fd = fd;
		(void)event_assign(&w->wake_event, w->base, fd,
		    EV_READ | EV_PERSIST, worker_on_wake, w);
		(void)event_add(&w->wake_event, NULL);
		return;
	case MESSAGE_LISTENER:
		number = message_get_u32(m);
		name = message_get_string(m);
		text = message_get_string(m);
		if (worker_listen(w, fd, number, name, text,
		    message_get_u32(m) != 0) != 0)
			(void)close(fd);
		return;
	case MESSAGE_SNAPSHOT:
		take_snapshot(w, fd, message_get_u64(m));
		return;
	case MESSAGE_SNAPSHOT_USE:
		use_snapshot(w, message_get_u64(m));
		return;
	case MESSAGE_START:
		start(setup);
		return;
	case MESSAGE_DRAIN:
		worker_drain(w, message_get_u64(m));
		return;
	case MESSAGE_STOP:
		worker_drain(w, 0);
		return;
	case MESSAGE_FOLDER:
		(void)close(fd);
		return;
	default:
		if (fd >= 0)
			(void)close(fd);
		fail("the parent said something unknown");
	}
	if (setup->wake_writer >= 0 && setup->book_fd >= 0 && w->book == NULL) {
		w->book = book_keep(setup->book_fd, setup->wake_writer);
		if (w->book == NULL)
			fail("the book cannot be mapped");
		(void)close(setup->book_fd);
		setup->book_fd = -1;
	}
}

static void
on_parent(evutil_socket_t fd, short what, void *arg)
{
	struct setup *setup = arg;
	struct worker *w = setup->worker;
	int got;

	(void)what;
	while ((got = message_receive(fd, &setup->message)) > 0)
		take(setup, &setup->message);
	if (got == 0)
		return;
	/* The parent is gone: another will take the door, we see off those
	 * who are in. */
	(void)event_del(&w->parent_event);
	if (!setup->started)
		exit(1);
	w->parent_gone = true;
	worker_drain(w, w->settings->drain_max);
}

int
main(void)
{
	struct worker *w = calloc(1, sizeof(*w));
	struct setup *setup = calloc(1, sizeof(*setup));
	struct event_config *config;

	report_init("worker", REPORT_INFO);
	message_need_parent();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);	/* the terminal's; the parent tells */
	if (w == NULL || setup == NULL)
		fail("no memory");
	(void)fcntl(MESSAGE_PARENT_FD, F_SETFL, O_NONBLOCK);
	config = event_config_new();
	if (config == NULL)
		fail("no memory");
	(void)event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	(void)event_config_set_flag(config,
	    EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	w->base = event_base_new_with_config(config);
	event_config_free(config);
	if (w->base == NULL)
		fail("no event base");
	w->wake_fd = -1;
	setup->worker = w;
	setup->book_fd = -1;
	setup->wake_writer = -1;
	(void)event_assign(&w->parent_event, w->base, MESSAGE_PARENT_FD,
	    EV_READ | EV_PERSIST, on_parent, setup);
	(void)event_add(&w->parent_event, NULL);
	(void)event_base_dispatch(w->base);
	if (w->clients != NULL && w->book != NULL)
		(void)clients_flush(w->clients);
	if (!w->parent_gone)
		send_words(MESSAGE_DRAINED, 0, NULL);
	return 0;
}
