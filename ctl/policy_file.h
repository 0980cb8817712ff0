/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy_file.h - which policy a command means: that of a file named, else the
 * one that the settings name, even where those have faults or may not be read
 * as a whole.
 */
#ifndef CTL_POLICY_FILE_H
#define CTL_POLICY_FILE_H

#include "policy/compile.h"

#include <limits.h>
#include <stdbool.h>

/* The policy that a settings file names; false if that cannot be found out. */
bool policy_file_of(const char *settings, char out[PATH_MAX]);
/* The policy given (may be NULL), else that of the settings conf (may be NULL)
 * names.  False after saying why not. */
bool policy_file_find(const char *given, const char *conf, char out[PATH_MAX]);
/* Writes errors (not warnings) to standard error. */
void policy_file_complain(void *arg, const struct policy_complaint *c);
/* Says nothing. */
void policy_file_quiet(void *arg, const struct policy_complaint *c);

#endif
