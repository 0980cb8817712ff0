/* SPDX-License-Identifier: Apache-2.0 */
/* control.h - one command to the running instance and its answer. */
#ifndef CTL_CONTROL_H
#define CTL_CONTROL_H

#include "ctl/instance.h"

#include <jansson.h>

/* Called for each line of the answer but the last. */
typedef void control_line(const json_t *line);

/* Send request (freed here) to the instance's control socket and wait so many
 * seconds for each line of the answer.  The last line, which the caller owns;
 * NULL after saying what is wrong, *status then being the exit status. */
json_t *control_ask(const struct instance *instance, json_t *request,
    control_line *on_line, unsigned seconds, int *status);
/* The exit status that the last line asks for; says its message if it failed. */
int control_status(const json_t *last);

#endif
