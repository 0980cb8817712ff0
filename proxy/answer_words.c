/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer_words.c - what a person is told about each way an exchange can end.
 *
 * Four sentences' worth each: what happened, why, what it means for the reader,
 * what to do next.  They are read by whoever sat at the browser, and read out to
 * and by the helpdesk: no words of the trade, and never "you did".
 */
#include "proxy/answer.h"

#include <assert.h>

/* WORDS_id is "title", "cause", "consequence", "next". */

#define WORDS_COMPLETE \
"The site answered", \
"Nothing went wrong.", \
"The site's answer was passed on in full.", \
"Nothing needs to be done."

#define WORDS_DENIED \
"This site is not available from here", \
"A rule of this organisation does not allow it.", \
"The page was not opened, and nothing was sent to the site.", \
"If you need this site for your work, ask the owner of the rule and quote " \
"the reference."
#define WORDS_DENIED_ADDRESS \
"This address is not on the internet", \
"The name you asked for leads to an address inside a private network or to " \
"one that is kept for special use. The internet gateway does not go there " \
"unless a rule says so.", \
"The page was not opened, and nothing was sent to that address.", \
"If this is a site of your own organisation, your browser should reach it " \
"directly: ask the helpdesk to check its settings. Otherwise check the " \
"address for typing mistakes."
#define WORDS_DENIED_PORT \
"This address uses an unusual entrance", \
"The number after the colon in the address is not one that the internet " \
"gateway opens connections to unless a rule says so.", \
"No connection was made, and nothing was sent to the site.", \
"If a program or site you need for your work uses this address, ask the " \
"helpdesk to have a rule made for it and quote the reference."
#define WORDS_DENIED_LATER \
"The connection was ended by a rule", \
"What became known about the connection after it had begun, or a change of " \
"the rules, means that it is not allowed.", \
"The connection was closed part of the way through.", \
"If you need this site for your work, ask the owner of the rule and quote " \
"the reference."
#define WORDS_LOOP \
"This request came back to where it started", \
"The internet gateway received a request that it had already passed on, so " \
"it was going round in a circle.", \
"It was stopped here. Trying again will not help until the settings are put " \
"right.", \
"Tell the helpdesk, and quote the reference. Two gateways are set to send to " \
"each other, or one to itself."

#define WORDS_BAD_REQUEST \
"This request could not be understood", \
"The browser or program sent something that could be read in two different " \
"ways. The internet gateway does not guess.", \
"The request was not sent on.", \
"Try once more. If it happens again, restart the browser or program; if that " \
"does not help, tell the helpdesk what you were using and quote the " \
"reference."
#define WORDS_HEAD_TOO_LARGE \
"The browser sent too much along with this request", \
"What came with the request, most often cookies kept for this site, is " \
"larger than the internet gateway accepts.", \
"The request was not sent on.", \
"Delete the cookies that the browser keeps for this site, then try again. " \
"If that does not help, tell the helpdesk and quote the reference."
#define WORDS_TARGET_TOO_LONG \
"This web address is too long", \
"The address is longer than the internet gateway accepts.", \
"The request was not sent on.", \
"Go to the site's first page and find your way from there. If a link you " \
"need keeps doing this, tell the helpdesk and quote the reference."
#define WORDS_HEAD_TIMEOUT \
"The request took too long to arrive", \
"The browser or program began a request and did not finish it in time.", \
"The connection was closed and nothing was sent on.", \
"Try again. If it happens often, the network between you and the internet " \
"gateway may be slow: tell the helpdesk."
#define WORDS_BODY_TIMEOUT \
"The upload stopped part of the way", \
"The browser or program stopped sending before everything had arrived.", \
"The site did not get all of it, so do not count on it having been saved.", \
"Check on the site what arrived, then try again. If it keeps stopping, tell " \
"the helpdesk and quote the reference."
#define WORDS_BAD_BODY \
"The upload was garbled", \
"What the browser or program sent broke off into something that could not be " \
"understood.", \
"The site did not get all of it, so do not count on it having been saved.", \
"Try again. If it happens again, tell the helpdesk which program you were " \
"using and quote the reference."
#define WORDS_VERSION \
"This program is too old or too new for the internet gateway", \
"The browser or program speaks a version of the language of the web that the " \
"internet gateway does not take part in.", \
"The request was not sent on.", \
"Use an up-to-date browser. If a program you need does this, tell the " \
"helpdesk its name and quote the reference."
#define WORDS_SCHEME \
"This kind of address cannot be opened here", \
"The first part of the address, before the colon, names a kind of service " \
"that the internet gateway does not pass on in this way.", \
"The request was not sent on.", \
"Look for an address of the same site that begins with https. If you need " \
"this one for your work, tell the helpdesk and quote the reference."
#define WORDS_NOT_A_PROXY_REQUEST \
"This is the internet gateway, not a web site", \
"The browser or program asked the internet gateway for a page, as if the " \
"gateway were the site itself.", \
"There is nothing to see here, and nothing was sent on.", \
"Type the address of the site you want. If you did, the browser or program " \
"has the gateway's address in the wrong place: ask the helpdesk to check its " \
"settings."
#define WORDS_EXPECTATION \
"The program asked for something that cannot be promised", \
"Along with the request came a condition that the internet gateway does not " \
"know and so cannot keep.", \
"The request was not sent on.", \
"Tell the helpdesk which program you were using and quote the reference."
#define WORDS_PROXY_PROTOCOL \
"The connection did not say properly whom it was for", \
"A device in front of the internet gateway must say for whom it connects. " \
"What it said could not be understood, or it is not a device that is " \
"believed.", \
"The connection was closed before any request was read.", \
"Whoever looks after that device should check that it and the gateway are " \
"set alike, and that its address is among those the gateway trusts."

