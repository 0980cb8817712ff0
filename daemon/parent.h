/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parent.h - what the parent knows: its settings, its folders, the seats that
 * must be filled and the processes that fill them.
 *
 * A seat is a part to be played ("worker 2"); a child is one process.  A seat
 * has at most one current child; a child that drains after its seat was given
 * to a successor has none.  Every child is in parent->children until waitpid()
 * has told of its end, and child_gone() is the only place that frees one.
 *
 * The parent reads no byte from the network.
 */
#ifndef DAEMON_PARENT_H
#define DAEMON_PARENT_H

#include "daemon/books.h"
#include "daemon/channel.h"
#include "daemon/listeners.h"
#include "daemon/supervise.h"
#include "daemon/users.h"
#include "lib/messages.h"
#include "lib/settings.h"
#include "lib/stats.h"
#include "logging/logstate.h"
#include "logging/record.h"

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

struct event;
struct event_base;
struct control;
struct oplog;
struct oplog_source;
struct reload;

#define WORKERS_MAX 256
#define NO_SLOT UINT32_MAX
#define RATE_SECONDS 10

enum child_kind {
	CHILD_WRITER,
	CHILD_READER,
	CHILD_ADMIN,
	CHILD_WORKER,
	CHILD_LOADER
};
#define CHILD_KINDS (CHILD_LOADER + 1)

/* STARTING -> RUNNING -> DRAINING; KILLED from any of them. */
enum child_state {
	CHILD_STARTING,		/* told what it needs; not READY yet */
	CHILD_RUNNING,
	CHILD_DRAINING,		/* told to end */
	CHILD_KILLED		/* SIGKILL sent; waitpid() will tell */
};

struct seat {
	struct parent *parent;
	enum child_kind kind;
	unsigned number;
	struct supervise supervise;
	struct child *current;
	struct child *successor; /* of a replacement, until it is READY */
	struct event *timer;	/* a delayed start, or NULL */
	uint64_t restarts;
	unsigned failed_starts;	/* in a row, dead before or just after READY */
	pid_t helper;		/* who was given our listeners last */
};

struct child {
	struct child *next;
	struct parent *parent;
	enum child_kind kind;
	unsigned number;
	enum child_state state;
	struct seat *seat;	/* NULL once it was succeeded, and a loader */
	pid_t pid;
	struct user user;
	struct channel *channel; /* NULL when it was closed */
	struct oplog_source *words; /* its standard error, or NULL */
	uint32_t slot;		/* of the stats page, or NO_SLOT */
	uint64_t incarnation;	/* of its book; 0 for none */
	bool started;		/* MESSAGE_START was sent */
	bool was_ready;
	uint64_t snapshot_ready; /* the last it said it can use */
	uint64_t born_us;	/* monotonic */
	uint64_t deadline_us;	/* monotonic: killed then; 0 for none */
	const char *deadline_why;
	const char *killed_why;	/* why we killed it, or NULL */
	char confinement[256];
};

struct snapshot {
	int fd;			/* -1 for none */
	uint64_t number;
	char version[128];
	char name[256];
	uint64_t loaded_us;	/* wall clock */
};

enum phase {
	PHASE_LOADING,		/* the first policy is being compiled */
	PHASE_WRITER,		/* waiting for the writer */
	PHASE_WORKERS,		/* waiting for everybody else */
	PHASE_RUNNING,
	PHASE_STOP_WORKERS,	/* waiting for the workers to end */
	PHASE_STOP_BOOKS,	/* waiting for what they left to be written */
	PHASE_STOP_WRITER,	/* waiting for the writer to end */
	PHASE_OVER
};

struct rates {
	uint64_t at_us[RATE_SECONDS + 1];
	struct stats total[RATE_SECONDS + 1];
	unsigned next;
	unsigned filled;
};

struct parent {
	struct event_base *base;
	struct settings *settings;
	const char *settings_path;
	char node[256];
	char run_path[108];
	char program_folder[4096];
	enum phase phase;
	int exit_status;
	uint64_t since_us;	/* wall clock */
	uint64_t last_tick_us;	/* monotonic */
	uint64_t nofile;
	bool from_terminal;

	int data_fd;		/* the data folder */
	int log_fd;		/* its folder of the audit log */
	int run_fd;
	int pid_fd;		/* locked while we live */
	int policy_fd;		/* the folder of the policy */
	int try_settings_fd;	/* for the loader of a reload; else -1 */
	int try_policy_fd;
	int settings_fd;	/* sealed memfd for the children */
	int stats_fd;
	int stats_read_fd;	/* the same page, read-only */
	int logstate_fd;
	int wake_writer;
	int reader_socket;	/* "log" */
	struct stats_page *stats;
	struct logstate *logstate;
	struct stats *own;	/* our slot: counters of those who are gone */

	struct users users;
	struct listeners *listeners;
	struct books *books;
	struct oplog *oplog;
	struct control *control;
	struct reload *reload;
	struct snapshot snapshot;

	struct seat writer;
	struct seat reader;
	struct seat admin;
	struct seat worker[WORKERS_MAX];
	unsigned worker_count;
	struct child *children;

	struct events *events;	/* records on their way to the writer */
	struct rates rates;
	uint64_t stop_deadline_us;
	struct event *tick;
	struct event *signals[4];
	struct message message;	/* for building, one at a time */
	struct message taken;	/* the one just received */
};

/* Settle parent->node from the settings or the machine. */
void parent_name_node(struct parent *parent);
const char *child_kind_name(enum child_kind kind);

#endif
