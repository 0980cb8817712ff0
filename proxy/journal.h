/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - what the book is told about an exchange: entered before anything
 * leaves, added to as more is known, closed once.  All fields of records about
 * traffic are set here.
 */
#ifndef PROXY_JOURNAL_H
#define PROXY_JOURNAL_H

#include "proxy/answer.h"
#include "proxy/exchange.h"
#include "proxy/hello.h"
#include "proxy/resolve.h"

/* Enter the exchange.  head may be half filled (a refused request), target and
 * decision may be NULL.  OUTCOME_COMPLETE, or why it cannot be taken up
 * (LOG_FULL, LOG_BROKEN, LOG_BUSY). */
enum outcome journal_enter(struct exchange *exchange,
    const struct http1_head *head, const struct target *target,
    const struct decision *decision);
/* A number that differs when another rule, or the same in another policy,
 * decides, or less or more is to be kept. */
uint64_t journal_rule_key(const struct worker *worker,
    const struct decision *decision);
/* The decision changed. */
void journal_decision(struct exchange *exchange,
    const struct decision *decision);
/* The opening record goes to the disk first: push it.  false if there is no
 * room. */
bool journal_begin(struct exchange *exchange);
void journal_answers(struct exchange *exchange,
    const struct resolve_answer *answer);
/* The address in use, or tried last. */
void journal_address(struct exchange *exchange);
void journal_hello(struct exchange *exchange, const struct hello *hello);
void journal_text(struct exchange *exchange, enum record_field field,
    const char *text, size_t length);
/* For further fields: an empty record, valid until the next one, and adding it
 * to the running exchange. */
struct record journal_record(struct worker *worker);
void journal_append(struct exchange *exchange, struct record *record);
/* One more interim record. */
void journal_interim(struct exchange *exchange);
/* Close it: with a record, now or as soon as the ring has room. */
void journal_close(struct exchange *exchange, enum outcome outcome,
    const char *detail);
/* The ring has room again: write what waited.  True if nothing waits. */
bool journal_catch_up(struct worker *worker);
/* Whether waiting for the disk makes sense now: not under count while the log is
 * broken, when traffic goes on and the gap is counted. */
bool journal_waits(struct worker *worker);
/* Whether a request may be taken up now as far as the log goes. */
enum outcome journal_state(struct worker *worker);

#endif
