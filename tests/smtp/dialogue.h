/* SPDX-License-Identifier: ISC
 *
 * Dialogues with the SMTP server engine, as text. A script's lines:
 *
 *   C: bytes of the client, with CRLF behind them
 *   c: bytes of the client, nothing behind them
 *   S: a line of the server; with '*' at its end only its start counts
 *   E: an event, as event_text() of dialogue.c writes it; TEXTs are joined
 *   T: TLS is up
 *
 * \r \n \0 \\ and \xHH are read as in C. Each script runs whole, byte by byte and in
 * random pieces, with the policy's answers at once and late; all must say the same.
 *
 * The policy: a local part (or HELO name) `refuse` gets 550 5.7.1, `later` 450
 * 4.2.0, `close` 421 4.3.2; of the sender `nodata` DATA is refused with 554, of
 * `nomessage` the message with 452; user "u" with password "p" may log in, and so may "alias", who
 * is "canon" then; FOO is known and gets 250. Of a mechanism of options.sasl the answer "ok" logs
 * "canon" in, "no" gets 535, "down" 454, "close" 421, all else the challenge "?" with that answer
 * behind it. In LMTP the second recipient of a message is answered 452.
 */
#ifndef PORTREEVE_TESTS_DIALOGUE_H
#define PORTREEVE_TESTS_DIALOGUE_H

#include "test.h"

#include "smtp/server.h"

struct script {
	const char *name;
	struct smtp_server_options options;   /* hostname may be left NULL: "mx.test" */
	int connect_code;                     /* 0: 220 */
	bool no_dsn;                          /* else it is offered */
	const char *text;
};

void run_scripts(const struct script *scripts, size_t n);
#define RUN_SCRIPTS(scripts) run_scripts((scripts), sizeof(scripts) / sizeof((scripts)[0]))

#endif
