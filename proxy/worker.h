/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker.h - what one worker process has once: its event base, its settings, its
 * book, the policy in force, its listeners and the tables that bound what
 * clients may take.  Nothing here blocks; nothing here opens a file once
 * worker_confined is set.
 */
#ifndef PROXY_WORKER_H
#define PROXY_WORKER_H

#include "lib/address.h"
#include "lib/settings.h"
#include "lib/stats.h"
#include "logging/book.h"
#include "logging/logstate.h"
#include "policy/policy.h"
#include "proxy/deadline.h"
#include "proxy/http1.h"
#include "proxy/resolve.h"

#include <event2/event.h>
#include <event2/event_struct.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORKER_LISTENERS_MAX 128
#define WORKER_SELF_MAX 64
#define WORKER_BUFFER (256 * 1024)
#define WORKER_READ 65536	/* bytes taken from one socket a turn */

struct session;
struct exchange;
struct upstream;
struct pool;
struct clients;
struct pipes;
struct worker;

struct listener {
	struct event event;
	struct worker *worker;
	int fd;
	uint32_t number;
	bool proxy_protocol;
	char name[64];
	char text[ADDRESS_TEXT_MAX];
	struct address address;
};

/* Sessions and exchanges in lists that bound and walk them. */
struct worker {
	struct event_base *base;
	struct deadlines *wheel;
	const struct settings *settings;
	struct resolver *resolver;
	struct book *book;
	struct logstate *log;
	struct reference_lease lease;
	struct stats *stats;
	struct policy *policy;		/* in force */
	struct policy *next_policy;	/* mapped, not yet in force */
	uint64_t next_number;
	uint64_t asks;			/* policy_asks(policy) */

	struct http1_limits limits;
	struct http1_field *fields;	/* limits.fields + 1 of them */
	unsigned char *buffer;		/* WORKER_BUFFER; what was just read */
	char *scratch;			/* heads being written */
	size_t scratch_size;
	unsigned char *record_bytes;	/* RECORD_MAX; records being built */

	char node[256];
	char via[80];			/* what we call ourselves upstream */
	struct network *trusted;	/* proxy-protocol.from */
	size_t trusted_count;
	struct address self[WORKER_SELF_MAX];	/* the machine's addresses */
	size_t self_count;
	bool has_parent;
	char parent_host[256];
	uint16_t parent_port;

	struct listener *listener[WORKER_LISTENERS_MAX];
	size_t listener_count;
	struct event accept_again;	/* after descriptors ran out */
	bool accepting;
	uint64_t sessions_max;
	uint64_t session_count;
	struct session *sessions;
	struct pool *pool;
	struct clients *clients;
	struct pipes *pipes;

	struct event parent_event;	/* the channel to the parent */
	struct event wake_event;	/* the writer woke us */
	int wake_fd;
	struct event beat;
	struct exchange *durable_first;	/* waiting for the disk */
	struct session *room_first;	/* waiting for room in the ring */
	struct unrecorded *unrecorded;	/* ended, no room for their record */
	struct event drain_over;
	bool draining;
	bool parent_gone;
	uint64_t failed_since_us;	/* log broken under refuse; 0: it is not */
	uint64_t trace_seed;
	uint64_t policy_serial;		/* counts the policies in force */
	uint64_t unlisted;		/* system calls refused */
};

/* The policy changed: decide every live tunnel again. */
void worker_redecide(struct worker *worker);
/* A session ended or went idle while draining; leave if it was the last. */
void worker_maybe_leave(struct worker *worker);
/* Stop accepting for a moment: descriptors ran out. */
void worker_pause_accept(struct worker *worker);
/* Whether address and port are this gatebook's own listener. */
bool worker_is_self(const struct worker *worker, const struct address *address);
/* The Date of now in the form of RFC 9110 section 5.6.7; refreshed each second.
 * 29 bytes and NUL. */
const char *worker_date(void);

#endif
