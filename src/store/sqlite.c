/* SPDX-License-Identifier: ISC
 *
 * Opening and closing the embedded store, and which function does what.
 */
#include "store/sqlite.h"

#include "store/sqlite-operations-private.h"

#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_FILE "portreeve.db"
#define SERIAL_FILE "serial"

static void sqlite_close(struct store *st)
{
	struct sqlite_store *s = sqlite_of(st);
	if (s->main.h)
		db_close(&s->main);
	if (s->returns.h)
		db_close(&s->returns);
	free(s->returns_path);
	store_fini(st);
	free(s);
}

static unsigned capabilities(enum store_role role)
{
	static const unsigned all[] = {
		[STORE_ADMIN] = STORE_ALL,
		[STORE_TESTER] = STORE_TESTS | STORE_LIST, [STORE_COLLECTOR] = STORE_RETURNS,
		[STORE_DNSBL] = 0,
	};
	return all[role];
}

static const struct backend_ops backend_ops = { .close = sqlite_close };

static const struct store_ops sqlite_ops = {
	.close = sqlite_close,
	.clock_look = sqlite_clock_look, .clock_beat = sqlite_clock_beat,
	.clock_accept = sqlite_clock_accept,
	.permit_add = sqlite_permit_add, .permit_remove = sqlite_permit_remove,
	.exclusion_add = sqlite_exclusion_add, .exclusion_remove = sqlite_exclusion_remove,
	.permits = sqlite_permits, .exclusions = sqlite_exclusions, .consent = sqlite_consent,
	.nominate = sqlite_nominate, .nominations = sqlite_nominations,
	.test_add = sqlite_test_add, .test_lease = sqlite_test_lease,
	.test_lease_one = sqlite_test_lease_one, .test_renew = sqlite_test_renew,
	.test_reopen = sqlite_test_reopen,
	.test_release = sqlite_test_release, .test_intend = sqlite_test_intend,
	.test_put_off = sqlite_test_put_off, .test_due = sqlite_test_due,
	.test_wait = sqlite_test_wait, .test_results = sqlite_test_results,
	.test_get = sqlite_test_get, .test_last = sqlite_test_last, .tests = sqlite_tests,
	.test_finish = sqlite_test_finish,
	.scan_begin = sqlite_scan_begin, .scan_end = sqlite_scan_end,
	.returns_add = sqlite_returns_add, .returns_after = sqlite_returns_after,
	.returns_of = sqlite_returns_of, .request_add = sqlite_request_add,
	.requests_after = sqlite_requests_after,
	.cursor_get = sqlite_cursor_get, .cursor_set = sqlite_cursor_set,
	.listing_get = sqlite_listing_get, .listings = sqlite_listings, .proofs = sqlite_proofs,
	.list = sqlite_list, .delist = sqlite_delist, .retest = sqlite_retest,
	.rechecks = sqlite_rechecks, .words = sqlite_words, .outputs = sqlite_outputs,
	.output_agree = sqlite_output_agree, .serial = sqlite_serial, .journal = sqlite_journal,
	.snapshot = sqlite_snapshot, .evidence_get = sqlite_evidence_get,
	.evidence_of = sqlite_evidence_of, .expire = sqlite_expire, .backup = sqlite_backup,
	.check = sqlite_check,
	.report_find = sqlite_report_find, .report_save = sqlite_report_save,
	.report_get = sqlite_report_get, .reports = sqlite_reports,
	.report_become = sqlite_report_become,
	.contact_get = sqlite_contact_get, .contact_put = sqlite_contact_put,
	.contact_bury = sqlite_contact_bury, .contacts_dead = sqlite_contacts_dead,
	.secret = sqlite_secret,
};

static int fail_at(struct sqlite_store *s, const char *path, int errnum)
{
	return store_fail(&s->base, file_err(errnum), "%s: %s", path, strerror(errnum));
}

/* The state directory is ours, or we are not root. */
static int check_directory(struct sqlite_store *s, const char *state)
{
	struct stat st;
	if (stat(state, &st) != 0)
		return fail_at(s, state, errno);
	if (geteuid() != 0 || st.st_uid == 0)
		return ERR_OK;
	return store_fail(&s->base, ERR_DENIED, "%s: root does not open what belongs to user id %u",
	                  state, (unsigned)st.st_uid);
}

