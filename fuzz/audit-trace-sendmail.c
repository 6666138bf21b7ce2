/* SPDX-License-Identifier: ISC
 *
 * The answers of sendmail -bt: no bytes may crash their reader, each text ends, and each code is
 * one that SMTP has.
 */
#include "fuzz.h"

#include "audit/trace.h"

#include <stdlib.h>
#include <string.h>

enum { QUESTIONS = 6 };

static void said_check(const struct audit_bt_said *said)
{
	if (said->code != 0 && said->code != 250 && (said->code < 400 || said->code > 999))
		abort();
	if (strnlen(said->enhanced, sizeof(said->enhanced)) == sizeof(said->enhanced) ||
	    strnlen(said->text, sizeof(said->text)) == sizeof(said->text))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct audit_bt_answer answers[QUESTIONS];
	audit_trace_sendmail((struct str){ (const char *)data, size }, answers, QUESTIONS);
	for (size_t i = 0; i < QUESTIONS; i++) {
		const struct audit_bt_answer *a = &answers[i];
		said_check(&a->relay);
		said_check(&a->mail);
		said_check(&a->rcpt);
		if (strnlen(a->ruleset, sizeof(a->ruleset)) == sizeof(a->ruleset) ||
		    strnlen(a->key, sizeof(a->key)) == sizeof(a->key))
			abort();
	}
	return 0;
}
