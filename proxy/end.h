/* SPDX-License-Identifier: Apache-2.0 */
/*
 * end.h - one end of a connection: a socket with its two events and the bytes
 * that it did not take yet.  Memory hangs on it only while there are such bytes.
 * Ends know nothing of HTTP; who owns one decides what to read and when.
 */
#ifndef PROXY_END_H
#define PROXY_END_H

#include <sys/uio.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include <stdbool.h>
#include <stddef.h>

struct end {
	struct event read_event;
	struct event write_event;
	int fd;			/* -1: closed */
	bool reading;
	bool writing;		/* waiting until it takes bytes again */
	unsigned char *out;	/* bytes it did not take; NULL: none */
	size_t out_at;
	size_t out_length;
};

/* Take over fd (non-blocking).  Both callbacks get arg. */
void end_open(struct end *end, struct event_base *base, int fd,
    event_callback_fn on_read, event_callback_fn on_write, void *arg);
/* Close it; what was not taken is lost.  reset: so that the peer sees a reset
 * and not an orderly end. */
void end_close(struct end *end, bool reset);
/* Let go of the socket without closing it; returns it.  out must be empty. */
int end_release(struct end *end);
void end_read(struct end *end, bool on);

enum end_result {
	END_ALL,		/* everything is with the kernel */
	END_LATER,		/* some waits; on_write comes until it is gone */
	END_GONE		/* the peer is gone */
};

/* Send; what the socket does not take is kept (copied). */
enum end_result end_send(struct end *end, const struct iovec *parts,
    unsigned count);
enum end_result end_send_bytes(struct end *end, const void *bytes,
    size_t length);
/* In on_write: send what waits. */
enum end_result end_flush(struct end *end);
/* Ask for on_write without having bytes (connect, splice). */
void end_want_write(struct end *end, bool on);
static inline size_t
end_waiting(const struct end *end)
{
	return end->out_length;
}

#endif
