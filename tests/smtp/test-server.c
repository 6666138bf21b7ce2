/* SPDX-License-Identifier: ISC
 *
 * Dialogues with the SMTP server: each verb, its order, its parameters.
 */
#include "dialogue.h"

#define HELLO "S: 220 mx.test ESMTP\nC: HELO c.test\nS: 250 mx.test\n"
#define EHLO \
	"S: 220 mx.test ESMTP\n" \
	"C: EHLO c.test\n" \
	"S: 250-mx.test\nS: 250-PIPELINING\nS: 250-SIZE 10485760\nS: 250-8BITMIME\n" \
	"S: 250-CHUNKING\nS: 250-DSN\nS: 250 ENHANCEDSTATUSCODES\n"
/* With extensions that the script does not care about. */
#define EHLO_ANY(lines) "S: 220 mx.test ESMTP\nC: EHLO c.test\nS: 250-mx.test\n" lines
#define MAIL_RCPT \
	"C: MAIL FROM:<a@b>\nS: 250 2.1.0 OK\nC: RCPT TO:<c@d>\nS: 250 2.1.5 OK\n"
#define QUIT "C: QUIT\nS: 221 2.0.0 Bye\n"

static const struct script plain[] = {
	{ "a whole session", .text = EHLO MAIL_RCPT
	  "C: DATA\nS: 354 Go on\nC: Subject: x\nC:\nC: y\nC: .\nS: 250 2.0.0 Taken\n" QUIT
	  "E: CONNECT\nE: EHLO c.test\nE: MAIL <a@b>\nE: RCPT <c@d>\nE: DATA\n"
	  "E: TEXT Subject: x\\x0d\\n\\x0d\\ny\\x0d\\n\nE: MESSAGE\nE: CLOSE" },
	{ "HELO", .text = HELLO MAIL_RCPT "C: DATA\nS: 354 Go on\nC: .\nS: 250 2.0.0 Taken\n"
	  "E: CONNECT\nE: HELO c.test\nE: MAIL <a@b>\nE: RCPT <c@d>\nE: DATA\nE: MESSAGE" },
	{ "dots are taken off", .text = EHLO MAIL_RCPT
	  "C: DATA\nS: 354 Go on\nC: ..\nC: .x\nC: ...\nC: x.\nC: .\nS: 250 2.0.0 Taken\n"
	  "E: CONNECT\nE: EHLO c.test\nE: MAIL <a@b>\nE: RCPT <c@d>\nE: DATA\n"
	  "E: TEXT .\\x0d\\nx\\x0d\\n..\\x0d\\nx.\\x0d\\n\nE: MESSAGE" },
	{ "8-bit and NUL pass where they may", { .nul_ok = true }, .text = HELLO MAIL_RCPT
	  "C: DATA\nS: 354 Go on\nC: \\xff\\0\nC: .\nS: 250 2.0.0 Taken\n"
	  "E: CONNECT\nE: HELO c.test\nE: MAIL <a@b>\nE: RCPT <c@d>\nE: DATA\n"
	  "E: TEXT \\xff\\x00\\x0d\\n\nE: MESSAGE" },
	{ "two transactions", .text = EHLO
	  MAIL_RCPT "C: DATA\nS: 354 Go on\nC: .\nS: 250 2.0.0 Taken\n"
	  MAIL_RCPT "C: DATA\nS: 354 Go on\nC: .\nS: 250 2.0.0 Taken\n" QUIT },
	{ "the null sender, postmaster", .text = EHLO
	  "C: MAIL FROM:<>\nS: 250 2.1.0 OK\nC: RCPT TO:<Postmaster>\nS: 250 2.1.5 OK\n"
	  "E: CONNECT\nE: EHLO c.test\nE: MAIL <>\nE: RCPT <Postmaster>" },
	{ "a source route is shown, not followed", .text = EHLO
	  "C: MAIL FROM:<@x,@y:a@b>\nS: 250 2.1.0 OK\nC: RCPT TO:<@mx.test:u@d>\nS: 250 2.1.5 OK\n"
	  "E: CONNECT\nE: EHLO c.test\nE: MAIL <@x,@y:a@b>\nE: RCPT <@mx.test:u@d>" },
	{ "verbs in any case, space at the end", .text = EHLO
	  "C: mail from:<a@b>  \nS: 250 2.1.0 OK\nC: Rcpt To:<c@d>\t\nS: 250 2.1.5 OK\n"
	  "C: rset \nS: 250 2.0.0 Forgotten\nC: qUiT\nS: 221 2.0.0 Bye\n" },
	{ "a space behind the colon", .text = EHLO
	  "C: MAIL FROM: <a@b> SIZE=1\nS: 250 2.1.0 OK\nC: RCPT TO: <c@d>\nS: 250 2.1.5 OK\n" },
	{ "NOOP, HELP, VRFY, EXPN", .text = HELLO
	  "C: NOOP\nS: 250 2.0.0*\nC: NOOP any thing\nS: 250 2.0.0*\nC: HELP\nS: 214 2.0.0*\n"
	  "C: HELP MAIL\nS: 214 2.0.0*\nC: VRFY root\nS: 252 2.0.0*\nC: VRFY\nS: 501 5.5.4*\n"
	  "C: EXPN all\nS: 502 5.5.1*\nC: EXPN\nS: 501 5.5.4*\n" },
	{ "they need no HELO", .text = "S: 220 mx.test ESMTP\nC: NOOP\nS: 250 2.0.0*\n"
	  "C: RSET\nS: 250 2.0.0*\nC: VRFY a\nS: 252 2.0.0*\n" QUIT },
	{ "the unknown is for the policy", .text = HELLO
	  "C: FOO bar\nS: 250 2.0.0 FOO\nC: ETRN x\nS: 500 5.5.2*\nC: \xff\nS: 500 5.5.2*\n"
	  "E: CONNECT\nE: HELO c.test\nE: UNKNOWN FOO bar\nE: UNKNOWN ETRN x\nE: UNKNOWN \\xff" },
	{ "no command", .text = HELLO "c: \\r\\n\nS: 500 5.5.2*\nc:   \\r\\n\nS: 500 5.5.2*\n" },
	{ "what is behind QUIT is not read", .text = HELLO QUIT "C: NOOP\nC: FOO\n"
	  "E: CONNECT\nE: HELO c.test\nE: CLOSE" },
};

