/* SPDX-License-Identifier: ISC
 *
 * Every kind of row that the store keeps, as constant tables: its struct, its columns, its key
 * and its indexes, in which of the places it lives and who may write it. A backend reads
 * and writes rows by these tables alone and knows no kind by name (backend.h); the names are
 * those of SQLite's tables and columns (src/sqlite/schema.c), and of any other's.
 *
 * The type of a column is that of its member, found by the compiler (rows.c). How values sort,
 * in every backend: numbers by value; texts, and blobs, byte by byte; addresses as ip_cmp(),
 * with none before all; ranges by address, then by length.
 */
#ifndef PORTREEVE_STORE_ROWS_H
#define PORTREEVE_STORE_ROWS_H

#include "store/accounts.h"
#include "store/holder.h"
#include "store/types.h"

#include <stddef.h>

/* ---- the structs ------------------------------------------------------------- */

/* A test with what only the store knows of it. */
struct test_row {
	struct test t;
	int64_t key;                   /* grows with each test; what hangs on the row names it */
	int64_t lease_until_s;
	char holder[HOLDER_MAX];       /* of the lease (holder.h); "": unknown */
	bool passed;
	enum consent again;            /* not NONE: a retest was asked for while it is under way */
	char again_who[WHO_MAX], again_reply_to[WHO_MAX], again_message_id[MESSAGE_ID_MAX];
};
/* Written before a probe's body is sent. */
struct intent_row {
	int64_t test;                  /* the test's key */
	char case_id[CASE_ID_MAX];
	uint8_t attempt;
};
struct result_row {
	int64_t test, n;               /* in order from 0 */
	struct case_result r;
};
/* What stands against a listed address. */
struct proof_row {
	struct ip address;
	struct proof p;
};
/* An output that the operator agreed to publish. */
struct agreement_row {
	struct ip output;
	char who[WHO_MAX];
	int64_t time_s;
};
struct evidence_row {
	int64_t n;
	char id[48];
	struct ip address;
	int64_t time_s;
	struct str bundle;             /* packed (evidence-rows.c) */
};
struct scan_row {
	char key[80];
	uint64_t seed;
	int64_t started_s, ended_s;    /* ended 0: unfinished */
};
struct cursor_row {
	char name[32];
	int64_t value;
};
/* One row: the time that is known to have been. */
struct heartbeat_row {
	int64_t one, time_s;           /* one: 1 */
};
struct report_row {
	int64_t n;
	struct report r;
};
/* A message that was reported, by its digest. */
struct reported_row {
	struct str digest;
	int64_t report;                /* the report's n */
};
/* What a source said of a range of addresses. Its name may be a URL of the configuration's. */
enum { CONTACT_SOURCE_MAX = 512 };
struct contact_row {
	char source[CONTACT_SOURCE_MAX];
	struct ip first, last;
	int64_t fetched_s;
	struct str answer;
};
struct secret_row {
	char name[32];
	struct str secret;
};
struct return_row {
	struct test_return r;          /* without its message */
	struct str digest;             /* of the message */
};
/* A message that came back, once for all the returns that name it. */
struct message_row {
	int64_t id;
	struct str digest, bytes;
};

/* ---- the kinds --------------------------------------------------------------- */

enum row_kind {
	ROW_PERMIT,                    /* struct permit */
	ROW_EXCLUSION,                 /* struct exclusion */
	ROW_NOMINATION,                /* struct nomination */
	ROW_TEST,                      /* struct test_row */
	ROW_INTENT, ROW_RESULT,
	ROW_LISTING,                   /* struct listing */
	ROW_RANGE,                     /* struct listed_range */
	ROW_PROOF, ROW_AGREEMENT,
	ROW_JOURNAL,                   /* struct journal_entry; by the operation `journal` alone */
	ROW_EVIDENCE, ROW_SCAN, ROW_CURSOR, ROW_HEARTBEAT,
	ROW_REPORT, ROW_REPORTED, ROW_CONTACT,
	ROW_DEAD_CONTACT,              /* struct dead_contact */
	ROW_SECRET,
	ROW_ACCOUNT,                   /* struct account */
	ROW_ACCOUNT_ADDRESS,           /* struct account_address */
	ROW_RETURN, ROW_MESSAGE,
	ROW_REQUEST,                   /* struct retest_request */
	ROW_KINDS,
};

