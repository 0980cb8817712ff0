/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.h - the counters as OpenMetrics text.  Labels name processes, never a
 * person, a client or a host.
 */
#ifndef DAEMON_METRICS_H
#define DAEMON_METRICS_H

#include "lib/stats.h"
#include "logging/logstate.h"

#include <stdbool.h>
#include <stdint.h>

struct evbuffer;

/* Append the whole exposition with its "# EOF". */
void metrics_print(struct evbuffer *out, const struct stats_page *page,
    const struct logstate *log);
/* Whether requests are served: the parent says that it is on (the incarnation
 * of its own slot, 0, is not 0), every worker there is has beaten in the last
 * 5 s, there is one, and the log is good.  Else why is filled. */
bool metrics_ready(const struct stats_page *page, const struct logstate *log,
    uint64_t mono_us, char *why, size_t why_size);

#endif
