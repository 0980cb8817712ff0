/* SPDX-License-Identifier: Apache-2.0 */
/* talk.c - a conversation of JSON lines over a unix socket. */
#include "ctl/instance.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_MOST (1024 * 1024)
#define READ_ROOM 65536

void
talk_init(struct talk *talk, int fd)
{
	memset(talk, 0, sizeof(*talk));
	talk->fd = fd;
}

void
talk_close(struct talk *talk)
{
	if (talk->fd >= 0)
		(void)close(talk->fd);
	talk->fd = -1;
	free(talk->line);
	talk->line = NULL;
	talk->size = talk->have = talk->used = 0;
}

int
talk_send(struct talk *talk, const char *line)
{
	size_t length = strlen(line), at = 0;
	char *text = malloc(length + 1);

	if (text == NULL)
		return -1;
	memcpy(text, line, length);
	text[length++] = '\n';
	while (at < length) {
		ssize_t n = send(talk->fd, text + at, length - at,
		    MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		at += (size_t)n;
	}
	free(text);
	return at == length ? 0 : -1;
}

bool
talk_has_line(const struct talk *talk)
{
	return talk->line != NULL && memchr(talk->line + talk->used, '\n',
	    talk->have - talk->used) != NULL;
}

/* Make room and receive some; false at the end. */
static bool
receive(struct talk *talk, unsigned seconds)
{
	struct pollfd ready = { .fd = talk->fd, .events = POLLIN };
	ssize_t n;
	int got;

	if (talk->used > 0) {
		memmove(talk->line, talk->line + talk->used,
		    talk->have - talk->used);
		talk->have -= talk->used;
		talk->used = 0;
	}
	if (talk->size - talk->have < READ_ROOM) {
		size_t size = talk->size * 2 + 2 * READ_ROOM;
		char *grown = size > 4 * LINE_MOST ? NULL :
		    realloc(talk->line, size);

		if (grown == NULL)
			return false;
		talk->line = grown;
		talk->size = size;
	}
	got = poll(&ready, 1, seconds == 0 ? -1 : (int)seconds * 1000);
	if (got < 0 && errno == EINTR)
		return true;
	if (got <= 0)
		return false;
	n = recv(talk->fd, talk->line + talk->have, READ_ROOM, 0);
	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0)
		return false;
	talk->have += (size_t)n;
	return true;
}

char *
talk_line(struct talk *talk, unsigned seconds, size_t *length)
{
	for (;;) {
		char *start = talk->line == NULL ? NULL :
		    talk->line + talk->used;
		char *newline = start == NULL ? NULL : memchr(start, '\n',
		    talk->have - talk->used);

		if (newline != NULL) {
			*newline = '\0';
			*length = (size_t)(newline - start);
			talk->used += *length + 1;
			return start;
		}
		if (talk->have - talk->used > LINE_MOST ||
		    !receive(talk, seconds))
			return NULL;
	}
}
