/* SPDX-License-Identifier: Apache-2.0 */
/*
 * messages.c - typed messages over SOCK_SEQPACKET.
 *
 * A packet is two u32 (type, bytes that follow) and fields; a field is one byte
 * that says what it is, then its value; bytes and strings carry a u32 length.
 * Both ends are our own processes on one machine, so numbers are in the
 * machine's byte order.  What does not add up to the byte is a broken peer.
 */
#include "lib/messages.h"

#include "lib/report.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum field {
	FIELD_U32 = '4',
	FIELD_U64 = '8',
	FIELD_BYTES = 'b',
	FIELD_STRING = 's'
};

/* Room for more descriptors than we take, so that extra ones are seen and
 * closed instead of being cut off unseen. */
#define FDS_SEEN 4

union control {
	struct cmsghdr header;	/* for its alignment */
	char room[CMSG_SPACE(FDS_SEEN * sizeof(int))];
};

void
message_init(struct message *message, enum message_type type, int fd)
{
	message->type = type;
	message->fd = fd;
	message->length = 0;
	message->at = 0;
	message->bad = false;
}

void
message_need_parent(void)
{
	struct stat st;

	if (fstat(MESSAGE_PARENT_FD, &st) == 0 && S_ISSOCK(st.st_mode))
		return;
	report(REPORT_ERROR, "this program is started by gatebookd; use "
	    "\"gatebook run\"");
	exit(1);
}

static void
put(struct message *message, const void *bytes, size_t n)
{
	if (message->bad || n > sizeof(message->data) - message->length) {
		message->bad = true;
		return;
	}
	if (n > 0)
		memcpy(message->data + message->length, bytes, n);
	message->length += n;
}

static void
put_tag(struct message *message, enum field field)
{
	unsigned char tag = (unsigned char)field;

	put(message, &tag, 1);
}

static void
put_counted(struct message *message, enum field field, const void *bytes,
    size_t n)
{
	uint32_t count = (uint32_t)n;

	if (n > MESSAGE_MAX) {
		message->bad = true;
		return;
	}
	put_tag(message, field);
	put(message, &count, sizeof(count));
	put(message, bytes, n);
}

void
message_add_u32(struct message *message, uint32_t value)
{
	put_tag(message, FIELD_U32);
	put(message, &value, sizeof(value));
}

void
message_add_u64(struct message *message, uint64_t value)
{
	put_tag(message, FIELD_U64);
	put(message, &value, sizeof(value));
}

void
message_add_bytes(struct message *message, const void *bytes, size_t n)
{
	put_counted(message, FIELD_BYTES, bytes, n);
}

void
message_add_string(struct message *message, const char *text)
{
	put_counted(message, FIELD_STRING, text, strlen(text) + 1);
}

int
message_send(int channel, const struct message *message)
{
	uint32_t header[2] = { (uint32_t)message->type,
		(uint32_t)message->length };
	struct iovec iov[2] = {
		{ .iov_base = header, .iov_len = sizeof(header) },
		/* sendmsg() does not write here; its iovec is not const. */
		{ .iov_base = (void *)(uintptr_t)message->data,
		    .iov_len = message->length },
	};
	struct msghdr hdr = { .msg_iov = iov, .msg_iovlen = 2 };
	union control control;
	ssize_t n;

	if (message->bad) {
		errno = EMSGSIZE;
		return -1;
	}
	if (message->fd >= 0) {
		struct cmsghdr *c;

		memset(&control, 0, sizeof(control));
		hdr.msg_control = &control;
		hdr.msg_controllen = CMSG_SPACE(sizeof(int));
		c = CMSG_FIRSTHDR(&hdr);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &message->fd, sizeof(int));
	}
	do {
		n = sendmsg(channel, &hdr, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

/* Take the descriptor out of the control data; false if there is anything else
 * or more than one, all of which are then closed. */
static bool
take_fd(struct msghdr *hdr, int *fd)
{
	bool good = (hdr->msg_flags & MSG_CTRUNC) == 0;

	*fd = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(hdr); c != NULL;
	    c = CMSG_NXTHDR(hdr, c)) {
		size_t count;

		if (c->cmsg_level != SOL_SOCKET ||
		    c->cmsg_type != SCM_RIGHTS || c->cmsg_len < CMSG_LEN(0)) {
			good = false;
			continue;
		}
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int got;

			memcpy(&got, CMSG_DATA(c) + i * sizeof(int),
			    sizeof(got));
			if (*fd < 0) {
				*fd = got;
			} else {
				good = false;
				(void)close(got);
			}
		}
	}
	if (!good && *fd >= 0) {
		(void)close(*fd);
		*fd = -1;
	}
	return good;
}