static const struct script order[] = {
	{ "MAIL before HELO", .text = "S: 220 mx.test ESMTP\nC: MAIL FROM:<a@b>\nS: 503 5.5.1*\n" },
	{ "RCPT before MAIL", .text = HELLO "C: RCPT TO:<a@b>\nS: 503 5.5.1*\n" },
	{ "DATA before MAIL", .text = HELLO "C: DATA\nS: 503 5.5.1*\n" },
	{ "DATA before RCPT", .text = HELLO "C: MAIL FROM:<a@b>\nS: 250*\nC: DATA\n"
	  "S: 554 5.5.1*\n" },
	{ "MAIL twice", .text = HELLO
	  "C: MAIL FROM:<a@b>\nS: 250*\nC: MAIL FROM:<a@b>\nS: 503 5.5.1*\n" },
	{ "RSET forgets", .text = HELLO
	  MAIL_RCPT "C: RSET\nS: 250*\nC: RCPT TO:<c@d>\nS: 503*\nC: DATA\nS: 503*\n" MAIL_RCPT },
	{ "EHLO forgets", .text = HELLO MAIL_RCPT
	  "C: HELO again\nS: 250 mx.test\nC: DATA\nS: 503*\n" MAIL_RCPT },
	{ "a refused MAIL opens nothing", .text = HELLO
	  "C: MAIL FROM:<refuse@b>\nS: 550 5.7.1 Refused\nC: RCPT TO:<c@d>\nS: 503*\n"
	  "C: MAIL FROM:<later@b>\nS: 450 4.2.0 Later\nC: RCPT TO:<c@d>\nS: 503*\n" },
	{ "a refused HELO does not count", .text = "S: 220 mx.test ESMTP\n"
	  "C: HELO refuse\nS: 550 5.7.1 Refused\nC: MAIL FROM:<a@b>\nS: 503*\n" },
	{ "all recipients refused", .text = HELLO
	  "C: MAIL FROM:<a@b>\nS: 250*\nC: RCPT TO:<refuse@d>\nS: 550 5.7.1 Refused\n"
	  "C: RCPT TO:<later@d>\nS: 450*\nC: DATA\nS: 554 5.5.1*\nC: RCPT TO:<c@d>\nS: 250*\n"
	  "C: DATA\nS: 354*\nC: .\nS: 250*\n" },
	{ "DATA refused, the transaction lives", .text = HELLO
	  "C: MAIL FROM:<nodata@b>\nS: 250*\nC: RCPT TO:<c@d>\nS: 250*\nC: DATA\nS: 554 5.7.1*\n"
	  "C: RCPT TO:<c@d>\nS: 250*\nC: RSET\nS: 250*\n" },
	{ "the message refused", .text = HELLO
	  "C: MAIL FROM:<nomessage@b>\nS: 250*\nC: RCPT TO:<c@d>\nS: 250*\nC: DATA\nS: 354*\nC: x\n"
	  "C: .\nS: 452 4.3.1 Full\nC: DATA\nS: 503*\n" },
	{ "421 of the policy closes", .text = HELLO
	  "C: MAIL FROM:<a@b>\nS: 250*\nC: RCPT TO:<close@d>\nS: 421 4.3.2 Closed\nC: NOOP\n"
	  "E: CONNECT\nE: HELO c.test\nE: MAIL <a@b>\nE: RCPT <close@d>\nE: CLOSE" },
	{ "554 for a greeting leaves QUIT", .connect_code = 554,
	  .text = "S: 554 5.0.0 No\nC: EHLO x\nS: 503 5.5.1*\nC: NOOP\nS: 503 5.5.1*\n"
	  "C: MAIL FROM:<a@b>\nS: 503 5.5.1*\n" QUIT "E: CONNECT\nE: CLOSE" },
	{ "421 for a greeting closes", .connect_code = 421,
	  .text = "S: 421 4.0.0 No\nC: EHLO x\nE: CONNECT\nE: CLOSE" },
	{ "words too many", .text = HELLO
	  "C: RSET x\nS: 501 5.5.4*\nC: QUIT x\nS: 501 5.5.4*\nC: DATA x\nS: 501 5.5.4*\n" },
};

