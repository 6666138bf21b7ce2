/* SPDX-License-Identifier: ISC
 *
 * The words of the house as types: consent, test, case, verdict, return,
 * listing; what they mean stands here. Plain values; texts are
 * bounded arrays so that a row never needs an owner, save where stated.
 */
#ifndef PORTREEVE_STORE_TYPES_H
#define PORTREEVE_STORE_TYPES_H

#include "base/ip.h"
#include "mail/refusal.h"

/* The ground on which a test may run; the greater wins where several hold. */
enum consent {
	CONSENT_NONE, CONSENT_RANGE, CONSENT_EVIDENCE, CONSENT_CONTACT, CONSENT_OWNER,
};
const char *consent_name(enum consent c);                      /* "owner"; never NULL */
int consent_parse(struct str s, enum consent *c);              /* ERR_INVALID */

enum verdict {
	VERDICT_NONE,           /* the test has not ended */
	VERDICT_OPEN, VERDICT_CLOSED, VERDICT_ACCEPTING, VERDICT_BACKSCATTER,
	VERDICT_UNREACHABLE, VERDICT_INCONCLUSIVE,
};
const char *verdict_name(enum verdict v);

/* What kept every conversation from beginning; of VERDICT_UNREACHABLE alone. */
enum test_cause {
	CAUSE_NONE, CAUSE_REFUSED, CAUSE_TIMEOUT, CAUSE_NO_ROUTE, CAUSE_TLS_FAILED,
	CAUSE_HUNG_UP,          /* connected, and no greeting */
	CAUSE_NO_SOURCE,        /* our own address or port cannot be used */
	CAUSE_NOT_ASKED,
};
const char *test_cause_name(enum test_cause c);                /* "no-route"; "" for none */

/* How far a case came: the command whose reply decided it. */
enum case_stage {
	STAGE_NONE,             /* not run (stopped after the proof, or not offered) */
	STAGE_SKIPPED,          /* cannot be run against this host; text says why */
	STAGE_CONNECT, STAGE_HELO, STAGE_MAIL, STAGE_RCPT, STAGE_DATA, STAGE_MESSAGE,
};
const char *stage_name(enum case_stage s);

enum { CASE_ID_MAX = 12, CASE_TEXT_MAX = 256, CASES_MAX = 128 };

struct case_result {
	char id[CASE_ID_MAX];          /* "E14" */
	uint8_t attempt;               /* 0, or 1 for the confirmation with the domains swapped */
	enum case_stage stage;
	int code;                      /* of the deciding reply; 0: the connection ended, or none */
	char enhanced[12];
	char text[CASE_TEXT_MAX];      /* of the reply, cut; or our own reason */
	bool accepted;                 /* the message was taken with 2xx */
	enum refusal refusal;          /* what the "no" was about; NONE also where there was no
	                                  answer */
	unsigned returned;             /* our message came back to the recipient token */
	unsigned bounced;              /* something came to the sender token */
	struct ip output;              /* the peer that brought the first return; family 0 */
};

enum test_state { TEST_QUEUED, TEST_RUNNING, TEST_WAITING, TEST_DONE };
enum test_reason { TEST_NOMINATED, TEST_OPERATOR, TEST_RETEST, TEST_RECHECK, TEST_RETRY };
const char *test_state_name(enum test_state s);
const char *test_reason_name(enum test_reason r);

enum { TEST_ID_LEN = 8, WHO_MAX = 128, WHY_MAX = 256 };
/* Of a msg-id with its brackets; longer ones are left out, as a line of mail has its limit. */
enum { MESSAGE_ID_MAX = 256 };

/* A test: one run of the catalogue against one address and port. */
struct test {
	char id[TEST_ID_LEN + 1];      /* base32, 40 random bits: goes into the tokens */
	struct endpoint target;
	enum consent consent;
	enum test_reason reason;
	enum test_state state;
	enum verdict verdict;
	enum test_cause cause;
	bool all;                      /* the owner asked for every case */
	char who[WHO_MAX];             /* who asked */
	char reply_to[WHO_MAX];        /* RETEST by mail: envelope sender at the host, or "" */
	char message_id[MESSAGE_ID_MAX];       /* of that mail: "<a@b>", or "" */
	unsigned tries;                /* leases so far */
	/* Rounds in which it was put off or shut out, and asked on later; of them in a row, up
	 * to now, those that brought nothing new. */
	unsigned rounds, fruitless;
	char why[WHY_MAX];             /* …it could not be decided, in words; "" */
	int64_t created_s, not_before_s, started_s, finished_s, wait_until_s;
	double seconds;                /* of the session itself */
	char evidence_id[48];          /* "" until one exists */
};
/* When a test that waits goes on: queued, until it may begin; waiting, until it is judged. 0: it
 * runs, or has ended. Pure. */
int64_t test_due_s(const struct test *t);

/* A mail that came back to the collector. */
enum return_kind { RETURN_RECIPIENT, RETURN_SENDER };
struct test_return {
	int64_t id;                    /* grows */
	char test_id[TEST_ID_LEN + 1];
	char case_id[CASE_ID_MAX];
	uint8_t attempt;
	enum return_kind kind;
	bool marked;                   /* our mark was found in the message, after MIME decoding */
	struct endpoint peer;          /* the output */
	int64_t time_s;
	char token[40];
	char helo[256], mail_from[320], rcpt_to[320];
	struct str message;            /* of the arena it was read into; cut to the collector's
	                                  message_bytes */
};

