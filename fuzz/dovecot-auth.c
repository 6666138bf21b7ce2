/* SPDX-License-Identifier: ISC
 *
 * The lines of Dovecot's auth socket: no "yes" before a whole greeting, none without an id, and a
 * user's name only out of the line.
 */
#include "gateway/dovecot-auth.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dovecot_auth d = { 0 };
	struct str rest = { (const char *)data, size };
	bool ready = false;
	while (rest.n > 0) {
		size_t end = str_find(rest, '\n');
		struct str line = end == SIZE_MAX ? rest : (struct str){ rest.p, end };
		rest = end == SIZE_MAX ? (struct str){ 0 } : str_from(rest, end + 1);
		struct dovecot_reply reply = dovecot_auth_read(&d, line);
		assert(reply.said != DOVECOT_READY || (d.version && d.plain && !ready));
		ready |= reply.said == DOVECOT_READY;
		assert(ready || reply.said <= DOVECOT_READY || reply.said == DOVECOT_WRONG);
		if (reply.user.n > 0)
			assert(reply.said == DOVECOT_YES && reply.user.p > line.p &&
			       reply.user.p + reply.user.n <= line.p + line.n &&
			       str_find(reply.user, '\t') == SIZE_MAX);
	}
	return 0;
}
