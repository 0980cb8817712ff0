/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.c - one process: started, given what its kind needs, told to end,
 * counted out.
 */
#include "daemon/family.h"

#include "daemon/launch.h"
#include "daemon/oplog.h"
#include "daemon/place.h"
#include "lib/clock.h"
#include "lib/macros.h"
#include "lib/report.h"

#include <sys/socket.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND_US UINT64_C(1000000)

/* How long a process may take to be READY: a writer first reads the end of the
 * log and every table it is given. */
static const struct {
	const char *name;
	const char *program;
	enum stats_kind stats;
	uint64_t ready_us;
} kinds[CHILD_KINDS] = {
	[CHILD_WRITER] = { "writer", "gatebook-writer", STATS_WRITER,
	    120 * SECOND_US },
	[CHILD_READER] = { "reader", "gatebook-reader", STATS_READER,
	    30 * SECOND_US },
	[CHILD_ADMIN] = { "admin", "gatebook-admin", STATS_ADMIN,
	    10 * SECOND_US },
	[CHILD_WORKER] = { "worker", "gatebook-worker", STATS_WORKER,
	    10 * SECOND_US },
	[CHILD_LOADER] = { "loader", "gatebook-loader", STATS_UNUSED,
	    300 * SECOND_US },
};

const char *
child_kind_name(enum child_kind kind)
{
	return kinds[kind].name;
}

const char *
child_words(const struct child *child, char out[64])
{
	if (child->kind == CHILD_WORKER)
		(void)snprintf(out, 64, "worker %u (process %ld)",
		    child->number, (long)child->pid);
	else
		(void)snprintf(out, 64, "%s (process %ld)",
		    kinds[child->kind].name, (long)child->pid);
	return out;
}

static const struct user *
user_of(const struct parent *parent, enum child_kind kind)
{
	switch (kind) {
	case CHILD_WRITER:
	case CHILD_READER:
		return &parent->users.log;
	case CHILD_ADMIN:
		return &parent->users.admin;
	case CHILD_WORKER:
		return &parent->users.worker;
	case CHILD_LOADER:
		return &parent->users.loader;
	}
	return &parent->users.worker;
}

/* --- what is sent -------------------------------------------------------- */

static void
give(struct child *child, enum message_type type, int fd)
{
	message_init(&child->parent->message, type, fd);
	channel_send(child->channel, &child->parent->message);
}

static void
give_number(struct child *child, enum message_type type, int fd,
    uint64_t number)
{
	message_init(&child->parent->message, type, fd);
	message_add_u64(&child->parent->message, number);
	channel_send(child->channel, &child->parent->message);
}

static void
give_folder(struct child *child, int fd, const char *which)
{
	message_init(&child->parent->message, MESSAGE_FOLDER, fd);
	message_add_string(&child->parent->message, which);
	channel_send(child->channel, &child->parent->message);
}

static void
give_listener(struct child *child, int fd, uint32_t number, const char *name,
    const struct address *address, bool proxy_protocol)
{
	struct message *message = &child->parent->message;
	char where[ADDRESS_TEXT_MAX] = "";

	if (address != NULL)
		(void)address_print_port(address, where);
	message_init(message, MESSAGE_LISTENER, fd);
	message_add_u32(message, number);
	message_add_string(message, name);
	message_add_string(message, where);
	message_add_u32(message, proxy_protocol ? 1 : 0);
	channel_send(child->channel, message);
}

void
child_give_listeners(struct child *child, unsigned number)
{
	const struct listeners *listeners = child->parent->listeners;

	for (size_t i = 0; i < listeners->count; i++) {
		const struct listener *listener = &listeners->item[i];

		give_listener(child, listener_fd(listener, number),
		    (uint32_t)i, listener->name, &listener->address,
		    listener->proxy_protocol);
	}
}

void
child_offer_snapshot(struct child *child, int fd, uint64_t number)
{
	give_number(child, MESSAGE_SNAPSHOT, fd, number);
}

void
child_use_snapshot(struct child *child, uint64_t number)
{
	give_number(child, MESSAGE_SNAPSHOT_USE, -1, number);
	if (!child->started) {
		child->started = true;
		give(child, MESSAGE_START, -1);
	}
}

void
child_give_book(struct child *writer, const struct book_file *file)
{
	struct message *message = &writer->parent->message;
	/* One whose death we saw is told of after START, in words. */
	bool alive = file->alive || file->how[0] != '\0';
	char name[32];

	books_name(file->incarnation, name);
	message_init(message, MESSAGE_WRITER_BOOK, file->fd);
	message_add_u64(message, file->incarnation);
	message_add_u32(message, alive ? 1 : 0);
	message_add_string(message, name);
	channel_send(writer->channel, message);
	if (file->alive)
		give_number(writer, MESSAGE_WRITER_WAKE, file->wake_keeper,
		    file->incarnation);
}

