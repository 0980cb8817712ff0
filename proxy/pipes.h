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
/* Give it back; one that is not empty is closed.  Takes NULL. */
void pipes_give(struct pipes *pipes, struct pipe_pair **pair);

#endif
