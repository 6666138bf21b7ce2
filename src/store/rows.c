/* SPDX-License-Identifier: ISC
 *
 * The tables of rows.h, and how rows are compared by them.
 */
#include "store/rows.h"

#include "store/store.h"

#include <assert.h>

/* The type is the member's: an array of char decays to a pointer here. */
#define TYPE_OF(m) _Generic((m), \
	bool: COLUMN_BOOL, double: COLUMN_REAL, char *: COLUMN_TEXT, struct str: COLUMN_BLOB, \
	struct ip: COLUMN_IP, struct prefix: COLUMN_PREFIX, \
	int: COLUMN_INT, int64_t: COLUMN_INT, uint64_t: COLUMN_INT, \
	unsigned: COLUMN_UINT, uint16_t: COLUMN_UINT, uint8_t: COLUMN_UINT)
#define AS(T, text, m) \
	{ text, TYPE_OF(((T *)0)->m), (uint16_t)offsetof(T, m), (uint16_t)sizeof(((T *)0)->m) }
#define IN(T, m) AS(T, #m, m)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- consent ------------------------------------------------------------------ */

#define T struct permit
static const struct row_column permit_columns[] = {
	IN(T, id), IN(T, range), IN(T, consent), AS(T, "who", by), IN(T, created_s),
	IN(T, until_s),
};
#undef T
static const struct row_index permit_indexes[] = {
	{ { "id" }, .unique = true },
	[PERMIT_BY_RANGE] = { { "range" }, .unique = true },
};

#define T struct exclusion
static const struct row_column exclusion_columns[] = {
	IN(T, id), IN(T, range), AS(T, "who", by), IN(T, why), IN(T, created_s),
};
#undef T
static const struct row_index exclusion_indexes[] = {
	{ { "id" }, .unique = true },
	[EXCLUSION_BY_RANGE] = { { "range" }, .unique = true },
};

#define T struct nomination
static const struct row_column nomination_columns[] = {
	IN(T, id), IN(T, address), AS(T, "who", by), IN(T, reason), IN(T, consent),
	IN(T, created_s), IN(T, message),
};
#undef T
static const struct row_index nomination_indexes[] = {
	{ { "id" }, .unique = true },
	[NOMINATION_BY_ADDRESS] = { { "address", "id" } },
};

/* ---- tests -------------------------------------------------------------------- */

#define T struct test_row
static const struct row_column test_columns[] = {
	IN(T, key), AS(T, "id", t.id), AS(T, "address", t.target.ip),
	AS(T, "port", t.target.port), AS(T, "consent", t.consent), AS(T, "reason", t.reason),
	AS(T, "state", t.state), AS(T, "verdict", t.verdict), AS(T, "cause", t.cause),
	AS(T, "all_cases", t.all), AS(T, "who", t.who), AS(T, "reply_to", t.reply_to),
	AS(T, "message_id", t.message_id), AS(T, "tries", t.tries),
	AS(T, "created_s", t.created_s), AS(T, "not_before_s", t.not_before_s),
	AS(T, "started_s", t.started_s), AS(T, "finished_s", t.finished_s),
	AS(T, "wait_until_s", t.wait_until_s), IN(T, lease_until_s),
	AS(T, "seconds", t.seconds), IN(T, passed), AS(T, "evidence_id", t.evidence_id),
	IN(T, again), IN(T, again_who), IN(T, again_reply_to), IN(T, again_message_id),
	AS(T, "rounds", t.rounds),
	AS(T, "fruitless", t.fruitless), AS(T, "why", t.why), IN(T, holder),
};
#undef T
static const struct row_index test_indexes[] = {
	{ { "key" }, .unique = true },
	[TEST_BY_ID] = { { "id" }, .unique = true },
	[TEST_BY_TARGET] = { { "address", "port", "key" } },
	[TEST_LIVE] = { { "address", "port" }, true, WHERE_IS_NOT, "state", TEST_DONE },
	[TEST_DUE] = { { "not_before_s", "key" }, false, WHERE_IS_NOT, "state", TEST_DONE },
};

#define T struct intent_row
static const struct row_column intent_columns[] = {
	IN(T, test), IN(T, case_id), IN(T, attempt),
};
#undef T
static const struct row_index intent_indexes[] = {
	{ { "test", "case_id", "attempt" }, .unique = true },
};

