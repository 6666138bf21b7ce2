/* SPDX-License-Identifier: ISC
 *
 * The world of the mail gateway: the gateway, strangers and users who send by it, and the servers
 * to which its mail goes, in virtual time, from one number. It shares the seam with the world of
 * the blocklist (../world.h). What is its own:
 *
 *   files.c     the gateway's files: what is synced, what a power cut leaves
 *   accounts.c  whose account is whose, instead of the store
 *   login.c     who knows the passwords; scram.c who shows that he does without telling them
 *   guessers.c  who guesses them, and what may come of that
 *   names.c     what name servers answer
 *   letters.c   every message that was ever begun, and what became of it: most invariants
 *   lists.c     blocklists that are well, and others
 *   hosts.c     other servers, and the inner one of one of our domains
 *   people.c    strangers and users
 *   operator.c  who gives orders to the queue
 *   gateway.c   the gateway as a process
 *   whole.c     chaos, then calm; law.c: the invariants by name
 */
#ifndef PORTREEVE_TESTS_WORLD_MAIL_H
#define PORTREEVE_TESTS_WORLD_MAIL_H

#include "../names.h"
#include "base/loop.h"
#include "gateway/queue.h"
#include "store/accounts.h"
#include "world.h"

enum { COPIES_MAX = 12 };

/* ---- names.c: who is who ----------------------------------------------------------------- */

#define OURS_ONE "one.example"           /* into Maildirs */
#define OURS_TWO "two.example"           /* to an inner host */
#define OUR_NAME "mx.one.example"
extern const struct ip names_gateway, names_inner;
enum { PORT_LMTP = 24 };

struct user {
	const char *name, *address[3];   /* the first is its own; NULL: no more */
};
/* Addresses that are no account's and have a mailbox by a file, as its text. */
#define NAMES_FILE "/recipients"
#define NAMES_FILE_TEXT "boss@" OURS_ONE "\n"
extern const struct user users[];
extern const unsigned user_n;
/* Whether the address has a mailbox of ours; "postmaster" alone has. */
bool names_is_mailbox(struct str address);
bool names_is_ours(struct str domain);
bool names_owns(struct str account, struct str address);

/* ---- scram.c, guessers.c -------------------------------------------------------------------- */

#define NAMES_PASSWORD "secret"
enum { GUESSER_PLACES = 3 };
/* What the store has of an account. */
void scram_stored(struct buf *out);
/* The client's first line, in base64, and what of it is signed; and its second, for what the server
 * said in base64. False: that is nothing to be answered. */
void scram_hello(const char *name, struct buf *bare, struct buf *line);
bool scram_prove(struct str bare, struct str challenge, bool right, struct buf *line);
/* The gateway sees that somebody has the right password. */
void law_right(const struct ip *from, struct str account);
/* What was said to a password, or a proof. */
void law_login(const struct ip *from, const char *name, bool right, int code);
/* Somebody who guesses passwords, now and then. */
void guessers_begin(unsigned slow);
unsigned guessers_talking(void);

/* ---- letters.c --------------------------------------------------------------------------- */

/* To one recipient. */
struct copy {
	char address[ADDRESS_MAX];       /* without brackets */
	bool accepted;                   /* its RCPT */
	bool never;                      /* NOTIFY=NEVER */
	unsigned taken;                  /* how often somebody has it */
	int64_t confirmed_ms;            /* … who knows since then that we know; 0: it does not */
	unsigned deaths_then;            /* when the connection began that brought it last */
	unsigned notices;                /* of failure, as made */
	unsigned trouble_then;           /* when the last was made */
	bool told;                       /* … and taken by the sender's server */
	/* In Maildirs, as last looked: it, and a notice of its failure. */
	unsigned boxed;
	bool told_boxed;
	bool silent;                     /* it failed, and there is nobody to be told */
	/* What the operator ordered, while no try of it went on (`rests`); 0: nothing. And how
	 * often it was in a Maildir then. */
	int64_t held_ms, dropped_ms;
	unsigned boxed_then;
	bool rests;
};
enum order { ORDER_HOLD, ORDER_RELEASE, ORDER_FLUSH, ORDER_DROP, ORDERS };

