/* SPDX-License-Identifier: ISC
 *
 * Sockets of roles: those at a path are made for whom they should be, and replace only what a dead
 * supervisor has left; the role's process knows each kind again.
 */
#include "directory.h"
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "roles/sockets.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/portreeve-sockets-XXXXXX";

static int make(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int clean(void **state)
{
	(void)state;
	return directory_remove(directory);
}

static struct role_socket at_path(const char *name)
{
	struct role_socket s = { .kind = ROLE_UNIX, .uid = geteuid(), .gid = getegid(),
	                         .mode = 0660, .fd = -1 };
	char *path = mem_printf("%s/%s", directory, name);
	assert_true(str_copy(s.path, sizeof(s.path), str_of(path)));
	free(path);
	return s;
}

static bool can_connect(const struct role_socket *s)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	str_copy(at.sun_path, sizeof(at.sun_path), str_of(s->path));
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bool up = connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
	close(fd);
	return up;
}

static void test_path(void **state)
{
	(void)state;
	struct role_socket s = at_path("new");
	struct stat st;
	mode_t before = umask(022);
	umask(before);
	assert_int_equal(role_socket_bind(&s), ERR_OK);
	assert_true(can_connect(&s));
	assert_int_equal(lstat(s.path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(umask(before), before);
	assert_true(fcntl(s.fd, F_GETFL) & O_NONBLOCK);
	role_socket_close(&s);
	assert_int_equal(s.fd, -1);
	assert_int_not_equal(lstat(s.path, &st), 0);
	role_socket_close(&s);
}

static void test_owner(void **state)
{
	(void)state;
	struct role_socket s = at_path("given");
	struct stat st;
	if (geteuid() != 0)
		skip();
	s.uid = 65534;
	s.gid = 65534;
	s.mode = 0600;
	assert_int_equal(role_socket_bind(&s), ERR_OK);
	assert_int_equal(lstat(s.path, &st), 0);
	assert_int_equal(st.st_uid, 65534);
	assert_int_equal(st.st_gid, 65534);
	assert_int_equal(st.st_mode & 0777, 0600);
	role_socket_close(&s);
	assert_int_not_equal(lstat(s.path, &st), 0);
}

/* The supervisor was killed: its sockets are gone, their names are not. */
static void test_stale(void **state)
{
	(void)state;
	struct role_socket old = at_path("stale"), s = at_path("stale"), third = at_path("stale");
	assert_int_equal(role_socket_bind(&old), ERR_OK);
	assert_int_equal(role_socket_bind(&s), ERR_EXISTS);     /* it lives */
	assert_true(can_connect(&old));
	close(old.fd);
	assert_false(can_connect(&old));
	assert_int_equal(role_socket_bind(&s), ERR_OK);
	assert_true(can_connect(&s));
	/* Another one in its place is not ours to remove. */
	unlink(s.path);
	assert_int_equal(role_socket_bind(&third), ERR_OK);
	role_socket_close(&s);
	assert_true(can_connect(&third));
	role_socket_close(&third);
}

static void test_what_is_not_replaced(void **state)
{
	(void)state;
	struct role_socket file = at_path("file"), link = at_path("link"), inside = at_path("d");
	struct stat st;
	assert_int_equal(file_write(file.path, STR("precious"), 0600), ERR_OK);
	assert_int_equal(symlink(file.path, link.path), 0);
	assert_int_equal(mkdir(inside.path, 0700), 0);
	assert_int_equal(role_socket_bind(&file), ERR_EXISTS);
	assert_int_equal(role_socket_bind(&link), ERR_EXISTS);
	assert_int_equal(role_socket_bind(&inside), ERR_EXISTS);
	assert_int_equal(lstat(file.path, &st), 0);
	assert_int_equal(st.st_size, 8);
	assert_int_equal(lstat(link.path, &st), 0);
}

/* Where others may rename, a name is nobody's. */
static void test_places(void **state)
{
	(void)state;
	static const struct { const char *name; mode_t mode; int want; } rows[] = {
		{ "ours", 0755, ERR_OK }, { "group's", 0770, ERR_DENIED },
		{ "everybody's", 0777, ERR_DENIED }, { "sticky", 01777, ERR_OK },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *place = mem_printf("%s/%s", directory, rows[i].name);
		char *name = mem_printf("%s/socket", rows[i].name);
		struct role_socket s = at_path(name);
		assert_int_equal(mkdir(place, 0700), 0);
		assert_int_equal(chmod(place, rows[i].mode), 0);
		CHECK_ROW(rows[i].name, role_socket_bind(&s) == rows[i].want);
		CHECK_ROW(rows[i].name, (s.fd >= 0) == (rows[i].want == ERR_OK));
		role_socket_close(&s);
		free(place);
		free(name);
	}
	struct role_socket s = at_path("none/socket");
	assert_int_equal(role_socket_bind(&s), ERR_NOT_FOUND);
	str_copy(s.path, sizeof(s.path), STR("here"));
	assert_int_equal(role_socket_bind(&s), ERR_INVALID);
	str_copy(s.path, sizeof(s.path), STR("/tmp/"));
	assert_int_equal(role_socket_bind(&s), ERR_INVALID);
}

/* What a role's process finds at a number. */
static void test_take(void **state)
{
	(void)state;
	struct role_socket sockets[] = { { .kind = ROLE_TCP, .fd = -1 },
	                                 { .kind = ROLE_UDP, .fd = -1 }, at_path("taken") };
	assert_int_equal(ip_parse(STR("127.0.0.1"), &sockets[0].at.ip, NULL), ERR_OK);
	sockets[1].at = sockets[0].at;
	for (size_t i = 0; i < 3; i++) {
		struct role_socket found;
		struct buf text = { 0 };
		assert_int_equal(role_socket_bind(&sockets[i]), ERR_OK);
		fcntl(sockets[i].fd, F_SETFL, 0);
		assert_int_equal(role_socket_take(sockets[i].fd, &found), ERR_OK);
		assert_int_equal(found.kind, sockets[i].kind);
		assert_int_equal(found.fd, sockets[i].fd);
		assert_true(fcntl(found.fd, F_GETFL) & O_NONBLOCK);
		assert_string_equal(found.path, sockets[i].path);
		assert_true(i == 2 || ip_eq(&found.at.ip, &sockets[i].at.ip));
		assert_true(i == 2 || found.at.port != 0);
		role_socket_describe(&sockets[i], &text);
		assert_true(str_prefix(buf_str(&text), i == 0 ? STR("TCP 127.0.0.1:") :
		                       i == 1 ? STR("UDP 127.0.0.1:") : STR("UNIX /tmp/")));
		buf_fini(&text);
		role_socket_close(&sockets[i]);
	}
	struct role_socket none;
	int file = open("/dev/null", O_RDONLY);
	assert_int_equal(role_socket_take(file, &none), ERR_INVALID);
	assert_int_equal(none.fd, -1);
	close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_what_is_not_replaced),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_take),
	};
	return cmocka_run_group_tests(tests, make, clean);
}
