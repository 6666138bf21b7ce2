/* SPDX-License-Identifier: ISC
 *
 * How all of it stands, and what of that is wrong: for a person at night, and for a script that
 * watches. Gathering the facts is the caller's (cli/status.c); judging them is pure.
 *
 * Hostile input: texts of the status file and of the store's messages. They are escaped where they
 * become lines.
 */
#ifndef PORTREEVE_SETTINGS_HEALTH_H
#define PORTREEVE_SETTINGS_HEALTH_H

#include "settings/running.h"
#include "store/clock.h"
#include "store/summary.h"

enum { HEALTH_WHY_MAX = 300 };
/* From when on it is wrong. */
enum {
	HEALTH_START_S = 30,             /* a role that starts for the first time */
	HEALTH_LAG_S = 60,               /* DNS serves an older list */
	HEALTH_CERTIFICATE_S = 7 * 86400,
	HEALTH_DISK_BYTES = 64 * 1024 * 1024, HEALTH_DISK_SHARE = 100,   /* or 1/100 of it */
	HEALTH_FILES = 100,              /* that may still be made */
};

struct health {
	int64_t now_s, now_boot_ms;

	bool has_running;                /* there is a status file; else why_running, or "": none */
	char why_running[HEALTH_WHY_MAX];
	struct running running;
	enum running_sight sight;
	bool role_gone[RUNNING_ROLES_MAX];       /* no process has that number any more */

	bool has_store;                  /* else why_store; "": there is no database yet */
	char why_store[HEALTH_WHY_MAX];
	struct store_summary sum;
	struct store_clock clock;

	bool has_disk, counts_files;
	uint64_t free_bytes, size_bytes, free_files;

	bool wants_certificate;          /* the collector has one; ends_s 0: why_certificate */
	char why_certificate[HEALTH_WHY_MAX];
	int64_t certificate_ends_s;
};

enum health_state { HEALTH_WELL, HEALTH_WRONG, HEALTH_STOPPED };
const char *health_state_name(enum health_state state);        /* "well"; never NULL */

/* Appends a line for all that is wrong, the worst first. HEALTH_STOPPED: no supervisor runs,
 * whatever else is wrong. Pure. */
enum health_state health_judge(const struct health *h, struct buf *warnings);
/* Its form for --json, but for state and warnings. Pure. */
void health_json(const struct health *h, struct json *j);
/* Whether what the file says of the roles may be shown as it is now. */
bool health_runs(const struct health *h);
/* What DNS serves, and whether the collector answers: the words of the roles that are ready.
 * Zeroed where none says so. */
void health_word(const struct health *h, struct running_word *out);
/* "45 s", "12 min", "3 h", "5 days". */
void health_span(int64_t seconds, struct buf *out);

#endif