enum letter_state {
	LETTER_TALKING,                  /* not yet at the dot, or never */
	LETTER_DOT,                      /* the dot was sent, and perhaps no answer ever comes */
	LETTER_ACKNOWLEDGED, LETTER_REFUSED,
};

struct letter {
	struct letter *next;
	unsigned n;
	enum letter_state state;
	const struct user *account;   /* of who sends it; NULL: a stranger */
	bool logged_in;
	char sender[ADDRESS_MAX], id[GATEWAY_ID_MAX];
	struct copy to[COPIES_MAX];
	unsigned count;
	struct buf text;
};
extern struct letter *letters;

struct letter *letter_new(const struct user *account, const char *sender);
struct copy *letter_add(struct letter *l, struct str address);
/* What the gateway said to its dot. */
void letter_answered(struct letter *l, int code, struct str said);
void letter_rcpt_accepted(struct letter *l, struct copy *c);
/* A server is asked for a recipient, and takes a message; the copy is of a letter itself, not of a
 * notice. `local`: it is a server or a directory of ours. `deaths`: as there had been when the
 * connection began. */
void law_rcpt(struct str sender, struct str rcpt, bool local);
struct copy *law_taken(struct str sender, struct str rcpt, struct str text, bool local,
                       unsigned deaths);
/* The operator is about to order something of a letter; it was done; or (not known) the gateway
 * died over it. */
void law_order_given(const struct gateway_queue *q, struct letter *l);
void law_ordered(struct letter *l, enum order what, bool known);
/* The gateway has its queue again; what is in the Maildirs is looked at, too. */
void law_opened(struct gateway_queue *q);
/* What is still to be looked at when all has come to its end. */
void law_letters_end(void);

/* ---- lists.c ----------------------------------------------------------------------------- */

enum { LISTS_BLOCK = 5, LISTS_ALLOW = 1, LISTS_THRESHOLD = 2 };
#define LISTS_TEXT "is on the list"
extern const char *const lists_block[LISTS_BLOCK], *const lists_allow[LISTS_ALLOW];
/* Of this world's faults. */
void lists_begin(void);
/* The gateway has these lists anew, and refuses who is listed, or only says so. */
void lists_asked(bool refuse);
/* False: the name is in no list. */
bool lists_answer(enum names_type type, struct arena *a, struct dns_result *r);
int64_t lists_delay_ms(struct str name);
/* What a stranger is told to a recipient in a session that began then. */
void law_stranger_rcpt(const struct ip *from, int64_t since_ms, struct str rcpt, int code,
                       struct str said);

/* ---- hosts.c, people.c ------------------------------------------------------------------- */

extern struct loop *outside_loop;
extern unsigned host_n;
void hosts_begin(void);
/* An address at one of them; how its mail will fare is in the name. */
void host_address(char address[static ADDRESS_MAX]);
bool host_is(const struct endpoint *at);
/* The addresses of a domain or name; -1: no such name; 0: it is the world's, without address. */
int host_lookup(struct str name, struct ip *ip);
/* The mail exchanger of a domain: NULL, there is no such; "": none. */
const char *host_mx(struct str domain);

/* Slow: with pauses that are longer by that factor. */
void people_begin(unsigned slow);
unsigned people_talking(void);

/* ---- operator.c -------------------------------------------------------------------------- */

void operator_begin(unsigned slow);
/* He lets go of all that he holds, again and again. */
void operator_calm(void);

/* ---- gateway.c --------------------------------------------------------------------------- */

enum { LISTEN_MX, LISTEN_SUBMISSION, LISTEN_SUBMISSIONS, LISTENS };
extern const struct endpoint gateway_at[LISTENS];
/* Slow: it waits hours where it else waits seconds. */
void gateway_prepare(bool slow);
/* On HUP, with other settings. */
void gateway_hears_of_change(void);
/* NULL: it does not run. */
struct gateway_queue *gateway_queue_of_now(void);
/* How many messages are in the queue; SIZE_MAX: it does not run. */
size_t gateway_queued(void);
/* How long a message may wait in the queue at all, s. */
int64_t gateway_give_up_s(void);
/* How often a process died; and how often it or the disk went wrong. */
extern unsigned law_deaths, law_troubles;

#endif
