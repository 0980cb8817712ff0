/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings.h - what proxy.conf says, checked.  The table is settings.def; a
 * struct settings is read once, is never half filled, and travels to the
 * other processes as the text that settings_print() makes of it.
 */
#ifndef LIB_SETTINGS_H
#define LIB_SETTINGS_H

#include "lib/address.h"
#include "lib/name.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SETTINGS_LIST_MAX 256

struct settings_list {
	char **item;
	size_t count;
};

struct settings_choice {
	unsigned index;		/* position among CHOICES */
};

#define SETTINGS_CTYPE_STRING char *
#define SETTINGS_CTYPE_PATH char *	/* made absolute by settings_read; empty
					 * and "auto" stay as they are */
#define SETTINGS_CTYPE_BOOL bool
#define SETTINGS_CTYPE_NUMBER uint64_t
#define SETTINGS_CTYPE_SIZE uint64_t	/* bytes */
#define SETTINGS_CTYPE_DURATION uint64_t /* microseconds */
#define SETTINGS_CTYPE_CHOICE unsigned	/* position among the words */
#define SETTINGS_CTYPE_LIST struct settings_list

struct settings {
#define SECTION(title)
#define SETTING(field, name, type, dflt, low, high, sentence) \
	SETTINGS_CTYPE_##type field;
#define CHOICES(field, ...)
#include "lib/settings.def"
#undef SECTION
#undef SETTING
#undef CHOICES
	char *file;		/* real path of the file that was read */
};

/* Values of settings of type CHOICE, in the order of settings.def. */
enum { LOG_COMMIT_MEMORY, LOG_COMMIT_FORWARD };
enum { LOG_FAILURE_REFUSE, LOG_FAILURE_COUNT };

/* One thing wrong with a file of settings; line 0 is the file as a whole. */
typedef void settings_complaint(void *arg, const char *file, unsigned line,
    const char *message);

/* A listener out of an item of "listen".  false if it is not one: NAME
 * ADDRESS:PORT [proxy-protocol], a name of letters, digits and hyphens. */
#define SETTINGS_LISTENER_NAME_MAX 64
bool settings_listener(const char *item, char name[SETTINGS_LISTENER_NAME_MAX],
    struct address *address, bool *proxy_protocol);
/* Whether dns.zone may give a zone this type. */
bool settings_zone_type(const char *type);
/* HOST:PORT, as upstream.parent has it; IPv6 in brackets.  host is settled. */
bool settings_host_port(const char *text, char host[NAME_MAX_BYTES + 1],
    uint16_t *port);

/* All defaults, relative paths resolved against folder.  The caller owns the
 * result and frees it with settings_free(). */
struct settings *settings_defaults(const char *folder);
/* Read and check path.  Calls complain once for every fault (unknown word, bad
 * value with what is allowed, unreadable file or folder named); returns NULL if
 * there was any, else settings that the caller owns. */
struct settings *settings_read(const char *path, settings_complaint *complain,
    void *arg);
/* For commands that only look for a running instance, which may have been
 * started before the file was broken: what is wrong keeps its default.  NULL
 * with errno if the file cannot be read. */
struct settings *settings_read_loose(const char *path);
/* Read what settings_print() wrote, from a descriptor (a sealed memfd); used by
 * the children.  NULL if it is not that. */
struct settings *settings_read_fd(int fd);
/* Write every setting as a line "name value"; 0, or -1 with errno. */
int settings_print(const struct settings *settings, FILE *out);
/* Write an example file: sections, sentences, defaults commented out. */
int settings_print_example(FILE *out);
/* Write the manual page proxy.conf(5). */
int settings_print_manual(FILE *out);
void settings_free(struct settings **settings);

#endif
