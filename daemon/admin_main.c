/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin_main.c - the metrics process: /metrics, /live and /ready on the admin
 * address.  It reads requests from the network, so it is its own process, as
 * its own user, confined, and has the counters read-only.
 */
#include "daemon/metrics.h"
#include "lib/clock.h"
#include "lib/confine.h"
#include "lib/macros.h"
#include "lib/messages.h"
#include "lib/report.h"
#include "lib/settings.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define DESCRIPTORS_SEEN 256
#define TIMEOUT_SECONDS 10
#define HEAD_MAX 8192

struct admin {
	struct event_base *base;
	struct evhttp *http;
	struct stats_page *page;
	struct logstate *log;
	int listener;
	struct evconnlistener *accepting;
	struct event *retry;
	bool ending;
	struct message message;
};

static void
reply(struct evhttp_request *request, int code, const char *reason,
    const char *type, const char *text)
{
	struct evkeyvalq *head = evhttp_request_get_output_headers(request);
	struct evbuffer *body = evbuffer_new();

	(void)evhttp_add_header(head, "Content-Type", type);
	(void)evhttp_add_header(head, "Cache-Control", "no-store");
	(void)evhttp_add_header(head, "X-Content-Type-Options", "nosniff");
	if (body != NULL && text != NULL)
		(void)evbuffer_add(body, text, strlen(text));
	evhttp_send_reply(request, code, reason, body);
	if (body != NULL)
		evbuffer_free(body);
}

static void
on_metrics(struct evhttp_request *request, void *arg)
{
	const struct admin *admin = arg;
	struct evkeyvalq *head = evhttp_request_get_output_headers(request);
	struct evbuffer *body = evbuffer_new();

	if (body == NULL) {
		reply(request, 503, "Service Unavailable", "text/plain", NULL);
		return;
	}
	(void)evhttp_add_header(head, "Content-Type", "application/"
	    "openmetrics-text; version=1.0.0; charset=utf-8");
	(void)evhttp_add_header(head, "Cache-Control", "no-store");
	metrics_print(body, admin->page, admin->log);
	evhttp_send_reply(request, 200, "OK", body);
	evbuffer_free(body);
}

static void
on_live(struct evhttp_request *request, void *arg)
{
	(void)arg;
	reply(request, 200, "OK", "text/plain", "live\n");
}

static void
on_ready(struct evhttp_request *request, void *arg)
{
	const struct admin *admin = arg;
	char why[128] = "", words[160];

	if (metrics_ready(admin->page, admin->log, clock_mono_us(), why,
	    sizeof(why))) {
		reply(request, 200, "OK", "text/plain", "ready\n");
		return;
	}
	(void)snprintf(words, sizeof(words), "not ready: %s\n", why);
	reply(request, 503, "Service Unavailable", "text/plain", words);
}

static void
on_home(struct evhttp_request *request, void *arg)
{
	static const char page[] = "<!doctype html><html lang=\"en\"><meta "
	    "charset=\"utf-8\"><title>gatebook</title><h1>gatebook "
	    GATEBOOK_VERSION "</h1><ul><li><a href=\"/metrics\">/metrics</a> "
	    "counters, OpenMetrics<li><a href=\"/live\">/live</a> 200 while "
	    "this process answers<li><a href=\"/ready\">/ready</a> 200 while "
	    "requests are served and recorded</ul>\n";

	(void)arg;
	reply(request, 200, "OK", "text/html; charset=utf-8", page);
}

static void
on_other(struct evhttp_request *request, void *arg)
{
	(void)arg;
	reply(request, 404, "Not Found", "text/plain", "not found; there are "
	    "/metrics, /live and /ready\n");
}

/* --- connections --------------------------------------------------------- */

/* evhttp counts no connections, so open descriptors are counted: at the limit
 * nothing more is accepted for a second, what waits stays in the backlog. */
static unsigned
open_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < DESCRIPTORS_SEEN; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void
pause_accepting(struct admin *admin)
{
	static const struct timeval second = { .tv_sec = 1 };

	(void)evconnlistener_disable(admin->accepting);
	(void)evtimer_add(admin->retry, &second);
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct admin *admin = arg;

	(void)fd;
	(void)what;
	if (open_descriptors() >= CONNECTIONS_MAX)
		pause_accepting(admin);
	else
		(void)evconnlistener_enable(admin->accepting);
}

static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)listener;
	pause_accepting(arg);
}

/* evhttp asks for this once a connection. */
static struct bufferevent *
on_connection(struct event_base *base, void *arg)
{
	if (open_descriptors() >= CONNECTIONS_MAX)
		pause_accepting(arg);
	return bufferevent_socket_new(base, -1, 0);
}

