/* SPDX-License-Identifier: ISC
 *
 * The gate's decision: may the mail server of this machine be reached by strangers? Yes only where
 * nobody may relay but whom its owner means: the audit says closed; or it says wide, and the
 * gate's configuration allows each row by name, or a witness from outside was seen by its real
 * address over every family and port. Whatever could not be looked at is a no that says so. Pure.
 *
 * Who uses it: `portreeve gate`. Hostile input: names and networks out of an audit, which were
 * read from other people's files; texts of the configuration of ours.
 */
#ifndef PORTREEVE_AUDIT_GATE_H
#define PORTREEVE_AUDIT_GATE_H

#include "audit/report.h"
#include "base/config.h"

/* ---- the section "gate" of the configuration ------------------------------------------ */

struct gate_config {
	struct config_strings allow;         /* rows by name, see gate_row_parse() */
	char *witness;                       /* HOST:PORT; "" for none */
	char *key;                           /* path of the witness's secret */
	char *host;                          /* of this server, which the witness connects to */
	struct config_ips seen_as;           /* by which others see the witness, beside its own */
	struct config_strings families;      /* "ipv4", "ipv6"; none: found out */
	char *kept;                          /* path of the answer that is kept; "" for none */
	int64_t keep_s;
};
extern const struct config_row gate_config_rows[];
extern const size_t gate_config_row_count;
/* What no row can say: ERR_INVALID with one line that names the parameter. */
int gate_config_check(const struct gate_config *config, struct buf *message);

/* ---- rows ------------------------------------------------------------------------------ */

/* One who may relay, as `audit --json` has it in `who`. */
struct gate_row {
	const char *client;                  /* "range", "gateway", …: static */
	struct prefix network;
	uint16_t port;                       /* of one that is allowed: 0 stands for any */
};

enum { GATE_ROW_TEXT_MAX = PREFIX_TEXT_MAX + 24 };
/* "range 172.18.0.0/16 25"; without a port: at any. ERR_INVALID: no row of that form. */
int gate_row_parse(struct str text, struct gate_row *row);
char *gate_row_format(const struct gate_row *row, char dst[static GATE_ROW_TEXT_MAX]);
/* The row of one of a report. */
struct gate_row gate_row_of(const struct audit_who *who);

/* ---- the decision ------------------------------------------------------------------------ */

/* What came of a witness's connection to an address of the server. */
struct gate_sight {
	struct endpoint to;
	const char *result;                  /* "connected", or why not: static */
	bool connected;
	struct ip source;                    /* the witness's, as it says; family 0: none */
	struct ip seen;                      /* by which the server saw it; family 0: not found */
};

enum gate_witness {
	GATE_NO_WITNESS,                     /* none is set */
	GATE_WITNESS_BLIND,                  /* it could not be asked or seen: witness_why */
	GATE_WITNESS_ASKED,                  /* the sights are what came of it */
};

/* Of more than one server the verdict is the worst one, what is unknown being worse than wide. */
struct gate_known {
	enum audit_verdict verdict;
	const char *summary;                 /* of the audit, a line; NULL: nothing was audited */
	const char *doubt;                   /* why not all is known; NULL: it is */
	bool cut;                            /* not all that strangers may do was asked */
	size_t forms_planned, forms_asked;
	size_t unasked_n;                    /* what else could not be asked */
	/* Those who may relay, but for sound ones. */
	const struct gate_row *rows;
	size_t row_n;
	const struct gate_row *allowed;
	size_t allowed_n;
	enum gate_witness witness;
	const char *witness_why;
	const struct gate_sight *sights;
	size_t sight_n;
	const struct ip *real;               /* by which others see the witness */
	size_t real_n;
	bool over4, over6;                   /* families by which strangers may come */
};

enum gate_answer {
	GATE_YES, GATE_NO,
	GATE_BLIND,                          /* a no, as something could not be looked at */
};
const char *gate_answer_name(enum gate_answer answer);       /* "yes", "no", "blind" */

/* Fills over4 and over6: those that the configuration names; else those of which the machine has an
 * address that others can reach. What leads to a container is not seen in it, so there both: a
 * proxy of its host takes IPv6 for one that has IPv4 alone. */
void gate_find_families(const struct facts *facts, const struct gate_config *config,
                        struct gate_known *known);

/* Appends one line without its end: why. */
enum gate_answer gate_decide(const struct gate_known *known, struct buf *why);
/* Whether a witness could change the answer: rows stay that nothing allows. Fills the ports of
 * these, each once; *n is 0 without them. ERR_LIMIT: more than `max`. */
int gate_wants_witness(const struct gate_known *known, uint16_t *ports, size_t max, size_t *n);

/* ---- whether anything has changed ---------------------------------------------------------- */

/* Appends what of the network an audit depends on, in a form that is the same as long as that is:
 * no counters, no process ids, nobody who listens. */
void gate_facts_format(const struct facts *f, struct buf *out);

/* An answer that is kept, with the digest of all that it depends on; but for what lies outside of
 * the machine, of which a witness has told: such an answer is kept for an hour at most. */
enum { GATE_DIGEST_CHARS = 64, GATE_WHY_MAX = 400, GATE_KEEP_OUTSIDE_S = 3600 };
struct gate_kept {
	enum gate_answer answer;             /* never GATE_BLIND */
	bool outside;                        /* by what a witness saw */
	int64_t time_s;
	char digest[GATE_DIGEST_CHARS + 1];
	char why[GATE_WHY_MAX];
};
void gate_kept_format(const struct gate_kept *kept, struct buf *out);
/* ERR_INVALID: it is none of ours. */
int gate_kept_parse(struct str text, struct gate_kept *out);
/* Whether it begins as an answer that is kept does, in this version or another one. */
bool gate_kept_is(struct str text);
/* Whether it still counts. */
bool gate_kept_holds(const struct gate_kept *kept, const char *digest, int64_t now_s,
                     int64_t keep_s);

#endif
