/* SPDX-License-Identifier: Apache-2.0 */
/*
 * depth.h - how much of an exchange a record keeps, and as whom it names the
 * person: the policy decides it, the log obeys it.
 */
#ifndef LIB_DEPTH_H
#define LIB_DEPTH_H

/* How much of a destination a record keeps; each includes the ones before. */
enum record_depth {
	DEPTH_CATEGORY,
	DEPTH_HOST,
	DEPTH_PATH,
	DEPTH_URL,
	DEPTH_ACTIVITY		/* url and what was done there */
};

/* As whom a record names a person. */
enum record_as {
	AS_NAME,
	AS_PSEUDONYM,
	AS_COUNT_ONLY		/* nobody, and no id that leads back */
};

/* Their words in policy and records. */
const char *record_depth_name(enum record_depth depth);
const char *record_as_name(enum record_as as);

#endif
