/* SPDX-License-Identifier: ISC
 *
 * The highest serial that was ever given out, kept outside the database as well: in the file
 * STATE/serial, which a backup does not have. Who restores an older list gets back an older
 * serial with it; those who followed the list would wait until it has passed what they saw. So
 * the next entry of the journal, which says what has happened, has a serial above the highest.
 *
 * Written after each commit that has a new serial. A kill between the two leaves a number that
 * is too low: the next who opens the list mends it. Who follows the list is woken by the writing.
 */
#include "sqlite/sqlite-private.h"

#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIGITS = 20, LINE = DIGITS + 1 };

static int fail(struct db *db, int err, const char *what)
{
	buf_clear(db->message);
	buf_printf(db->message, "%s, file \"serial\" beside it: %s", db->path, what);
	return err;
}

/* Of the file; 0 if it is empty. */
static int read_highest(struct db *db, int64_t *highest)
{
	char line[LINE + 1];
	uint64_t value = 0;
	ssize_t n = pread(db->serial_fd, line, sizeof(line), 0);
	if (n < 0)
		return fail(db, file_err(errno), strerror(errno));
	struct str digits = str_trim((struct str){ line, (size_t)n });
	while (digits.n > 1 && digits.p[0] == '0')
		digits = str_from(digits, 1);
	if (n > 0 && str_u64(digits, INT64_MAX - 1, &value) != ERR_OK)
		return fail(db, ERR_CORRUPT, "expected the highest serial, a number; remove the "
		            "file if that is lost");
	assert(value < INT64_MAX);
	*highest = (int64_t)value;
	return ERR_OK;
}

int serial_open(struct db *db, const char *path)
{
	struct stat st;
	db->serial_fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	if (db->serial_fd >= 0 && fstat(db->serial_fd, &st) == 0 && S_ISREG(st.st_mode))
		return ERR_OK;
	int errnum = db->serial_fd < 0 && errno != ELOOP ? errno : 0;
	serial_close(db);
	return errnum ? fail(db, file_err(errnum), strerror(errnum))
		: fail(db, ERR_INVALID, "expected a regular file, no link and no pipe");
}

void serial_close(struct db *db)
{
	if (db->serial_fd >= 0)
		close(db->serial_fd);
	db->serial_fd = -1;
}

int serial_news(const char *path)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fd >= 0 && inotify_add_watch(fd, path, IN_MODIFY | IN_DONT_FOLLOW) >= 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* What cannot be written now is written after the next commit. */
void serial_keep(struct db *db)
{
	char line[LINE + 1];
	int64_t highest = 0;
	assert(sqlite3_get_autocommit(db->h));
	if (db->serial_fd < 0 || db->serial <= db->serial_kept)
		return;
	int n = snprintf(line, sizeof(line) , "%0*lld\n", DIGITS, (long long)db->serial);
	assert(n == LINE);
	if (file_lock(db->serial_fd) != ERR_OK)
		return;
	bool kept = read_highest(db, &highest) == ERR_OK &&
	            (highest >= db->serial ||
	             (pwrite(db->serial_fd, line, LINE, 0) == LINE &&
	              fdatasync(db->serial_fd) == 0));
	flock(db->serial_fd, LOCK_UN);
	if (kept)
		db->serial_kept = db->serial;
}

int serial_own(struct db *db, int64_t *serial)
{
	struct query q = query(db, "SELECT coalesce(max(serial), 0) FROM journal");
	int e = query_one(&q);
	if (e != ERR_OK)
		return e;
	*serial = col_int(&q);
	return query_end(&q);
}

static int add_restored(struct db *db, int64_t own, int64_t highest, int64_t now_s)
{
	static const struct prefix all = { .ip = { .family = 6 } };
	char why[WHY_MAX];
	assert(own < highest && highest < INT64_MAX);
	snprintf(why, sizeof(why), "an older list was restored: its serial was %lld, and %lld had "
	         "been given out", (long long)own, (long long)highest);
	struct query q = query(db, "INSERT INTO journal (serial, action, subject, who, why, time_s)"
	                           " VALUES (?, ?, ?, 'portreeve', ?, ?)");
	bind_int(&q, highest + 1);
	bind_int(&q, JOURNAL_RESTORE);
	bind_prefix(&q, &all);
	bind_text(&q, why);
	bind_int(&q, now_s);
	int e = query_run(&q);
	if (e == ERR_OK)
		db->serial = highest + 1;
	return e;
}

int serial_raise(struct db *db, int64_t now_s)
{
	int64_t own, highest;
	assert(sqlite3_txn_state(db->h, "main") == SQLITE_TXN_WRITE);
	if (db->serial_fd < 0)
		return ERR_OK;
	int e = read_highest(db, &highest);
	if (e == ERR_OK)
		e = serial_own(db, &own);
	if (e != ERR_OK || own >= highest)
		return e;
	return add_restored(db, own, highest, now_s);
}
