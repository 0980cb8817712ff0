/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reload.h - new settings and a new policy without dropping what the new ones
 * still allow.  First the loader compiles; then every worker maps the result
 * and says that it can; only then all are told to use it.  Settings that a
 * worker reads at its start are put in force by replacing the workers one by
 * one.  Any refusal leaves what runs in force.
 */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include "daemon/parent.h"
#include "lib/report.h"

/* Who asked; told line by line, then once the result. */
struct reload_asker {
	void (*say)(void *arg, enum report_level level, const char *line);
	void (*done)(void *arg, bool good, const char *message);
	void *arg;
};

struct reload *reload_new(struct parent *parent);
void reload_free(struct reload **reload);
/* Compile the first policy. */
void reload_first(struct parent *parent);
/* Read the settings again and put everything in force.  why is for records.
 * asker may be NULL.  If one is under way already, an asker is told so. */
void reload_begin(struct parent *parent, const char *why,
    const struct reload_asker *asker);
/* The asker is gone: do not tell it any more. */
void reload_forget_asker(struct reload *reload, const void *arg);
bool is_reloading(const struct reload *reload);
/* What happened to children, told by family.c. */
void reload_took(struct child *child, struct message *message);
void reload_loader_ended(struct child *child, const char *how);
void reload_worker_ready(struct child *child);
/* A successor died before it was READY. */
void reload_successor_gone(struct child *child);
/* Once a second: deadlines, and whether the GeoIP files have changed. */
void reload_tick(struct parent *parent);
/* The service ends: give up what is under way. */
void reload_abandon(struct parent *parent);

/* What a change of settings touches. */
enum {
	TOUCHES_POLICY = 1,	/* the loader */
	TOUCHES_WORKERS = 2,
	TOUCHES_WRITER = 4,
	TOUCHES_READER = 8,
	TOUCHES_ADMIN = 16,
	TOUCHES_PARENT = 32,
	TOUCHES_FIXED = 64	/* only at a start */
};
/* Which settings differ, as bits of the above; the first of those that only a
 * start can change is named to *fixed (else NULL). */
unsigned settings_compare(const struct settings *old,
    const struct settings *new_one, const char **fixed);

#endif