static void
on_any(struct evhttp_request *request, void *arg)
{
	struct admin *admin = arg;
	const char *path = evhttp_uri_get_path(
	    evhttp_request_get_evhttp_uri(request));
	static const struct {
		const char *path;
		void (*answer)(struct evhttp_request *request, void *arg);
	} pages[] = {
		{ "/", on_home },
		{ "/metrics", on_metrics },
		{ "/live", on_live },
		{ "/ready", on_ready },
	};

	for (size_t i = 0; path != NULL && i < COUNT_OF(pages); i++)
		if (strcmp(path, pages[i].path) == 0) {
			pages[i].answer(request, admin);
			return;
		}
	on_other(request, admin);
}

/* --- what the parent gives ----------------------------------------------- */

static void
start(struct admin *admin)
{
	struct message *message = &admin->message;
	char words[256];

	if (admin->page == NULL || admin->log == NULL || admin->listener < 0) {
		report(REPORT_ERROR, "told to start without all it needs");
		exit(1);
	}
	if (confine(CONFINE_ADMIN, NULL, 0, NULL, words, sizeof(words)) != 0)
		exit(1);
	admin->accepting = evconnlistener_new(admin->base, NULL, NULL,
	    LEV_OPT_CLOSE_ON_EXEC, 0, admin->listener);
	if (admin->accepting == NULL ||
	    evhttp_bind_listener(admin->http, admin->accepting) == NULL) {
		report(REPORT_ERROR, "cannot accept on the admin address");
		exit(1);
	}
	evconnlistener_set_error_cb(admin->accepting, on_accept_error);
	message_init(message, MESSAGE_READY, -1);
	message_add_string(message, words);
	(void)message_send(MESSAGE_PARENT_FD, message);
}

static void
take_settings(struct admin *admin)
{
	struct settings *settings = settings_read_fd(admin->message.fd);

	if (settings != NULL)
		report_set_level((enum report_level)settings->report_level);
	settings_free(&settings);
}

static void
take(struct admin *admin)
{
	struct message *message = &admin->message;

	switch ((int)message->type) {
	case MESSAGE_SETTINGS:
		take_settings(admin);
		break;
	case MESSAGE_STATS:
		admin->page = stats_map(message->fd, 0);
		break;
	case MESSAGE_LOGSTATE:
		admin->log = logstate_map(message->fd);
		break;
	case MESSAGE_LISTENER:
		admin->listener = message->fd;
		message->fd = -1;
		break;
	case MESSAGE_START:
		start(admin);
		break;
	case MESSAGE_DRAIN:
	case MESSAGE_STOP:
		admin->ending = true;
		(void)event_base_loopexit(admin->base, NULL);
		break;
	default:
		report(REPORT_ERROR, "a message that is not for me: %d",
		    (int)message->type);
		exit(1);
	}
	message_drop(message);
}

static void
on_parent(evutil_socket_t fd, short what, void *arg)
{
	struct admin *admin = arg;
	int got;

	(void)what;
	while (!admin->ending && (got = message_receive((int)fd,
	    &admin->message)) != 0) {
		if (got < 0) {
			/* The parent is gone: there is nothing left to tell. */
			admin->ending = true;
			(void)event_base_loopexit(admin->base, NULL);
			return;
		}
		take(admin);
	}
}

int
main(void)
{
	static struct admin admin = { .listener = -1 };
	struct event *parent;

	report_init("admin", REPORT_INFO);
	message_need_parent();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)fcntl(MESSAGE_PARENT_FD, F_SETFL, O_NONBLOCK);
	admin.base = event_base_new();
	admin.http = admin.base == NULL ? NULL : evhttp_new(admin.base);
	if (admin.http == NULL)
		return 1;
	evhttp_set_allowed_methods(admin.http, EVHTTP_REQ_GET |
	    EVHTTP_REQ_HEAD);
	evhttp_set_max_headers_size(admin.http, HEAD_MAX);
	evhttp_set_max_body_size(admin.http, 0);
	evhttp_set_timeout(admin.http, TIMEOUT_SECONDS);
	evhttp_set_gencb(admin.http, on_any, &admin);
	evhttp_set_bevcb(admin.http, on_connection, &admin);
	admin.retry = evtimer_new(admin.base, on_retry, &admin);
	parent = event_new(admin.base, MESSAGE_PARENT_FD, EV_READ | EV_PERSIST,
	    on_parent, &admin);
	if (admin.retry == NULL || parent == NULL || event_add(parent, NULL) != 0)
		return 1;
	(void)event_base_dispatch(admin.base);
	evhttp_free(admin.http);	/* with the listener */
	event_free(admin.retry);
	event_free(parent);
	event_base_free(admin.base);
	return 0;
}
