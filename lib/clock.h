/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h - the only place that asks what time it is.  All times are
 * microseconds.  Tests move the clocks by clock_set_offset().
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdint.h>

/* Microseconds since 1970, UTC (CLOCK_REALTIME). */
uint64_t clock_wall_us(void);
/* Microseconds of a clock that never steps (CLOCK_MONOTONIC). */
uint64_t clock_mono_us(void);
/* Microseconds since boot, suspend included (CLOCK_BOOTTIME). */
uint64_t clock_boot_us(void);
/* For tests: add these to the wall and the never-stepping clocks. */
void clock_set_offset(int64_t wall_us, int64_t mono_us);
/* Write YYYY-MM-DDTHH:MM:SS.ffffffZ and a NUL to out (28 bytes). */
void clock_format_utc(uint64_t wall_us, char out[28]);

#endif
