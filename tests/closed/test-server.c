/* SPDX-License-Identifier: ISC
 *
 * Where another configuration goes, and what trees a server gets.
 */
#include "test.h"

#include "base/file.h"
#include "closed/server.h"
#include "directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[] = "/tmp/portreeve-server-XXXXXX";

static char *below(const char *name)
{
	static char paths[8][64];
	static size_t next;
	char *path = paths[next++ % 8];
	snprintf(path, sizeof(paths[0]), "%s/%s", top, name);
	return path;
}

static int files_make(void **state)
{
	(void)state;
	if (!mkdtemp(top) || mkdir(below("home"), 0700) != 0 || mkdir(below("new"), 0700) != 0 ||
	    symlink("home", below("link")) != 0)
		return -1;
	return file_write(below("home/conf"), STR("a"), 0600) == ERR_OK &&
	       file_write(below("new/conf"), STR("b"), 0600) == ERR_OK ? 0 : -1;
}

static int files_remove(void **state)
{
	(void)state;
	directory_remove(top);
	return 0;
}

static void a_configuration_goes_where_one_of_its_kind_is(void **state)
{
	(void)state;
	const char *const places[] = { below("none"), below("home/conf"), below("home"), NULL };
	const struct closed_server server = { .places = places };
	const struct {
		const char *given;
		int err;
		const char *to;
	} rows[] = {
		{ "new", ERR_OK, places[2] }, { "new/conf", ERR_OK, places[1] },
		{ "home", ERR_OK, NULL }, { "home/conf", ERR_OK, NULL }, { "link", ERR_OK, NULL },
		{ "link/conf", ERR_OK, NULL }, { "nothing", ERR_NOT_FOUND, NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct closed_bind bind;
		const char *given = below(rows[i].given);
		assert_int_equal(closed_server_bind(&server, given, &bind), rows[i].err);
		assert_ptr_equal(bind.from, rows[i].to ? given : NULL);
		assert_ptr_equal(bind.to, rows[i].to);
	}
}

static void a_server_may_have_no_place_of_that_kind(void **state)
{
	(void)state;
	const char *const places[] = { below("home/conf"), NULL };
	const struct closed_server server = { .places = places };
	struct closed_bind bind;
	assert_int_equal(closed_server_bind(&server, below("new"), &bind), ERR_INVALID);
}

static void named_directories_are_trees_too(void **state)
{
	(void)state;
	static const char *const named[] = { "/a", "/b" };
	const struct closed_server *server = closed_server_of(MTA_POSTFIX);
	struct closed_tree trees[8];
	assert_int_equal(closed_server_trees(server, named, 2, trees), server->tree_n + 2);
	assert_string_equal(trees[0].path, server->trees[0].path);
	assert_string_equal(trees[server->tree_n + 1].path, "/b");
	/* The chroot's files. */
	assert_string_equal(trees[server->tree_n].kept[0], "etc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_configuration_goes_where_one_of_its_kind_is),
		cmocka_unit_test(a_server_may_have_no_place_of_that_kind),
		cmocka_unit_test(named_directories_are_trees_too),
	};
	return cmocka_run_group_tests(tests, files_make, files_remove);
}