#define T struct result_row
static const struct row_column result_columns[] = {
	IN(T, test), IN(T, n), AS(T, "case_id", r.id), AS(T, "attempt", r.attempt),
	AS(T, "stage", r.stage), AS(T, "code", r.code), AS(T, "enhanced", r.enhanced),
	AS(T, "text", r.text), AS(T, "accepted", r.accepted), AS(T, "refusal", r.refusal),
	AS(T, "returned", r.returned), AS(T, "bounced", r.bounced), AS(T, "output", r.output),
};
#undef T
static const struct row_index result_indexes[] = {
	{ { "test", "n" }, .unique = true },
};

/* ---- the list ----------------------------------------------------------------- */

#define T struct listing
static const struct row_column listing_columns[] = {
	IN(T, address), IN(T, reason), IN(T, since_s), IN(T, last_test_s), IN(T, recheck_s),
	IN(T, evidence_id), IN(T, by_operator), IN(T, seen_as), IN(T, known_as),
};
#undef T
static const struct row_index listing_indexes[] = {
	{ { "address" }, .unique = true },
	[LISTING_BY_RECHECK] = { { "recheck_s", "address" } },
	[LISTING_BY_WORD] = { { "address" }, false, WHERE_IS, "by_operator", 1 },
	[LISTING_BY_SEEN] = { { "address" }, false, WHERE_IS_SET, "seen_as", 0 },
};

#define T struct listed_range
static const struct row_column range_columns[] = {
	IN(T, range), IN(T, reason), IN(T, since_s),
};
#undef T
static const struct row_index range_indexes[] = {
	{ { "range" }, .unique = true },
};

#define T struct proof_row
static const struct row_column proof_columns[] = {
	IN(T, address), AS(T, "port", p.port), AS(T, "case_id", p.case_id),
	AS(T, "test_id", p.test_id), AS(T, "output", p.output), AS(T, "time_s", p.time_s),
};
#undef T
static const struct row_index proof_indexes[] = {
	{ { "address", "port", "case_id" }, .unique = true },
	[PROOF_BY_OUTPUT] = { { "output", "address", "port", "case_id" }, false, WHERE_IS_SET,
	                      "output", 0 },
};

#define T struct agreement_row
static const struct row_column agreement_columns[] = {
	IN(T, output), IN(T, who), IN(T, time_s),
};
#undef T
static const struct row_index agreement_indexes[] = {
	{ { "output" }, .unique = true },
};

#define T struct journal_entry
static const struct row_column journal_columns[] = {
	IN(T, serial), IN(T, action), IN(T, subject), IN(T, who), IN(T, why), IN(T, time_s),
};
#undef T
static const struct row_index journal_indexes[] = {
	{ { "serial" }, .unique = true },
	[JOURNAL_DELISTED] = { { "subject", "serial" }, false, WHERE_IS, "action",
	                       JOURNAL_DELIST },
};

#define T struct evidence_row
static const struct row_column evidence_columns[] = {
	IN(T, n), IN(T, id), IN(T, address), IN(T, time_s), IN(T, bundle),
};
#undef T
static const struct row_index evidence_indexes[] = {
	{ { "n" }, .unique = true },
	[EVIDENCE_BY_ID] = { { "id" }, .unique = true },
	[EVIDENCE_BY_ADDRESS] = { { "address", "n" } },
};

/* ---- upkeep ------------------------------------------------------------------- */

#define T struct scan_row
static const struct row_column scan_columns[] = {
	IN(T, key), IN(T, seed), IN(T, started_s), IN(T, ended_s),
};
#undef T
static const struct row_index scan_indexes[] = {
	{ { "key" }, .unique = true },
};

#define T struct cursor_row
static const struct row_column cursor_columns[] = {
	IN(T, name), IN(T, value),
};
#undef T
static const struct row_index cursor_indexes[] = {
	{ { "name" }, .unique = true },
};

#define T struct heartbeat_row
static const struct row_column heartbeat_columns[] = {
	IN(T, one), IN(T, time_s),
};
#undef T
static const struct row_index heartbeat_indexes[] = {
	{ { "one" }, .unique = true },
};

/* ---- reports ------------------------------------------------------------------ */

