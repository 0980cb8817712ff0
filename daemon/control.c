/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.c - see control.h.  Nothing is read from who may not ask.
 */
#include "daemon/control.h"

#include "daemon/family.h"
#include "daemon/reload.h"
#include "daemon/status.h"
#include "lib/clock.h"
#include "lib/report.h"
#include "lib/runfolder.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include <sys/socket.h>

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REQUEST_SECONDS 5
#define ANSWER_SECONDS 10
#define GROUPS_MAX 256

struct client {
	struct client *next;
	struct control *control;
	struct bufferevent *bev;
	uid_t uid;
	bool may_all;
	bool asked;		/* its command is under way or answered */
	bool ending;		/* closes when all is written */
};

struct control {
	struct parent *parent;
	int fd;
	struct event *event;
	struct client *clients;
	unsigned count;
};

static void
client_close(struct client **gone)
{
	struct client *client = *gone;
	struct control *control = client->control;
	struct client **at = &control->clients;

	*gone = NULL;
	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	control->count--;
	reload_forget_asker(control->parent->reload, client);
	bufferevent_free(client->bev);
	free(client);
}

/* --- answers ------------------------------------------------------------- */

static void
answer(struct client *client, json_t *json)
{
	char *line = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	if (line == NULL)
		return;
	(void)bufferevent_write(client->bev, line, strlen(line));
	(void)bufferevent_write(client->bev, "\n", 1);
	free(line);
}

static void
answer_last(struct client *client, json_t *json, bool good,
    const char *message)
{
	struct timeval tv = { .tv_sec = ANSWER_SECONDS };

	json_object_set_new(json, "result",
	    json_string(good ? "ok" : "failed"));
	if (message != NULL)
		json_object_set_new(json, "message", json_string(message));
	answer(client, json);
	client->ending = true;
	(void)bufferevent_disable(client->bev, EV_READ);
	(void)bufferevent_set_timeouts(client->bev, NULL, &tv);
}

static void
refuse(struct client *client, const char *message)
{
	answer_last(client, json_object(), false, message);
}

static const char *
level_name(enum report_level level)
{
	switch (level) {
	case REPORT_ERROR:
		return "error";
	case REPORT_WARNING:
		return "warning";
	case REPORT_INFO:
	case REPORT_DEBUG:
		return "info";
	}
	return "info";
}

static void
on_reload_line(void *arg, enum report_level level, const char *line)
{
	answer(arg, json_pack("{s:s, s:s}", "level", level_name(level),
	    "message", line));
}

static void
on_reload_done(void *arg, bool good, const char *message)
{
	answer_last(arg, json_object(), good, message);
}

/* --- commands ------------------------------------------------------------ */

static void
who_asks(const struct client *client, const char *what, char *out, size_t size)
{
	const struct passwd *pw = getpwuid(client->uid);

	(void)snprintf(out, size, "%s by %s (uid %u)", what,
	    pw != NULL ? pw->pw_name : "an unknown user",
	    (unsigned)client->uid);
}

static void
command_reload(struct client *client)
{
	struct reload_asker asker = { .say = on_reload_line,
	    .done = on_reload_done, .arg = client };
	char why[160];

	who_asks(client, "asked for", why, sizeof(why));
	reload_begin(client->control->parent, why, &asker);
}

static void
command_stop(struct client *client, bool drain)
{
	struct parent *parent = client->control->parent;
	char why[160];

	who_asks(client, drain ? "told to drain and stop" : "told to stop",
	    why, sizeof(why));
	report(REPORT_INFO, "%s", why);
	/* Who waits for the end waits for the lock of the pid file. */
	answer_last(client, json_object(), true, "ending; what runs may "
	    "finish");
	stop_begin(parent, drain ? parent->settings->drain_max :
	    parent->settings->stop_max);
}

static void
run_command(struct client *client, const json_t *request)
{
	const char *command = json_string_value(json_object_get(request,
	    "command"));
	json_t *json;

	client->asked = true;
	(void)bufferevent_set_timeouts(client->bev, NULL, NULL);
	if (command == NULL) {
		refuse(client, "a request is one line, for example "
		    "{\"command\":\"status\"}");
	} else if (strcmp(command, "status") == 0) {
		json = status_json(client->control->parent);
		answer_last(client, json, true, NULL);
	} else if (strcmp(command, "ping") == 0) {
		answer_last(client, json_object(), true, NULL);
	} else if (strcmp(command, "reload") != 0 &&
	    strcmp(command, "stop") != 0) {
		refuse(client, "unknown command; there are status, ping, "
		    "reload and stop");
	} else if (!client->may_all) {
		refuse(client, "only root and the user that runs gatebook may "
		    "do that");
	} else if (strcmp(command, "reload") == 0) {
		command_reload(client);
	} else {
		command_stop(client, json_is_true(json_object_get(request,
		    "drain")));
	}
}

