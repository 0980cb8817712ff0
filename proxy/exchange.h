/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange.h - one request and its answer, or one tunnel, from the head that was
 * parsed to the record that closes it.
 *
 *   DECIDE -> [DURABLE] -> RESOLVE -> CONNECT -> [PARENT] -> SEND -> ANSWER
 *      \          \           \          \          \          -> FLUSH -> end
 *       own answer at any point before a byte of the origin's went out
 *   CONNECT: ... CONNECT -> [PARENT] -> PEEK -> TUNNEL -> end
 *
 * Everything ends in exchange_end(), which writes the record and frees it.
 */
#ifndef PROXY_EXCHANGE_H
#define PROXY_EXCHANGE_H

#include "proxy/answer.h"
#include "proxy/connect.h"
#include "proxy/http1.h"
#include "proxy/session.h"
#include "proxy/target.h"
#include "proxy/upstream.h"

enum phase {
	PHASE_DECIDE,
	PHASE_DURABLE,
	PHASE_RESOLVE,
	PHASE_CONNECT,
	PHASE_PARENT,		/* waiting for the parent's answer to CONNECT */
	PHASE_ANSWER,		/* request going out, answer head awaited */
	PHASE_BODY,		/* answer coming in */
	PHASE_FLUSH,		/* all of it is here, the client takes the rest */
	PHASE_PEEK,		/* tunnel: waiting for the first bytes */
	PHASE_TUNNEL
};

struct exchange {
	struct session *session;
	struct worker *worker;
	struct upstream *upstream;
	struct resolve *resolve;
	struct connect *connect;
	struct exchange *durable_next;
	struct deadline interim;
	struct exchange_id id;
	uint64_t durable_at;
	uint32_t slot;
	uint32_t interims;
	enum phase phase;
	char reference[REFERENCE_TEXT];

	/* The request. */
	char *block;			/* holds what the texts point into */
	struct http1_text method;
	struct http1_text target;	/* path and query as forwarded */
	char *head;			/* what goes upstream, inside block */
	size_t head_length;
	char *host;			/* settled, inside block */
	char *own_parent;		/* named by a rule of the policy */
	const char *parent_host;	/* if through_parent: that, or another's */
	size_t host_length;
	struct address address;		/* host, if it is one; then the one used */
	uint16_t port;
	uint16_t parent_port;
	uint8_t minor;
	bool is_connect : 1;
	bool is_head : 1;
	bool is_address : 1;
	bool retriable : 1;		/* idempotent or nothing sent yet */
	bool wants_html : 1;
	bool asked_upgrade : 1;
	bool upgraded : 1;
	bool in_tunnel : 1;		/* plain HTTP inside a CONNECT */
	bool negotiates : 1;		/* NTLM or Negotiate seen */
	bool request_done : 1;
	bool answer_begun : 1;		/* bytes of the origin's went out */
	bool answer_done : 1;
	bool reused : 1;
	bool retried : 1;
	bool client_eof : 1;		/* tunnel: it sends no more */
	bool origin_eof : 1;
	bool origin_closes : 1;		/* its connection ends with the answer */
	bool decode_chunks : 1;		/* chunked answer, client of 1.0 */
	bool through_parent : 1;
	bool by_tunnel : 1;		/* ... over a CONNECT that was opened */
	bool denied_by_rule : 1;	/* an address was, while connecting */
	bool met_special : 1;		/* an address was of a special kind */
	bool met_self : 1;
	bool met_port : 1;		/* the port is not one for tunnels */
	bool hello_seen : 1;
	bool looked : 1;		/* tunnel: its protocol was judged */
	bool refused : 1;		/* before any decision */
	bool cut : 1;			/* the origin takes no more content */
	bool ours : 1;			/* answered in our own name */
	bool waits_durable : 1;
	enum http1_framing framing;	/* of the request */
	uint64_t left;			/* of the request's content */
	struct http1_chunks *chunks;	/* request; allocated when chunked */
	uint64_t size_bound;		/* decide again beyond this */

	/* The answer. */
	unsigned status;
	enum http1_framing answer_framing;
	uint64_t answer_left;
	struct http1_chunks *answer_chunks;

	/* The decision in force. */
	struct facts facts;
	const char *navigation_by;	/* the field that told a navigation */
	unsigned lifts;
	enum record_depth depth;
	enum record_as as;
	enum verdict verdict;
	enum verdict tls_verdict;
	bool tls_asked;
	bool tls_by_rule;
	bool forward;
	bool would;
	uint64_t waiting;
	uint64_t rule_key;		/* which rule of which policy */
	unsigned char *late;		/* a decision that changed often: the
					 * last one, for the closing record */
	size_t late_length;
	uint8_t changes;

