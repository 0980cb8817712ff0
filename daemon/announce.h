/* SPDX-License-Identifier: Apache-2.0 */
/*
 * announce.h - telling the world how we are: systemd's notify socket, and the
 * few lines after a start that say what to try next.
 */
#ifndef DAEMON_ANNOUNCE_H
#define DAEMON_ANNOUNCE_H

#include "daemon/parent.h"

/* Everything runs. */
void announce_running(struct parent *parent);
void announce_reloading(void);
void announce_reloaded(void);
void announce_stopping(struct parent *parent);
/* Called in every tick: a sign of life, if systemd wants one. */
void announce_alive(void);
/* Remember $NOTIFY_SOCKET and $WATCHDOG_USEC and take them out of the
 * environment. */
void announce_init(void);

#endif
