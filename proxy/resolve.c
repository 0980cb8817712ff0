/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve.c - names to addresses with libunbound on the worker's event base.
 *
 * A question is two questions to libunbound, A and AAAA.  Answers it has at hand
 * come inside resolve_start(), and so does then the caller's; others come later,
 * and the caller is told from the event loop, never from inside the library.
 * A question that was cancelled or ran out of time lives on, without a caller,
 * until the library lets go of it: so the number of questions counts what the
 * library holds too, and is bounded by QUESTIONS_MAX.
 *
 * How the library is set up stands in resolve_setup.c.
 */
#include "proxy/resolve.h"

#include "lib/clock.h"
#include "proxy/dns_packet.h"
#include "proxy/resolve_setup.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <unbound.h>
#include <unbound-event.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUESTIONS_MAX 4096
#define QUESTIONS_SPARE_MAX 64
/* How long one family waits for the other (RFC 8305 section 3). */
#define RESOLUTION_DELAY_US 50000
/* How often we look again whether there is a way to IPv6. */
#define ROUTE_LOOK_US 30000000

enum family { A, AAAA, FAMILIES };

/* Where one of the two questions stands. */
enum part_state {
	PART_NOT_ASKED,
	PART_WAITING,
	PART_FOUND,
	PART_NO_NAME,
	PART_NO_ADDRESS,
	PART_FAILED,
	PART_BOGUS
};

struct part {
	struct resolve *question;
	enum part_state state;
	enum resolve_security security;
	unsigned count;
	struct address address[RESOLVE_MAX];
};

struct resolve {
	struct resolver *resolver;
	struct resolve *next;		/* of all, or of the spare ones */
	struct resolve **link;		/* what points to us */
	resolve_done *done;		/* NULL: nobody waits any more */
	void *arg;
	struct event timer;
	bool starting;			/* inside resolve_start() */
	bool due;			/* the answer is on its way */
	bool delaying;			/* the timer is the resolution delay */
	struct part part[FAMILIES];
	char why[128];
};

struct resolver {
	struct event_base *base;
	struct ub_ctx *ub;
	struct resolve *all;
	struct resolve *spare;
	unsigned count;
	unsigned spare_count;
	uint64_t timeout_us;
	uint64_t route_looked_us;
	bool has_route6;
	bool ask6;
	bool validate;
	bool closing;
};

/* --- questions ------------------------------------------------------------- */

static void on_timer(evutil_socket_t fd, short what, void *arg);

static struct resolve *
question_new(struct resolver *r)
{
	struct resolve *q = r->spare;
	unsigned i;

	if (r->count >= QUESTIONS_MAX)
		return NULL;
	if (q != NULL) {
		r->spare = q->next;
		r->spare_count--;
	} else {
		q = malloc(sizeof(*q));
		if (q == NULL)
			return NULL;
		q->resolver = r;
		event_assign(&q->timer, r->base, -1, 0, on_timer, q);
	}
	q->due = q->delaying = false;
	q->why[0] = '\0';
	for (i = 0; i < FAMILIES; i++) {
		q->part[i].question = q;
		q->part[i].state = PART_NOT_ASKED;
		q->part[i].security = RESOLVE_UNCHECKED;
		q->part[i].count = 0;
	}
	q->next = r->all;
	q->link = &r->all;
	if (r->all != NULL)
		r->all->link = &q->next;
	r->all = q;
	r->count++;
	return q;
}

/* Give a question back, unless libunbound still holds it. */
static void
question_let_go(struct resolve *q)
{
	struct resolver *r = q->resolver;

	assert(q->done == NULL);
	if (q->part[A].state == PART_WAITING ||
	    q->part[AAAA].state == PART_WAITING)
		return;
	event_del(&q->timer);
	*q->link = q->next;
	if (q->next != NULL)
		q->next->link = q->link;
	r->count--;
	if (r->spare_count < QUESTIONS_SPARE_MAX) {
		q->next = r->spare;
		r->spare = q;
		r->spare_count++;
	} else {
		free(q);
	}
}

static void
set_timer(struct resolve *q, uint64_t until_us)
{
	uint64_t now = clock_mono_us();
	uint64_t wait = until_us > now ? until_us - now : 0;
	struct timeval tv;

	tv.tv_sec = (time_t)(wait / 1000000);
	tv.tv_usec = (suseconds_t)(wait % 1000000);
	event_add(&q->timer, &tv);
}

/* --- answers --------------------------------------------------------------- */

/* Whether IPv6 is worth trying first: the kernel has a route to the Internet and
 * would use an Internet address of ours for it.  Connecting a datagram socket
 * sends nothing. */
static bool
look_for_route6(void)
{
	struct sockaddr_storage ss;
	struct address to, from;
	socklen_t length;
	bool found = false;
	int fd;

	if (!address_parse("2000::1", 7, &to))
		return false;
	to.port = 53;
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return false;
	length = address_to_sockaddr(&to, &ss);
	if (connect(fd, (struct sockaddr *)&ss, length) == 0) {
		length = sizeof(ss);
		found = getsockname(fd, (struct sockaddr *)&ss, &length) == 0 &&
		    address_from_sockaddr((struct sockaddr *)&ss, &from) &&
		    address_kind(&from) == ADDRESS_PUBLIC;
	}
	close(fd);
	return found;
}

