/* SPDX-License-Identifier: Apache-2.0 */
/* listen.h - the parts of a worker that its main program sets going. */
#ifndef PROXY_LISTEN_H
#define PROXY_LISTEN_H

#include "proxy/worker.h"

/* Take a listening socket; accepting begins with worker_start().  -1 when there
 * are too many. */
int worker_listen(struct worker *worker, int fd, uint32_t number,
    const char *name, const char *text, bool proxy_protocol);
/* Begin to accept. */
void worker_start(struct worker *worker);
/* Stop accepting, let go of the listening sockets, close what is idle; leave when
 * the last session is gone or after at_most_us. */
void worker_drain(struct worker *worker, uint64_t at_most_us);
/* Event callbacks: the writer's eventfd, and the beat of once a second. */
void worker_on_wake(evutil_socket_t fd, short what, void *arg);
void worker_on_beat(evutil_socket_t fd, short what, void *arg);

#endif