static const struct script helo[] = {
	{ "names", .text = "S: 220 mx.test ESMTP\n"
	  "C: HELO\nS: 501 5.5.4*\nC: EHLO\nS: 501 5.5.4*\nC: HELO \\xff\nS: 501 5.5.4*\n"
	  "C: HELO a\\x01\nS: 501 5.5.4*\nC: HELO [192.0.2.1]\nS: 250 mx.test\n"
	  "C: HELO under_score\nS: 250 mx.test\nC: HELO two words\nS: 250 mx.test\n"
	  "E: CONNECT\nE: HELO [192.0.2.1]\nE: HELO under_score\nE: HELO two" },
	{ "another greeting", { .hostname = "h", .greeting = "" },
	  .text = "S: 220 h\nC: HELO c.test\nS: 250 h\n" },
	{ "a server without EHLO", { .no_ehlo = true }, .text = "S: 220 mx.test ESMTP\n"
	  "C: EHLO c.test\nS: 500 5.5.2*\nC: HELO c.test\nS: 250 mx.test\n" },
	{ "an old server", { .no_pipelining = true, .no_8bitmime = true, .no_chunking = true },
	  .text = EHLO_ANY("S: 250-SIZE 10485760\nS: 250-DSN\nS: 250 ENHANCEDSTATUSCODES\n")
	  "C: BDAT 1\nS: 500*\nC: MAIL FROM:<a@b> BODY=8BITMIME\nS: 555 5.5.4*\n" },
	{ "limits", { .offer_limits = true, .limits = { .recipients = 7, .transactions = 9 } },
	  .text = EHLO_ANY("S: 250-PIPELINING\nS: 250-SIZE 10485760\nS: 250-8BITMIME\n"
	  "S: 250-CHUNKING\nS: 250-DSN\nS: 250-LIMITS RCPTMAX=7 MAILMAX=9\n"
	  "S: 250 ENHANCEDSTATUSCODES\n") },
	{ "limits of more than six digits", { .offer_limits = true,
	  .limits = { .recipients = 999999, .transactions = 1000000 } },
	  .text = EHLO_ANY("S: 250-PIPELINING\nS: 250-SIZE 10485760\nS: 250-8BITMIME\n"
	  "S: 250-CHUNKING\nS: 250-DSN\nS: 250-LIMITS RCPTMAX=999999\n"
	  "S: 250 ENHANCEDSTATUSCODES\n") },
	{ "all is offered", { .offer_starttls = true, .offer_auth_plain = true,
	  .auth_in_clear = true, .offer_smtputf8 = true, .offer_xclient = true,
	  .limits.message_bytes = 1000 },
	  .text = EHLO_ANY("S: 250-PIPELINING\nS: 250-SIZE 1000\nS: 250-8BITMIME\nS: 250-SMTPUTF8\n"
	  "S: 250-STARTTLS\nS: 250-AUTH PLAIN LOGIN\nS: 250-CHUNKING\nS: 250-XCLIENT*\nS: 250-DSN\n"
	  "S: 250 ENHANCEDSTATUSCODES\n") },
};

#define MAIL_OK(params) "C: MAIL FROM:<a@b>" params "\nS: 250 2.1.0 OK\nC: RSET\nS: 250*\n"
#define MAIL_NO(params, code) "C: MAIL FROM:<a@b>" params "\nS: " code "*\n"
#define RCPT_OK(params) "C: RCPT TO:<a@b>" params "\nS: 250 2.1.5 OK\n"
#define RCPT_NO(params, code) "C: RCPT TO:<a@b>" params "\nS: " code "*\n"
#define MANY_ERRORS .limits.errors = 100

