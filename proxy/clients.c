/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clients.c - two bounded tables: connections by client address, and refusals by
 * client network and reason.  A row without a connection rests until the second
 * in which it was refused is over, then it is anybody's.  When the first table is
 * full all the same, addresses not in it are let in uncounted (the total limit
 * still holds) and their refusals go to the summary; when the second is full,
 * what is new shares its last row.
 */
#include "proxy/clients.h"

#include "lib/clock.h"

#include <openssl/rand.h>

#include <stdlib.h>
#include <string.h>

#define BUCKETS 16384
#define FLUSH_US (10 * 1000000)

struct client {
	struct client *next;
	struct client *newer;		/* while it rests */
	struct client **back;		/* what points at us there, or NULL */
	struct address address;
	uint32_t open;
	uint32_t refused;		/* in this second */
	uint64_t second;
};

struct summary {
	struct address network;
	uint8_t prefix;
	enum outcome outcome;
	uint64_t count;
	uint64_t first_wall_us;
	uint64_t last_wall_us;
};

struct clients {
	struct worker *worker;
	struct deadline flush;
	uint64_t key;
	size_t count;
	struct client *bucket[BUCKETS];
	struct client *unused;
	struct client *resting;		/* the oldest first */
	struct client **last;		/* where the next one hangs */
	size_t summary_count;
	struct summary summary[CLIENTS_SUMMARIES];
};

static struct clients *flush_owner(struct deadline *deadline);

static void
on_flush(struct deadline *deadline)
{
	struct clients *clients = flush_owner(deadline);

	if (!clients_flush(clients))
		deadline_set(clients->worker->wheel, deadline, FLUSH_US,
		    on_flush);
}

static struct clients *
flush_owner(struct deadline *deadline)
{
	return (struct clients *)(void *)((char *)deadline -
	    offsetof(struct clients, flush));
}

struct clients *
clients_new(struct worker *worker)
{
	struct clients *clients = calloc(1, sizeof(*clients));

	if (clients == NULL)
		return NULL;
	clients->worker = worker;
	clients->last = &clients->resting;
	(void)RAND_bytes((unsigned char *)&clients->key,
	    sizeof(clients->key));
	return clients;
}

void
clients_free(struct clients **clients)
{
	struct clients *c = *clients;

	if (c == NULL)
		return;
	deadline_clear(&c->flush);
	for (size_t i = 0; i < BUCKETS; i++)
		while (c->bucket[i] != NULL) {
			struct client *client = c->bucket[i];

			c->bucket[i] = client->next;
			free(client);
		}
	while (c->unused != NULL) {
		struct client *client = c->unused;

		c->unused = client->next;
		free(client);
	}
	free(c);
	*clients = NULL;
}

/* Keyed, so that nobody can choose addresses that share a bucket. */
static struct client **
bucket_of(struct clients *clients, const struct address *address)
{
	uint64_t a, b, h;

	memcpy(&a, address->bytes, 8);
	memcpy(&b, address->bytes + 8, 8);
	if (address->family == 4)
		b = 4;
	if (address->family == 4)
		a &= UINT64_C(0xffffffff);
	h = (a ^ clients->key) * UINT64_C(0x9e3779b97f4a7c15);
	h ^= h >> 29;
	h = (h ^ b) * UINT64_C(0xbf58476d1ce4e5b9);
	h ^= h >> 32;
	return &clients->bucket[h % BUCKETS];
}

static void
stop_resting(struct clients *clients, struct client *client)
{
	if (client->back == NULL)
		return;
	*client->back = client->newer;
	if (client->newer != NULL)
		client->newer->back = client->back;
	else
		clients->last = client->back;
	client->newer = NULL;
	client->back = NULL;
}

static void
rest(struct clients *clients, struct client *client)
{
	stop_resting(clients, client);
	client->back = clients->last;
	*clients->last = client;
	clients->last = &client->newer;
}

static void
forget(struct clients *clients, struct client *client)
{
	struct client **at = bucket_of(clients, &client->address);

	stop_resting(clients, client);
	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	client->next = clients->unused;
	clients->unused = client;
}

/* Rows that nobody needs any more; two for each that is asked for, so that they
 * never pile up. */
static void
forget_some(struct clients *clients)
{
	uint64_t second = clock_mono_us() / 1000000;

	for (unsigned i = 0; i < 2 && clients->resting != NULL &&
	    clients->resting->second < second; i++)
		forget(clients, clients->resting);
}

