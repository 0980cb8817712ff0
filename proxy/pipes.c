/* SPDX-License-Identifier: Apache-2.0 */
/* pipes.c - the pool behind pipes.h. */
#include "proxy/pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define IDLE_MAX 16		/* kept open while nobody needs them */

struct pipes {
	struct pipe_pair *idle;
	unsigned idle_count;
	unsigned count;
};

struct pipes *
pipes_new(void)
{
	return calloc(1, sizeof(struct pipes));
}

static void
close_pair(struct pipes *pipes, struct pipe_pair *pair)
{
	(void)close(pair->fd[0]);
	(void)close(pair->fd[1]);
	free(pair);
	pipes->count--;
}

void
pipes_free(struct pipes **pipes)
{
	struct pipes *p = *pipes;

	if (p == NULL)
		return;
	while (p->idle != NULL) {
		struct pipe_pair *pair = p->idle;

		p->idle = pair->next;
		close_pair(p, pair);
	}
	free(p);
	*pipes = NULL;
}

struct pipe_pair *
pipes_take(struct pipes *pipes)
{
	struct pipe_pair *pair = pipes->idle;

	if (pair != NULL) {
		pipes->idle = pair->next;
		pipes->idle_count--;
		pair->next = NULL;
		return pair;
	}
	if (pipes->count >= PIPES_MAX)
		return NULL;
	pair = calloc(1, sizeof(*pair));
	if (pair == NULL)
		return NULL;
	if (pipe2(pair->fd, O_NONBLOCK | O_CLOEXEC) != 0) {
		free(pair);
		return NULL;
	}
	pipes->count++;
	/* Refused beyond the user's share of pipe pages: then it is small. */
	(void)fcntl(pair->fd[1], F_SETPIPE_SZ, PIPES_BYTES);
	return pair;
}

enum pipes_result
pipes_move(struct pipe_pair *pair, int from, int to, size_t limit, size_t *in,
    size_t *out)
{
	ssize_t n;

	*in = 0;
	*out = 0;
	if (pair->filled == 0) {
		n = splice(from, NULL, pair->fd[1], NULL, limit,
		    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ?
			    PIPES_EMPTY : PIPES_SOURCE_GONE;
		if (n == 0)
			return PIPES_END;
		*in = (size_t)n;
		pair->filled = (size_t)n;
	}
	n = splice(pair->fd[0], NULL, to, NULL, pair->filled,
	    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return PIPES_SINK_GONE;
	if (n > 0) {
		*out = (size_t)n;
		pair->filled -= (size_t)n;
	}
	return pair->filled > 0 ? PIPES_WAIT : PIPES_ON;
}

void
pipes_give(struct pipes *pipes, struct pipe_pair **pair)
{
	struct pipe_pair *p = *pair;

	if (p == NULL)
		return;
	*pair = NULL;
	if (p->filled > 0 || pipes->idle_count >= IDLE_MAX) {
		close_pair(pipes, p);
		return;
	}
	p->next = pipes->idle;
	pipes->idle = p;
	pipes->idle_count++;
}
