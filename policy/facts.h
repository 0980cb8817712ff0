/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facts.h - what is known about one exchange.  A fact is unknown until its
 * stage has come; when it came without a value it is absent.  The caller owns
 * every string and keeps it alive as long as the facts.
 */
#ifndef POLICY_FACTS_H
#define POLICY_FACTS_H

#include "lib/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Stages in the order in which they come. */
enum stage {
	STAGE_CONNECTION,
	STAGE_TUNNEL,		/* the CONNECT */
	STAGE_ADDRESS,		/* after DNS, the address really used */
	STAGE_HELLO,		/* ClientHello, or the first bytes */
	STAGE_CERTIFICATE,
	STAGE_REQUEST,
	STAGE_BODY,
	STAGE_RESPONSE
};
#define STAGES (STAGE_RESPONSE + 1)
const char *stage_name(enum stage stage);

/* FACT(id, "word in the policy", stage, "how explain says it").  Derived facts
 * (category, service and its class from host, query from url, activity from the
 * request, client-kind from browser, address-kind, country and asn from
 * destination) are worked out by the policy and never set by the proxy. */
#define FACT_TABLE(FACT) \
FACT(CLIENT, "client", CONNECTION, "the client's address") \
FACT(LISTENER, "listener", CONNECTION, "the listener") \
FACT(HOURS, "hours", CONNECTION, "the time of day") \
FACT(DATE, "date", CONNECTION, "the date") \
FACT(HOST, "host", TUNNEL, "the host asked for") \
FACT(PORT, "port", TUNNEL, "the port asked for") \
FACT(CATEGORY, "category", TUNNEL, "the host's categories") \
FACT(BROWSER, "browser", TUNNEL, "the browser") \
FACT(CLIENT_KIND, "client-kind", TUNNEL, "the kind of client") \
FACT(SERVICE, "service", TUNNEL, "the service") \
FACT(SERVICE_CLASS, "service-class", TUNNEL, "the class of the service") \
FACT(DESTINATION, "destination", ADDRESS, "the address connected to") \
FACT(ADDRESS_KIND, "address-kind", ADDRESS, "the kind of that address") \
FACT(COUNTRY, "country", ADDRESS, "the country of that address") \
FACT(ASN, "asn", ADDRESS, "the network of that address") \
FACT(SERVER_NAME, "server-name", HELLO, "the server name in the ClientHello") \
FACT(PROTOCOL, "protocol", HELLO, "the protocol inside the tunnel") \
FACT(METHOD, "method", REQUEST, "the method") \
FACT(SCHEME, "scheme", REQUEST, "the scheme") \
FACT(PATH, "path", REQUEST, "the path") \
FACT(URL, "url", REQUEST, "the URL") \
FACT(NAVIGATION, "navigation", REQUEST, "whether a person goes to a page") \
FACT(EMBEDDED_IN, "embedded-in", REQUEST, "the page that it is part of") \
FACT(QUERY, "query", REQUEST, "the query of the URL") \
FACT(CONTENT_TYPE, "content-type", REQUEST, "the type of the request's content") \
FACT(ACTIVITY, "activity", REQUEST, "what was done there") \
FACT(FIELD, "field", BODY, "the fields of the request's content") \
FACT(OPERATION, "operation", BODY, "the GraphQL operation") \
FACT(REQUEST_SIZE, "request-size", BODY, "the size of the request's content")

enum fact {
#define FACT(id, word, stage, says) FACT_##id,
	FACT_TABLE(FACT)
#undef FACT
	FACTS
};

#define FACT_BIT(fact) (UINT64_C(1) << (fact))
enum stage fact_stage(enum fact fact);
/* Its word in the policy, and how explain says it. */
const char *fact_word(enum fact fact);
const char *fact_says(enum fact fact);
/* The facts whose stage is at most this one. */
uint64_t facts_until(enum stage stage);

struct fact_string {
	const char *text;
	size_t length;
};

/* What the client says about itself; length 0 where it says nothing. */
struct client_words {
	struct fact_string user_agent;
	struct fact_string brands;	/* Sec-CH-UA */
};

enum client_kind {
	CLIENT_UNKNOWN,
	CLIENT_BROWSER,
	CLIENT_APP,		/* a program with a person in front of it */
	CLIENT_TOOL,		/* a command or library */
	CLIENT_SYSTEM,		/* the operating system itself */
	CLIENT_BOT
};
#define CLIENT_KINDS (CLIENT_BOT + 1)

enum navigation {
	NAVIGATION_UNKNOWN,
	NAVIGATION_NO,
	NAVIGATION_LIKELY,
	NAVIGATION_YES
};
#define NAVIGATIONS (NAVIGATION_YES + 1)

struct facts {
	uint64_t known;		/* FACT_BIT: its stage came */
	uint64_t present;	/* FACT_BIT: and it has a value */
	/* For hours, date and until: the live proxy always sets it, and need
	 * not mark HOURS and DATE.  0: lines about time count as if they were
	 * not there (`expect` without `at`). */
	uint64_t wall_us;
	struct address client;
	struct address destination;
	struct fact_string listener;
	struct fact_string host;	/* settled by lib/name.h */
	struct fact_string server_name;	/* settled */
	struct fact_string protocol;	/* "tls" "http" "websocket" "other" */
	struct fact_string method;
	struct fact_string scheme;	/* lower case */
	struct fact_string path;	/* normalised for matching: unreserved
					 * escapes decoded, dot segments gone */
	struct fact_string url;		/* scheme://host[:port]path[?query] */
	struct fact_string content_type; /* as the field came */
	struct fact_string fields;	/* of the content, as of a URL-encoded
					 * form; of JSON "a.b=value" */
	struct fact_string operation;	/* GraphQL operation */
	/* Only where a tester states them; else worked out. */
	struct fact_string service, service_class, activity;
	uint64_t request_size;		/* bytes; see request_size_final */
	bool request_size_final;	/* false: at least so many so far */
	bool is_tunnel;			/* a CONNECT: request facts never come */
	struct client_words browser;	/* read by browser.h when asked for */
	struct fact_string embedded_in;	/* settled host of the page */
	enum navigation navigation;
	enum client_kind client_kind;	/* only where a tester states it */
	uint16_t port;
	uint32_t asn;			/* only where a tester states it; */
	char country[3];		/* else derived from destination */
	enum address_kind address_kind;	/* likewise */
};

static inline void
fact_set(struct facts *facts, enum fact fact)
{
	facts->known |= FACT_BIT(fact);
	facts->present |= FACT_BIT(fact);
}

static inline void
fact_set_absent(struct facts *facts, enum fact fact)
{
	facts->known |= FACT_BIT(fact);
	facts->present &= ~FACT_BIT(fact);
}

#endif
