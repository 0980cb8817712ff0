/* SPDX-License-Identifier: Apache-2.0 */
/* resolve_setup.h - a libunbound context made ready from the dns.* settings. */
#ifndef PROXY_RESOLVE_SETUP_H
#define PROXY_RESOLVE_SETUP_H

#include "lib/settings.h"

#include <event2/event.h>

struct ub_ctx;

/* Make a context on base.  Everything it will ever read from files it reads in
 * here, and a question about a name that it knows itself has woken all of it, so
 * that the process may be confined afterwards.  The caller owns the result and
 * frees it with ub_ctx_delete().  NULL after reporting why. */
struct ub_ctx *resolve_setup(struct event_base *base,
    const struct settings *settings);

#endif
