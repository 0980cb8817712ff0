/* SPDX-License-Identifier: Apache-2.0 */
/* macros.h - the few macros that everybody uses. */
#ifndef LIB_MACROS_H
#define LIB_MACROS_H

#define MUST_USE __attribute__((warn_unused_result))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define GATEBOOK_VERSION "0.1.0"

#endif