static struct client *
find(struct clients *clients, const struct address *address, bool make)
{
	struct client **bucket = bucket_of(clients, address);
	struct client *client;

	for (client = *bucket; client != NULL; client = client->next)
		if (address_equal(&client->address, address))
			return client;
	if (!make)
		return NULL;
	forget_some(clients);
	if (clients->unused != NULL) {
		client = clients->unused;
		clients->unused = client->next;
		memset(client, 0, sizeof(*client));
	} else {
		if (clients->count >= CLIENTS_MAX)
			return NULL;
		client = calloc(1, sizeof(*client));
		if (client == NULL)
			return NULL;
		clients->count++;
	}
	client->address = *address;
	client->address.port = 0;
	client->next = *bucket;
	*bucket = client;
	return client;
}

bool
clients_enter(struct clients *clients, const struct address *address)
{
	uint64_t most = clients->worker->settings->client_max_address;
	struct client *client = find(clients, address, true);

	if (client == NULL)
		return true;
	if (most > 0 && client->open >= most)
		return false;
	client->open++;
	stop_resting(clients, client);
	return true;
}

void
clients_leave(struct clients *clients, const struct address *address)
{
	struct client *client = find(clients, address, false);

	if (client == NULL || client->open == 0)
		return;
	client->open--;
	if (client->open > 0)
		return;
	/* One that was refused a moment ago is known until its second is over. */
	if (client->refused == 0 ||
	    client->second < clock_mono_us() / 1000000)
		forget(clients, client);
	else
		rest(clients, client);
}

static void
network_of(const struct address *address, struct summary *row)
{
	row->network = *address;
	row->network.port = 0;
	if (address->family == 4) {
		row->prefix = 24;
		row->network.bytes[3] = 0;
	} else {
		row->prefix = 64;
		memset(row->network.bytes + 8, 0, 8);
	}
}

void
clients_count(struct clients *clients, const struct address *address,
    enum outcome outcome)
{
	struct summary row = { .outcome = outcome, .count = 0 };
	struct summary *at = NULL;
	uint64_t now = clock_wall_us();

	network_of(address, &row);
	for (size_t i = 0; i < clients->summary_count; i++)
		if (clients->summary[i].outcome == outcome &&
		    clients->summary[i].prefix == row.prefix &&
		    address_equal(&clients->summary[i].network, &row.network)) {
			at = &clients->summary[i];
			break;
		}
	if (at == NULL && clients->summary_count < CLIENTS_SUMMARIES) {
		at = &clients->summary[clients->summary_count++];
		*at = row;
		at->first_wall_us = now;
	}
	if (at == NULL) {
		/* The last row stands for all networks from here on. */
		at = &clients->summary[CLIENTS_SUMMARIES - 1];
		memset(&at->network, 0, sizeof(at->network));
	}
	at->count++;
	at->last_wall_us = now;
	if (!deadline_is_set(&clients->flush))
		deadline_set(clients->worker->wheel, &clients->flush, FLUSH_US,
		    on_flush);
}

bool
clients_record_singly(struct clients *clients,
    const struct address *address, enum outcome outcome)
{
	struct client *client = find(clients, address, true);
	uint64_t second = clock_mono_us() / 1000000;

	if (client != NULL) {
		if (client->second != second) {
			client->second = second;
			client->refused = 0;
		}
		if (client->open == 0)
			rest(clients, client);
		if (client->refused++ < CLIENTS_SINGLY)
			return true;
	}
	clients_count(clients, address, outcome);
	return false;
}

static int
write_row(struct clients *clients, const struct summary *row)
{
	struct worker *worker = clients->worker;
	const struct outcome_words *words = outcome_words(row->outcome);
	struct record record;
	char text[ADDRESS_TEXT_MAX + 8] = "several";
	uint64_t position;
	size_t n;

	if (row->network.family != 0) {
		n = address_print(&row->network, text);
		text[n] = '/';
		if (row->prefix == 24)
			memcpy(text + n + 1, "24", 3);
		else
			memcpy(text + n + 1, "64", 3);
	}
	record_init(&record, worker->record_bytes, RECORD_MAX);
	record_text(&record, RECORD_SUMMARY_NETWORK_F, text);
	record_number(&record, RECORD_SUMMARY_COUNT_F, row->count);
	record_number(&record, RECORD_START_F, row->first_wall_us);
	record_number(&record, RECORD_END_F, row->last_wall_us);
	record_text(&record, RECORD_FAILURE_F, words->name);
	record_text(&record, RECORD_CODE_F, words->code);
	return book_push(worker->book, BOOK_NO_SLOT,
	    RECORD_KIND_REFUSED_SUMMARY, &record, &position);
}

bool
clients_flush(struct clients *clients)
{
	size_t done = 0;

	while (done < clients->summary_count &&
	    write_row(clients, &clients->summary[done]) == 0)
		done++;
	memmove(clients->summary, clients->summary + done,
	    (clients->summary_count - done) * sizeof(clients->summary[0]));
	clients->summary_count -= done;
	return clients->summary_count == 0;
}
