/* SPDX-License-Identifier: Apache-2.0 */
/* depth.c - the words for how much a record keeps and as whom. */
#include "lib/depth.h"
#include "lib/report.h"

const char *
record_depth_name(enum record_depth depth)
{
	switch (depth) {
	case DEPTH_CATEGORY:
		return "category";
	case DEPTH_HOST:
		return "host";
	case DEPTH_PATH:
		return "path";
	case DEPTH_URL:
		return "url";
	case DEPTH_ACTIVITY:
		return "activity";
	}
	report_bug("record_depth_name: there is no depth %d", (int)depth);
}

const char *
record_as_name(enum record_as as)
{
	switch (as) {
	case AS_NAME:
		return "name";
	case AS_PSEUDONYM:
		return "pseudonym";
	case AS_COUNT_ONLY:
		return "count-only";
	}
	report_bug("record_as_name: there is no such naming %d", (int)as);
}
