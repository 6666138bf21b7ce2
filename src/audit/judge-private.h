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
	size_t row_room, who_room;
	const struct audit_question *unasked;    /* the first that time ran out for; NULL: none */
};

/* What was not asked; the same is said once. */
void judge_unasked(struct judge *j, const char *what, const char *why, bool weighs);
/* " under STARTTLS", or "". */
const char *judge_tls_words(enum audit_tls tls);

/* Fills rows and who. */
void judge_answers(struct judge *j);
void judge_reading(struct judge *j);

/* Fills sound, strangers and perhaps. */
void judge_sound(const struct audit_known *known, struct audit_who *who);
/* Whether strangers come as that one: by an address of their own, or by one that is made theirs. */
bool judge_is_strangers(const struct audit_known *known, const struct audit_asker *asker);

#endif