/* "I fixed it": mail to retest@ from the address itself. */
struct retest_request {
	int64_t id;
	struct ip address;
	char reply_to[WHO_MAX];
	char message_id[MESSAGE_ID_MAX];       /* "<a@b>" by the grammar, or "" */
	int64_t time_s;
};

struct permit {
	int64_t id;
	struct prefix range;
	enum consent consent;
	char by[WHO_MAX];
	int64_t created_s, until_s;    /* until 0: no end */
};

struct exclusion {
	int64_t id;
	struct prefix range;
	char by[WHO_MAX], why[WHY_MAX];
	int64_t created_s;
};

struct nomination {
	int64_t id;
	struct ip address;
	char by[WHO_MAX], reason[WHY_MAX];
	enum consent consent;          /* found when it was made */
	int64_t created_s;
	struct str message;            /* the spam mail, or empty; arena */
};

/* A port and form through which the host was proved open. */
struct proof {
	uint16_t port;
	char case_id[CASE_ID_MAX];
	char test_id[TEST_ID_LEN + 1];
	struct ip output;
	int64_t time_s;
};

enum { PROOFS_MAX = 256 };

struct listing {
	struct ip address;
	char reason[WHY_MAX];          /* one line for TXT and people */
	int64_t since_s, last_test_s, recheck_s;
	char evidence_id[48];
	bool by_operator;              /* listed by word, not by proof */
	/* By which address the host saw who proved it, and by which others see that one: another,
	 * so its clients' addresses are lost before it. Of the newest proof; family 0: not told. */
	struct ip seen_as, known_as;
};

/* A range on the list, by the operator's word alone: no test proves one, and none ends it. It and
 * the listings of addresses inside it stand each for itself. */
struct listed_range {
	struct prefix range;           /* shorter than an address */
	char reason[WHY_MAX];
	int64_t since_s;
};

/* A multi-hop output, with how many different input networks proved it. It is published
 * when the operator agreed and the networks are enough. */
enum { OUTPUT_NETWORKS_MIN = 3 };
struct output {
	struct ip address;
	unsigned inputs, networks;     /* networks: distinct /24 and /48 of the inputs */
	bool agreed;                   /* the operator agreed to publish it */
	int64_t first_s, last_s;
};

/* What has happened to the subject: each action means one thing. */
enum journal_action {
	JOURNAL_LIST, JOURNAL_DELIST,  /* it is on the list now, is no more */
	JOURNAL_REFRESH,               /* listed already: proved anew */
	JOURNAL_PERMIT, JOURNAL_UNPERMIT, JOURNAL_EXCLUDE, JOURNAL_UNEXCLUDE,
	JOURNAL_NOMINATE,
	JOURNAL_OUTPUT_LIST,           /* an output that is published now, */
	JOURNAL_OUTPUT_DELIST,         /* is no more */
	JOURNAL_TEST,                  /* a test has ended and the list stays as it is */
	JOURNAL_RESTORE,               /* an older list: the serials go on above the highest */
	JOURNAL_AGREE,                 /* the operator agreed to publish an output, */
	JOURNAL_WITHDRAW,              /* withdrew that */
	JOURNAL_RETEST,                /* a retest was asked for */
};
const char *journal_action_name(enum journal_action a);

struct journal_entry {
	uint64_t serial;
	enum journal_action action;
	struct prefix subject;
	char who[WHO_MAX], why[WHY_MAX];
	int64_t time_s;
};

/* What became of a report to an abuse desk. */
enum report_state {
	REPORT_MADE,                   /* written, not sent */
	REPORT_SENT, REPORT_BOUNCED, REPORT_ANSWERED,
	REPORT_CLOSED,                 /* the operator's word, or its relay passed a retest */
};
const char *report_state_name(enum report_state s);
/* Whether a report may go from one state to the other. Pure. */
bool report_may_become(enum report_state from, enum report_state to);

enum { REPORT_ID_LEN = 8, CONTACT_MAX = 256, NETWORK_MAX = 2 * IP_TEXT_MAX + 2 };

/* One report per network and day; further messages of that day are counted in it. */
struct report {
	char id[REPORT_ID_LEN + 1];    /* base32, 40 random bits: part of its Message-ID */
	enum report_state state;
	struct ip source;              /* the reported address */
	struct ip relay;               /* the relay it names; family 0: none */
	char network[NETWORK_MAX];     /* "192.0.2.0-192.0.2.255"; "192.0.2.0/24": unnamed */
	char contact[CONTACT_MAX];     /* to whom */
	char contact_source[16];       /* who says so: "rdap", "abusix", "given" */
	int64_t contact_fetched_s;     /* how old that answer is */
	unsigned incidents;            /* messages that it stands for */
	unsigned told;                 /* of those, as many as the sent report said */
	int64_t day;                   /* of created_s, in days since 1970 */
	int64_t created_s, sent_s, changed_s;
	char why[WHY_MAX];             /* the state */
	struct str message;            /* as it is sent; arena */
	struct str xarf;               /* the same facts in JSON; arena */
};

/* An abuse contact that does not take reports. */
struct dead_contact {
	char address[CONTACT_MAX];     /* in lower case */
	char why[WHY_MAX];
	int64_t since_s;
};

#endif