#define WORDS_TOO_MANY \
"The internet gateway is very busy", \
"It has as many connections open as it can safely keep.", \
"This request was not sent on. Others are being served.", \
"Wait a minute, then try again. If it lasts, tell the helpdesk."
#define WORDS_TOO_MANY_CLIENT \
"Too many connections from this computer", \
"This computer has as many connections open as one computer may have.", \
"This request was not sent on. Connections that are open go on.", \
"Close pages and programs you do not need, wait a minute, then try again. " \
"If it happens again, tell the helpdesk: a program may be running wild."
#define WORDS_NO_ROOM \
"The internet gateway is short of room", \
"It has run out of memory or of something else it needs to open another " \
"connection.", \
"This request was not sent on. Connections that are open go on.", \
"Wait a minute, then try again. If it lasts, tell the helpdesk."
#define WORDS_STOPPING \
"The internet gateway is being restarted", \
"It is finishing what it has begun and takes nothing new.", \
"This request was not sent on.", \
"Try again in a few seconds."

#define WORDS_DNS_NO_NAME \
"This site could not be found", \
"There is no site of this name. The directory of internet names says so.", \
"The page could not be opened.", \
"Check the address for typing mistakes. If it is right, the site may have " \
"closed or moved: look for it with a search engine."
#define WORDS_DNS_NO_ADDRESS \
"This name has no web site", \
"The name exists, but the directory of internet names gives no address for " \
"it.", \
"The page could not be opened.", \
"Check the address for typing mistakes. Sometimes www. in front of the name " \
"is missing, or there where it should not be."
#define WORDS_DNS_FAILED \
"This site could not be looked up", \
"The directory of internet names gave no usable answer for this name. The " \
"fault is most often with the site.", \
"The page could not be opened.", \
"Try again in a few minutes. If other sites fail in the same way, tell the " \
"helpdesk and quote the reference."
#define WORDS_DNS_TIMEOUT \
"Looking up this site took too long", \
"The directory of internet names did not answer in time.", \
"The page could not be opened.", \
"Try again in a few minutes. If other sites fail in the same way, tell the " \
"helpdesk and quote the reference."
#define WORDS_DNS_BOGUS \
"The address of this site could not be trusted", \
"The directory's answer for this name carries a signature that does not " \
"fit. It may have been changed on the way, or the site's owners have made a " \
"mistake.", \
"To be safe, the page was not opened.", \
"Try again later. If you need the site now, tell the helpdesk and quote the " \
"reference; the site's owners may not know."

#define WORDS_CONNECT_REFUSED \
"The site turned the connection away", \
"The site's computer is there, but it takes no connections at this address.", \
"The page could not be opened.", \
"Try again in a few minutes. If it lasts, the site is out of order: its " \
"owners have to see to it."
#define WORDS_CONNECT_UNREACHABLE \
"The site could not be reached", \
"There is no way through the network to the site's address at the moment.", \
"The page could not be opened.", \
"Try again in a few minutes. If other sites fail too, tell the helpdesk and " \
"quote the reference."
#define WORDS_CONNECT_TIMEOUT \
"The site did not pick up", \
"No connection to the site came about in the time allowed.", \
"The page could not be opened.", \
"Try again in a few minutes. If other sites open, the fault is with this " \
"one; if they do not, tell the helpdesk and quote the reference."
#define WORDS_CONNECT_FAILED \
"The site could not be connected to", \
"Opening a connection to the site failed.", \
"The page could not be opened.", \
"Try again in a few minutes. If it happens again, tell the helpdesk and " \
"quote the reference."
#define WORDS_PARENT_REFUSED \
"The next gateway said no", \
"Requests like this one go through another gateway, and that gateway did not " \
"take it.", \
"The page could not be opened.", \
"Tell the helpdesk and quote the reference."

