/* SPDX-License-Identifier: ISC
 *
 * Key files: made once, rotated without losing what is still in the mail, and never
 * replaced when they are damaged.
 */
#include "store/evidence.h"
#include "support.h"
#include "sqlite/sqlite.h"

#include "store/keys.h"

#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NOW = 1000000, DAY = 86400 };

static char *state;
static struct buf message;

static int setup(void **unused)
{
	(void)unused;
	state = state_make();
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	buf_fini(&message);
	state_remove(state);
	return 0;
}

static char *key_path(const char *name)
{
	return mem_printf("%s/keys/%s", state, name);
}

/* Stands before the C library's: counts the syncs of one directory, and fails if it is to. */
static struct {
	ino_t inode;
	unsigned syncs;
	bool fails;
} watched;

int fsync(int fd)
{
	struct stat sb;
	if (watched.inode && fstat(fd, &sb) == 0 && sb.st_ino == watched.inode) {
		watched.syncs++;
		if (watched.fails) {
			errno = EIO;
			return -1;
		}
	}
	return (int)syscall(SYS_fsync, fd);
}

static void expect_mode(const char *name, mode_t mode)
{
	char *path = key_path(name);
	struct stat sb;
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_mode & 0777, mode);
	free(path);
}

static struct token_keys load(void)
{
	struct token_keys keys;
	assert_int_equal(keys_token_load(state, &keys, &message), ERR_OK);
	return keys;
}

/* Keys that are there may be those of a process that was killed before their names were safe. */
static void found_is_made_safe(void **unused)
{
	(void)unused;
	static const char *const names[] = { "", "tokens", ".." };
	assert_int_equal(keys_ensure(state, NOW, &message), ERR_OK);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *path = key_path(names[i]);
		struct stat sb;
		assert_int_equal(stat(path, &sb), 0);
		watched.inode = sb.st_ino;
		watched.syncs = 0;
		CHECK_ROW(names[i], keys_ensure(state, NOW, &message) == ERR_OK);
		CHECK_ROW(names[i], watched.syncs == 1);
		watched.fails = true;
		CHECK_ROW(names[i], keys_ensure(state, NOW, &message) == ERR_IO);
		watched.fails = false;
		watched.inode = 0;
		free(path);
	}
}

static void made_once(void **unused)
{
	(void)unused;
	assert_int_equal(keys_ensure(state, NOW, &message), ERR_OK);
	expect_mode("", 0700);
	expect_mode("tokens/token.keys", 0600);
	expect_mode("evidence.pem", 0600);
	struct token_keys first = load();
	assert_int_equal(first.n, 1);
	assert_int_equal(first.v[0].id, 'a');
	assert_int_equal(first.v[0].created_s, NOW);

	EVP_PKEY *one, *two;
	struct buf pem = { 0 };
	assert_int_equal(keys_evidence_load(state, &one, &message), ERR_OK);
	assert_int_equal(keys_ensure(state, NOW + 5, &message), ERR_OK);
	assert_int_equal(keys_evidence_load(state, &two, &message), ERR_OK);
	assert_int_equal(EVP_PKEY_eq(one, two), 1);
	struct token_keys second = load();
	assert_int_equal(second.n, 1);
	assert_memory_equal(first.v[0].secret, second.v[0].secret, TOKEN_KEY_BYTES);
	assert_int_equal(keys_evidence_public(state, &pem, &message), ERR_OK);
	assert_non_null(strstr(buf_cstr(&pem), "BEGIN PUBLIC KEY"));
	buf_fini(&pem);
	EVP_PKEY_free(one);
	EVP_PKEY_free(two);

	/* The public half can always be made again. */
	char *public = key_path("evidence.pub");
	assert_int_equal(unlink(public), 0);
	assert_int_equal(keys_ensure(state, NOW, &message), ERR_OK);
	assert_int_equal(access(public, R_OK), 0);
	free(public);
	assert_int_equal(message.n, 0);
}

static void rotation(void **unused)
{
	(void)unused;
	assert_int_equal(keys_ensure(state, NOW, &message), ERR_OK);
	struct token_keys keys = load();
	unsigned char first[TOKEN_KEY_BYTES];
	memcpy(first, keys.v[0].secret, sizeof(first));

	assert_int_equal(keys_token_rotate(state, NOW + 100 * DAY, 5 * DAY, &message), ERR_OK);
	keys = load();
	assert_int_equal(keys.n, 2);
	assert_int_equal(keys.v[1].id, 'b');
	assert_memory_equal(keys.v[0].secret, first, sizeof(first));

	/* The first one signed until a day ago: its mail may still be under way. */
	assert_int_equal(keys_token_rotate(state, NOW + 101 * DAY, 5 * DAY, &message), ERR_OK);
	keys = load();
	assert_int_equal(keys.n, 3);
	assert_non_null(keys_token_find(&keys, 'a'));
	assert_int_equal(keys_token_rotate(state, NOW + 106 * DAY, 5 * DAY, &message), ERR_OK);
	keys = load();
	assert_int_equal(keys.n, 3);
	assert_null(keys_token_find(&keys, 'a'));
	assert_int_equal(keys.v[2].id, 'd');
	assert_null(keys_token_find(&keys, '?'));
	keys_token_fini(&keys);
	assert_int_equal(keys.n, 0);
}

