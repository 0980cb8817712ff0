/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clients.h - what each client address has open, and how refusals are recorded
 * under a flood: singly up to 20 a second and client, beyond that as one summary
 * a network, reason and ten seconds, with exact counts.
 */
#ifndef PROXY_CLIENTS_H
#define PROXY_CLIENTS_H

#include "proxy/answer.h"
#include "proxy/worker.h"

#define CLIENTS_MAX 65536	/* addresses known at once */
#define CLIENTS_SINGLY 20	/* refusals a second recorded one by one */
#define CLIENTS_SUMMARIES 1024	/* network and reason pairs; more share one */

struct clients *clients_new(struct worker *worker);
void clients_free(struct clients **clients);
/* Count a connection in; false if the address has its maximum already. */
bool clients_enter(struct clients *clients, const struct address *address);
void clients_leave(struct clients *clients, const struct address *address);
/* Whether one more refusal of this client is recorded by itself; if not it is
 * counted for the summary and the caller records nothing. */
bool clients_record_singly(struct clients *clients,
    const struct address *address, enum outcome outcome);
/* Count refused connections that never get a record of their own. */
void clients_count(struct clients *clients, const struct address *address,
    enum outcome outcome);
/* Write out the summaries gathered so far; what finds no room stays: then false. */
bool clients_flush(struct clients *clients);

#endif
