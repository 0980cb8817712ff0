/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader.h - the inside of the reader process: it answers people's questions
 * about the log over a unix socket, JSON lines in and out, and writes nothing
 * itself.  Every question is a record of its own, made by the writer.
 *
 *   client: ASKING -> SCANNING -> RECORDING -> SENDING ----> ENDING
 *                                          \-> FOLLOWING (tail)
 *
 * Work is done in slices, one per client and turn of the event loop, so that a
 * long search holds nobody up.  Results are kept as places in the log, never
 * as text: a client that reads slowly costs a block, not its results.
 */
#ifndef LOGGING_READER_H
#define LOGGING_READER_H

#include "lib/settings.h"
#include "lib/stats.h"
#include "logging/log_query.h"
#include "logging/segment_read.h"

#include <event2/event.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define READER_CLIENTS 32
#define READER_REQUEST_MAX 8192		/* bytes of a request line */
#define READER_RESULTS_MAX 100000	/* places kept for one search */
#define READER_OUTPUT_HIGH (256 * 1024)	/* stop writing at this */
#define READER_OUTPUT_LOW (64 * 1024)	/* go on at this */

enum reader_rights {
	RIGHTS_NONE,
	RIGHTS_DESK,		/* cause and host */
	RIGHTS_ALL
};

/* Who may see what; settled before the process is confined. */
struct reader_access {
	uid_t owner;		/* whom gatebook runs for */
	bool has_auditor;
	gid_t auditor;
	bool has_desk;
	gid_t desk;
	struct reader_names *names;
};

/* Who asks. */
struct reader_person {
	enum reader_rights rights;
	const char *as;		/* "root" "owner" "auditor" "desk" */
	uid_t uid;
	char name[96];		/* "uid 1000 (anna)" */
};

enum reader_command {
	COMMAND_TAIL,
	COMMAND_SEARCH,
	COMMAND_SHOW,
	COMMAND_COUNT_RULES	/* how often each rule refused, in a span */
};

struct reader_request {
	enum reader_command command;
	struct log_query query;
	uint64_t count;		/* tail: lines to begin with */
	bool follow;		/* tail */
	uint64_t limit;		/* search */
	char because[512];
	bool personal;		/* it leads to a person, so it may not be
				 * answered unrecorded */
	char asked[LOG_QUERY_TEXT];	/* how the record of it calls it */
};

enum client_state {
	CLIENT_ASKING,		/* its request has not come */
	CLIENT_SCANNING,	/* looking through the log, newest first */
	CLIENT_RECORDING,	/* its question is on its way to the disk */
	CLIENT_SENDING,		/* results, by their places */
	CLIENT_STREAMING,	/* tail: lines in order, then as they come */
	CLIENT_ENDING		/* the last line is said */
};

struct reader_client {
	struct reader_client *next;
	struct reader *reader;
	struct bufferevent *bev;
	struct event *deadline;		/* of RECORDING */
	enum client_state state;
	struct reader_person person;
	struct reader_request request;
	uint64_t event_id;
	const char *note;		/* added to the last line, or NULL */
	bool waiting;			/* until output is low or the log grew */
	struct segment_walk walk;
	bool walking;
	/* the search */
	char stop_before[LOG_TIME];	/* files all older than this end it */
	char newest[LOG_TIME];		/* in the file at hand */
	bool found_exchange;		/* show: second pass */
	struct segment_place *places;
	size_t place_count;
	size_t place_size;
	size_t place_at;
	int fd;				/* of the file last sent from */
	uint64_t fd_segment;
	uint64_t sent;
	struct reader_count *counting;	/* of COUNT_RULES, else NULL */
};

struct reader {
	struct event_base *base;
	struct settings *settings;
	struct stats *stats;	/* our slot; NULL in tests */
	struct logstate *state;
	struct segment_folder folder;
	struct reader_access access;
	int writer;		/* channel to the writer, -1 for none */
	struct event *on_writer;
	struct event *on_accept;
	struct event *on_work;
	struct event *on_follow;	/* 50 ms, while somebody follows */
	struct reader_client *clients;
	unsigned client_count;
	unsigned followers;
	uint64_t next_event;
};

/* reader_access.c: rights and what they leave of a line. */

/* Look groups and names up; complains of groups that do not exist. */
void reader_access_init(struct reader_access *access,
    const struct settings *settings);
void reader_access_clear(struct reader_access *access);
/* Who is at the other end of a connected unix socket. */
void reader_identify(const struct reader_access *access, int fd,
    struct reader_person *person);
/* Write the part of a line that the helpdesk may see, with a newline; out is at
 * least length + 2 bytes.  Returns its length, 0 if the line is damaged. */
size_t reader_desk_line(const char *line, size_t length, char *out);

/* reader_request.c: one JSON line. */

/* Read a request; false, and why in words, if it is none. */
bool reader_request_read(const char *text, size_t length,
    struct reader_request *request, char *why, size_t why_size);
/* reader_search.c: what a client's slice of work is. */

/* Begin to look; false without memory. */
bool reader_search_begin(struct reader_client *client);
/* Look through one block; true when all is found. */
bool reader_search_slice(struct reader_client *client);
/* Begin to send; false without memory. */
bool reader_send_begin(struct reader_client *client);
enum send_step {
	SEND_MORE,		/* the slice is over, or the client is slow */
	SEND_LATER,		/* tail: nothing new */
	SEND_DONE,
	SEND_FAILED		/* no memory */
};
enum send_step reader_send_slice(struct reader_client *client);
/* Free what the search holds. */
void reader_search_clear(struct reader_client *client);

/* reader_count.c: refusals by rule. */

/* False without memory; reader_count_clear() all the same. */
bool reader_count_begin(struct reader_client *client);
void reader_count_line(struct reader_client *client, const char *line,
    size_t length);
/* How many rules were met. */
size_t reader_count_rules(const struct reader_client *client);
enum send_step reader_count_send(struct reader_client *client);
void reader_count_clear(struct reader_client *client);

/* reader_client.c: connections. */

/* Serve a listening unix socket.  0, or -1. */
int reader_listen(struct reader *reader, int fd);
/* Take a new channel to the writer; the one before is gone. */
void reader_set_writer(struct reader *reader, int fd);
/* End all clients and free all events. */
void reader_close(struct reader *reader);

/* reader_event.c: telling the writer who asked what. */

/* Send the record of a request; its number to *id.  0, or -1 if the writer
 * cannot take it now. */
int reader_event_send(struct reader *reader,
    const struct reader_person *person, const struct reader_request *request,
    uint64_t count, uint64_t *id);
/* Receive one answer; 1 with the number of a record that is on disk, 0 if there
 * is none waiting, -1 if the channel is gone. */
int reader_event_done(struct reader *reader, uint64_t *id);

#endif
