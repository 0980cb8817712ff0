/* SPDX-License-Identifier: Apache-2.0 */
/* end.c - sending to and closing one socket; see end.h. */
#include "proxy/end.h"

#include <sys/socket.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
end_open(struct end *end, struct event_base *base, int fd,
    event_callback_fn on_read, event_callback_fn on_write, void *arg)
{
	assert(fd >= 0);
	memset(end, 0, sizeof(*end));
	end->fd = fd;
	(void)event_assign(&end->read_event, base, fd, EV_READ | EV_PERSIST,
	    on_read, arg);
	(void)event_assign(&end->write_event, base, fd,
	    EV_WRITE | EV_PERSIST, on_write, arg);
}

static void
drop_out(struct end *end)
{
	free(end->out);
	end->out = NULL;
	end->out_at = 0;
	end->out_length = 0;
}

void
end_close(struct end *end, bool reset)
{
	if (end->fd < 0)
		return;
	end_read(end, false);
	end_want_write(end, false);
	if (reset) {
		struct linger now = { .l_onoff = 1, .l_linger = 0 };

		(void)setsockopt(end->fd, SOL_SOCKET, SO_LINGER, &now,
		    sizeof(now));
	}
	(void)close(end->fd);
	end->fd = -1;
	drop_out(end);
}

int
end_release(struct end *end)
{
	int fd = end->fd;

	assert(end->out_length == 0);
	end_read(end, false);
	end_want_write(end, false);
	end->fd = -1;
	return fd;
}

void
end_read(struct end *end, bool on)
{
	if (end->reading == on || end->fd < 0)
		return;
	end->reading = on;
	if (on)
		(void)event_add(&end->read_event, NULL);
	else
		(void)event_del(&end->read_event);
}

void
end_want_write(struct end *end, bool on)
{
	if (end->writing == on || end->fd < 0)
		return;
	end->writing = on;
	if (on)
		(void)event_add(&end->write_event, NULL);
	else
		(void)event_del(&end->write_event);
}

/* Keep what parts hold beyond the first skip bytes. */
static enum end_result
keep(struct end *end, const struct iovec *parts, unsigned count, size_t skip)
{
	size_t total = 0, at;
	unsigned char *grown;

	for (unsigned i = 0; i < count; i++)
		total += parts[i].iov_len;
	total -= skip;
	if (end->out_at > 0 && end->out_length > 0)
		memmove(end->out, end->out + end->out_at, end->out_length);
	end->out_at = 0;
	grown = realloc(end->out, end->out_length + total);
	if (grown == NULL)
		return END_GONE;
	end->out = grown;
	at = end->out_length;
	for (unsigned i = 0; i < count; i++) {
		size_t n = parts[i].iov_len;

		if (skip >= n) {
			skip -= n;
			continue;
		}
		memcpy(end->out + at,
		    (const unsigned char *)parts[i].iov_base + skip, n - skip);
		at += n - skip;
		skip = 0;
	}
	end->out_length = at;
	end_want_write(end, true);
	return END_LATER;
}

enum end_result
end_send(struct end *end, const struct iovec *parts, unsigned count)
{
	size_t total = 0;
	ssize_t sent;

	if (end->fd < 0)
		return END_GONE;
	for (unsigned i = 0; i < count; i++)
		total += parts[i].iov_len;
	if (total == 0)
		return end->out_length > 0 ? END_LATER : END_ALL;
	if (end->out_length > 0)
		return keep(end, parts, count, 0);
	if (count == 1) {
		sent = send(end->fd, parts[0].iov_base, total, MSG_NOSIGNAL);
	} else {
		union {
			const struct iovec *in;
			struct iovec *out;
		} cast = { .in = parts };
		struct msghdr m = { .msg_iov = cast.out,
			.msg_iovlen = count };

		sent = sendmsg(end->fd, &m, MSG_NOSIGNAL);
	}
	if (sent < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
			return END_GONE;
		sent = 0;
	}
	if ((size_t)sent == total)
		return END_ALL;
	return keep(end, parts, count, (size_t)sent);
}

enum end_result
end_send_bytes(struct end *end, const void *bytes, size_t length)
{
	union {
		const void *in;
		void *out;
	} cast = { .in = bytes };
	struct iovec part = { .iov_base = cast.out, .iov_len = length };

	return end_send(end, &part, 1);
}

enum end_result
end_flush(struct end *end)
{
	ssize_t sent;

	if (end->fd < 0)
		return END_GONE;
	if (end->out_length > 0) {
		sent = send(end->fd, end->out + end->out_at, end->out_length,
		    MSG_NOSIGNAL);
		if (sent < 0) {
			if (errno != EAGAIN && errno != EINTR &&
			    errno != ENOBUFS)
				return END_GONE;
			return END_LATER;
		}
		end->out_at += (size_t)sent;
		end->out_length -= (size_t)sent;
		if (end->out_length > 0)
			return END_LATER;
		drop_out(end);
	}
	end_want_write(end, false);
	return END_ALL;
}