	/* Counts and times. */
	uint64_t start_mono_us;
	uint64_t mark_us;		/* when the present wait began */
	uint64_t dns_us;
	uint64_t connect_us;
	uint64_t first_us;
	uint64_t from_client;
	uint64_t to_client;
	uint64_t from_origin;
	uint64_t request_body;
	uint64_t answer_body;
	uint32_t attempts;
	struct pipe_pair *pipe_up;	/* tunnel: client to origin */
	struct pipe_pair *pipe_down;
	unsigned char *watched;		/* tunnel: a late hello, as it passes */
	size_t watched_length;
	uint8_t full_up;
	uint8_t full_down;
};

/* Begin one with a parsed head at bytes (head->length of them are used up). */
void exchange_begin(struct session *session, const struct http1_head *head);
/* Begin one that ends at once: a request that could not be understood.  head may
 * be half filled. */
void exchange_refuse(struct session *session, const struct http1_head *head,
    enum outcome outcome, const char *detail);
/* Feed bytes of the request's content; returns how many were used.  May end the
 * exchange and close the session. */
size_t exchange_feed(struct exchange *exchange, const unsigned char *bytes,
    size_t length);
/* Whether it takes content now. */
bool exchange_hungry(const struct exchange *exchange);
/* Whether the origin takes no more content for now. */
bool exchange_is_full(const struct exchange *exchange);
/* Answer with words of our own if that is still possible, then end; else cut the
 * client off so that it cannot take the rest for the whole. */
void exchange_fail(struct exchange *exchange, enum outcome outcome,
    const char *detail);
/* End: the record is written, memory freed.  The session lives on. */
void exchange_end(struct exchange **exchange, enum outcome outcome,
    const char *detail);
/* The record of a waiting exchange is on disk. */
void exchange_durable(struct exchange *exchange);
/* The client is gone or stalled. */
void exchange_client_gone(struct exchange *exchange, enum outcome outcome);
/* The client takes bytes again. */
void exchange_client_drained(struct exchange *exchange);
/* Decide again (new policy, time, facts); ends it if it is now denied, and then
 * returns false. */
bool exchange_redecide(struct exchange *exchange);

/* --- for the other files of exchanges --- */

/* A new one for this session; the table of exchanges is bounded by the sessions'. */
struct exchange *exchange_new(struct session *session,
    const struct http1_head *head);
/* The log cannot take it: refused, counted, not recorded. */
void exchange_refuse_unrecorded(struct exchange *exchange,
    enum outcome outcome);
/* exchange_fail() with the decision that the page explains. */
void exchange_fail_with(struct exchange *exchange, enum outcome outcome,
    const char *detail, const struct decision *decision);
/* Whether a tunnel may go to this port: 443, 80, or what a rule names. */
bool exchange_port_allowed(const struct exchange *exchange);
/* Leave interim records from now on. */
void exchange_watch(struct exchange *exchange);
/* Decided and safe: find a connection. */
void exchange_go(struct exchange *exchange);
/* The connection is there: send what is to be sent. */
void exchange_connected(struct exchange *exchange);
/* The origin or parent ended before it answered. */
void exchange_lost(struct exchange *exchange, bool reset);
/* The answer is with the client: record it, next request. */
void exchange_finish(struct exchange *exchange, enum outcome outcome,
    const char *detail);
/* Let go of the connection: back to the pool if it may be used again. */
void exchange_release(struct exchange *exchange, bool reusable);
/* Decide by the facts known now; false if it was denied, and has ended. */
bool exchange_decide(struct exchange *exchange);
/* Whether the address in use may (still) be used, by kind and by rule; if not the
 * exchange has ended. */
bool exchange_way_stands(struct exchange *exchange);
/* Restart the wait for the origin; outcome is what its end means. */
void exchange_wait_origin(struct exchange *exchange, uint64_t delay_us);
/* Wait until the client takes what was sent to it. */
void exchange_wait_client(struct exchange *exchange);
/* Before the answer: wait for the client's content, or for the origin if all of it
 * is here or the origin takes no more of it now. */
void exchange_wait_sides(struct exchange *exchange);

/* Go on with the content of the request now that somebody takes it (again).  May
 * end the exchange and close the session. */
void exchange_want_content(struct exchange *exchange);

/* Called by upstream.c: */
void exchange_upstream_read(struct exchange *exchange);
void exchange_upstream_drained(struct exchange *exchange);

#endif
