/* SPDX-License-Identifier: ISC
 *
 * Opening and closing the embedded store, and which function does what.
 */
#include "store/sqlite.h"

#include "store/sqlite-private.h"

#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_FILE "portreeve.db"

int store_fail(struct sqlite_store *s, int err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	buf_clear(&s->base.message);
	buf_vprintf(&s->base.message, fmt, ap);
	va_end(ap);
	return err;
}

static void sqlite_close(struct store *st)
{
	struct sqlite_store *s = sqlite_of(st);
	arena_fini(&s->consents.arena);
	if (s->main.h)
		db_close(&s->main);
	if (s->returns.h)
		db_close(&s->returns);
	free(s->returns_path);
	buf_fini(&st->message);
	free(s);
}

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
	.report_find = sqlite_report_find, .report_save = sqlite_report_save,
	.report_get = sqlite_report_get, .reports = sqlite_reports,
	.report_become = sqlite_report_become,
	.contact_get = sqlite_contact_get, .contact_put = sqlite_contact_put,
	.contact_bury = sqlite_contact_bury, .contacts_dead = sqlite_contacts_dead,
	.secret = sqlite_secret,
};

/* The state directory, and below it the one that the collector alone writes. Root makes
 * it for whoever owns the state directory. */
static int make_directories(struct sqlite_store *s, const char *state)
{
	char *returns = mem_printf("%s/returns", state);
	struct stat owner;
	int e = file_mkdirs(state, 0750);
	if (e == ERR_OK && mkdir(returns, 0750) == 0) {
		if (geteuid() == 0 && (stat(state, &owner) != 0 ||
		                       chown(returns, owner.st_uid, owner.st_gid) != 0))
			e = file_err(errno);
	} else if (e == ERR_OK && errno != EEXIST) {
		e = file_err(errno);
	}
	free(returns);
	if (e != ERR_OK)
		return store_fail(s, e, "%s: the state directory cannot be made (%s)", state,
		                  strerror(errno));
	return ERR_OK;
}

/* Each role's files: the commands write both, the tester the list, the collector the
 * returns. What a role does not write it opens so that it cannot. */
static int open_files(struct sqlite_store *s, const char *directory)
{
	enum store_role role = s->base.role;
	bool list = role == STORE_ADMIN || role == STORE_TESTER;
	bool returns = role == STORE_ADMIN || role == STORE_COLLECTOR;
	char *path = mem_printf("%s/" LIST_FILE, directory);
	int e = db_open(&s->main, path, list, &main_schema, &s->base.message);
	free(path);
	if (e == ERR_OK && returns)
		e = db_open(&s->returns, s->returns_path, true, &returns_schema, &s->base.message);
	/* A sandbox may keep a role from coming to it later. */
	bool there;
	if (e == ERR_OK && role == STORE_TESTER)
		e = returns_ready(s, &there);
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
	bool there = faccessat(AT_FDCWD, path, F_OK, AT_EACCESS) == 0;
	free(path);
	return there;
}

int store_sqlite_open(const char *state_directory, enum store_role role, struct store **st,
                      struct buf *message)
{
	struct sqlite_store *s = mem_zalloc(sizeof(*s));
	s->base.ops = &sqlite_ops;
	s->base.role = role;
	store_set_rules(&s->base, &fuse_default, STORE_CLOCK_JUMP_MAX_S);
	s->returns_path = mem_printf("%s/returns/returns.db", state_directory);
	*st = NULL;

	int e = role == STORE_DNSBL ? ERR_OK : make_directories(s, state_directory);
	if (e == ERR_OK)
		e = open_files(s, state_directory);
	if (e == ERR_OK) {
		*st = &s->base;
		return ERR_OK;
	}
	buf_add_str(message, buf_str(&s->base.message));
	sqlite_close(&s->base);
	return e;
}