static const struct script params[] = {
	{ "bad paths", { MANY_ERRORS }, .text = EHLO
	  "C: MAIL\nS: 501 5.5.4*\nC: MAIL <a@b>\nS: 501 5.5.4*\nC: MAIL TO:<a@b>\nS: 501 5.5.4*\n"
	  "C: MAIL FROM:\nS: 501 5.1.7*\nC: MAIL FROM:a@b\nS: 501 5.1.7*\n"
	  "C: MAIL FROM:<a>\nS: 501 5.1.7*\nC: MAIL FROM:<a@b\nS: 501 5.1.7*\n"
	  "C: MAIL FROM:<a@b>x\nS: 501 5.1.7*\nC: MAIL FROM:<a@b@c>\nS: 501 5.1.7*\n"
	  "C: MAIL FROM:<postmaster>\nS: 501 5.1.7*\nC: MAIL FROM:<\\xc3\\xbc@b>\nS: 501 5.1.7*\n"
	  "C: MAIL FROM:<a@b>\nS: 250*\n"
	  "C: RCPT\nS: 501 5.5.4*\nC: RCPT FROM:<a@b>\nS: 501 5.5.4*\nC: RCPT TO:<>\n"
	  "S: 501 5.1.3*\n"
	  "C: RCPT TO:u@d\nS: 501 5.1.3*\nC: RCPT TO:<<u@d>>\nS: 501 5.1.3*\n"
	  "C: RCPT TO:<u@d(c)>\nS: 501 5.1.3*\nC: RCPT TO:<u@d.>\nS: 501 5.1.3*\n" },
	{ "the same, of a sloppy server", { .lax_paths = true }, .text = EHLO
	  "C: MAIL FROM:a@b\nS: 250*\nC: RCPT TO:<u@d@r>\nS: 250*\nC: RCPT TO:<<u@d>>\nS: 250*\n"
	  "C: RCPT TO: u@d\nS: 250*\nC: RCPT TO:< u@d >\nS: 250*\nC: RCPT TO:<\"u@d\">\nS: 250*\n"
	  "C: RCPT TO:<u@d> NOTIFY=NEVER\nS: 250*\n"
	  "E: CONNECT\nE: EHLO c.test\nE: MAIL a@b\nE: RCPT <u@d@r>\nE: RCPT <<u@d>>\nE: RCPT u@d\n"
	  "E: RCPT < u@d >\nE: RCPT <\\\"u@d\\\">\nE: RCPT <u@d> NOTIFY=NEVER" },
	{ "none after HELO", .text = HELLO MAIL_NO(" SIZE=1", "555 5.5.4") MAIL_OK("")
	  "C: MAIL FROM:<a@b>\nS: 250*\n" RCPT_NO(" NOTIFY=NEVER", "555 5.5.4") },
	{ "form", { MANY_ERRORS }, .text = EHLO
	  MAIL_NO(" FOO", "555 5.5.4") MAIL_NO(" FOO=bar", "555 5.5.4")
	  MAIL_NO(" =x", "501 5.5.4") MAIL_NO(" SIZE=", "501 5.5.4")
	  MAIL_NO(" SI_ZE=1", "501 5.5.4")
	  MAIL_NO(" -X=1", "501 5.5.4") MAIL_NO(" SIZE=1=2", "501 5.5.4")
	  MAIL_NO(" SIZE=1 SIZE=1", "501 5.5.4") MAIL_NO(" SIZE", "501 5.5.4")
	  MAIL_NO(" NOTIFY=NEVER", "555 5.5.4")
	  MAIL_OK(" SIZE=1 BODY=7BIT RET=HDRS ENVID=x") MAIL_OK("  SIZE=1   RET=FULL") },
	{ "SIZE", { .limits.message_bytes = 1000 }, .text = EHLO_ANY("S: 250-PIPELINING\n"
	  "S: 250-SIZE 1000\nS: 250-8BITMIME\nS: 250-CHUNKING\nS: 250-DSN\n"
	  "S: 250 ENHANCEDSTATUSCODES\n")
	  MAIL_OK(" SIZE=0") MAIL_OK(" size=1000") MAIL_NO(" SIZE=1001", "552 5.3.4")
	  MAIL_NO(" SIZE=99999999999999999999", "552 5.3.4")
	  MAIL_NO(" SIZE=100000000000000000000", "501 5.5.4") MAIL_NO(" SIZE=x", "501 5.5.4")
	  MAIL_NO(" SIZE=-1", "501 5.5.4")
	  "E: CONNECT\nE: EHLO c.test\nE: MAIL <a@b> SIZE=0\nE: MAIL <a@b> SIZE=1000" },
	{ "BODY", .text = EHLO MAIL_OK(" BODY=7BIT") MAIL_OK(" BODY=8bitmime")
	  MAIL_NO(" BODY=BINARYMIME", "555 5.5.4") MAIL_NO(" BODY=9BIT", "501 5.5.4")
	  MAIL_NO(" BODY", "501 5.5.4") },
	{ "RET and ENVID", { MANY_ERRORS }, .text = EHLO MAIL_OK(" RET=FULL") MAIL_OK(" RET=hdrs")
	  MAIL_NO(" RET=SOME", "501 5.5.4") MAIL_NO(" RET", "501 5.5.4") MAIL_OK(" ENVID=a+2Bb")
	  MAIL_NO(" ENVID=a+2b", "501 5.5.4") MAIL_NO(" ENVID=a+", "501 5.5.4")
	  MAIL_NO(" ENVID=a+2", "501 5.5.4") MAIL_NO(" ENVID", "501 5.5.4")
	  MAIL_NO(" ENVID=\\xc3\\xbc", "501 5.5.4")
	  MAIL_OK(" ENVID=" "1234567890123456789012345678901234567890123456789012345678901234567890"
	                    "123456789012345678901234567890")
	  MAIL_NO(" ENVID=" "1234567890123456789012345678901234567890123456789012345678901234567890"
	                    "1234567890123456789012345678901", "501 5.5.4") },
	{ "NOTIFY and ORCPT", { MANY_ERRORS }, .text = EHLO "C: MAIL FROM:<a@b>\nS: 250*\n"
	  RCPT_OK(" NOTIFY=NEVER") RCPT_OK(" NOTIFY=success,failure,DELAY") RCPT_OK(" NOTIFY=DELAY")
	  RCPT_NO(" NOTIFY=NEVER,DELAY", "501 5.5.4") RCPT_NO(" NOTIFY=DELAY,", "501 5.5.4")
	  RCPT_NO(" NOTIFY=,DELAY", "501 5.5.4") RCPT_NO(" NOTIFY=X", "501 5.5.4")
	  RCPT_NO(" NOTIFY", "501 5.5.4")
	  RCPT_OK(" ORCPT=rfc822;c@d") RCPT_OK(" ORCPT=rfc822;c+40d NOTIFY=NEVER")
	  RCPT_NO(" ORCPT=c@d", "501 5.5.4") RCPT_NO(" ORCPT=;c@d", "501 5.5.4")
	  RCPT_NO(" ORCPT=rfc822;", "501 5.5.4") RCPT_NO(" ORCPT=rfc 822;x", "501 5.5.4")
	  RCPT_NO(" ORCPT=rfc822;c+4", "501 5.5.4") RCPT_NO(" ORCPT=rfc_822;x", "501 5.5.4")
	  RCPT_NO(" SIZE=1", "555 5.5.4") },
	{ "AUTH, not offered", .text = EHLO MAIL_NO(" AUTH=<>", "555 5.5.4") },
	{ "AUTH", { .offer_auth_plain = true }, .text = EHLO
	  MAIL_OK(" AUTH=<>") MAIL_OK(" AUTH=e+3Dmc2@x") MAIL_NO(" AUTH", "501 5.5.4") },
	{ "SMTPUTF8, not offered", .text = EHLO MAIL_NO(" SMTPUTF8", "555 5.5.4") },
	{ "SMTPUTF8", { .offer_smtputf8 = true }, .text = EHLO_ANY("S: 250-PIPELINING\n"
	  "S: 250-SIZE 10485760\nS: 250-8BITMIME\nS: 250-SMTPUTF8\nS: 250-CHUNKING\nS: 250-DSN\n"
	  "S: 250 ENHANCEDSTATUSCODES\n")
	  "C: MAIL FROM:<\\xc3\\xbc@b>\nS: 550 5.6.7*\nC: MAIL FROM:<\\xc3@b> SMTPUTF8\n"
	  "S: 501 5.1.7*\n"
	  "C: MAIL FROM:<a@b> SMTPUTF8=1\nS: 501 5.5.4*\n"
	  "C: MAIL FROM:<\\xc3\\xbc@b> SMTPUTF8\nS: 250*\nC: RCPT TO:<\\xc3\\xbc@b>\nS: 250*\n"
	  "C: RSET\nS: 250*\nC: MAIL FROM:<a@b>\nS: 250*\nC: RCPT TO:<\\xc3\\xbc@b>\n"
	  "S: 553 5.6.7*\nC: RCPT TO:<\\xc3@b>\nS: 501 5.1.3*\nC: RCPT TO:<c@\\xc3\\xbc>\n"
	  "S: 553 5.6.7*\nC: RCPT TO:<c@d>\nS: 250*\n" },
	{ "SMTPUTF8, after HELO", { .offer_smtputf8 = true }, .text = "S: 220*\nC: HELO a\n"
	  "S: 250*\nC: MAIL FROM:<\\xc3\\xbc@b>\nS: 501 5.1.7*\nC: MAIL FROM:<a@b>\nS: 250*\n"
	  "C: RCPT TO:<\\xc3\\xbc@b>\nS: 501 5.1.3*\n" },
};