void
child_tell_dead(struct child *writer, const struct book_file *file)
{
	struct message *message = &writer->parent->message;

	message_init(message, MESSAGE_WRITER_DEAD, -1);
	message_add_u64(message, file->incarnation);
	message_add_string(message, file->how);
	channel_send(writer->channel, message);
}

void
child_join(struct child *writer, struct child *reader)
{
	int pair[2];

	if (writer == NULL || reader == NULL || writer->channel == NULL ||
	    reader->channel == NULL)
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0, pair) != 0) {
		report(REPORT_ERROR, "cannot connect reader and writer: %s",
		    strerror(errno));
		return;
	}
	give(writer, MESSAGE_WRITER_CHANNEL, pair[0]);
	give(reader, MESSAGE_WRITER_CHANNEL, pair[1]);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

/* --- start ----------------------------------------------------------------*/

static void
give_common(struct child *child)
{
	struct parent *parent = child->parent;
	bool reads_all = child->kind == CHILD_ADMIN;
	bool tries = child->kind == CHILD_LOADER && parent->try_settings_fd >= 0;

	give(child, MESSAGE_SETTINGS, tries ? parent->try_settings_fd :
	    parent->settings_fd);
	if (child->kind == CHILD_LOADER)
		return;
	if (child->slot != NO_SLOT) {
		message_init(&parent->message, MESSAGE_STATS, reads_all ?
		    parent->stats_read_fd : parent->stats_fd);
		message_add_u32(&parent->message, child->slot);
		channel_send(child->channel, &parent->message);
	}
	give(child, MESSAGE_LOGSTATE, parent->logstate_fd);
}

static void
give_worker(struct child *child, struct book_file *book)
{
	struct parent *parent = child->parent;

	child->incarnation = book->incarnation;
	atomic_store(&parent->stats->slot[child->slot].incarnation,
	    book->incarnation);
	give_number(child, MESSAGE_BOOK, book->fd, book->incarnation);
	give(child, MESSAGE_WAKE_WRITER, parent->wake_writer);
	give(child, MESSAGE_WAKE_SELF, book->wake_keeper);
	child_give_listeners(child, child->number);
	if (parent->writer.current != NULL &&
	    parent->writer.current->channel != NULL)
		child_give_book(parent->writer.current, book);
	/* START follows when it has said that it can use the snapshot. */
	child_offer_snapshot(child, parent->snapshot.fd,
	    parent->snapshot.number);
}

static void
give_writer(struct child *child)
{
	struct parent *parent = child->parent;

	give_folder(child, parent->data_fd, "data");
	give_folder(child, parent->log_fd, "log");
	give(child, MESSAGE_WAKE_WRITER, parent->wake_writer);
	for (const struct book_file *file = parent->books->first; file != NULL;
	    file = file->next)
		child_give_book(child, file);
	child_join(child, parent->reader.current);
	child->started = true;
	give(child, MESSAGE_START, -1);
	for (const struct book_file *file = parent->books->first; file != NULL;
	    file = file->next)
		if (!file->alive && file->how[0] != '\0')
			child_tell_dead(child, file);
}

static void
give_reader(struct child *child)
{
	struct parent *parent = child->parent;

	give_folder(child, parent->log_fd, "log");
	give_listener(child, parent->reader_socket, 0, "log", NULL, false);
	child_join(parent->writer.current, child);
	child->started = true;
	give(child, MESSAGE_START, -1);
}

static void
give_admin(struct child *child)
{
	const struct listener *admin = &child->parent->listeners->admin;

	give_listener(child, listener_fd(admin, 0), 0, "admin",
	    &admin->address, false);
	child->started = true;
	give(child, MESSAGE_START, -1);
}

static void
give_loader(struct child *child)
{
	struct parent *parent = child->parent;

	give_folder(child, parent->try_policy_fd >= 0 ?
	    parent->try_policy_fd : parent->policy_fd, "policy");
	child->started = true;
	give(child, MESSAGE_START, -1);
}

static uint32_t
take_slot(struct parent *parent, const struct child *child)
{
	for (uint32_t i = 1; i < STATS_SLOTS; i++) {
		struct stats *slot = &parent->stats->slot[i];

		if (atomic_load(&slot->kind) != STATS_UNUSED)
			continue;
		memset(slot, 0, sizeof(*slot));
		atomic_store(&slot->number, child->number);
		atomic_store(&slot->pid, (uint64_t)child->pid);
		atomic_store(&slot->heartbeat_us, clock_mono_us());
		atomic_store(&slot->kind, kinds[child->kind].stats);
		return i;
	}
	return NO_SLOT;
}

