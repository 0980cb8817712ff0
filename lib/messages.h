/* SPDX-License-Identifier: Apache-2.0 */
/*
 * messages.h - what our processes say to each other, over SOCK_SEQPACKET pairs
 * that the parent makes.  A message is a type, an id and typed fields, capped
 * at MESSAGE_MAX bytes, with at most one descriptor beside it.  No struct and
 * no pointer is ever sent raw.  A receiver names what it takes from whom;
 * anything else means that peer is broken and its channel is closed.
 */
#ifndef LIB_MESSAGES_H
#define LIB_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_MAX 65536
/* Every child finds its channel to the parent on this descriptor. */
#define MESSAGE_PARENT_FD 3
/* Whoever starts a child by hand is told so, and the child ends. */
void message_need_parent(void);

enum message_type {
	/* parent -> any child, in this order before MESSAGE_START */
	MESSAGE_SETTINGS = 1,	/* fd: sealed memfd for settings_read_fd() */
	MESSAGE_STATS,		/* fd: memfd of struct stats_page; u32 slot */
	MESSAGE_LOGSTATE,	/* fd: memfd of struct logstate; all children */
	MESSAGE_FOLDER,		/* fd: a folder; string: which ("data", "run",
				 * "policy", "log") */
	/* parent -> worker, reader (the reader has a book too) */
	MESSAGE_BOOK,		/* fd: the book file; u64 incarnation */
	MESSAGE_LISTENER,	/* fd: listening socket; u32 number; string name;
				 * string address; u32 proxy-protocol 0/1.
				 * To the reader: its unix socket */
	MESSAGE_WAKE_WRITER,	/* fd: eventfd that wakes the writer */
	MESSAGE_WAKE_SELF,	/* fd: eventfd the writer wakes this one by */
	MESSAGE_SNAPSHOT,	/* fd: sealed snapshot; u64 number: map it, say
				 * MESSAGE_SNAPSHOT_READY or _REFUSED */
	MESSAGE_SNAPSHOT_USE,	/* u64 number: decide by it from now on */
	MESSAGE_START,		/* go: confine, then work; answer READY */
	MESSAGE_DRAIN,		/* u64 microseconds: stop accepting, end idle
				 * connections, exit when the last is gone or
				 * the time is up */
	MESSAGE_STOP,		/* the same, now */
	/* child -> parent */
	MESSAGE_READY,		/* string: confinement in force, for status */
	MESSAGE_SNAPSHOT_READY,	/* u64 number */
	MESSAGE_SNAPSHOT_REFUSED, /* u64 number; string why */
	MESSAGE_DRAINED,
	/* parent -> writer */
	MESSAGE_WRITER_BOOK,	/* fd: a book; u64 incarnation; u32 alive 0/1;
				 * string name of its file in the run folder */
	MESSAGE_WRITER_WAKE,	/* fd: eventfd of that book's owner; u64
				 * incarnation */
	MESSAGE_WRITER_DEAD,	/* u64 incarnation; string how it died: drain,
				 * close its exchanges, say BOOK_DONE */
	MESSAGE_EVENT,		/* u64 id; bytes: an encoded record.  Parent or
				 * reader -> writer; answered durable */
	/* writer -> parent or reader */
	MESSAGE_BOOK_DONE,	/* u64 incarnation: parent may remove the file */
	MESSAGE_EVENT_DONE,	/* u64 id */
	/* reader's own pair with the writer, made by the parent */
	MESSAGE_WRITER_CHANNEL,	/* fd: seqpacket end; to writer and reader */
	/* loader -> parent */
	MESSAGE_LOADED,		/* fd: sealed snapshot; string version (hex);
				 * string name of the policy */
	MESSAGE_LOAD_MESSAGE,	/* u32 report_level; string: one line for the
				 * person who asked */
	MESSAGE_LOAD_FAILED,
	MESSAGE_LAST = MESSAGE_LOAD_FAILED
};

struct message {
	enum message_type type;
	int fd;			/* -1 for none; the taker owns it */
	size_t length;		/* bytes in data */
	size_t at;		/* read position */
	bool bad;		/* a read or write went over an end */
	unsigned char data[MESSAGE_MAX - 8];
};

/* Building: fields in the order that the table above gives.  fd stays the
 * caller's. */
void message_init(struct message *message, enum message_type type, int fd);
void message_add_u32(struct message *message, uint32_t value);
void message_add_u64(struct message *message, uint64_t value);
void message_add_bytes(struct message *message, const void *bytes, size_t n);
void message_add_string(struct message *message, const char *text);
/* Send without waiting; 0, or -1 with errno (EAGAIN: the channel is full; EMSGSIZE: bad). */
int message_send(int channel, const struct message *message);
/* Receive one without waiting, whatever the descriptor's mode; 1 on a message (message->fd is now the caller's), 0 if none is
 * waiting (a blocking channel waits, for SO_RCVTIMEO at most), -1 when the
 * channel is closed (errno 0) or broken (EPROTO: not one of our messages). */
int message_receive(int channel, struct message *message);
/* Reading: zero or empty and message->bad on a short message.  Strings and
 * bytes point into the message. */
uint32_t message_get_u32(struct message *message);
uint64_t message_get_u64(struct message *message);
const void *message_get_bytes(struct message *message, size_t *n);
const char *message_get_string(struct message *message);
/* Whether everything was read and nothing was missing. */
bool message_end(const struct message *message);
/* Close the descriptor of a message nobody took. */
void message_drop(struct message *message);

#endif