static const struct script bdat[] = {
	{ "one chunk", .text = EHLO MAIL_RCPT
	  "C: BDAT 5 LAST\nc: a\\r\\nb.\nS: 250 2.0.0 Taken\n" QUIT
	  "E: CONNECT\nE: EHLO c.test\nE: MAIL <a@b>\nE: RCPT <c@d>\nE: DATA\n"
	  "E: TEXT a\\x0d\\nb.\nE: MESSAGE\nE: CLOSE" },
	{ "three chunks, a CRLF between two", .text = EHLO MAIL_RCPT
	  "C: BDAT 2\nc: a\\r\nS: 250 2.0.0*\nC: BDAT 3\nc: \\n.\\r\nS: 250 2.0.0*\n"
	  "C: bdat 1 last\nc: \\n\nS: 250 2.0.0 Taken\nC: NOOP\nS: 250*\n"
	  "E: CONNECT\nE: EHLO c.test\nE: MAIL <a@b>\nE: RCPT <c@d>\nE: DATA\n"
	  "E: TEXT a\\x0d\\n.\\x0d\\n\nE: MESSAGE" },
	{ "an empty last chunk", .text = EHLO MAIL_RCPT
	  "C: BDAT 3\nc: a\\r\\n\nS: 250*\nC: BDAT 0 LAST\nS: 250 2.0.0 Taken\n" },
	{ "an empty message", .text = EHLO MAIL_RCPT "C: BDAT 0 LAST\nS: 250 2.0.0 Taken\n" },
	{ "a dot ends nothing", .text = EHLO MAIL_RCPT
	  "C: BDAT 10 LAST\nc: \\r\\n.\\r\\nRSET\\r\nS: 554 5.6.0*\nc: \\r\\n\nS: 500*\n" },
	{ "before MAIL: the chunk is read over", .text = EHLO
	  "C: BDAT 6 LAST\nc: QUIT\\r\\n\nS: 503 5.5.1*\nC: NOOP\nS: 250*\n" },
	{ "no recipients: the chunk is read over", .text = EHLO "C: MAIL FROM:<a@b>\nS: 250*\n"
	  "C: BDAT 6 LAST\nc: QUIT\\r\\n\nS: 554 5.5.1*\nC: NOOP\nS: 250*\n" },
	{ "refused: no later chunk makes a message", .text = EHLO
	  "C: MAIL FROM:<nodata@b>\nS: 250*\nC: RCPT TO:<c@d>\nS: 250*\n"
	  "C: BDAT 3\nc: a\\r\\n\nS: 554 5.7.1*\nC: BDAT 3 LAST\nc: b\\r\\n\nS: 503 5.5.1*\n"
	  "E: CONNECT\nE: EHLO c.test\nE: MAIL <nodata@b>\nE: RCPT <c@d>\nE: DATA" },
	{ "RSET between chunks", .text = EHLO MAIL_RCPT
	  "C: BDAT 3\nc: a\\r\\n\nS: 250*\nC: RSET\nS: 250*\nC: BDAT 3 LAST\nc: b\\r\\n\nS: 503*\n"
	  "E: CONNECT\nE: EHLO c.test\nE: MAIL <a@b>\nE: RCPT <c@d>\nE: DATA\nE: ABORT" },
	{ "QUIT between chunks", .text = EHLO MAIL_RCPT "C: BDAT 3\nc: a\\r\\n\nS: 250*\n" QUIT
	  "E: CONNECT\nE: EHLO c.test\nE: MAIL <a@b>\nE: RCPT <c@d>\nE: DATA\nE: ABORT\nE: CLOSE" },
	{ "other verbs between chunks", .text = EHLO MAIL_RCPT
	  "C: BDAT 3\nc: a\\r\\n\nS: 250*\nC: DATA\nS: 503*\nC: RCPT TO:<x@y>\nS: 503*\n"
	  "C: MAIL FROM:<x@y>\nS: 503*\nC: EHLO x\nS: 503*\nC: NOOP\nS: 250*\n"
	  "C: BDAT 0 LAST\nS: 250 2.0.0 Taken\n" },
	{ "a bad count ends the session", .text = EHLO MAIL_RCPT
	  "C: BDAT x\nS: 501 5.5.4*\nC: NOOP\n"
	  "E: CONNECT\nE: EHLO c.test\nE: MAIL <a@b>\nE: RCPT <c@d>\nE: CLOSE" },
	{ "no count", .text = EHLO "C: BDAT\nS: 501 5.5.4*\nC: NOOP\n" },
	{ "a negative count", .text = EHLO "C: BDAT -1\nS: 501 5.5.4*\nC: NOOP\n" },
	{ "a huge count", .text = EHLO "C: BDAT 9999999999999999999 LAST\nS: 501 5.5.4*\n"
	  "C: NOOP\n" },
	{ "LAST misspelt", .text = EHLO "C: BDAT 1 FIRST\nS: 501 5.5.4*\nC: NOOP\n" },
	{ "words behind LAST", .text = EHLO "C: BDAT 1 LAST x\nS: 501 5.5.4*\nC: NOOP\n" },
};