/* --- connections --------------------------------------------------------- */

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct client *client = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t n;
	char *line = evbuffer_readln(in, &n, EVBUFFER_EOL_LF);
	json_t *request;

	if (client->asked) {
		free(line);
		(void)evbuffer_drain(in, evbuffer_get_length(in));
		return;
	}
	if (line == NULL) {
		if (evbuffer_get_length(in) > CONTROL_LINE_MAX)
			client_close(&client);
		return;
	}
	request = n > CONTROL_LINE_MAX ? NULL :
	    json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
	free(line);
	run_command(client, request);
	json_decref(request);
}

static void
on_written(struct bufferevent *bev, void *arg)
{
	struct client *client = arg;

	(void)bev;
	if (client->ending)
		client_close(&client);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct client *client = arg;

	(void)bev;
	/* Who has asked may close its side and wait for the answer. */
	if ((what & BEV_EVENT_EOF) != 0 && client->asked &&
	    (what & BEV_EVENT_READING) != 0) {
		(void)bufferevent_disable(client->bev, EV_READ);
		return;
	}
	client_close(&client);
}

/* Which groups the peer is in, by the kernel; how many. */
static size_t
peer_groups(int fd, gid_t first, gid_t groups[GROUPS_MAX])
{
	socklen_t n = (socklen_t)((GROUPS_MAX - 1) * sizeof(gid_t));

	groups[0] = first;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, &groups[1], &n) != 0)
		return 1;
	return 1 + n / sizeof(gid_t);
}

static bool
may_ask(const struct parent *parent, int fd, struct client *client)
{
	struct ucred peer;
	socklen_t n = sizeof(peer);
	gid_t groups[GROUPS_MAX];
	size_t count;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0)
		return false;
	client->uid = peer.uid;
	client->may_all = peer.uid == 0 || peer.uid == geteuid();
	if (client->may_all)
		return true;
	count = peer_groups(fd, peer.gid, groups);
	return users_in_group(parent->settings->group_auditor, groups,
	    count) || users_in_group(parent->settings->group_desk, groups,
	    count);
}

static void
client_open(struct control *control, int fd)
{
	static const char busy[] = "{\"result\":\"failed\",\"message\":"
	    "\"too many control connections; try again\"}\n";
	static const char no[] = "{\"result\":\"failed\",\"message\":\"you may "
	    "not ask: root, the user that runs gatebook, and members of "
	    "group.desk and group.auditor may\"}\n";
	struct timeval tv = { .tv_sec = REQUEST_SECONDS };
	struct client *client = calloc(1, sizeof(*client));
	bool may = client != NULL && may_ask(control->parent, fd, client);

	if (!may || control->count >= CONTROL_CLIENTS_MAX) {
		(void)send(fd, may ? busy : no, may ? sizeof(busy) - 1 :
		    sizeof(no) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		(void)close(fd);
		free(client);
		return;
	}
	client->control = control;
	client->bev = bufferevent_socket_new(control->parent->base, fd,
	    BEV_OPT_CLOSE_ON_FREE);
	if (client->bev == NULL)
		report_bug("out of memory");
	client->next = control->clients;
	control->clients = client;
	control->count++;
	bufferevent_setcb(client->bev, on_read, on_written, on_event, client);
	bufferevent_setwatermark(client->bev, EV_READ, 0,
	    CONTROL_LINE_MAX + 1);
	(void)bufferevent_set_timeouts(client->bev, &tv, &tv);
	(void)bufferevent_enable(client->bev, EV_READ | EV_WRITE);
}

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct control *control = arg;
	int peer = accept4((int)fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)what;
	if (peer >= 0)
		client_open(control, peer);
}

struct control *
control_open(struct parent *parent)
{
	const struct settings *settings = parent->settings;
	struct control *control = calloc(1, sizeof(*control));

	if (control == NULL)
		report_bug("out of memory");
	control->parent = parent;
	control->fd = unix_listen(parent->run_path, RUNFOLDER_CONTROL,
	    users_group_exists(settings->group_desk) ||
	    users_group_exists(settings->group_auditor));
	if (control->fd < 0) {
		free(control);
		return NULL;
	}
	control->event = event_new(parent->base, control->fd,
	    EV_READ | EV_PERSIST, on_accept, control);
	if (control->event == NULL || event_add(control->event, NULL) != 0)
		report_bug("out of memory");
	return control;
}

void
control_close(struct control **control)
{
	struct control *gone = *control;

	if (gone == NULL)
		return;
	*control = NULL;
	while (gone->clients != NULL) {
		struct client *client = gone->clients;

		client_close(&client);
	}
	event_free(gone->event);
	(void)close(gone->fd);
	free(gone);
}
