/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel.h - the parent's end of a child's channel: messages in by callback,
 * messages out through a bounded queue, so that the parent never waits for a
 * child.
 */
#ifndef DAEMON_CHANNEL_H
#define DAEMON_CHANNEL_H

#include "lib/messages.h"

struct channel;
struct event_base;

/* More than a channel may hold back; beyond it the child counts as stuck. */
#define CHANNEL_QUEUE_MAX 4096

/* A message came; message->fd is the callee's.  It may close the channel. */
typedef void channel_took(void *arg, struct message *message);
/* The other end is gone, broke the protocol, or does not read.  The callee
 * closes the channel. */
typedef void channel_lost(void *arg, const char *why);

/* Takes over fd (made non-blocking).  scratch is for taking and sending. */
struct channel *channel_open(struct event_base *base, int fd,
    struct message *scratch, channel_took *took, channel_lost *lost,
    void *arg);
/* Send or queue.  The message's descriptor stays the caller's.  A queue that
 * is full or a channel that is broken is told by lost(), later. */
void channel_send(struct channel *channel, const struct message *message);
/* Take what waits; how many messages that were.  After 0 there is nothing
 * more, or the channel was lost (told by lost()) and is gone. */
int channel_take(struct channel *channel);
void channel_close(struct channel **channel);

#endif
