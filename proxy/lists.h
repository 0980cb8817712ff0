/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists.h - what the sections of the policy beside access mean for an exchange.
 * Each first asks whether there is such a section at all.
 */
#ifndef PROXY_LISTS_H
#define PROXY_LISTS_H

#include "proxy/exchange.h"
#include "proxy/request.h"

/* Ask tls by the facts known now and record what it says: once for each
 * exchange, when the hello of a tunnel is there or it ends without one, and at
 * the beginning of plain HTTP.  This version inspects nothing; the record says
 * that too. */
void lists_tls(struct exchange *exchange);
/* Decide by which way it leaves: straight, or by which parent; by a rule of
 * route, which is recorded, or else by the settings. */
void lists_route(struct exchange *exchange);
/* Which fields of a request the policy changes; recorded by the names of the
 * rules, never with values.  They point into the policy: use them at once. */
void lists_headers(struct exchange *exchange, struct request_changes *changes);

#endif
