/* SPDX-License-Identifier: ISC
 *
 * What is said between a witness and who asks it, over TLS with a key of both (witness/tls.h): one
 * line there, some lines back, then the end. Words stand apart by one space; each line ends with
 * LF. Version 1:
 *
 *	witness/1 WORD HOST PORT[,PORT…]
 *
 * WORD (witness/word.h) is what the witness says, as knock.h has it. It connects to each address of
 * HOST (A and AAAA) at each PORT, and answers with a line for each pair, then "end":
 *
 *	at ADDRESS PORT RESULT SOURCE greeted|silent said|unsaid
 *	end
 *
 * RESULT: connected, refused, timeout, unreachable, failed; or forbidden: the address is not on the
 * Internet, and the key does not name its network. SOURCE: the address that the witness connected
 * from, as it sees it itself; "-" if it did not. greeted: a greeting with a code of 2xx came. said:
 * the word was said to the end. No text of a server is passed on. Else it answers one line:
 *
 *	no request|host|port|rate|busy|name|many
 *
 * (not understood; the key does not name the host, or a port; asked too often; another question of
 * this key is being answered; the name has no address, or could not be asked; it has more than 8.)
 *
 * Who uses it: witness/service.h and witness/ask.h. Hostile input: the line of whoever has a key;
 * the answer of whoever has the same one. Pure.
 */
#ifndef PORTREEVE_WITNESS_MESSAGE_H
#define PORTREEVE_WITNESS_MESSAGE_H

#include "witness/key.h"
#include "witness/word.h"

enum {
	WITNESS_REQUEST_MAX = 384,       /* bytes of the line, with its end */
	WITNESS_ADDRESSES_MAX = 8,
	WITNESS_SIGHTS_MAX = WITNESS_ADDRESSES_MAX * WITNESS_PORTS_MAX,
	WITNESS_ANSWER_MAX = (WITNESS_SIGHTS_MAX + 1) * 160,
};

struct witness_request {
	char word[WITNESS_WORD_SIZE];
	char host[WITNESS_HOST_MAX + 1];
	uint16_t ports[WITNESS_PORTS_MAX];       /* each once */
	size_t port_count;
};

enum witness_result {
	WITNESS_CONNECTED, WITNESS_REFUSED, WITNESS_TIMEOUT, WITNESS_UNREACHABLE, WITNESS_FAILED,
	WITNESS_FORBIDDEN, WITNESS_RESULTS,
};
const char *witness_result_name(enum witness_result result);   /* "refused"; never NULL */

enum witness_no {
	WITNESS_YES,                     /* there are lines */
	WITNESS_NO_REQUEST, WITNESS_NO_HOST, WITNESS_NO_PORT, WITNESS_NO_RATE, WITNESS_NO_BUSY,
	WITNESS_NO_NAME, WITNESS_NO_MANY, WITNESS_NOS,
};
const char *witness_no_name(enum witness_no no);               /* "host"; never NULL */

struct witness_sight {
	struct endpoint to;
	enum witness_result result;
	struct ip source;                /* of family 0 unless WITNESS_CONNECTED */
	bool greeted, said;
};

struct witness_answer {
	enum witness_no no;
	struct witness_sight v[WITNESS_SIGHTS_MAX];
	size_t n;
};

/* Whether the key lets that be asked: WITNESS_YES, WITNESS_NO_HOST or WITNESS_NO_PORT. */
enum witness_no witness_request_judge(const struct witness_request *r,
                                      const struct witness_key *key);
/* From the bytes that have come: ERR_AGAIN (there is no line end yet), ERR_INVALID (no request, too
 * long, or something behind it). */
int witness_request_parse(struct str bytes, struct witness_request *out);
void witness_request_format(const struct witness_request *r, struct buf *out);

/* The same of an answer. */
int witness_answer_parse(struct str bytes, struct witness_answer *out);
void witness_answer_format(const struct witness_answer *a, struct buf *out);

/* So many questions of a key in a minute. Zero-initialised none was asked. */
struct witness_rate {
	int64_t began_ms;
	unsigned n;
};
/* Whether one more may be asked now; counts it then. */
bool witness_rate_take(struct witness_rate *r, unsigned per_minute, int64_t now_ms);

#endif
