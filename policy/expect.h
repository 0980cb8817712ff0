/* SPDX-License-Identifier: Apache-2.0 */
/* expect.h - a policy's own tests, run on the snapshot made of it. */
#ifndef POLICY_EXPECT_H
#define POLICY_EXPECT_H

#include "policy/policy.h"
#include "policy/tree.h"

/* Run them all; one that does not hold is an error at its place. */
void expect_all(struct tree *tree, const struct policy *policy);

/* Try every example of the catalogue; one that is not told is an error. */
void expect_examples(struct tree *tree, const struct policy *policy);

#endif
