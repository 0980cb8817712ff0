/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_main.c - gatebookd, the parent: reads the settings, makes the place
 * ready, opens the sockets, starts the family and looks after it.  It stays in
 * the foreground and reads no byte from the network.
 */
#include "daemon/announce.h"
#include "daemon/control.h"
#include "daemon/family.h"
#include "daemon/handed.h"
#include "daemon/launch.h"
#include "daemon/oplog.h"
#include "daemon/place.h"
#include "daemon/reload.h"
#include "daemon/status.h"
#include "daemon/trial.h"
#include "lib/clock.h"
#include "lib/macros.h"
#include "lib/report.h"
#include "lib/runfolder.h"

#include <event2/event.h>

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static void
on_complaint(void *arg, const char *file, unsigned line, const char *message)
{
	unsigned *count = arg;

	(*count)++;
	if (line > 0)
		report(REPORT_ERROR, "%s:%u: %s", file, line, message);
	else
		report(REPORT_ERROR, "%s: %s", file, message);
}

void
parent_name_node(struct parent *parent)
{
	if (parent->settings->node_name[0] != '\0')
		(void)snprintf(parent->node, sizeof(parent->node), "%s",
		    parent->settings->node_name);
	else if (gethostname(parent->node, sizeof(parent->node) - 1) != 0)
		(void)snprintf(parent->node, sizeof(parent->node),
		    "gatebook");
}

/* --- signals and the clock ----------------------------------------------- */

static void
on_stop_signal(evutil_socket_t sig, short what, void *arg)
{
	struct parent *parent = arg;

	(void)what;
	report(REPORT_INFO, "ending, by signal %d", (int)sig);
	/* The second time it is meant. */
	stop_begin(parent, is_stopping(parent) ? 0 :
	    parent->settings->stop_max);
}

static void
on_hangup(evutil_socket_t sig, short what, void *arg)
{
	struct parent *parent = arg;

	(void)sig;
	(void)what;
	/* Started by hand, and that terminal was closed. */
	if (parent->from_terminal && tcgetpgrp(STDIN_FILENO) < 0)
		stop_begin(parent, parent->settings->stop_max);
	else
		reload_begin(parent, "signal SIGHUP", NULL);
}

static void
on_child(evutil_socket_t sig, short what, void *arg)
{
	(void)sig;
	(void)what;
	family_reap(arg);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct parent *parent = arg;

	(void)fd;
	(void)what;
	atomic_store(&parent->own->heartbeat_us, clock_mono_us());
	family_tick(parent);
	status_tick(parent);
	reload_tick(parent);
	oplog_check(parent->oplog);
	announce_alive();
}

static void
watch_signal(struct parent *parent, size_t at, int sig,
    event_callback_fn callback)
{
	struct event *event = evsignal_new(parent->base, sig, callback, parent);

	if (event == NULL || event_add(event, NULL) != 0)
		report_bug("cannot watch signal %d", sig);
	parent->signals[at] = event;
}

static void
watch(struct parent *parent)
{
	static const struct timeval second = { .tv_sec = 1 };

	(void)signal(SIGPIPE, SIG_IGN);
	watch_signal(parent, 0, SIGTERM, on_stop_signal);
	watch_signal(parent, 1, SIGINT, on_stop_signal);
	watch_signal(parent, 2, SIGHUP, on_hangup);
	watch_signal(parent, 3, SIGCHLD, on_child);
	parent->tick = event_new(parent->base, -1, EV_PERSIST, on_tick, parent);
	if (parent->tick == NULL || event_add(parent->tick, &second) != 0)
		report_bug("out of memory");
	parent->last_tick_us = clock_mono_us();
}

/* --- what is shared ------------------------------------------------------ */

static int
shared_page(const char *name, size_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)size) != 0 || fcntl(fd, F_ADD_SEALS,
	    F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
		report(REPORT_ERROR, "no shared memory: %s", strerror(errno));
		return -1;
	}
	return fd;
}

static int
make_shared(struct parent *parent)
{
	char path[64];
	struct logstate *log;

	parent->stats_fd = shared_page("stats", sizeof(struct stats_page));
	parent->logstate_fd = shared_page("logstate", sizeof(struct logstate));
	parent->wake_writer = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (parent->stats_fd < 0 || parent->logstate_fd < 0 ||
	    parent->wake_writer < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d",
	    parent->stats_fd);
	parent->stats_read_fd = open(path, O_RDONLY | O_CLOEXEC);
	log = mmap(NULL, sizeof(*log), PROT_READ | PROT_WRITE, MAP_SHARED,
	    parent->logstate_fd, 0);
	parent->stats = stats_map(parent->stats_fd, 1);
	if (log == MAP_FAILED || parent->stats == NULL ||
	    parent->stats_read_fd < 0) {
		report(REPORT_ERROR, "no shared memory: %s", strerror(errno));
		return -1;
	}
	atomic_store(&log->layout, LOGSTATE_LAYOUT);
	atomic_store(&log->condition, LOGSTATE_STARTING);
	atomic_store(&log->since_us, clock_wall_us());
	parent->logstate = log;
	parent->own = &parent->stats->slot[0];
	atomic_store(&parent->own->kind, STATS_PARENT);
	atomic_store(&parent->own->pid, (uint64_t)getpid());
	return 0;
}

/* --- start --------------------------------------------------------------- */

