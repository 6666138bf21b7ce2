/* SPDX-License-Identifier: ISC
 *
 * `sendmail -bs`: SMTP of a program on its standard input, handed through to the gateway's socket.
 */
#ifndef PORTREEVE_CLI_SENDMAIL_THROUGH_H
#define PORTREEVE_CLI_SENDMAIL_THROUGH_H

/* Until the gateway has said its last word. Lines that end in LF alone get their CR, as programs
 * on a pipe may leave it out. Blocks. ERR_OK, ERR_IO (nobody answers, errno), ERR_LIMIT (the path
 * is too long). */
int sendmail_through(const char *path);

#endif