#define AUTH_EHLO EHLO_ANY("S: 250-PIPELINING\nS: 250-SIZE 10485760\nS: 250-8BITMIME\n" \
	"S: 250-AUTH PLAIN LOGIN\nS: 250-CHUNKING\nS: 250-DSN\nS: 250 ENHANCEDSTATUSCODES\n")
#define A64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define A1024 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64
#define A12224 A1024 A1024 A1024 A1024 A1024 A1024 A1024 A1024 A1024 A1024 A1024 \
	A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64
#define IN_CLEAR { .offer_auth_plain = true, .auth_in_clear = true, MANY_ERRORS }

static const struct script auth[] = {
	{ "PLAIN at once", IN_CLEAR, .text = AUTH_EHLO
	  "C: AUTH PLAIN AHUAcA==\nS: 235 2.7.0 Welcome\nC: AUTH PLAIN AHUAcA==\nS: 503 5.5.1*\n"
	  "E: CONNECT\nE: EHLO c.test\nE: AUTH u p" },
	{ "PLAIN in two steps", IN_CLEAR, .text = AUTH_EHLO
	  "C: auth plain\nS: 334 \nC: AHUAcA==\nS: 235 2.7.0 Welcome\n" },
	{ "PLAIN with itself as identity", IN_CLEAR, .text = AUTH_EHLO
	  "C: AUTH PLAIN dQB1AHA=\nS: 235 2.7.0 Welcome\n" },
	{ "PLAIN for another", IN_CLEAR, .text = AUTH_EHLO
	  "C: AUTH PLAIN eAB1AHA=\nS: 535 5.7.8*\nC: NOOP\nS: 250*\n" },
	{ "LOGIN", IN_CLEAR, .text = AUTH_EHLO
	  "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: dQ==\nS: 334 UGFzc3dvcmQ6\nC: cA==\n"
	  "S: 235 2.7.0*\n"
	  "E: CONNECT\nE: EHLO c.test\nE: AUTH u p" },
	{ "LOGIN with the user at once", IN_CLEAR, .text = AUTH_EHLO
	  "C: AUTH LOGIN dQ==\nS: 334 UGFzc3dvcmQ6\nC: cHA=\nS: 535 5.7.8 Wrong\nC: NOOP\n"
	  "S: 250*\n" },
	{ "given up", IN_CLEAR, .text = AUTH_EHLO
	  "C: AUTH LOGIN\nS: 334*\nC: *\nS: 501 5.7.0*\nC: AUTH PLAIN\nS: 334 \nC: *\nS: 501*\n"
	  "C: NOOP\nS: 250*\n" },
	{ "bad forms", IN_CLEAR, .text = AUTH_EHLO
	  "C: AUTH PLAIN !!!!\nS: 501 5.5.2*\nC: AUTH PLAIN AHUAcA=\nS: 501 5.5.2*\n"
	  "C: AUTH PLAIN A===\nS: 501 5.5.2*\nC: AUTH PLAIN =\nS: 501 5.5.2*\n"
	  "C: AUTH PLAIN ====\nS: 501 5.5.2*\nC: AUTH PLAIN AA==AAAA\nS: 501 5.5.2*\n"
	  "C: AUTH PLAIN dXA=\nS: 501 5.5.2*\nC: AUTH PLAIN AHVw\nS: 501 5.5.2*\n"
	  "C: AUTH PLAIN AAAA\nS: 501 5.5.2*\nC: AUTH PLAIN AHUAcABw\nS: 501 5.5.2*\n"
	  "C: AUTH LOGIN =\nS: 501 5.5.2*\nC: AUTH PLAIN\nS: 334 \nC: \\xff\\n\nS: 500*\n"
	  "C: NOOP\nS: 250*\n" },
	{ "order", IN_CLEAR, .text = "S: 220 mx.test ESMTP\nC: AUTH PLAIN AHUAcA==\nS: 503 5.5.1*\n"
	  "C: HELO x\nS: 250*\nC: AUTH PLAIN AHUAcA==\nS: 503*\nC: EHLO x\nS: 250-mx.test\n"
	  "S: 250-PIPELINING\nS: 250-SIZE*\nS: 250-8BITMIME\nS: 250-AUTH PLAIN LOGIN\n"
	  "S: 250-CHUNKING\n"
	  "S: 250-DSN\nS: 250 ENH*\nC: AUTH\nS: 501 5.5.4*\nC: AUTH CRAM-MD5\nS: 504 5.5.4*\n"
	  "C: MAIL FROM:<a@b>\nS: 250*\nC: AUTH PLAIN AHUAcA==\nS: 503 5.5.1*\n" },
	{ "lines up to 12288 octets", IN_CLEAR, .text = AUTH_EHLO
	  "C: AUTH PLAIN\nS: 334 \nC: " A1024 A1024 A64 "\nS: 500 5.5.6*\nC: AUTH PLAIN\nS: 334 \n"
	  "C: " A12224 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
	  "S: 500 5.5.6*\nC: AUTH LOGIN\nS: 334*\nC: " A12224 A64 "\nS: 500 5.5.6*\n"
	  "C: AUTH LOGIN dXNlcg==\nS: 334*\nC: " A12224 A64 A64 "\nS: 500 5.5.6*\n"
	  "C: AUTH PLAIN " A1024 A1024 "\nS: 500 5.5.6*\nC: aUTH LOGIN " A12224 A64 "\n"
	  "S: 500 5.5.6*\nC: AUTHOR " A1024 A1024 "\nS: 500 5.5.2*\n"
	  "C: NOOP\nS: 250*\nC: NOOP " A1024 A1024 "\nS: 500 5.5.2*\n"
	  "C: AUTH PLAIN AHUAcA==\nS: 235*\n" },
	{ "not in clear", { .offer_auth_plain = true }, .text = EHLO
	  "C: AUTH PLAIN AHUAcA==\nS: 538 5.7.11*\n" },
	{ "not offered", .text = EHLO "C: AUTH PLAIN AHUAcA==\nS: 500*\n" },
};

