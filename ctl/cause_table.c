/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cause_table.c - a row for every way in which an exchange can end, by the name
 * that stands in the record.  A test compares the names with those that the
 * worker uses.
 */
#include "ctl/cause.h"

#include "lib/macros.h"

#include <string.h>

static const struct cause table[] = {
	{ "complete", "none", "It went through",
	  "The request was let through and the site answered in full.",
	  "If the page looks wrong all the same, the fault is with the site or "
	  "the browser: try another browser, or the site later.",
	  RING_NOBODY },
	/* rules and built-in refusals */
	{ "denied", "rule", "Refused by a rule of the policy", "",
	  "Nothing is broken. If the caller needs this for their work, the owner "
	  "of the rule decides; give them the reference.",
	  RING_OWNER },
	{ "denied-later", "rule", "Ended part of the way through by a rule",
	  "The connection had begun when more became known about it, or the "
	  "policy was changed.",
	  "Nothing is broken. If the caller needs this for their work, the owner "
	  "of the rule decides; give them the reference.",
	  RING_OWNER },
	{ "special-address", "rule", "Refused: an address that is not on the "
	  "internet",
	  "The name leads to an address inside a private network or of other "
	  "special use. The gateway does not go there unless a rule names it.",
	  "If it is a site of our own, the browser should reach it without the "
	  "gateway: check the list of exceptions in its proxy settings. If it "
	  "should go through the gateway, a rule must name the address. If "
	  "it is a site on the internet, its name server gives a wrong "
	  "address.",
	  RING_GATEWAY },
	{ "port-not-allowed", "rule", "Refused: an unusual port",
	  "The gateway opens tunnels to ports 443 and 80, and to others only "
	  "where a rule names them.",
	  "Check the address for a typing mistake behind the colon. If the "
	  "program needs that port, a rule must name it.",
	  RING_GATEWAY },
	{ "loop", "rule", "Refused: the request came back to the gateway",
	  "The gateway received a request that it had passed on itself.",
	  "Two gateways send to each other, or one to itself. Nothing the "
	  "caller does will help.",
	  RING_GATEWAY },
	/* requests that are none */
	{ "bad-request", "browser", "The program sent something that cannot be "
	  "understood",
	  "The request could be read in two ways, so it was not sent on.",
	  "Ask which program it was. A current browser does not do this; if "
	  "one does, try it without its extensions.",
	  RING_DESKTOP },
	{ "head-too-large", "browser", "Too many or too large cookies",
	  "What came along with the request, most often cookies, is larger "
	  "than the gateway takes.",
	  "Have the caller delete the cookies of this site and try again.",
	  RING_DESKTOP },
	{ "target-too-long", "browser", "The web address is too long",
	  "The address is longer than the gateway takes.",
	  "Have the caller start from the site's first page. If a link that is "
	  "needed does this always, the limit can be raised.",
	  RING_GATEWAY },
	{ "head-timeout", "browser", "The request did not arrive in time",
	  "The program began a request and did not finish it.",
	  "Try again. If it happens to many, the network between the offices "
	  "and the gateway is slow or loses packets.",
	  RING_INSIDE },
	{ "body-timeout", "browser", "The upload stopped part of the way",
	  "The program stopped sending before everything had arrived.",
	  "Have the caller check on the site what arrived, then try again. If "
	  "it repeats, look at their network connection.",
	  RING_INSIDE },
	{ "bad-request-body", "browser", "The upload was garbled",
	  "What the program sent broke off into something that cannot be "
	  "understood.",
	  "Try again, then with another browser. If that helps, the program is "
	  "at fault.",
	  RING_DESKTOP },
	{ "http-version", "browser", "A version of HTTP that the gateway does "
	  "not speak",
	  "The program is very old, or it is set up wrongly.",
	  "Use a current browser. For another program, ask its maker whether it "
	  "works with an HTTP/1.1 proxy.",
	  RING_DESKTOP },
	{ "scheme-not-supported", "browser", "A kind of address that the gateway "
	  "does not pass on",
	  "The address begins with something else than http or https.",
	  "Look for an address of the same site that begins with https.",
	  RING_DESKTOP },
	{ "not-a-proxy-request", "browser", "The gateway was taken for a web "
	  "site",
	  "The program asked the gateway itself for a page.",
	  "Check the proxy settings of the program: the gateway's address "
	  "stands in the wrong place, or somebody opened it as a page.",
	  RING_DESKTOP },
	{ "expectation", "browser", "The program asked for what cannot be "
	  "promised",
	  "The request had an Expect field that the gateway does not know.",
	  "Ask which program it was, and its maker for a remedy.",
	  RING_DESKTOP },
	{ "proxy-protocol", "network", "A load balancer did not say whom it "
	  "connects for",
	  "The device in front of the gateway must send the PROXY protocol and "
	  "be among those that are trusted.",
	  "Compare the setting of that device with the gateway's listener and "
	  "its trusted addresses.",
	  RING_GATEWAY },
	/* limits */
	{ "too-many-connections", "limit", "The gateway was full",
	  "It had as many connections open as it may.",
	  "Ask the caller to try again in a minute. If several people ring, "
	  "the gateway needs help now: \"gatebook status\" shows its load.",
	  RING_GATEWAY },
	{ "too-many-from-client", "limit", "Too many connections from one "
	  "computer",
	  "The caller's computer had as many connections open as one may have.",
	  "Close programs and pages, wait a minute. If it comes back, a program "
	  "on that computer runs wild, or several people share one address.",
	  RING_DESKTOP },
	{ "out-of-resources", "limit", "The gateway was short of memory",
	  "It had no room for another connection.",
	  "Ask the caller to try again in a minute. If several people ring, "
	  "the gateway needs help now: \"gatebook status\" shows its load.",
	  RING_GATEWAY },
	{ "stopping", "limit", "The gateway was being restarted",
	  "It finished what it had begun and took nothing new.",
	  "Ask the caller to try again; it takes seconds.",
	  RING_NOBODY },
	/* names */
	{ "dns-no-such-name", "dns", "There is no site of that name",
	  "The name servers say that the name does not exist.",
	  "Check the spelling with the caller, letter by letter. If it is "
	  "right, the site has closed or moved, or the name is an inside one "
	  "that the gateway's name servers do not know.",
	  RING_SITE },
	{ "dns-no-address", "dns", "The name has no address",
	  "The name exists, but there is no web server behind it.",
	  "Try it with www. in front, or without.",
	  RING_SITE },
	{ "dns-failed", "dns", "The name could not be looked up",
	  "A name server answered with a fault.",
	  "Try another site. If that works, the site's own name servers are at "
	  "fault and only time helps; if not, ours are.",
	  RING_RESOLVER },
	{ "dns-timeout", "dns", "Looking up the name took too long",
	  "The name servers did not answer in time.",
	  "Try another site. If that works, the site's own name servers are at "
	  "fault and only time helps; if not, ours are.",
	  RING_RESOLVER },
	{ "dns-bogus", "dns", "The name server's answer is not signed as it "
	  "should be",
	  "The site signs its names (DNSSEC), and the signature of this answer "
	  "does not fit. Most often the site's owners have made a mistake; it "
	  "may be an attack.",
	  "Do not go around it. Try again later; if the site is needed, tell "
	  "its owners.",
	  RING_RESOLVER },
	/* the way to the site */
	{ "connection-refused", "network", "The site turned the connection away",
	  "The site's computer was reached, but nothing listens there.",
	  "The site is out of order, or the port is wrong. Try again later.",
	  RING_SITE },
	{ "unreachable", "network", "There is no way to the site",
	  "The network said that the site's address cannot be reached.",
	  "Try another site. If several fail, the line to the internet is at "
	  "fault; if only this one, the site is.",
	  RING_NETWORK },
	{ "connect-timeout", "network", "The site did not pick up",
	  "No connection to the site came about in the time allowed.",
	  "Try another site. If several fail, the line to the internet or its "
	  "firewall is at fault; if only this one, the site is down or does "
	  "not let us in.",
	  RING_NETWORK },
	{ "connect-failed", "network", "The connection to the site failed",
	  "Opening a connection failed.",
	  "Try again. If it repeats, the words of the fault help whoever runs "
	  "the gateway.",
	  RING_GATEWAY },
	{ "parent-refused", "network", "The next gateway said no",
	  "Requests like this go through another proxy, and that one did not "
	  "take it.",
	  "The reason stands in the log of that proxy.",
	  RING_PARENT },
	/* the site */
	{ "origin-closed", "site", "The site hung up without an answer",
	  "The connection was made, and the site closed it.",
	  "Try again. If it repeats, the site is at fault, or it does not "
	  "accept requests from our addresses.",
	  RING_SITE },
	{ "origin-reset", "site", "The site broke off the connection",
	  "The connection was cut before the site had answered.",
	  "Try again. If it repeats, the site is at fault, or a firewall on the "
	  "way cuts the connection.",
	  RING_SITE },
	{ "origin-timeout", "site", "The site took too long to answer",
	  "The request was sent, but no answer came in the time allowed.",
	  "Try again later. If only this page is slow (a large report, say), "
	  "the time allowed may be too short for it.",
	  RING_SITE },
	{ "bad-answer", "site", "The site's answer cannot be understood",
	  "What the site sent is no proper answer or could be read in two "
	  "ways, so it was not passed on.",
	  "The site has to be mended. If it is needed, send its owners the "
	  "reference and the words of the fault.",
	  RING_SITE },
	{ "answer-head-too-large", "site", "The site sent too many or too large "
	  "cookies",
	  "What came before the page itself is larger than the gateway takes.",
	  "Have the caller delete the cookies of this site and try again.",
	  RING_SITE },
	{ "answer-truncated", "site", "The site's answer broke off",
	  "The connection to the site ended before all had come.",
	  "Load it again. If large files always break off at the same place, "
	  "the site is at fault.",
	  RING_SITE },
	{ "answer-stalled", "site", "The site stopped sending",
	  "The site sent nothing more in the time allowed.",
	  "Load it again, or later.",
	  RING_SITE },
	/* the caller's side */
	{ "client-closed", "browser", "The browser ended it",
	  "The browser or program closed the connection before all had come. "
	  "That is normal when a page is left or a download cancelled.",
	  "Nothing, unless the caller did not cancel: then some program or "
	  "device on their side gave up waiting.",
	  RING_NOBODY },
	{ "client-reset", "browser", "The connection to the browser was cut",
	  "It was cut between the caller's computer and the gateway.",
	  "Try again. If it repeats, look at the network between the caller "
	  "and the gateway.",
	  RING_INSIDE },
	{ "client-stalled", "browser", "The browser stopped taking the answer",
	  "The browser or program took nothing more in the time allowed.",
	  "Load it again. A computer that slept or lost its network does this.",
	  RING_DESKTOP },
	{ "tunnel-idle", "none", "Closed after a long silence",
	  "Neither side had sent anything for the longest time allowed.",
	  "Programs reconnect by themselves; if one did not, start it again.",
	  RING_NOBODY },
	{ "closed-by-stop", "limit", "Closed because the gateway was restarted",
	  "The time for connections to finish was over.",
	  "Ask the caller to try again.",
	  RING_NOBODY },
	{ "worker-died", "limit", "A process of the gateway died",
	  "The exchange ended because of a fault of gatebook itself.",
	  "Ask the caller to try again; another process has taken over. Whoever "
	  "runs the gateway should hear of it.",
	  RING_GATEWAY },
	/* the log */
	{ "log-full", "log", "Everything was paused: the audit log was full",
	  "What passes must be written down, and there was no room.",
	  "This meets everybody. It ends by itself when there is room on the "
	  "disk of the log.",
	  RING_GATEWAY },
	{ "log-broken", "log", "Everything was paused: the audit log could not "
	  "be written",
	  "What passes must be written down, and writing failed.",
	  "This meets everybody. The gateway needs a person now.",
	  RING_GATEWAY },
	{ "log-busy", "log", "The audit log did not keep up",
	  "What passes must be written down, and writing was too slow.",
	  "Ask the caller to try again in a minute. If several people ring, "
	  "tell whoever runs the gateway.",
	  RING_GATEWAY },
	{ "log-grace-over", "log", "Closed: the audit log could not be written "
	  "for too long",
	  "Connections may go on for a while without the log; that time was "
	  "over.",
	  "This meets everybody. The gateway needs a person now.",
	  RING_GATEWAY }
};

const struct cause *
cause_at(size_t at)
{
	return at < COUNT_OF(table) ? &table[at] : NULL;
}

const struct cause *
cause_find(const char *outcome)
{
	for (size_t i = 0; i < COUNT_OF(table); i++)
		if (strcmp(table[i].outcome, outcome) == 0)
			return &table[i];
	return NULL;
}