#define T struct report_row
static const struct row_column report_columns[] = {
	IN(T, n), AS(T, "id", r.id), AS(T, "state", r.state), AS(T, "source", r.source),
	AS(T, "relay", r.relay), AS(T, "network", r.network), AS(T, "contact", r.contact),
	AS(T, "contact_source", r.contact_source),
	AS(T, "contact_fetched_s", r.contact_fetched_s), AS(T, "incidents", r.incidents),
	AS(T, "told", r.told), AS(T, "day", r.day), AS(T, "created_s", r.created_s),
	AS(T, "sent_s", r.sent_s), AS(T, "changed_s", r.changed_s), AS(T, "why", r.why),
	AS(T, "message", r.message), AS(T, "xarf", r.xarf),
};
#undef T
static const struct row_index report_indexes[] = {
	{ { "n" }, .unique = true },
	[REPORT_BY_ID] = { { "id" }, .unique = true },
	[REPORT_BY_DAY] = { { "network", "day" }, .unique = true },
	[REPORT_BY_RELAY] = { { "relay", "n" }, false, WHERE_IS_SET, "relay", 0 },
};

#define T struct reported_row
static const struct row_column reported_columns[] = {
	IN(T, digest), IN(T, report),
};
#undef T
static const struct row_index reported_indexes[] = {
	{ { "digest" }, .unique = true },
};

#define T struct contact_row
static const struct row_column contact_columns[] = {
	IN(T, source), IN(T, first), IN(T, last), IN(T, fetched_s), IN(T, answer),
};
#undef T
static const struct row_index contact_indexes[] = {
	{ { "source", "first", "last" }, .unique = true },
};

#define T struct dead_contact
static const struct row_column dead_contact_columns[] = {
	IN(T, address), IN(T, why), IN(T, since_s),
};
#undef T
static const struct row_index dead_contact_indexes[] = {
	{ { "address" }, .unique = true },
};

#define T struct secret_row
static const struct row_column secret_columns[] = {
	IN(T, name), IN(T, secret),
};
#undef T
static const struct row_index secret_indexes[] = {
	{ { "name" }, .unique = true },
};

/* ---- accounts of the gateway --------------------------------------------------- */

#define T struct account
static const struct row_column account_columns[] = {
	IN(T, name), IN(T, hash), IN(T, scram), IN(T, mailbox), IN(T, locked), IN(T, uid),
	IN(T, created_s), IN(T, changed_s),
};
#undef T
static const struct row_index account_indexes[] = {
	{ { "name" }, .unique = true },
	[ACCOUNT_BY_UID] = { { "uid" }, true, WHERE_IS_NOT, "uid", ACCOUNT_NO_UID },
	[ACCOUNT_BY_MAILBOX] = { { "mailbox", "name" } },
};

#define T struct account_address
static const struct row_column account_address_columns[] = {
	IN(T, address), IN(T, account), IN(T, created_s),
};
#undef T
static const struct row_index account_address_indexes[] = {
	{ { "address" }, .unique = true },
	[ADDRESS_BY_ACCOUNT] = { { "account", "address" } },
};

/* ---- returns ------------------------------------------------------------------ */

#define T struct return_row
static const struct row_column return_columns[] = {
	AS(T, "id", r.id), AS(T, "test_id", r.test_id), AS(T, "case_id", r.case_id),
	AS(T, "attempt", r.attempt), AS(T, "kind", r.kind), AS(T, "marked", r.marked),
	AS(T, "peer", r.peer.ip), AS(T, "port", r.peer.port), AS(T, "time_s", r.time_s),
	AS(T, "token", r.token), AS(T, "helo", r.helo), AS(T, "mail_from", r.mail_from),
	AS(T, "rcpt_to", r.rcpt_to), IN(T, digest),
};
#undef T
static const struct row_index return_indexes[] = {
	{ { "id" }, .unique = true },
	[RETURN_BY_TOKEN] = { { "token", "id" } },
	[RETURN_BY_TEST] = { { "test_id", "id" } },
	[RETURN_BY_DIGEST] = { { "digest", "id" } },
};

#define T struct message_row
static const struct row_column message_columns[] = {
	IN(T, id), IN(T, digest), IN(T, bytes),
};
#undef T
static const struct row_index message_indexes[] = {
	{ { "id" }, .unique = true },
	[MESSAGE_BY_DIGEST] = { { "digest" }, .unique = true },
};

