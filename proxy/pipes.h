/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipes.h - pipes for splice(2), shared by the tunnels of a worker that run
 * full.  They are few (the kernel caps a user's pipe pages); a tunnel that gets
 * none copies through memory instead.
 */
#ifndef PROXY_PIPES_H
#define PROXY_PIPES_H

#include <stddef.h>

#define PIPES_MAX 64
#define PIPES_BYTES (1 << 20)
#define PIPES_FULL_READS 2	/* in a row before a pipe is worth it */

struct pipe_pair {
	struct pipe_pair *next;
	int fd[2];
	size_t filled;		/* bytes on their way through */
};

struct pipes;

struct pipes *pipes_new(void);
void pipes_free(struct pipes **pipes);
/* An empty pipe, or NULL if there are no more. */
struct pipe_pair *pipes_take(struct pipes *pipes);
enum pipes_result {
	PIPES_ON,		/* bytes moved, perhaps more are there */
	PIPES_EMPTY,		/* the source has none now */
	PIPES_WAIT,		/* the sink takes none now: pair->filled > 0 */
	PIPES_END,		/* the source ended, nothing is in the pipe */
	PIPES_SOURCE_GONE,
	PIPES_SINK_GONE
};

/* One turn of splice(2): at most limit bytes from a socket into an empty pipe, and
 * what the pipe holds to another socket.  *in and *out say how many went. */
enum pipes_result pipes_move(struct pipe_pair *pair, int from, int to,
    size_t limit, size_t *in, size_t *out);
/* Give it back; one that is not empty is closed.  Takes NULL. */
void pipes_give(struct pipes *pipes, struct pipe_pair **pair);

#endif
