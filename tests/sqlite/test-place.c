/* SPDX-License-Identifier: ISC
 *
 * A store that is replaced while it is open: it is seen, nothing is acknowledged any more, and
 * the serials of what stands there go on above the highest.
 */
#include "store/admin.h"
#include "sqlite/sqlite.h"

#include "base/file.h"
#include "base/mem.h"
#include "store/list.h"
#include "store/returns.h"
#include "store/upkeep.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char *in_state(const char *name)
{
	return mem_printf("%s/%s", state, name);
}

static void list_one(struct store *to, const char *address)
{
	struct ip ip = ip_of(address);
	OK(to, store_list(to, &ip, "me", "because", &default_policy, NOW));
}

static int listing_error(const char *address)
{
	struct ip ip = ip_of(address);
	return store_list(st, &ip, "me", "because", &default_policy, NOW);
}

/* A backup of the list, and of the returns beside it. */
static void backup(const char *list_path, const char *returns_path)
{
	struct store_copy list = { list_path, open(list_path, O_RDWR | O_CREAT, 0600) };
	struct store_copy returns = { returns_path, open(returns_path, O_RDWR | O_CREAT, 0600) };
	char *accounts_path = mem_printf("%s.accounts", list_path);
	struct store_copy accounts = { accounts_path,
	                               open(accounts_path, O_RDWR | O_CREAT, 0600) };
	OK(st, store_backup(st, &list, &returns, &accounts));
	close(list.fd);
	close(returns.fd);
	close(accounts.fd);
	free(accounts_path);
}

static void move(const char *from, const char *to)
{
	char *a_ = in_state(from), *b_ = in_state(to);
	assert_int_equal(rename(a_, b_), 0);
	free(a_);
	free(b_);
}

static void copy_there(void)
{
	char *copy = in_state("copy"), *returns = in_state("copy.returns");
	backup(copy, returns);
	free(copy);
	free(returns);
}

static void another_file(void **unused)
{
	(void)unused;
	list_one(st, "192.0.2.1");
	copy_there();
	list_one(st, "192.0.2.2");
	OK(st, store_check(st));
	move("copy", "portreeve.db");
	assert_int_equal(listing_error("192.0.2.3"), ERR_CLOSED);
	assert_non_null(strstr(store_message(st), "was replaced while it was open"));
	int e;
	do                                       /* until the new one has come to rest */
		e = store_check(st);
	while (e == ERR_BUSY);
	assert_int_equal(e, ERR_CLOSED);
	store_close(st);
	/* Its -wal file is of the one before: put aside, not taken in. */
	st = open_store(state, STORE_ALL);
	struct ip second = ip_of("192.0.2.2");
	struct listing l;
	assert_int_equal(store_listing_get(st, &second, &l), ERR_NOT_FOUND);
	struct journal_entry last = last_entry(st);
	assert_int_equal(last.action, JOURNAL_RESTORE);
	assert_true(last.serial > 2);
	OK(st, store_check(st));
}

static void taken_away(void **unused)
{
	(void)unused;
	move("portreeve.db", "away");
	assert_int_equal(store_check(st), ERR_NOT_FOUND);
	assert_int_equal(listing_error("192.0.2.1"), ERR_CLOSED);
	move("away", "portreeve.db");
	OK(st, store_check(st));
	list_one(st, "192.0.2.2");
}

static void returns_replaced(void **unused)
{
	(void)unused;
	struct retest_request r = { .address = ip_of("192.0.2.1"), .time_s = NOW };
	struct store *collector = open_store(state, STORE_RETURNS);
	copy_there();
	OK(collector, store_request_add(collector, &r, 0));
	OK(st, store_cursor_set(st, "requests", 1));
	move("copy.returns", "returns/returns.db");
	assert_int_equal(store_request_add(collector, &r, 0), ERR_CLOSED);
	store_close(collector);
	store_close(st);
	/* The cursor is of a time that the copy does not know: it begins anew. */
	st = open_store(state, STORE_ALL);
	int64_t cursor;
	OK(st, store_cursor_get(st, "requests", &cursor));
	assert_int_equal(cursor, 0);
}

static void serial_outlives(void **unused)
{
	(void)unused;
	struct buf text = { 0 };
	char *path = in_state("serial");
	list_one(st, "192.0.2.1");
	list_one(st, "192.0.2.2");
	assert_int_equal(file_read(path, 100, &text), ERR_OK);
	assert_string_equal(buf_cstr(&text), "00000000000000000002\n");
	/* A higher one is gone above, once; a lower or missing one is made good. */
	assert_int_equal(file_write(path, STR("41\n"), 0640), ERR_OK);
	store_close(st);
	st = open_store(state, STORE_ALL);
	assert_int_equal(serial_of(st), 42);
	list_one(st, "192.0.2.3");
	assert_int_equal(unlink(path), 0);
	store_close(st);
	st = open_store(state, STORE_ALL);
	assert_int_equal(serial_of(st), 43);
	buf_clear(&text);
	assert_int_equal(file_read(path, 100, &text), ERR_OK);
	assert_string_equal(buf_cstr(&text), "00000000000000000043\n");
	buf_fini(&text);
	free(path);
}

static void serial_damaged(void **unused)
{
	(void)unused;
	struct buf message = { 0 };
	struct store *none;
	char *path = in_state("serial");
	assert_int_equal(file_write(path, STR("many\n"), 0640), ERR_OK);
	assert_int_equal(store_sqlite_open(state, STORE_ALL, &none, &message), ERR_CORRUPT);
	assert_non_null(strstr(buf_cstr(&message), "expected the highest serial, a number"));
	buf_fini(&message);
	free(path);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(another_file), EACH(taken_away), EACH(returns_replaced),
		EACH(serial_outlives), EACH(serial_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
