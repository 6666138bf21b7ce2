/* SPDX-License-Identifier: ISC
 *
 * The tables, as steps from one version to the next. A step that has been released is
 * never changed: a change is a new step at the end. All steps that are missing run in
 * one transaction.
 *
 * Addresses are blobs: the family, then the bytes, so that they sort as ip_cmp() does;
 * a range has its length behind that. Times are Unix seconds. Enumerations are the
 * numbers of types.h.
 */
#include "sqlite/sqlite-private.h"

#include <assert.h>

static const char main_1[] =
	"CREATE TABLE permits ("
	" id INTEGER PRIMARY KEY, range BLOB NOT NULL UNIQUE, consent INTEGER NOT NULL,"
	" who TEXT NOT NULL, created_s INTEGER NOT NULL, until_s INTEGER NOT NULL) STRICT;"

	"CREATE TABLE exclusions ("
	" id INTEGER PRIMARY KEY, range BLOB NOT NULL UNIQUE, who TEXT NOT NULL,"
	" why TEXT NOT NULL, created_s INTEGER NOT NULL) STRICT;"

	"CREATE TABLE nominations ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, address BLOB NOT NULL, who TEXT NOT NULL,"
	" reason TEXT NOT NULL, consent INTEGER NOT NULL, created_s INTEGER NOT NULL,"
	" message BLOB NOT NULL) STRICT;"
	"CREATE INDEX nominations_address ON nominations (address);"

	/* A test; `key` only grows. A target has one that has not ended (state 3). */
	"CREATE TABLE tests ("
	" key INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
	" address BLOB NOT NULL, port INTEGER NOT NULL, consent INTEGER NOT NULL,"
	" reason INTEGER NOT NULL, state INTEGER NOT NULL, verdict INTEGER NOT NULL,"
	" all_cases INTEGER NOT NULL, who TEXT NOT NULL, reply_to TEXT NOT NULL,"
	" tries INTEGER NOT NULL, created_s INTEGER NOT NULL, not_before_s INTEGER NOT NULL,"
	" started_s INTEGER NOT NULL, finished_s INTEGER NOT NULL,"
	" wait_until_s INTEGER NOT NULL, lease_until_s INTEGER NOT NULL,"
	" seconds REAL NOT NULL, passed INTEGER NOT NULL, evidence_id TEXT NOT NULL,"
	/* A retest asked for while it is under way: on which consent (0: none), by whom. */
	" again INTEGER NOT NULL DEFAULT 0, again_who TEXT NOT NULL DEFAULT '',"
	" again_reply_to TEXT NOT NULL DEFAULT '') STRICT;"
	"CREATE INDEX tests_target ON tests (address, port);"
	"CREATE UNIQUE INDEX tests_live ON tests (address, port) WHERE state <> 3;"
	"CREATE INDEX tests_due ON tests (not_before_s) WHERE state <> 3;"

	/* Written before a probe's body is sent. */
	"CREATE TABLE intents ("
	" test INTEGER NOT NULL REFERENCES tests ON DELETE CASCADE,"
	" case_id TEXT NOT NULL, attempt INTEGER NOT NULL,"
	" PRIMARY KEY (test, case_id, attempt)) STRICT, WITHOUT ROWID;"

	"CREATE TABLE results ("
	" test INTEGER NOT NULL REFERENCES tests ON DELETE CASCADE, n INTEGER NOT NULL,"
	" case_id TEXT NOT NULL, attempt INTEGER NOT NULL, stage INTEGER NOT NULL,"
	" code INTEGER NOT NULL, enhanced TEXT NOT NULL, text TEXT NOT NULL,"
	" accepted INTEGER NOT NULL, refused INTEGER NOT NULL, returned INTEGER NOT NULL,"
	" bounced INTEGER NOT NULL, output BLOB,"
	" PRIMARY KEY (test, n)) STRICT, WITHOUT ROWID;"

	"CREATE TABLE listings ("
	" address BLOB PRIMARY KEY, reason TEXT NOT NULL, since_s INTEGER NOT NULL,"
	" last_test_s INTEGER NOT NULL, recheck_s INTEGER NOT NULL,"
	" evidence_id TEXT NOT NULL, by_operator INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX listings_recheck ON listings (recheck_s);"

	/* What stands against a listed address. */
	"CREATE TABLE proofs ("
	" address BLOB NOT NULL REFERENCES listings ON DELETE CASCADE, port INTEGER NOT NULL,"
	" case_id TEXT NOT NULL, test_id TEXT NOT NULL, output BLOB, time_s INTEGER NOT NULL,"
	" PRIMARY KEY (address, port, case_id)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX proofs_output ON proofs (output) WHERE output IS NOT NULL;"

	/* Outputs that the operator agreed to publish. */
	"CREATE TABLE agreements ("
	" output BLOB PRIMARY KEY, who TEXT NOT NULL, time_s INTEGER NOT NULL)"
	" STRICT, WITHOUT ROWID;"

	"CREATE TABLE journal ("
	" serial INTEGER PRIMARY KEY AUTOINCREMENT, action INTEGER NOT NULL,"
	" subject BLOB NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL,"
	" time_s INTEGER NOT NULL) STRICT;"

	"CREATE TABLE evidence ("
	" n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, address BLOB NOT NULL,"
	" time_s INTEGER NOT NULL, bundle BLOB NOT NULL) STRICT;"
	"CREATE INDEX evidence_address ON evidence (address);"

	"CREATE TABLE scans ("
	" key TEXT PRIMARY KEY, seed INTEGER NOT NULL, started_s INTEGER NOT NULL,"
	" ended_s INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

	"CREATE TABLE cursors ("
	" name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;";

