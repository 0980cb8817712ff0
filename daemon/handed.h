/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handed.h - sockets handed over by systemd; the rest of it is in listeners.h.
 */
#ifndef DAEMON_HANDED_H
#define DAEMON_HANDED_H

#include "daemon/listeners.h"

/* Give the listener the handed socket of its name, or else of its address;
 * false if there is none. */
bool handed_use(struct handed *handed, struct listener *listener);
/* A close-on-exec copy of a descriptor; -1 with errno. */
int fcntl_dup(int fd);

#endif
