/* SPDX-License-Identifier: ISC
 *
 * What the supervisor says of itself and its roles, in a file of the state directory: for
 * `portreeve status`, which is another process and may come when nothing runs any more. The
 * supervisor has it written with each change and at least each RUNNING_EVERY_MS, by a process of
 * its own: a disk may hang, and root writes nothing there. Who reads it believes it only as long as
 * the supervisor lives (running_look()).
 *
 * Hostile input: the state directory belongs to the roles' user, so the file may hold anything. Its
 * texts come out as printable ASCII only.
 */
#ifndef PORTREEVE_SETTINGS_RUNNING_H
#define PORTREEVE_SETTINGS_RUNNING_H

#include "base/alive.h"
#include "base/json.h"

#include <stdbool.h>

enum {
	RUNNING_ROLES_MAX = 8, RUNNING_NAME_MAX = 16, RUNNING_END_MAX = 48, RUNNING_WHY_MAX = 200,
	RUNNING_EVERY_MS = 60 * 1000,
	RUNNING_STALE_MS = 5 * RUNNING_EVERY_MS,     /* since it was written: nobody writes it */
};

enum running_state {
	RUNNING_STARTS,                  /* its process is there, and not ready */
	RUNNING_READY,
	RUNNING_HANGS,                   /* its process is silent, and is being ended */
	RUNNING_WAITS,                   /* there is no process: it is started again at again_s */
};
const char *running_state_name(enum running_state state);      /* "ready"; never NULL */

/* Whether the collector answers the tester. */
enum running_reach {
	RUNNING_REACH_UNKNOWN, RUNNING_REACH_GOOD, RUNNING_REACH_BAD, RUNNING_REACHES,
};
const char *running_reach_name(enum running_reach reach);      /* "good"; never NULL */

/* What a role says of itself, besides that it lives. */
struct running_word {
	bool has_list;                   /* dnsbl: what it serves */
	uint64_t listed, serial;
	bool hangs;                      /* a step of its second thread, which reads or writes */
	enum running_reach reach;        /* of a tester */
	char why[RUNNING_WHY_MAX];       /* …it does not; printable */
};

struct running_role {
	char name[RUNNING_NAME_MAX];
	enum running_state state;
	int64_t pid;                     /* 0: none */
	int64_t since_s;                 /* it is in that state */
	uint64_t restarts;               /* processes after its first */
	char end[RUNNING_END_MAX];       /* how the one before ended: "exit 75"; or "" */
	int64_t ended_s, again_s;        /* again_s: RUNNING_WAITS alone */
	struct running_word word;        /* of a process that is ready */
};

struct running {
	struct alive_id supervisor;
	int64_t since_s;
	int64_t told_boot_ms;            /* clock_boot_ms() when it was written */
	bool stopping;
	char kept[RUNNING_WHY_MAX];      /* why new settings were refused; "": they were not */
	struct running_role roles[RUNNING_ROLES_MAX];
	size_t count;
};

/* The members of the file's object. */
void running_json(const struct running *r, struct json *j);
/* ERR_INVALID: it is none of ours, or of a version that we do not know. */
int running_parse(struct str text, struct running *out);
/* Two that differ in more than when they were written. */
bool running_differ(const struct running *a, const struct running *b);

/* After state_enter(): in the place of the one before, for all to read who may read the directory.
 * Not synced. One at a time. ERR_DENIED, ERR_IO, ERR_FULL: the one before stays. Blocks. */
int running_write(const struct running *r);
/* The same. ERR_NOT_FOUND: nothing ever ran; ERR_INVALID, ERR_DENIED, ERR_IO. */
int running_read(struct running *out);

enum running_sight {
	RUNNING_LIVES,
	RUNNING_DEAD,                    /* it was killed, or the machine has started again */
	RUNNING_UNSEEN,                  /* from here it can't be told: another container's */
};
/* Whether who wrote it lives, by what self sees of that number. Pure. */
enum running_sight running_look(const struct running *r, const struct alive_id *self,
                                const struct alive_sight *sight);

#endif