static const char main_2[] =
	"CREATE TABLE reports ("
	" n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, state INTEGER NOT NULL,"
	" source BLOB NOT NULL, relay BLOB, network TEXT NOT NULL, contact TEXT NOT NULL,"
	" contact_source TEXT NOT NULL, contact_fetched_s INTEGER NOT NULL,"
	" incidents INTEGER NOT NULL, told INTEGER NOT NULL, day INTEGER NOT NULL,"
	" created_s INTEGER NOT NULL, sent_s INTEGER NOT NULL, changed_s INTEGER NOT NULL,"
	" why TEXT NOT NULL, message BLOB NOT NULL, xarf BLOB NOT NULL,"
	" UNIQUE (network, day)) STRICT;"
	"CREATE INDEX reports_relay ON reports (relay) WHERE relay IS NOT NULL;"

	/* The messages that were reported, each once. */
	"CREATE TABLE report_messages ("
	" digest BLOB PRIMARY KEY, report INTEGER NOT NULL REFERENCES reports ON DELETE CASCADE)"
	" STRICT, WITHOUT ROWID;"

	/* What sources said of ranges of addresses. */
	"CREATE TABLE contact_cache ("
	" source TEXT NOT NULL, first BLOB NOT NULL, last BLOB NOT NULL,"
	" fetched_s INTEGER NOT NULL, answer BLOB NOT NULL,"
	" PRIMARY KEY (source, first, last)) STRICT;"

	"CREATE TABLE dead_contacts ("
	" address TEXT PRIMARY KEY, why TEXT NOT NULL, since_s INTEGER NOT NULL)"
	" STRICT, WITHOUT ROWID;"

	"CREATE TABLE secrets ("
	" name TEXT PRIMARY KEY, secret BLOB NOT NULL) STRICT, WITHOUT ROWID;";

/* When an address left the list: evidence is kept for some time after that. */
static const char main_3[] =
	"CREATE INDEX journal_delisted ON journal (subject) WHERE action = 1;";

/* Which database it is, for who has it open (place.c). */
#define META \
	"CREATE TABLE IF NOT EXISTS meta (" \
	" name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;" \
	"INSERT OR IGNORE INTO meta (name, value) VALUES ('identity', randomblob(16));"
static const char main_4[] = META;

/* The clock's heartbeat, one row (store/clock.c); what only the operator's word keeps listed.
 * The reason of a word was overwritten by a proof's once: the journal has it still. */
static const char main_5[] =
	"CREATE TABLE heartbeat ("
	" one INTEGER PRIMARY KEY CHECK (one = 1), time_s INTEGER NOT NULL) STRICT;"
	"CREATE INDEX listings_word ON listings (address) WHERE by_operator = 1;"
	"UPDATE listings SET reason = coalesce((SELECT why FROM journal AS j WHERE j.action = 0"
	" AND j.who NOT LIKE 'test %' AND length(j.subject) = length(listings.address) + 1"
	" AND substr(j.subject, 1, length(listings.address)) = listings.address"
	" ORDER BY j.serial DESC LIMIT 1), reason) WHERE by_operator = 1;";

/* A test goes on in rounds; a refusal has a kind; what could not be decided has a reason. */
static const char main_6[] =
	"ALTER TABLE results RENAME COLUMN refused TO refusal;"
	"ALTER TABLE tests ADD COLUMN rounds INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE tests ADD COLUMN fruitless INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE tests ADD COLUMN why TEXT NOT NULL DEFAULT '';";