/* Letters go round; a key that still counts is never given up for room. */
static void all_letters(void **unused)
{
	(void)unused;
	assert_int_equal(keys_ensure(state, NOW, &message), ERR_OK);
	for (int i = 1; i < TOKEN_KEYS_MAX; i++)
		assert_int_equal(keys_token_rotate(state, NOW + i, 100 * DAY, &message), ERR_OK);
	assert_int_equal(keys_token_rotate(state, NOW + 30, 100 * DAY, &message), ERR_LIMIT);
	assert_true(message.n > 0);
	struct token_keys keys = load();
	assert_int_equal(keys.n, TOKEN_KEYS_MAX);
	assert_int_equal(keys_token_rotate(state, NOW + 200 * DAY, 100 * DAY, &message), ERR_OK);
	keys = load();
	assert_int_equal(keys.n, 2);
	assert_int_equal(keys.v[0].id, 'z');
	assert_int_equal(keys.v[1].id, 'a');
}

static void damaged_token_keys(void **unused)
{
	(void)unused;
	static const char *const bad[] = {
		"", "# nothing\n", "a 1\n", "A 1 00\n",
		"a x 0000000000000000000000000000000000000000000000000000000000000000\n",
		"a 1 000000000000000000000000000000000000000000000000000000000000000\n",
		"a 1 00000000000000000000000000000000000000000000000000000000000000000\n",
		"a 1 000000000000000000000000000000000000000000000000000000000000000g\n",
		"a 1 0000000000000000000000000000000000000000000000000000000000000000 x\n",
		("a 1 0000000000000000000000000000000000000000000000000000000000000000\n"
		 "a 2 0000000000000000000000000000000000000000000000000000000000000000\n"),
		"ab 1 0000000000000000000000000000000000000000000000000000000000000000\n",
		"a -1 0000000000000000000000000000000000000000000000000000000000000000\n",
	};
	assert_int_equal(keys_ensure(state, NOW, &message), ERR_OK);
	char *path = key_path("tokens/token.keys");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct token_keys keys;
		buf_clear(&message);
		assert_int_equal(file_write(path, str_of(bad[i]), 0600), ERR_OK);
		CHECK_ROW(bad[i], keys_token_load(state, &keys, &message) == ERR_CORRUPT);
		CHECK_ROW(bad[i], keys.n == 0);
		CHECK_ROW(bad[i], strstr(buf_cstr(&message), "tokens/token.keys"));
		CHECK_ROW(bad[i], keys_ensure(state, NOW, &message) == ERR_CORRUPT);
		CHECK_ROW(bad[i], keys_token_rotate(state, NOW, 0, &message) == ERR_CORRUPT);
	}
	/* CRLF and comments are a person's right. */
	assert_int_equal(file_write(path, STR("# mine\r\n\r\nq 7 "
		"00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"), 0600), ERR_OK);
	struct token_keys keys = load();
	assert_int_equal(keys.n, 1);
	assert_int_equal(keys.v[0].id, 'q');
	assert_int_equal(keys.v[0].secret[31], 0xff);
	free(path);
}

static void damaged_evidence_key(void **unused)
{
	(void)unused;
	assert_int_equal(keys_ensure(state, NOW, &message), ERR_OK);
	char *path = key_path("evidence.pem");
	static const char *const bad[] = {
		"", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EVP_PKEY *pair;
		buf_clear(&message);
		assert_int_equal(file_write(path, str_of(bad[i]), 0600), ERR_OK);
		CHECK_ROW(bad[i], keys_evidence_load(state, &pair, &message) == ERR_CORRUPT);
		CHECK_ROW(bad[i], pair == NULL);
		CHECK_ROW(bad[i], strstr(buf_cstr(&message), "evidence.pem"));
		CHECK_ROW(bad[i], keys_ensure(state, NOW, &message) == ERR_CORRUPT);
	}
	free(path);
}

static void missing(void **unused)
{
	(void)unused;
	struct token_keys keys;
	EVP_PKEY *pair;
	struct buf pem = { 0 };
	assert_int_equal(keys_token_load(state, &keys, &message), ERR_NOT_FOUND);
	assert_non_null(strstr(buf_cstr(&message), "keys/tokens/token.keys: no such key file"));
	assert_int_equal(keys_evidence_load(state, &pair, &message), ERR_NOT_FOUND);
	assert_int_equal(keys_evidence_public(state, &pem, &message), ERR_NOT_FOUND);
	assert_int_equal(keys_token_rotate(state, NOW, 0, &message), ERR_NOT_FOUND);
}

/* A directory that another user owns may be in hostile hands: what stands in the place of a
 * key is not followed and not waited for. */
static void planted(void **unused)
{
	(void)unused;
	struct token_keys keys;
	assert_int_equal(keys_ensure(state, NOW, &message), ERR_OK);
	char *file = key_path("tokens/token.keys"), *away = key_path("away");
	assert_int_equal(rename(file, away), 0);
	assert_int_equal(symlink(away, file), 0);
	assert_int_equal(keys_token_load(state, &keys, &message), ERR_INVALID);
	assert_non_null(strstr(buf_cstr(&message), "expected a regular file"));
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_int_equal(keys_token_load(state, &keys, &message), ERR_INVALID);
	free(file);
	free(away);
}

/* Root becomes the owner before, or opens nothing. */
static void not_as_root(void **unused)
{
	(void)unused;
	struct store *st;
	static const unsigned roles[] = {
		STORE_ALL, STORE_TESTS | STORE_LIST, STORE_RETURNS, STORE_READS,
	};
	if (geteuid() != 0)
		skip();
	store_close(open_store(state, STORE_ALL));
	assert_int_equal(chown(state, 65534, 65534), 0);
	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		assert_int_equal(store_sqlite_open(state, roles[i], &st, &message), ERR_DENIED);
	assert_int_equal(store_sqlite_open_to_read(state, &st, &message), ERR_DENIED);
	assert_non_null(strstr(buf_cstr(&message), "root does not open what belongs to user"));
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(made_once), EACH(found_is_made_safe), EACH(rotation), EACH(all_letters),
		EACH(damaged_token_keys), EACH(damaged_evidence_key), EACH(missing),
		EACH(planted), EACH(not_as_root),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