#define T struct retest_request
static const struct row_column request_columns[] = {
	IN(T, id), IN(T, address), IN(T, reply_to), IN(T, message_id), IN(T, time_s),
};
#undef T
static const struct row_index request_indexes[] = {
	{ { "id" }, .unique = true },
	[REQUEST_BY_ADDRESS] = { { "address", "id" } },
};

/* ---- the tables --------------------------------------------------------------- */

#define TABLE(text, where, who, struct_type, prefix, ...) { \
	.name = text, .place = where, .writers = (who), .size = sizeof(struct_type), \
	.columns = prefix##_columns, .column_count = COUNT(prefix##_columns), \
	.indexes = prefix##_indexes, .index_count = COUNT(prefix##_indexes), __VA_ARGS__ }

const struct row_table row_tables[ROW_KINDS] = {
	[ROW_PERMIT] = TABLE("permits", PLACE_LIST, STORE_CONSENT, struct permit, permit,
	                     .numbered = true),
	[ROW_EXCLUSION] = TABLE("exclusions", PLACE_LIST, STORE_CONSENT, struct exclusion,
	                        exclusion, .numbered = true),
	[ROW_NOMINATION] = TABLE("nominations", PLACE_LIST, STORE_TESTS, struct nomination,
	                         nomination, .numbered = true),
	[ROW_TEST] = TABLE("tests", PLACE_LIST, STORE_TESTS, struct test_row, test,
	                   .numbered = true),
	[ROW_INTENT] = TABLE("intents", PLACE_LIST, STORE_TESTS, struct intent_row, intent),
	[ROW_RESULT] = TABLE("results", PLACE_LIST, STORE_TESTS, struct result_row, result),
	[ROW_LISTING] = TABLE("listings", PLACE_LIST, STORE_LIST, struct listing, listing),
	[ROW_RANGE] = TABLE("listed_ranges", PLACE_LIST, STORE_CONSENT, struct listed_range,
	                    range),
	[ROW_PROOF] = TABLE("proofs", PLACE_LIST, STORE_LIST, struct proof_row, proof),
	[ROW_AGREEMENT] = TABLE("agreements", PLACE_LIST, STORE_LIST, struct agreement_row,
	                        agreement),
	[ROW_JOURNAL] = TABLE("journal", PLACE_LIST, STORE_CONSENT | STORE_TESTS | STORE_LIST,
	                      struct journal_entry, journal, .numbered = true),
	[ROW_EVIDENCE] = TABLE("evidence", PLACE_LIST, STORE_LIST, struct evidence_row, evidence,
	                       .numbered = true),
	[ROW_SCAN] = TABLE("scans", PLACE_LIST, STORE_TESTS, struct scan_row, scan),
	[ROW_CURSOR] = TABLE("cursors", PLACE_LIST, STORE_TESTS, struct cursor_row, cursor),
	[ROW_HEARTBEAT] = TABLE("heartbeat", PLACE_LIST, STORE_TESTS | STORE_LIST,
	                        struct heartbeat_row, heartbeat),
	[ROW_REPORT] = TABLE("reports", PLACE_LIST, STORE_REPORTS | STORE_LIST,
	                     struct report_row, report, .numbered = true),
	[ROW_REPORTED] = TABLE("report_messages", PLACE_LIST, STORE_REPORTS, struct reported_row,
	                       reported),
	[ROW_CONTACT] = TABLE("contact_cache", PLACE_LIST, STORE_REPORTS, struct contact_row,
	                      contact),
	[ROW_DEAD_CONTACT] = TABLE("dead_contacts", PLACE_LIST, STORE_REPORTS,
	                           struct dead_contact, dead_contact),
	[ROW_SECRET] = TABLE("secrets", PLACE_LIST, STORE_REPORTS, struct secret_row, secret),
	[ROW_ACCOUNT] = TABLE("accounts", PLACE_ACCOUNTS, STORE_ACCOUNTS, struct account, account),
	[ROW_ACCOUNT_ADDRESS] = TABLE("account_addresses", PLACE_ACCOUNTS, STORE_ACCOUNTS,
	                              struct account_address, account_address),
	[ROW_RETURN] = TABLE("returns", PLACE_RETURNS, STORE_RETURNS, struct return_row, return,
	                     .numbered = true),
	[ROW_MESSAGE] = TABLE("messages", PLACE_RETURNS, STORE_RETURNS, struct message_row,
	                      message, .numbered = true),
	[ROW_REQUEST] = TABLE("requests", PLACE_RETURNS, STORE_RETURNS, struct retest_request,
	                      request, .numbered = true),
};