/* What it counted goes to our own slot, so that totals never fall. */
static void
leave_slot(struct parent *parent, uint32_t number)
{
	struct stats *slot = &parent->stats->slot[number];
	struct stats *own = parent->own;

	if (number == NO_SLOT)
		return;
#define FOLD_COUNTER(field) stats_add(&own->field, atomic_load(&slot->field));
#define FOLD_GAUGE(field)
#define STAT(field, kind, name, sentence) FOLD_##kind(field)
	STATS_TABLE(STAT)
#undef STAT
	for (size_t i = 0; i < STATS_BUCKETS; i++)
		stats_add(&own->latency[i], atomic_load(&slot->latency[i]));
	stats_add(&own->latency_us, atomic_load(&slot->latency_us));
	memset(slot, 0, sizeof(*slot));
}

static void
on_message(void *arg, struct message *message)
{
	family_took(arg, message);
}

static void
on_lost(void *arg, const char *why)
{
	struct child *child = arg;

	channel_close(&child->channel);
	family_lost(child, why);
}

static void
add_child(struct child *child, const struct launch *start)
{
	struct parent *parent = child->parent;
	char name[64];

	child->pid = start->pid;
	child->born_us = clock_mono_us();
	child->channel = channel_open(parent->base, start->channel,
	    &parent->taken, on_message, on_lost, child);
	if (start->words >= 0)
		child->words = oplog_listen(parent->oplog, start->words,
		    child_words(child, name));
	if (kinds[child->kind].stats != STATS_UNUSED)
		child->slot = take_slot(parent, child);
	child->next = parent->children;
	parent->children = child;
	child_deadline(child, kinds[child->kind].ready_us,
	    "it was not ready in time");
	place_list_family(parent);
}

struct child *
child_start(struct parent *parent, enum child_kind kind, unsigned number,
    struct seat *seat)
{
	struct child *child;
	struct book_file *book = NULL;
	struct launch start = {
		.folder = parent->program_folder,
		.program = kinds[kind].program,
		.user = user_of(parent, kind),
		.pipe_words = parent->oplog != NULL,
	};

	if (kind == CHILD_WORKER) {
		book = books_new(parent->books,
		    parent->settings->log_inflight_cells,
		    parent->settings->log_ring_size);
		if (book == NULL)
			return NULL;
	}
	if (launch(&start) != 0) {
		if (book != NULL)
			books_remove(parent->books, book->incarnation);
		return NULL;
	}
	child = calloc(1, sizeof(*child));
	if (child == NULL)
		report_bug("out of memory");
	child->parent = parent;
	child->kind = kind;
	child->number = number;
	child->seat = seat;
	child->state = CHILD_STARTING;
	child->user = *start.user;
	child->slot = NO_SLOT;
	add_child(child, &start);
	if (kinds[kind].stats != STATS_UNUSED && child->slot == NO_SLOT) {
		child_kill(child, "there are more processes than counters");
		return child;
	}
	give_common(child);
	switch (kind) {
	case CHILD_WORKER:
		give_worker(child, book);
		break;
	case CHILD_WRITER:
		give_writer(child);
		break;
	case CHILD_READER:
		give_reader(child);
		break;
	case CHILD_ADMIN:
		give_admin(child);
		break;
	case CHILD_LOADER:
		give_loader(child);
		break;
	}
	return child;
}

/* --- end ------------------------------------------------------------------*/

void
child_deadline(struct child *child, uint64_t us, const char *why)
{
	child->deadline_us = us == 0 ? 0 : clock_mono_us() + us;
	child->deadline_why = why;
}

void
child_kill(struct child *child, const char *why)
{
	char words[64];

	if (child->state == CHILD_KILLED)
		return;
	child->state = CHILD_KILLED;
	child->killed_why = why;
	child->deadline_us = 0;
	report(REPORT_WARNING, "killing %s: %s", child_words(child, words),
	    why);
	(void)kill(child->pid, SIGKILL);
}

void
child_drain(struct child *child, uint64_t us)
{
	if (child->state == CHILD_KILLED)
		return;
	child->state = CHILD_DRAINING;
	if (child->channel != NULL) {
		if (us == 0)
			give(child, MESSAGE_STOP, -1);
		else
			give_number(child, MESSAGE_DRAIN, -1, us);
	}
	/* It ends by itself in that time; then it is made to. */
	child_deadline(child, us + 5 * SECOND_US, "it did not end in time");
}

void
child_gone(struct child **gone)
{
	struct child *child = *gone;
	struct parent *parent = child->parent;
	struct child **at = &parent->children;

	*gone = NULL;
	while (*at != child)
		at = &(*at)->next;
	*at = child->next;
	channel_close(&child->channel);
	oplog_forget(&child->words);
	if (child->slot != NO_SLOT)
		leave_slot(parent, child->slot);
	place_list_family(parent);
	free(child);
}
