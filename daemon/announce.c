/* SPDX-License-Identifier: Apache-2.0 */
/*
 * announce.c - see announce.h.  The notify protocol is one datagram a message
 * (sd_notify(3)); a library for it is not worth its weight.
 */
#include "daemon/announce.h"

#include "lib/clock.h"
#include "lib/macros.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_un notify_address;
static socklen_t notify_length;
static uint64_t watchdog_us;
static uint64_t watchdog_next_us;

void
announce_init(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	const char *watchdog = getenv("WATCHDOG_USEC");
	size_t n = path != NULL ? strlen(path) : 0;

	if (n > 1 && n < sizeof(notify_address.sun_path) &&
	    (path[0] == '/' || path[0] == '@')) {
		notify_address.sun_family = AF_UNIX;
		memcpy(notify_address.sun_path, path, n);
		if (path[0] == '@')
			notify_address.sun_path[0] = '\0';
		notify_length = (socklen_t)(offsetof(struct sockaddr_un,
		    sun_path) + n);
	}
	if (watchdog != NULL)
		watchdog_us = strtoull(watchdog, NULL, 10);
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
}

static void
notify(const char *words)
{
	int fd;

	if (notify_length == 0)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, words, strlen(words), MSG_NOSIGNAL,
	    (const struct sockaddr *)&notify_address, notify_length);
	(void)close(fd);
}

/* As a person would type it in the folder where they are. */
static void
command_path(const struct parent *parent, char *out, size_t size)
{
	char here[PATH_MAX];
	const char *folder = parent->program_folder;
	size_t n;

	if (snprintf(out, size, "gatebook") < 0 || strstr(folder, "/lib/gatebook") != NULL ||
	    strcmp(folder, "/usr/bin") == 0 || strcmp(folder, "/usr/sbin") == 0)
		return;
	if (getcwd(here, sizeof(here)) != NULL && (n = strlen(here)) > 1 &&
	    strncmp(folder, here, n) == 0 && folder[n] == '/')
		folder += n + 1;
	if (snprintf(out, size, "%s/gatebook", folder) >= (int)size)
		(void)snprintf(out, size, "gatebook");
}

/* A wildcard address is no place to go to. */
static void
reachable(const struct address *address, char out[ADDRESS_TEXT_MAX])
{
	struct address there = *address;

	if (address_kind(address) == ADDRESS_UNSPECIFIED) {
		memset(there.bytes, 0, sizeof(there.bytes));
		if (there.family == 4) {
			there.bytes[0] = 127;
			there.bytes[3] = 1;
		} else {
			there.bytes[15] = 1;
		}
	}
	(void)address_print_port(&there, out);
}

static void
say_next(const struct parent *parent)
{
	const struct listeners *listeners = parent->listeners;
	char where[ADDRESS_TEXT_MAX], command[PATH_MAX];
	char with[PATH_MAX + 8] = "";

	command_path(parent, command, sizeof(command));
	if (strncmp(parent->settings->file, "/etc/gatebook/", 14) != 0)
		(void)snprintf(with, sizeof(with), " -c %s",
		    parent->settings_path);
	printf("gatebook " GATEBOOK_VERSION " runs: %u worker%s, policy %s\n",
	    parent->worker_count, parent->worker_count == 1 ? "" : "s",
	    parent->snapshot.name[0] != '\0' ? parent->snapshot.name :
	    parent->settings->policy_file);
	for (size_t i = 0; i < listeners->count; i++) {
		reachable(&listeners->item[i].address, where);
		printf("  proxy    http://%s (listener %s)\n", where,
		    listeners->item[i].name);
	}
	if (listeners->admin.fds > 0) {
		reachable(&listeners->admin.address, where);
		printf("  metrics  http://%s/metrics\n", where);
	}
	printf("  log      %s/log\n", parent->settings->data_folder);
	reachable(&listeners->item[0].address, where);
	printf("Try in another terminal:\n"
	    "  curl -x http://%s http://example.com/\n"
	    "  %s log tail%s\n"
	    "  %s status%s\n", where, command, with, command, with);
	(void)fflush(stdout);
}

void
announce_running(struct parent *parent)
{
	atomic_store(&parent->own->incarnation, 1);
	notify("READY=1\nSTATUS=Running");
	say_next(parent);
}

void
announce_reloading(void)
{
	char words[96];
	struct timespec ts = { 0, 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	(void)snprintf(words, sizeof(words), "RELOADING=1\nMONOTONIC_USEC=%"
	    PRIu64, (uint64_t)ts.tv_sec * 1000000 +
	    (uint64_t)ts.tv_nsec / 1000);
	notify(words);
}

void
announce_reloaded(void)
{
	notify("READY=1");
}

void
announce_stopping(struct parent *parent)
{
	if (parent->own != NULL)
		atomic_store(&parent->own->incarnation, 0);
	notify("STOPPING=1");
}

void
announce_alive(void)
{
	uint64_t now = clock_mono_us();

	if (watchdog_us == 0 || now < watchdog_next_us)
		return;
	/* Well before half the time is over. */
	watchdog_next_us = now + watchdog_us / 3;
	notify("WATCHDOG=1");
}
