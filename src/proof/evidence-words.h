/* SPDX-License-Identifier: ISC
 *
 * What the words of evidence mean, for people who know none of them. Constant tables; NULL for
 * what they do not have, as an unknown word of another version's.
 */
#ifndef PORTREEVE_PROOF_EVIDENCE_WORDS_H
#define PORTREEVE_PROOF_EVIDENCE_WORDS_H

#include "catalogue/catalogue.h"
#include "proof/transcript.h"

/* "an open relay", and what that means. */
const char *evidence_verdict_name(struct str verdict);
const char *evidence_verdict_text(struct str verdict);
const char *evidence_consent_text(struct str consent);
/* How the form's connection differs from a plain one; NULL if it does not. */
const char *evidence_session_text(enum relay_session session);
/* What such a line means; of an answer by its code, 0 where it has none. */
const char *evidence_said_text(enum transcript_step step);
const char *evidence_answer_text(enum transcript_step step, unsigned code);

#endif