#define TLS_EHLO EHLO_ANY("S: 250-PIPELINING\nS: 250-SIZE 10485760\nS: 250-8BITMIME\n" \
	"S: 250-STARTTLS\nS: 250-CHUNKING\nS: 250-DSN\nS: 250 ENHANCEDSTATUSCODES\n")
#define WITH_TLS { .offer_starttls = true, .offer_auth_plain = true }

static const struct script tls[] = {
	{ "STARTTLS forgets all", WITH_TLS, .text = TLS_EHLO MAIL_RCPT
	  "C: STARTTLS\nS: 220 2.0.0*\nT:\n"
	  "C: MAIL FROM:<a@b>\nS: 503*\nC: EHLO c.test\nS: 250-mx.test\nS: 250-PIPELINING\n"
	  "S: 250-SIZE*\nS: 250-8BITMIME\nS: 250-AUTH PLAIN LOGIN\nS: 250-CHUNKING\nS: 250-DSN\n"
	  "S: 250 ENH*\nC: DATA\nS: 503*\nC: STARTTLS\nS: 503 5.5.1*\n"
	  "C: AUTH PLAIN AHUAcA==\nS: 235*\n"
	  "E: CONNECT\nE: EHLO c.test\nE: MAIL <a@b>\nE: RCPT <c@d>\nE: STARTTLS\nE: EHLO c.test\n"
	  "E: AUTH u p" },
	{ "order", WITH_TLS, .text = "S: 220 mx.test ESMTP\nC: STARTTLS\nS: 503 5.5.1*\n"
	  "C: HELO x\nS: 250*\nC: STARTTLS\nS: 503*\nC: STARTTLS x\nS: 501*\n" },
	{ "not while a message is under way", WITH_TLS, .text = TLS_EHLO MAIL_RCPT
	  "C: BDAT 0\nS: 250*\nC: STARTTLS\nS: 503*\n" },
	{ "not offered", .text = EHLO "C: STARTTLS\nS: 500*\n" },
};

