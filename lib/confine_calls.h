/* SPDX-License-Identifier: Apache-2.0 */
/* confine_calls.h - which system calls a confined process may make; for
 * confine.c alone. */
#ifndef LIB_CONFINE_CALLS_H
#define LIB_CONFINE_CALLS_H

#include "lib/confine.h"

#include <seccomp.h>

/* Add the profile's list to a filter.  0 or a negative errno. */
int confine_add_calls(scmp_filter_ctx filter, enum confine_profile profile);

#endif
