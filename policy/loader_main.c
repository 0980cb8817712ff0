/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader_main.c - gatebook-loader: started by the parent for each load, confined,
 * compiles the policy, hands back a sealed snapshot and ends.  It reads what
 * others wrote (policy, lists, databases), so it has no privilege and no
 * network; a fault in it costs one load, never the running policy.
 */
#include "lib/clock.h"
#include "lib/confine.h"
#include "lib/macros.h"
#include "lib/messages.h"
#include "lib/report.h"
#include "lib/settings.h"
#include "policy/compile.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 2600

struct loader {
	struct settings *settings;
	int folder;
};

static void
send_or_die(const struct message *m)
{
	while (message_send(MESSAGE_PARENT_FD, m) != 0) {
		struct pollfd p = { .fd = MESSAGE_PARENT_FD,
		    .events = POLLOUT };

		/* The parent reads; should it not for ten seconds, it is
		 * gone or does not want the answer. */
		if (poll(&p, 1, 10000) != 1 || (p.revents & POLLOUT) == 0) {
			report(REPORT_ERROR, "the parent takes no answer");
			exit(1);
		}
	}
}

static void
tell(enum report_level level, const char *words)
{
	static struct message m;

	message_init(&m, MESSAGE_LOAD_MESSAGE, -1);
	message_add_u32(&m, level);
	message_add_string(&m, words);
	send_or_die(&m);
}

static void
on_complaint(void *arg, const struct policy_complaint *c)
{
	static const enum report_level levels[] = { REPORT_ERROR,
	    REPORT_WARNING, REPORT_INFO };
	char words[WORDS_MAX];

	(void)arg;
	(void)policy_complaint_print(c, words, sizeof(words));
	tell(levels[c->severity], words);
}

/* Take what the parent sends before MESSAGE_START. */
static void
take_orders(struct loader *l)
{
	static struct message m;

	for (;;) {
		struct pollfd p = { .fd = MESSAGE_PARENT_FD,
		    .events = POLLIN };
		const char *which;
		int got = message_receive(MESSAGE_PARENT_FD, &m);

		if (got < 0)
			exit(1);	/* the parent went away */
		if (got == 0) {
			if (poll(&p, 1, 30000) == 1)
				continue;
			report(REPORT_ERROR, "the parent gives no orders");
			exit(1);
		}
		switch (m.type) {
		case MESSAGE_SETTINGS:
			settings_free(&l->settings);
			l->settings = settings_read_fd(m.fd);
			break;
		case MESSAGE_FOLDER:
			which = message_get_string(&m);
			if (strcmp(which, "policy") == 0) {
				l->folder = m.fd;
				m.fd = -1;
			}
			break;
		case MESSAGE_STATS:
		case MESSAGE_LOGSTATE:
			break;
		case MESSAGE_START:
			message_drop(&m);
			return;
		default:
			report(REPORT_ERROR, "message %u is not for the "
			    "loader", (unsigned)m.type);
			exit(1);
		}
		message_drop(&m);
	}
}

static void
answer(enum message_type type, int fd, const char *version)
{
	static struct message m;

	message_init(&m, type, fd);
	if (version != NULL)
		message_add_string(&m, version);
	send_or_die(&m);
}

static void
answer_loaded(int fd, const struct policy *policy)
{
	static struct message m;

	message_init(&m, MESSAGE_LOADED, fd);
	message_add_string(&m, policy_version(policy));
	message_add_string(&m, policy_name(policy));
	send_or_die(&m);
}

static int
load(const struct loader *l)
{
	struct policy_options options = {
		.folder = l->folder,
		.geoip_country = l->settings->geoip_country,
		.geoip_asn = l->settings->geoip_asn,
		.now_us = clock_wall_us(),
	};
	struct policy *policy;
	char why[256];
	int fd = policy_compile_file(l->settings->policy_file, &options,
	    on_complaint, NULL);

	if (fd < 0) {
		answer(MESSAGE_LOAD_FAILED, -1, NULL);
		return 1;
	}
	policy = policy_open(fd, why, sizeof(why));
	if (policy == NULL) {
		tell(REPORT_ERROR, why);
		answer(MESSAGE_LOAD_FAILED, -1, NULL);
		return 1;
	}
	answer_loaded(fd, policy);
	policy_close(&policy);
	(void)close(fd);
	return 0;
}

int
main(void)
{
	struct loader loader = { .folder = -1 };
	char words[256];
	int result;

	report_init("loader", REPORT_INFO);
	message_need_parent();
	take_orders(&loader);
	if (loader.settings == NULL) {
		report(REPORT_ERROR, "the parent sent no settings");
		return 1;
	}
	report_set_level((enum report_level)loader.settings->report_level);
	/* No folders named: a policy may name lists anywhere, so the loader
	 * may read whatever its user may. */
	if (confine(CONFINE_LOADER, NULL, 0, NULL, words, sizeof(words)) != 0)
		return 1;
	result = load(&loader);
	settings_free(&loader.settings);
	return result;
}