static int
open_all(struct parent *parent)
{
	const struct settings *settings = parent->settings;
	struct handed handed;
	unsigned complaints = 0;

	/* Before anything else of ours can take those numbers. */
	handed_take(&handed);
	if (place_run_folder(parent) != 0)
		return -1;
	place_raise_files(parent);
	place_end_leftovers(parent);
	users_find(settings, &parent->users);
	if (place_data_folder(parent) != 0)
		return -1;
	parent->worker_count = family_workers_wanted(settings);
	parent->listeners = listeners_open(settings, parent->worker_count,
	    NULL, &handed, on_complaint, &complaints);
	handed_drop(&handed);
	parent->settings_fd = settings_seal(settings);
	parent->policy_fd = policy_folder_open(settings);
	if (parent->policy_fd < 0)
		report(REPORT_ERROR, "policy.file: cannot open the folder of "
		    "%s: %s", settings->policy_file, strerror(errno));
	parent->reader_socket = unix_listen(parent->run_path, RUNFOLDER_LOG,
	    users_group_exists(settings->group_desk) ||
	    users_group_exists(settings->group_auditor));
	if (parent->listeners == NULL || parent->settings_fd < 0 ||
	    parent->policy_fd < 0 || parent->reader_socket < 0)
		return -1;
	if (make_shared(parent) != 0)
		return -1;
	parent->books = books_open(parent->run_fd, parent->data_fd);
	if (parent->books == NULL)
		return -1;
	if (settings->report_file[0] != '\0' &&
	    (parent->oplog = oplog_open(parent->base, settings->report_file,
	    settings->report_file_size)) == NULL)
		return -1;
	parent->control = control_open(parent);
	return parent->control != NULL ? 0 : -1;
}

static void
init_seat(struct parent *parent, struct seat *seat, enum child_kind kind,
    unsigned number)
{
	seat->parent = parent;
	seat->kind = kind;
	seat->number = number;
}

static struct parent *
parent_new(void)
{
	struct parent *parent = calloc(1, sizeof(*parent));

	if (parent == NULL)
		report_bug("out of memory");
	parent->since_us = clock_wall_us();
	parent->data_fd = parent->log_fd = parent->run_fd = -1;
	parent->pid_fd = parent->policy_fd = parent->settings_fd = -1;
	parent->try_settings_fd = parent->try_policy_fd = -1;
	parent->stats_fd = parent->stats_read_fd = parent->logstate_fd = -1;
	parent->wake_writer = parent->reader_socket = -1;
	parent->snapshot.fd = -1;
	parent->from_terminal = isatty(STDIN_FILENO) != 0;
	init_seat(parent, &parent->writer, CHILD_WRITER, 0);
	init_seat(parent, &parent->reader, CHILD_READER, 0);
	init_seat(parent, &parent->admin, CHILD_ADMIN, 0);
	for (unsigned i = 0; i < WORKERS_MAX; i++)
		init_seat(parent, &parent->worker[i], CHILD_WORKER, i);
	parent->base = event_base_new();
	if (parent->base == NULL)
		report_bug("no event loop");
	parent->events = events_new(parent);
	parent->reload = reload_new(parent);
	return parent;
}

static void
free_seat(struct seat *seat)
{
	if (seat->timer != NULL)
		event_free(seat->timer);
}

/* Descriptors and mappings go with the process. */
static void
parent_free(struct parent **gone)
{
	struct parent *parent = *gone;

	*gone = NULL;
	control_close(&parent->control);
	free_seat(&parent->writer);
	free_seat(&parent->reader);
	free_seat(&parent->admin);
	for (unsigned i = 0; i < WORKERS_MAX; i++)
		free_seat(&parent->worker[i]);
	if (parent->tick != NULL)
		event_free(parent->tick);
	for (size_t i = 0; i < COUNT_OF(parent->signals); i++)
		if (parent->signals[i] != NULL)
			event_free(parent->signals[i]);
	reload_free(&parent->reload);
	events_free(&parent->events);
	books_close(&parent->books);
	listeners_close(&parent->listeners);
	oplog_close(&parent->oplog);
	settings_free(&parent->settings);
	event_base_free(parent->base);
	free(parent);
}

static int
run(struct parent *parent)
{
	watch(parent);
	family_start(parent);
	(void)event_base_dispatch(parent->base);
	if (parent->exit_status == 0)
		report(REPORT_INFO, "ended");
	return parent->exit_status;
}

static void
usage(FILE *out)
{
	(void)fputs("usage: gatebookd -c FILE\n"
	    "Runs gatebook in the foreground with the settings in FILE\n"
	    "(normally started by \"gatebook run\" or by systemd).\n", out);
}

static int
start(struct parent *parent)
{
	unsigned complaints = 0;

	announce_init();
	(void)umask(022);
	parent->settings = settings_read(parent->settings_path, on_complaint,
	    &complaints);
	if (parent->settings == NULL) {
		report(REPORT_ERROR, "not started: correct what is named "
		    "above in %s", parent->settings_path);
		return 1;
	}
	report_set_level((enum report_level)parent->settings->report_level);
	parent_name_node(parent);
	if (launch_folder(parent->program_folder,
	    sizeof(parent->program_folder)) != 0) {
		report(REPORT_ERROR, "cannot tell where my programs are");
		return 1;
	}
	return open_all(parent) == 0 ? run(parent) : 1;
}

int
main(int argc, char **argv)
{
	struct parent *parent;
	const char *conf = NULL;
	char path[PATH_MAX];
	int option, status;

	report_init("gatebookd", REPORT_INFO);
	while ((option = getopt(argc, argv, "c:hV")) != -1) {
		switch (option) {
		case 'c':
			conf = optarg;
			break;
		case 'h':
			usage(stdout);
			return 0;
		case 'V':
			(void)puts("gatebookd " GATEBOOK_VERSION);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (conf == NULL || optind != argc) {
		usage(stderr);
		return 2;
	}
	parent = parent_new();
	/* A reload must find it wherever we are then. */
	parent->settings_path = realpath(conf, path) != NULL ? path : conf;
	status = start(parent);
	place_leave(parent);
	parent_free(&parent);
	return status;
}
