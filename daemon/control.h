/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.h - the control socket: a command on one line of JSON, answers on
 * lines of JSON, the last of which holds "result".
 *
 *   {"command":"status"} {"command":"ping"} {"command":"reload"}
 *   {"command":"stop","drain":false}
 *
 * Who asks is known from the kernel: root and our own user may everything,
 * members of group.desk and group.auditor may ask for the status.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include "daemon/parent.h"

#define CONTROL_CLIENTS_MAX 16
#define CONTROL_LINE_MAX 4096

/* Listens in the run folder.  NULL after a report. */
struct control *control_open(struct parent *parent);
void control_close(struct control **control);

#endif
