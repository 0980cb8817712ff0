/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status.h - how the family is, as one JSON object.
 */
#ifndef DAEMON_STATUS_H
#define DAEMON_STATUS_H

#include "daemon/parent.h"

#include <jansson.h>

/* The caller owns the result. */
json_t *status_json(struct parent *parent);
/* Remember the totals of this second for the rates. */
void status_tick(struct parent *parent);
/* Sum every slot of the page. */
void stats_total(const struct stats_page *page, struct stats *total);

#endif
