/* SPDX-License-Identifier: ISC
 *
 * The text of a probe. It says in plain words who tests, why, on what consent and how to
 * object, because a person may read it; and it carries the mark, because the
 * collector must know it again after any relay's rewriting. Pure.
 */
#ifndef PORTREEVE_RELAYTEST_PROBE_H
#define PORTREEVE_RELAYTEST_PROBE_H

#include "relaytest/identity.h"
#include "relaytest/token.h"

struct probe {
	const struct token_set *tokens;
	const char *case_id, *test_id;
	const char *detects;            /* of the catalogue's row */
	struct endpoint target;
	enum consent consent;
	const char *domain;             /* of the recipient */
	const char *sender_domain;
	const struct identity *us;
	int64_t now_s;
};

/* Appends the message: header, empty line, body; lines end in LF. */
void probe_write(const struct probe *p, struct buf *out);

/* Whether the mark stands in a message: in its raw text or in any part's decoded text.
 * Bounded: at most `message` bytes are read, nested parts to a fixed depth. */
bool probe_mark_found(struct str message, const char *mark);

#endif
