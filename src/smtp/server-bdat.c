/* SPDX-License-Identifier: ISC
 *
 * BDAT (RFC 3030): the message in counted chunks. Whatever is answered, the chunk
 * that follows is read as a chunk: were it read as commands, a message could
 * speak for its sender.
 */
#include "smtp/server-private.h"

#include <assert.h>

/* Refuses nothing: a chunk comes behind a wrong BDAT too, and that is for
 * proceed to deal with. */
const struct smtp_answer *smtp_server_bdat_check(struct smtp_server *s, struct str arg)
{
	struct str count, word = STR("");
	s->chunk_known = str_token(&arg, " ", &count) &&
	                 str_u64(count, INT64_MAX, &s->chunk_left) == ERR_OK &&
	                 (!str_token(&arg, " ", &word) || str_caseeq(word, STR("LAST"))) &&
	                 arg.n == 0;
	s->chunk_last = word.n > 0;
	assert(!s->chunk_known || s->chunk_left <= INT64_MAX);
	return NULL;
}

static const struct smtp_answer *out_of_order(const struct smtp_server *s)
{
	static const struct smtp_answer too_early = { 503, "5.5.1", "MAIL and RCPT come first" };
	static const struct smtp_answer nobody = { 554, "5.5.1", "No valid recipients" };
	if (!s->in_mail)
		return &too_early;
	return s->recipients == 0 ? &nobody : NULL;
}

/* The first chunk of a message; 250 and 354 both mean that it may come. */
static void bdat_decided(struct smtp_server *s, const struct smtp_answer *answer)
{
	assert(s->chunked && s->recipients > 0);
	s->phase = SMTP_PHASE_CHUNK;
	if (answer->code < 400) {
		smtp_text_open(s);
		return;
	}
	/* Later chunks must not be taken for a whole message. */
	smtp_server_reset(s);
	smtp_server_pass_on(s, answer, "");
}

void smtp_server_bdat_proceed(struct smtp_server *s)
{
	const struct smtp_answer *refusal = out_of_order(s);
	assert(s->phase == SMTP_PHASE_COMMAND && !s->options.lmtp);
	if (!s->chunk_known) {
		/* Nobody knows where the chunk ends: its text would be commands. */
		smtp_server_say(s, 501, "5.5.4", "The form is BDAT count [LAST]");
		smtp_server_close(s);
	} else if (refusal) {
		s->phase = SMTP_PHASE_CHUNK;
		smtp_server_refuse(s, refusal);
	} else if (s->chunked) {
		s->phase = SMTP_PHASE_CHUNK;
	} else {
		s->chunked = true;
		smtp_server_ask(s, SMTP_SERVER_DATA, bdat_decided);
	}
}