static bool
has_route6(struct resolver *r)
{
	uint64_t now = clock_mono_us();

	if (r->route_looked_us == 0 ||
	    now - r->route_looked_us > ROUTE_LOOK_US) {
		r->route_looked_us = now;
		r->has_route6 = look_for_route6();
	}
	return r->has_route6;
}

/* The families in turn, the better one first (RFC 8305 section 4). */
static void
interleave(struct resolve_answer *answer, const struct part *first,
    const struct part *second)
{
	unsigned i;

	for (i = 0; i < RESOLVE_MAX; i++) {
		if (i < first->count && answer->count < RESOLVE_MAX)
			answer->address[answer->count++] = first->address[i];
		if (i < second->count && answer->count < RESOLVE_MAX)
			answer->address[answer->count++] = second->address[i];
	}
}

static enum resolve_security
weaker(enum resolve_security a, enum resolve_security b)
{
	return a < b ? a : b;
}

static void
make_found(struct resolve *q, struct resolve_answer *answer)
{
	const struct part *a = &q->part[A], *aaaa = &q->part[AAAA];

	answer->status = RESOLVE_OK;
	answer->detail[0] = '\0';
	if (a->count == 0)
		answer->security = aaaa->security;
	else if (aaaa->count == 0)
		answer->security = a->security;
	else
		answer->security = weaker(a->security, aaaa->security);
	if (a->count > 0 && aaaa->count > 0 && !has_route6(q->resolver))
		interleave(answer, a, aaaa);
	else
		interleave(answer, aaaa, a);
}

/* What to say without any address: the gravest of what the two parts say. */
static void
make_failure(struct resolve *q, struct resolve_answer *answer)
{
	enum part_state a = q->part[A].state, aaaa = q->part[AAAA].state;

	answer->security = RESOLVE_UNCHECKED;
	if (a == PART_BOGUS || aaaa == PART_BOGUS) {
		answer->status = RESOLVE_BOGUS;
		answer->security = RESOLVE_IS_BOGUS;
	} else if (a == PART_NO_NAME) {
		answer->status = RESOLVE_NO_NAME;
		answer->security = q->part[A].security;
	} else if (a == PART_WAITING || aaaa == PART_WAITING) {
		answer->status = RESOLVE_TIMEOUT;
		snprintf(answer->detail, sizeof(answer->detail),
		    "no answer from the resolver in time");
		return;
	} else if (a == PART_FAILED || aaaa == PART_FAILED) {
		answer->status = RESOLVE_FAILED;
	} else {
		answer->status = RESOLVE_NO_ADDRESS;
		answer->security = q->part[A].security;
	}
	memcpy(answer->detail, q->why, sizeof(answer->detail));
}

/* Say what is known and let go. */
static void
deliver(struct resolve *q)
{
	struct resolve_answer answer;
	resolve_done *done = q->done;
	void *arg = q->arg;

	answer.count = 0;
	if (q->part[A].count + q->part[AAAA].count > 0)
		make_found(q, &answer);
	else
		make_failure(q, &answer);
	q->done = NULL;
	event_del(&q->timer);
	question_let_go(q);
	done(arg, &answer);
	/* the caller may have freed even the resolver: touch nothing */
}

/* Whether what came so far is all that is needed. */
static bool
is_complete(const struct resolve *q)
{
	const struct part *a = &q->part[A], *aaaa = &q->part[AAAA];

	/* A name that does not exist has no address of any kind.  Of IPv6 it
	 * is not believed: some servers say so of any name that they have no
	 * IPv6 address for (RFC 4074 section 4.2). */
	if (a->state == PART_NO_NAME)
		return true;
	if (a->state == PART_FOUND && aaaa->state == PART_WAITING)
		return !has_route6(q->resolver);
	return a->state != PART_WAITING && aaaa->state != PART_WAITING;
}

/* One family has come and is of use: give the other the short delay. */
static bool
is_delay_wanted(const struct resolve *q)
{
	if (q->delaying)
		return false;
	if (q->part[A].state == PART_FOUND)
		return true;
	/* RFC 8305 would start with IPv6 at once; but our answer is given in
	 * one piece, and without IPv4 in it a broken IPv6 path would have no
	 * way out.  Where there is no IPv6, nothing but IPv4 helps. */
	return q->part[AAAA].state == PART_FOUND && has_route6(q->resolver);
}

static void
part_came(struct resolve *q)
{
	if (q->starting)
		return;
	if (q->done == NULL) {
		question_let_go(q);
		return;
	}
	if (q->due)
		return;
	if (is_complete(q)) {
		/* Not from here: we are deep inside libunbound. */
		q->due = true;
		event_active(&q->timer, EV_TIMEOUT, 0);
	} else if (is_delay_wanted(q)) {
		q->delaying = true;
		set_timer(q, clock_mono_us() + RESOLUTION_DELAY_US);
	}
}

