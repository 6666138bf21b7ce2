/* SPDX-License-Identifier: ISC
 *
 * The gate itself at the mail server's ports, before the server runs: it hears a witness's word,
 * and by what address the kernel shows who said it. Nothing is taken: whoever does not say the
 * word is told to come later (421), and no recipient is accepted.
 *
 * Hostile input: SMTP of anybody, within the limits of wire/listener.h and the engine's.
 */
#ifndef PORTREEVE_CLI_GATE_LISTEN_H
#define PORTREEVE_CLI_GATE_LISTEN_H

#include "base/ip.h"
#include "base/loop.h"
#include "witness/word.h"

enum { GATE_HEARD_MAX = 64 };

struct gate_heard {
	struct witness_said said;
	struct ip as;
};

struct gate_listen;

/* At all addresses of the machine. ERR_EXISTS: something serves one of the ports already;
 * ERR_DENIED, ERR_IO; with one line. `hostname` and `word` outlive it. */
int gate_listen_create(struct loop *loop, const uint16_t *ports, size_t n, const char *hostname,
                       const char *word, struct gate_listen **out, struct buf *message);
/* Those who said the word so far, each once. */
const struct gate_heard *gate_listen_heard(const struct gate_listen *g, size_t *n);
/* NULL is fine. */
void gate_listen_destroy(struct gate_listen *g);

#endif