static const struct script xclient[] = {
	{ "XCLIENT greets anew", { .offer_xclient = true },
	  .text = EHLO_ANY("S: 250-PIPELINING\nS: 250-SIZE*\nS: 250-8BITMIME\nS: 250-CHUNKING\n"
	  "S: 250-XCLIENT*\nS: 250-DSN\nS: 250 ENH*\n")
	  "C: XCLIENT\nS: 501*\nC: XCLIENT ADDR=127.0.0.1 NAME=localhost\nS: 220 mx.test ESMTP\n"
	  "C: MAIL FROM:<a@b>\nS: 503*\nC: HELO x\nS: 250*\nC: MAIL FROM:<a@b>\nS: 250*\n"
	  "C: XCLIENT ADDR=127.0.0.1\nS: 503*\n"
	  "E: CONNECT\nE: EHLO c.test\nE: XCLIENT ADDR=127.0.0.1 NAME=localhost\nE: HELO x\n"
	  "E: MAIL <a@b>" },
	{ "not offered", .text = EHLO "C: XCLIENT ADDR=127.0.0.1\nS: 500*\n" },
};

static void test_plain(void **state) { (void)state; RUN_SCRIPTS(plain); }
static void test_order(void **state) { (void)state; RUN_SCRIPTS(order); }
static void test_helo(void **state) { (void)state; RUN_SCRIPTS(helo); }
static void test_params(void **state) { (void)state; RUN_SCRIPTS(params); }
static void test_bdat(void **state) { (void)state; RUN_SCRIPTS(bdat); }
static void test_auth(void **state) { (void)state; RUN_SCRIPTS(auth); }
static void test_tls(void **state) { (void)state; RUN_SCRIPTS(tls); }
static void test_xclient(void **state) { (void)state; RUN_SCRIPTS(xclient); }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain), cmocka_unit_test(test_order),
		cmocka_unit_test(test_helo), cmocka_unit_test(test_params),
		cmocka_unit_test(test_bdat), cmocka_unit_test(test_auth),
		cmocka_unit_test(test_tls), cmocka_unit_test(test_xclient),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
