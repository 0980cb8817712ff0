/* SPDX-License-Identifier: Apache-2.0 */
/* log_ask.h - one question to the reader of the audit log, and its answer. */
#ifndef CTL_LOG_ASK_H
#define CTL_LOG_ASK_H

#include "ctl/instance.h"

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>

/* Called for each line of the answer but the last; more: another waits already.
 * False ends it. */
typedef bool log_line(void *arg, const char *line, size_t length, bool more);

/* Send request (freed here) and hand the lines over.  CTL_OK with the words of
 * the last line in message, else the exit status after saying why. */
int log_ask(const struct instance *instance, json_t *request,
    log_line *on_line, void *arg, char message[512]);

#endif