#define WORDS_ORIGIN_CLOSED \
"The site hung up", \
"The site closed the connection without answering.", \
"The page could not be opened. If you were sending something, it may or may " \
"not have arrived.", \
"Try again. If you were sending something, first check on the site whether it " \
"arrived."
#define WORDS_ORIGIN_RESET \
"The site broke off the connection", \
"The connection was cut before the site had answered.", \
"The page could not be opened. If you were sending something, it may or may " \
"not have arrived.", \
"Try again. If you were sending something, first check on the site whether it " \
"arrived."
#define WORDS_ORIGIN_TIMEOUT \
"The site took too long to answer", \
"The connection was made and the request was sent, but no answer came in the " \
"time allowed.", \
"The page could not be opened. If you were sending something, it may have " \
"arrived.", \
"Try again in a few minutes. If you were sending something, first check on " \
"the site whether it arrived."
#define WORDS_ORIGIN_BAD \
"The site's answer could not be understood", \
"What the site sent is not a proper answer, or could be read in two " \
"different ways. The internet gateway does not guess.", \
"To be safe, it was not passed on.", \
"Try again. If it happens again and you need the site, tell the helpdesk and " \
"quote the reference: the site's owners have to see to it."
#define WORDS_ORIGIN_HEAD_TOO_LARGE \
"The site sent too much ahead of its answer", \
"What came before the page itself, most often cookies, is larger than the " \
"internet gateway accepts.", \
"The page could not be opened.", \
"Delete the cookies that the browser keeps for this site, then try again. If " \
"that does not help, tell the helpdesk and quote the reference."
#define WORDS_ORIGIN_TRUNCATED \
"The site's answer broke off", \
"The connection to the site ended before all of its answer had come.", \
"What arrived is incomplete.", \
"Load the page or the file again."
#define WORDS_ORIGIN_BODY_TIMEOUT \
"The site stopped sending", \
"The site stopped part of the way through its answer and sent nothing more " \
"in the time allowed.", \
"What arrived is incomplete.", \
"Load the page or the file again."

#define WORDS_CLIENT_CLOSED \
"The browser ended the connection", \
"The browser or program closed the connection before everything had been " \
"passed on. This is normal when a page is left or a download is cancelled.", \
"What arrived is incomplete.", \
"Nothing needs to be done. If nobody cancelled, try again."
#define WORDS_CLIENT_RESET \
"The browser broke off the connection", \
"The connection to the browser or program was cut before everything had been " \
"passed on.", \
"What arrived is incomplete.", \
"Try again. If it happens often, the network between the computer and the " \
"internet gateway may be at fault: tell the helpdesk."
#define WORDS_CLIENT_TIMEOUT \
"The browser stopped taking the answer", \
"The browser or program took nothing more of the answer in the time " \
"allowed.", \
"What arrived is incomplete.", \
"Load the page or the file again."
#define WORDS_TUNNEL_IDLE \
"The connection was closed after a long silence", \
"Neither side had sent anything for the longest time allowed.", \
"The connection is closed. Most programs open a new one by themselves.", \
"If a program did not reconnect, start it again."
#define WORDS_DRAINED \
"The connection was closed for a restart", \
"The internet gateway was restarted, and the time for connections to finish " \
"was over.", \
"The connection was closed part of the way through.", \
"Try again."

#define WORDS_LOG_FULL \
"The internet is paused: the log book is full", \
"Everything that passes here must be written down, and at the moment there " \
"is no room to write.", \
"Nothing is sent on until there is room. Nothing is wrong with your computer " \
"or with the site.", \
"Tell the helpdesk at once and quote the code below. It starts again by " \
"itself when there is room."
#define WORDS_LOG_BROKEN \
"The internet is paused: the log book cannot be written", \
"Everything that passes here must be written down, and at the moment writing " \
"fails.", \
"Nothing is sent on until it works again. Nothing is wrong with your " \
"computer or with the site.", \
"Tell the helpdesk at once and quote the code below."
#define WORDS_LOG_BUSY \
"The internet gateway is very busy", \
"Everything that passes here must be written down, and writing cannot keep " \
"up at the moment.", \
"This request was not sent on. Nothing is wrong with your computer or with " \
"the site.", \
"Wait a minute, then try again. If it lasts, tell the helpdesk and quote the " \
"code below."
#define WORDS_LOG_GRACE \
"The connection was closed: the log book cannot be written", \
"Everything that passes here must be written down. That has not been " \
"possible for longer than connections may go on without it.", \
"The connection was closed part of the way through.", \
"Tell the helpdesk at once and quote the code below."

static const struct outcome_words table[] = {
#define OUTCOME(id, name, code, status, error, class) \
	{ name, code, status, error, OUTCOME_CLASS_##class, WORDS_##id },
	OUTCOMES(OUTCOME)
#undef OUTCOME
};

const struct outcome_words *
outcome_words(enum outcome outcome)
{
	assert((unsigned)outcome < OUTCOME_COUNT);
	return &table[outcome];
}
