/* SPDX-License-Identifier: ISC
 *
 * The judge in its parts: who may relay, by the answers or by the reading (judge-who.c); whether
 * that is sound (judge-sound.c); the verdict (judge.c).
 */
#ifndef PORTREEVE_AUDIT_JUDGE_PRIVATE_H
#define PORTREEVE_AUDIT_JUDGE_PRIVATE_H

#include "audit/report.h"

struct judge {
	const struct audit_known *known;
	struct audit_report *report;
	size_t unasked_room, row_room, who_room;
};

/* What was not asked; the same is said once. */
void judge_unasked(struct judge *j, const char *what, const char *why);
/* " under STARTTLS", or "". */
const char *judge_tls_words(enum audit_tls tls);

/* Fills rows and who. */
void judge_answers(struct judge *j);
void judge_reading(struct judge *j);

/* Fills sound, strangers and perhaps. */
void judge_sound(const struct audit_known *known, struct audit_who *who);

#endif
