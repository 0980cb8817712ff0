/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel.c - see channel.h.  A queued message keeps a copy of its descriptor.
 */
#include "daemon/channel.h"

#include "lib/report.h"

#include <event2/event.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Messages taken in one turn of the loop from one child. */
#define TURN_MAX 64

struct queued {
	struct queued *next;
	enum message_type type;
	int fd;
	size_t length;
	unsigned char data[];
};

struct channel {
	int fd;
	struct event *readable;
	struct event *writable;
	struct message *scratch;
	channel_took *took;
	channel_lost *lost;
	void *arg;
	struct queued *first;
	struct queued **last;
	size_t count;
	bool broken;
	bool *closed;		/* set while a callback runs */
};

static void
queued_free(struct queued *queued)
{
	if (queued->fd >= 0)
		(void)close(queued->fd);
	free(queued);
}

int
channel_take(struct channel *channel)
{
	bool closed = false;
	int taken = 0;

	channel->closed = &closed;
	for (; taken < TURN_MAX; taken++) {
		int got = message_receive(channel->fd, channel->scratch);

		if (got == 0)
			break;
		if (got < 0) {
			channel->closed = NULL;
			channel->lost(channel->arg, "closed its channel");
			return 0;
		}
		channel->took(channel->arg, channel->scratch);
		if (closed)
			return 0;
	}
	channel->closed = NULL;
	return taken;
}

/* 1: sent; 0: the channel is full; -1: broken. */
static int
try_send(struct channel *channel, const struct message *message)
{
	if (message_send(channel->fd, message) == 0)
		return 1;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
		return 0;
	return -1;
}

static void
send_queued(struct channel *channel)
{
	while (channel->first != NULL) {
		struct queued *queued = channel->first;
		struct message *message = channel->scratch;
		int sent;

		message_init(message, queued->type, queued->fd);
		memcpy(message->data, queued->data, queued->length);
		message->length = queued->length;
		sent = try_send(channel, message);
		if (sent < 0) {
			channel->lost(channel->arg, "broke its channel");
			return;
		}
		if (sent == 0) {
			(void)event_add(channel->writable, NULL);
			return;
		}
		channel->first = queued->next;
		if (channel->first == NULL)
			channel->last = &channel->first;
		channel->count--;
		queued_free(queued);
	}
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)channel_take(arg);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct channel *channel = arg;

	(void)fd;
	(void)what;
	if (channel->broken)
		channel->lost(channel->arg, "does not read its channel");
	else
		send_queued(channel);
}

struct channel *
channel_open(struct event_base *base, int fd, struct message *scratch,
    channel_took *took, channel_lost *lost, void *arg)
{
	struct channel *channel = calloc(1, sizeof(*channel));

	if (channel == NULL)
		report_bug("out of memory");
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	channel->fd = fd;
	channel->scratch = scratch;
	channel->took = took;
	channel->lost = lost;
	channel->arg = arg;
	channel->last = &channel->first;
	channel->readable = event_new(base, fd, EV_READ | EV_PERSIST,
	    on_readable, channel);
	channel->writable = event_new(base, fd, EV_WRITE, on_writable, channel);
	if (channel->readable == NULL || channel->writable == NULL ||
	    event_add(channel->readable, NULL) != 0)
		report_bug("out of memory");
	return channel;
}

/* lost() may free what the caller holds, so it is called from the loop. */
static void
break_later(struct channel *channel)
{
	channel->broken = true;
	event_active(channel->writable, EV_WRITE, 0);
}

void
channel_send(struct channel *channel, const struct message *message)
{
	struct queued *queued;
	int sent;

	if (channel->broken)
		return;
	if (channel->first == NULL) {
		sent = try_send(channel, message);
		if (sent > 0)
			return;
		if (sent < 0) {
			break_later(channel);
			return;
		}
	}
	if (channel->count >= CHANNEL_QUEUE_MAX) {
		break_later(channel);
		return;
	}
	queued = malloc(sizeof(*queued) + message->length);
	if (queued == NULL)
		report_bug("out of memory");
	queued->next = NULL;
	queued->type = message->type;
	queued->fd = message->fd < 0 ? -1 :
	    fcntl(message->fd, F_DUPFD_CLOEXEC, 0);
	if (message->fd >= 0 && queued->fd < 0) {
		free(queued);
		break_later(channel);
		return;
	}
	queued->length = message->length;
	memcpy(queued->data, message->data, message->length);
	*channel->last = queued;
	channel->last = &queued->next;
	channel->count++;
	(void)event_add(channel->writable, NULL);
}

void
channel_close(struct channel **channel)
{
	struct channel *gone = *channel;

	if (gone == NULL)
		return;
	*channel = NULL;
	if (gone->closed != NULL)
		*gone->closed = true;
	event_free(gone->readable);
	event_free(gone->writable);
	while (gone->first != NULL) {
		struct queued *queued = gone->first;

		gone->first = queued->next;
		queued_free(queued);
	}
	(void)close(gone->fd);
	free(gone);
}