/* Which process holds the lease. */
static const char main_7[] = "ALTER TABLE tests ADD COLUMN holder TEXT NOT NULL DEFAULT '';";

/* Ranges on the list. */
static const char main_8[] =
	"CREATE TABLE listed_ranges ("
	" range BLOB PRIMARY KEY, reason TEXT NOT NULL, since_s INTEGER NOT NULL)"
	" STRICT, WITHOUT ROWID;";

/* Why a host could not be reached; which mail asked for a retest. */
static const char main_9[] =
	"ALTER TABLE tests ADD COLUMN cause INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE tests ADD COLUMN message_id TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE tests ADD COLUMN again_message_id TEXT NOT NULL DEFAULT '';";

/* By which address a listed host saw us. */
static const char main_10[] =
	"ALTER TABLE listings ADD COLUMN seen_as BLOB;"
	"ALTER TABLE listings ADD COLUMN known_as BLOB;"
	"CREATE INDEX listings_seen ON listings (address) WHERE seen_as IS NOT NULL;";

/* Accounts of the mail gateway: whose an address, a mailbox and a user of the system is. */
#define ACCOUNTS \
	"CREATE TABLE accounts (" \
	" name TEXT PRIMARY KEY, hash TEXT NOT NULL, scram TEXT NOT NULL, mailbox TEXT NOT NULL," \
	" locked INTEGER NOT NULL, uid INTEGER NOT NULL, created_s INTEGER NOT NULL," \
	" changed_s INTEGER NOT NULL) STRICT, WITHOUT ROWID;" \
	"CREATE UNIQUE INDEX accounts_uid ON accounts (uid) WHERE uid <> -1;" \
	"CREATE INDEX accounts_mailbox ON accounts (mailbox);" \
	"CREATE TABLE account_addresses (" \
	" address TEXT PRIMARY KEY," \
	" account TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE," \
	" created_s INTEGER NOT NULL) STRICT, WITHOUT ROWID;" \
	"CREATE INDEX account_addresses_account ON account_addresses (account);"
static const char main_11[] = ACCOUNTS;
static const char accounts_1[] = META ACCOUNTS;

/* They have a file of their own, which no other role reads. No byte of them stays in this one. */
static const char main_12[] =
	"PRAGMA secure_delete = ON;"
	"DROP TABLE account_addresses; DROP TABLE accounts;"
	"PRAGMA secure_delete = OFF;";

static const char returns_1[] =
	"CREATE TABLE returns ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, test_id TEXT NOT NULL, case_id TEXT NOT NULL,"
	" attempt INTEGER NOT NULL, kind INTEGER NOT NULL, marked INTEGER NOT NULL,"
	" peer BLOB, port INTEGER NOT NULL, time_s INTEGER NOT NULL, token TEXT NOT NULL,"
	" helo TEXT NOT NULL, mail_from TEXT NOT NULL, rcpt_to TEXT NOT NULL,"
	" message BLOB NOT NULL) STRICT;"
	"CREATE INDEX returns_token ON returns (token);"
	"CREATE INDEX returns_test ON returns (test_id);"

	"CREATE TABLE requests ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, address BLOB NOT NULL,"
	" reply_to TEXT NOT NULL, time_s INTEGER NOT NULL) STRICT;"
	"CREATE INDEX requests_address ON requests (address);";

static const char returns_2[] = META;

/* A message that came back for many tokens is kept once, and goes with the last of its rows. Its
 * key is its SHA-256; of what an older version kept, the number of its row. */
static const char returns_3[] =
	"CREATE TABLE messages ("
	" id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL) STRICT;"
	"INSERT INTO messages (digest, bytes) SELECT CAST(id AS BLOB), message FROM returns;"
	"ALTER TABLE returns RENAME COLUMN message TO digest;"
	"UPDATE returns SET digest = CAST(id AS BLOB);"
	"CREATE INDEX returns_digest ON returns (digest);"
	"CREATE TRIGGER returns_gone AFTER DELETE ON returns"
	" WHEN NOT EXISTS (SELECT 1 FROM returns WHERE digest = OLD.digest)"
	" BEGIN DELETE FROM messages WHERE digest = OLD.digest; END;";

/* Who removes a row removes its message (store/returns.c): the rule stands there alone. */
static const char returns_4[] = "DROP TRIGGER returns_gone;";