static_assert(sizeof(struct return_row) <= ROW_BYTES_MAX, "the largest row");
static_assert(sizeof(struct report_row) <= ROW_BYTES_MAX, "the next");
static_assert(COUNT(test_columns) <= ROW_COLUMNS_MAX, "the most columns");

/* ---- by the tables ------------------------------------------------------------ */

const struct row_column *row_column(enum row_kind kind, const char *name)
{
	const struct row_table *table = &row_tables[kind];
	size_t i = 0;
	assert(kind < ROW_KINDS);
	while (i < table->column_count && strcmp(table->columns[i].name, name) != 0)
		i++;
	assert(i < table->column_count);
	return &table->columns[i];
}

unsigned row_index_width(const struct row_index *index)
{
	unsigned n = 0;
	while (index->columns[n])
		n++;
	assert(n > 0 && n <= INDEX_COLUMNS_MAX);
	return n;
}

int64_t row_number(const struct row_column *c, const void *row)
{
	const char *at = (const char *)row + c->offset;
	int64_t wide;
	int32_t narrow;
	uint32_t natural;
	uint16_t half;
	switch (c->size) {
	case 1: return *(const uint8_t *)at;
	case 2: memcpy(&half, at, sizeof(half)); return half;
	case 4:
		memcpy(&natural, at, sizeof(natural));
		memcpy(&narrow, at, sizeof(narrow));
		return c->type == COLUMN_INT ? (int64_t)narrow : (int64_t)natural;
	default:
		assert(c->size == sizeof(wide));
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
}

void row_number_set(const struct row_column *c, void *row, int64_t value)
{
	char *at = (char *)row + c->offset;
	uint32_t natural = (uint32_t)value;
	uint16_t half = (uint16_t)value;
	switch (c->size) {
	case 1: *(uint8_t *)at = c->type == COLUMN_BOOL ? value != 0 : (uint8_t)value; break;
	case 2: memcpy(at, &half, sizeof(half)); break;
	case 4: memcpy(at, &natural, sizeof(natural)); break;
	default:
		assert(c->size == sizeof(value));
		memcpy(at, &value, sizeof(value));
	}
}

static int bytes_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int by = n ? memcmp(a.p, b.p, n) : 0;
	return by ? by : (a.n > b.n) - (a.n < b.n);
}

static int real_cmp(const void *a, const void *b)
{
	double x, y;
	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

int row_column_cmp(const struct row_column *c, const void *row_a, const void *row_b)
{
	const void *a = (const char *)row_a + c->offset, *b = (const char *)row_b + c->offset;
	int64_t x, y;
	switch (c->type) {
	case COLUMN_TEXT: return bytes_cmp(str_of(a), str_of(b));
	case COLUMN_BLOB: return bytes_cmp(*(const struct str *)a, *(const struct str *)b);
	case COLUMN_IP: return ip_cmp(a, b);
	case COLUMN_PREFIX: return prefix_cmp(a, b);
	case COLUMN_REAL: return real_cmp(a, b);
	case COLUMN_INT: case COLUMN_UINT: case COLUMN_BOOL: break;
	}
	x = row_number(c, row_a);
	y = row_number(c, row_b);
	return (x > y) - (x < y);
}

int row_index_cmp(enum row_kind kind, const struct row_index *index, unsigned n, const void *a,
                  const void *b)
{
	int by = 0;
	assert(n <= row_index_width(index));
	for (unsigned i = 0; by == 0 && i < n; i++)
		by = row_column_cmp(row_column(kind, index->columns[i]), a, b);
	return by;
}

bool row_index_holds(enum row_kind kind, const struct row_index *index, const void *row)
{
	if (index->where == WHERE_ANY)
		return true;
	const struct row_column *c = row_column(kind, index->where_column);
	if (index->where == WHERE_IS_SET) {
		assert(c->type == COLUMN_IP);
		const void *ip = (const char *)row + c->offset;
		return ((const struct ip *)ip)->family != 0;
	}
	return (row_number(c, row) == index->where_value) == (index->where == WHERE_IS);
}