int
message_receive(int channel, struct message *message)
{
	uint32_t header[2];
	struct iovec iov[2] = {
		{ .iov_base = header, .iov_len = sizeof(header) },
		{ .iov_base = message->data,
		    .iov_len = sizeof(message->data) },
	};
	union control control;
	struct msghdr hdr = {
		.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	bool good;
	ssize_t n;

	message_init(message, MESSAGE_SETTINGS, -1);
	do {
		n = recvmsg(channel, &hdr, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	good = take_fd(&hdr, &message->fd);
	if (n == 0 && good && message->fd < 0) {
		errno = 0;	/* closed in order */
		return -1;
	}
	if (!good || (hdr.msg_flags & MSG_TRUNC) != 0 ||
	    (size_t)n < sizeof(header) ||
	    header[1] != (size_t)n - sizeof(header) ||
	    header[0] < MESSAGE_SETTINGS || header[0] > MESSAGE_LAST) {
		message_drop(message);
		errno = EPROTO;
		return -1;
	}
	message->type = (enum message_type)header[0];
	message->length = header[1];
	return 1;
}

/* The next n bytes, or NULL and bad. */
static const unsigned char *
take(struct message *message, size_t n)
{
	const unsigned char *p;

	if (message->bad || n > message->length - message->at) {
		message->bad = true;
		return NULL;
	}
	p = message->data + message->at;
	message->at += n;
	return p;
}

static bool
take_tag(struct message *message, enum field field)
{
	const unsigned char *tag = take(message, 1);

	if (tag != NULL && *tag != (unsigned char)field)
		message->bad = true;
	return !message->bad;
}

static const unsigned char *
take_counted(struct message *message, enum field field, size_t *n)
{
	const unsigned char *p;
	uint32_t count = 0;

	*n = 0;
	if (!take_tag(message, field))
		return NULL;
	p = take(message, sizeof(count));
	if (p == NULL)
		return NULL;
	memcpy(&count, p, sizeof(count));
	p = take(message, count);
	if (p != NULL)
		*n = count;
	return p;
}

uint32_t
message_get_u32(struct message *message)
{
	const unsigned char *p;
	uint32_t value = 0;

	if (take_tag(message, FIELD_U32) &&
	    (p = take(message, sizeof(value))) != NULL)
		memcpy(&value, p, sizeof(value));
	return value;
}

uint64_t
message_get_u64(struct message *message)
{
	const unsigned char *p;
	uint64_t value = 0;

	if (take_tag(message, FIELD_U64) &&
	    (p = take(message, sizeof(value))) != NULL)
		memcpy(&value, p, sizeof(value));
	return value;
}

const void *
message_get_bytes(struct message *message, size_t *n)
{
	const unsigned char *p = take_counted(message, FIELD_BYTES, n);

	return p != NULL ? (const void *)p : "";
}

const char *
message_get_string(struct message *message)
{
	const unsigned char *p;
	size_t n;

	p = take_counted(message, FIELD_STRING, &n);
	if (p == NULL || n == 0 || memchr(p, '\0', n) != p + n - 1) {
		message->bad = true;
		return "";
	}
	return (const char *)p;
}

bool
message_end(const struct message *message)
{
	return !message->bad && message->at == message->length;
}

void
message_drop(struct message *message)
{
	if (message->fd >= 0)
		(void)close(message->fd);
	message->fd = -1;
}