static const char returns_5[] =
	"ALTER TABLE requests ADD COLUMN message_id TEXT NOT NULL DEFAULT '';";

static const struct migration main_steps[] = {
	{ 1, main_1 }, { 2, main_2 }, { 3, main_3 }, { 4, main_4 }, { 5, main_5 }, { 6, main_6 },
	{ 7, main_7 }, { 8, main_8 }, { 9, main_9 },
	{ 10, main_10 }, { 11, main_11 }, { 12, main_12, accounts_move },
};
static const struct migration returns_steps[] = {
	{ 1, returns_1 }, { 2, returns_2 }, { 3, returns_3 }, { 4, returns_4 },
	{ 5, returns_5 },
};

static const struct migration accounts_steps[] = { { 1, accounts_1 } };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
/* The application ids ("PRTV", "PRTR", "PRTA") tell our files from others' databases. */
const struct schema main_schema = { 0x50525456, 0640, main_steps, COUNT(main_steps) };
const struct schema returns_schema = { 0x50525452, 0640, returns_steps, COUNT(returns_steps) };
const struct schema accounts_schema = { 0x50525441, 0600, accounts_steps, COUNT(accounts_steps) };

static int pragma_int(struct db *db, const char *text, int64_t *value)
{
	struct query q = query(db, text);
	int e = query_one(&q);
	if (e != ERR_OK)
		return e;
	*value = col_int(&q);
	return query_end(&q);
}

static int refuse(struct db *db, int err, const char *text, int64_t found, int ours)
{
	buf_clear(db->message);
	buf_printf(db->message, "%s: %s (found %lld, this program has %d)", db->path, text,
	           (long long)found, ours);
	return err;
}

static int table_count(struct db *db, int64_t *n)
{
	return pragma_int(db, "SELECT count(*) FROM sqlite_schema", n);
}

/* *version: 0 for a file without tables. */
static int version_check(struct db *db, const struct schema *schema, int64_t *version)
{
	int newest = schema->steps[schema->step_count - 1].version;
	assert(newest == (int)schema->step_count);
	int64_t application = 0, tables = 0;
	int e = pragma_int(db, "PRAGMA application_id", &application);
	if (e == ERR_OK)
		e = pragma_int(db, "PRAGMA user_version", version);
	if (e == ERR_OK)
		e = table_count(db, &tables);
	if (e != ERR_OK)
		return e;
	if (application != schema->application_id && (application || *version || tables))
		return refuse(db, ERR_CORRUPT, "another program's database: application id",
		              application, schema->application_id);
	if (*version > newest)
		return refuse(db, ERR_UNSUPPORTED, "written by a newer version: schema", *version,
		              newest);
	return ERR_OK;
}

static int step(struct db *db, const struct migration *m)
{
	int e = m->first ? m->first(db) : ERR_OK;
	return e == ERR_OK ? db_exec(db, m->sql) : e;
}

static int migrate(struct db *db, const struct schema *schema)
{
	int64_t version = 0;
	int e = version_check(db, schema, &version);    /* again: another may have been faster */
	for (size_t i = 0; e == ERR_OK && i < schema->step_count; i++)
		if (schema->steps[i].version > version)
			e = step(db, &schema->steps[i]);
	if (e != ERR_OK)
		return e;
	struct buf sql = { 0 };
	buf_printf(&sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
	           schema->application_id, schema->steps[schema->step_count - 1].version);
	assert(sqlite3_txn_state(db->h, "main") == SQLITE_TXN_WRITE);
	e = db_exec(db, buf_cstr(&sql));
	buf_fini(&sql);
	return e;
}

int schema_apply(struct db *db, const struct schema *schema)
{
	int newest = schema->steps[schema->step_count - 1].version;
	int64_t version = 0;
	/* One view of all that is looked at: another process may just be making the tables. */
	int e = db_begin_read(db);
	if (e == ERR_OK)
		e = db_end(db, version_check(db, schema, &version));
	if (e != ERR_OK || version == newest)
		return e;
	if (!db->writable)
		return refuse(db, ERR_UNSUPPORTED,
		              "written by an older version; run a command that writes, as "
		              "\"portreeve run\" does: schema",
		              version, newest);
	e = db_begin(db);
	if (e == ERR_OK)
		e = db_end(db, migrate(db, schema));
	/* The identity is to stand in the file itself, and what was dropped nowhere. */
	if (e == ERR_OK)
		sqlite3_wal_checkpoint_v2(db->h, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return e;
}