static void
note_why(struct resolve *q, const char *text)
{
	size_t i;

	snprintf(q->why, sizeof(q->why), "%s", text);
	for (i = 0; q->why[i] != '\0'; i++) {
		if (q->why[i] < ' ' || q->why[i] > '~')
			q->why[i] = '?';
	}
}

static enum part_state
state_of_rcode(struct resolve *q, int rcode)
{
	switch (rcode) {
	case DNS_RCODE_OK:
		return PART_NO_ADDRESS;
	case DNS_RCODE_NXDOMAIN:
		return PART_NO_NAME;
	case DNS_RCODE_SERVFAIL:
		note_why(q, "the resolver could not find out");
		return PART_FAILED;
	case DNS_RCODE_REFUSED:
		note_why(q, "the resolver refused to answer");
		return PART_FAILED;
	default:
		note_why(q, "the resolver answered with an error");
		return PART_FAILED;
	}
}

static void
on_part(void *arg, int rcode, void *packet, int length, int security,
    char *why_bogus, int was_ratelimited)
{
	struct part *part = arg;
	struct resolve *q = part->question;

	(void)was_ratelimited;
	assert(part->state == PART_WAITING);
	if (q->resolver->closing)
		return;
	if (security == 1) {
		part->state = PART_BOGUS;
		note_why(q, why_bogus != NULL ? why_bogus :
		    "the answer failed validation");
		part_came(q);
		return;
	}
	if (q->resolver->validate)
		part->security = security == 2 ? RESOLVE_SECURE :
		    RESOLVE_INSECURE;
	/* rcode is about the library's work; the packet has its own. */
	if (rcode == DNS_RCODE_OK && packet != NULL && length > 0 &&
	    dns_packet_addresses(packet, (size_t)length,
	    part == &q->part[A] ? DNS_TYPE_A : DNS_TYPE_AAAA, part->address,
	    RESOLVE_MAX, &part->count, &rcode) == -1) {
		part->count = 0;
		rcode = DNS_RCODE_SERVFAIL;
	}
	if (rcode == DNS_RCODE_OK && part->count > 0)
		part->state = PART_FOUND;
	else
		part->state = state_of_rcode(q, rcode);
	part_came(q);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct resolve *q = arg;

	(void)fd;
	(void)what;
	/* Whatever ended, the delay or all patience: say what there is. */
	if (q->done != NULL)
		deliver(q);
}

/* --- the caller's side ----------------------------------------------------- */

static void
ask(struct resolve *q, const char *name, enum family family)
{
	struct part *part = &q->part[family];
	int error;

	part->state = PART_WAITING;
	error = ub_resolve_event(q->resolver->ub, name,
	    family == A ? DNS_TYPE_A : DNS_TYPE_AAAA, DNS_CLASS_IN, part,
	    on_part, NULL);
	if (error != 0 && part->state == PART_WAITING) {
		part->state = PART_FAILED;
		note_why(q, ub_strerror(error));
	}
}

struct resolve *
resolve_start(struct resolver *r, const char *name, resolve_done *done,
    void *arg)
{
	struct resolve_answer answer;
	struct resolve *q = question_new(r);

	if (q == NULL) {
		memset(&answer, 0, sizeof(answer));
		answer.status = RESOLVE_FAILED;
		snprintf(answer.detail, sizeof(answer.detail),
		    "too many questions");
		done(arg, &answer);
		return NULL;
	}
	q->done = done;
	q->arg = arg;
	q->starting = true;
	/* AAAA first, as RFC 8305 section 3 has it. */
	if (r->ask6)
		ask(q, name, AAAA);
	ask(q, name, A);
	q->starting = false;
	if (is_complete(q)) {
		deliver(q);
		return NULL;
	}
	if (is_delay_wanted(q)) {
		q->delaying = true;
		set_timer(q, clock_mono_us() + RESOLUTION_DELAY_US);
	} else {
		set_timer(q, clock_mono_us() + r->timeout_us);
	}
	return q;
}

void
resolve_cancel(struct resolve **resolve)
{
	struct resolve *q = *resolve;

	*resolve = NULL;
	if (q == NULL)
		return;
	q->done = NULL;
	event_del(&q->timer);
	question_let_go(q);
}

/* --- the resolver ---------------------------------------------------------- */

struct resolver *
resolver_new(struct event_base *base, const struct settings *settings)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->base = base;
	r->timeout_us = settings->dns_timeout;
	r->ask6 = settings->dns_ipv6;
	r->validate = settings->dns_dnssec;
	r->ub = resolve_setup(base, settings);
	if (r->ub == NULL) {
		free(r);
		return NULL;
	}
	(void)has_route6(r);
	return r;
}

void
resolver_free(struct resolver **resolver)
{
	struct resolver *r = *resolver;
	struct resolve *q;

	*resolver = NULL;
	if (r == NULL)
		return;
	/* The library answers what is open while it goes. */
	r->closing = true;
	ub_ctx_delete(r->ub);
	while ((q = r->all) != NULL) {
		r->all = q->next;
		event_del(&q->timer);
		free(q);
	}
	while ((q = r->spare) != NULL) {
		r->spare = q->next;
		free(q);
	}
	free(r);
}