/* Below it is the one that the collector alone writes. */
static int make_returns(struct sqlite_store *s, const char *state)
{
	struct stat st;
	char *returns = mem_printf("%s/returns", state);
	int e = ERR_OK;
	if (!s->base.only_reads && mkdir(returns, 0750) != 0 && errno != EEXIST)
		e = fail_at(s, returns, errno);
	else if (lstat(returns, &st) == 0 && !S_ISDIR(st.st_mode))
		e = store_fail(&s->base, ERR_INVALID, "%s: expected a directory and no link", returns);
	free(returns);
	return e;
}

static int ready_directories(struct sqlite_store *s, const char *state)
{
	int e = ERR_OK;
	if (s->base.role != STORE_DNSBL && !s->base.only_reads && file_mkdirs(state, 0750) != ERR_OK)
		return store_fail(&s->base, file_err(errno), "%s: the state directory cannot be made (%s)",
		                  state, strerror(errno));
	e = check_directory(s, state);
	return e == ERR_OK && s->base.role != STORE_DNSBL ? make_returns(s, state) : e;
}

/* Each role's files: the commands write both, the tester the list, the collector the
 * returns. What a role does not write it opens so that it cannot. */
static int open_files(struct sqlite_store *s, const char *directory)
{
	enum store_role role = s->base.role;
	bool list = role == STORE_ADMIN || role == STORE_TESTER;
	bool returns = role == STORE_ADMIN || role == STORE_COLLECTOR;
	char *path = mem_printf("%s/" LIST_FILE, directory);
	char *serial = mem_printf("%s/" SERIAL_FILE, directory);
	int e = db_open(&s->main, path, list, &main_schema, &s->base.message);
	if (e == ERR_OK && list)
		e = serial_open(&s->main, serial);
	if (e == ERR_OK && list)
		e = serial_match(&s->main);
	free(serial);
	free(path);
	if (e == ERR_OK && returns)
		e = db_open(&s->returns, s->returns_path, true, &returns_schema, &s->base.message);
	/* A sandbox may keep a role from coming to it later. */
	bool there = false;
	if (e == ERR_OK && list)
		e = returns_ready(s, &there);
	return e == ERR_OK && there ? returns_match(s) : e;
}

int sqlite_check(struct store *st)
{
	struct sqlite_store *s = sqlite_of(st);
	int e = place_check_all(&s->main, "SELECT coalesce(max(serial), 0) FROM journal",
	                        &s->serial_seen);
	if (e == ERR_OK && s->returns.h)
		e = place_check_all(&s->returns, "SELECT coalesce(sum(seq), 0)"
		                    " FROM sqlite_sequence", &s->returns_seen);
	return e;
}

void store_sqlite_files(const char *state_directory, char *paths[static STORE_SQLITE_FILES])
{
	static const char *const suffix[STORE_SQLITE_FILES] = { "", "-wal", "-shm" };
	for (size_t i = 0; i < STORE_SQLITE_FILES; i++)
		paths[i] = mem_printf("%s/" LIST_FILE "%s", state_directory, suffix[i]);
}

bool store_sqlite_exists(const char *state_directory)
{
	char *path = mem_printf("%s/" LIST_FILE, state_directory);
	struct stat st;
	bool there = lstat(path, &st) == 0;
	free(path);
	return there;
}

static int open_to_read(struct sqlite_store *s, const char *directory)
{
	bool there;
	char *name = mem_printf("%s/" LIST_FILE, directory);
	int e = db_open_to_read(&s->main, name, &main_schema, &s->base.message);
	free(name);
	return e == ERR_OK ? returns_ready(s, &there) : e;
}

static int open_store(const char *directory, enum store_role role, bool only_reads,
                      struct store **st, struct buf *message)
{
	struct sqlite_store *s = mem_zalloc(sizeof(*s));
	s->base.old = &sqlite_ops;
	s->base.role = (int)role;
	store_init(&s->base, &backend_ops, capabilities(role));
	s->returns_path = mem_printf("%s/returns/returns.db", directory);
	s->base.only_reads = only_reads;
	*st = NULL;

	int e = ready_directories(s, directory);
	if (e == ERR_OK)
		e = only_reads ? open_to_read(s, directory) : open_files(s, directory);
	if (e == ERR_OK) {
		*st = &s->base;
		return ERR_OK;
	}
	buf_add_str(message, buf_str(&s->base.message));
	sqlite_close(&s->base);
	return e;
}

int store_sqlite_open(const char *state_directory, enum store_role role, struct store **st,
                      struct buf *message)
{
	return open_store(state_directory, role, false, st, message);
}

int store_sqlite_open_to_read(const char *state_directory, struct store **st,
                              struct buf *message)
{
	return open_store(state_directory, STORE_ADMIN, true, st, message);
}