/* The indexes of a kind by their numbers; 0 is the key of each. */
enum { BY_KEY };
enum { PERMIT_BY_RANGE = 1 };
enum { EXCLUSION_BY_RANGE = 1 };
enum { NOMINATION_BY_ADDRESS = 1 };
enum {
	TEST_BY_ID = 1,
	TEST_BY_TARGET,                /* address, port, key */
	TEST_LIVE,                     /* address, port: the one that has not ended */
	TEST_DUE,                      /* not_before_s, key: of those that have not ended */
};
enum { LISTING_BY_RECHECK = 1, LISTING_BY_WORD, LISTING_BY_SEEN };
enum { PROOF_BY_OUTPUT = 1 };          /* output, address, …: of those that have one */
enum { JOURNAL_DELISTED = 1 };         /* subject, serial: of JOURNAL_DELIST */
enum { EVIDENCE_BY_ID = 1, EVIDENCE_BY_ADDRESS };
enum { REPORT_BY_ID = 1, REPORT_BY_DAY, REPORT_BY_RELAY };
enum { ACCOUNT_BY_UID = 1, ACCOUNT_BY_MAILBOX };       /* uid: of those that have one */
enum { ADDRESS_BY_ACCOUNT = 1 };       /* account, address */
enum { RETURN_BY_TOKEN = 1, RETURN_BY_TEST, RETURN_BY_DIGEST };
enum { MESSAGE_BY_DIGEST = 1 };
enum { REQUEST_BY_ADDRESS = 1 };

/* ---- their description ------------------------------------------------------- */

enum column_type {
	COLUMN_INT, COLUMN_UINT,       /* of 1, 2, 4 or 8 bytes; kept as 64 bits with a sign */
	COLUMN_BOOL,
	COLUMN_REAL,
	COLUMN_TEXT,                   /* an array of char, ended by a NUL; size is its room */
	COLUMN_BLOB,                   /* a struct str */
	COLUMN_IP,                     /* family 0: none, NULL */
	COLUMN_PREFIX,
};
struct row_column {
	const char *name;
	enum column_type type;
	uint16_t offset, size;
};

enum { INDEX_COLUMNS_MAX = 4, ROW_INDEXES_MAX = 5, ROW_COLUMNS_MAX = 32, ROW_BYTES_MAX = 2048 };
/* Which rows an index holds. */
enum row_where { WHERE_ANY, WHERE_IS, WHERE_IS_NOT, WHERE_IS_SET };
struct row_index {
	const char *columns[INDEX_COLUMNS_MAX + 1];      /* in order, up to a NULL */
	bool unique;
	enum row_where where;                            /* …by the value of this column */
	const char *where_column;
	int64_t where_value;
};

/* The places have different writers and readers: a collector that is taken over cannot write the
 * list, and only the gateway can read the accounts. No transaction spans two. */
enum row_place { PLACE_LIST, PLACE_RETURNS, PLACE_ACCOUNTS, ROW_PLACES };

struct row_table {
	const char *name;
	enum row_place place;
	unsigned writers;              /* bits of store.h, any of which may write */
	bool numbered;                 /* the key is one number, which the backend gives */
	uint16_t size;                                   /* of the struct */
	uint8_t column_count, index_count;
	const struct row_column *columns;
	const struct row_index *indexes;                 /* [0] is the key */
};
extern const struct row_table row_tables[ROW_KINDS];

/* ---- generic over them ------------------------------------------------------- */

/* The column of that name, which must be there. */
const struct row_column *row_column(enum row_kind kind, const char *name);
/* How many columns an index has. */
unsigned row_index_width(const struct row_index *index);
/* Whether the index holds the row. */
bool row_index_holds(enum row_kind kind, const struct row_index *index, const void *row);
/* Numbers of any size: an INT, UINT or BOOL. */
int64_t row_number(const struct row_column *column, const void *row);
void row_number_set(const struct row_column *column, void *row, int64_t value);
/* Of two rows by one column, and by the first n columns of an index: <0, 0, >0. */
int row_column_cmp(const struct row_column *column, const void *a, const void *b);
int row_index_cmp(enum row_kind kind, const struct row_index *index, unsigned n, const void *a,
                  const void *b);

#endif
