/* SPDX-License-Identifier: ISC
 *
 * A role's sandbox from what the role says it needs.
 */
#include "roles/role.h"

#include "base/log.h"
#include "settings/state.h"
#include "store/keys.h"
#include "settings/open.h"

#include <assert.h>
#include <stdlib.h>

static void add(const char **list, const char *path)
{
	size_t n = 0;
	while (list[n])
		n++;
	assert(n < ROLE_PATHS_MAX);
	list[n] = path;
}

void role_may_read(struct role_sandbox *s, const char *path)
{
	add(s->read, arena_strdup(&s->arena, str_of(path)));
}

void role_may_write(struct role_sandbox *s, const char *path)
{
	add(s->write, arena_strdup(&s->arena, str_of(path)));
}

/* The state directory is the current one. */
static void add_files(struct role_sandbox *s, void (*files)(char *paths[]),
                      void (*may)(struct role_sandbox *s, const char *path))
{
	char *paths[SETTINGS_STORE_FILES];
	files(paths);
	for (size_t i = 0; i < SETTINGS_STORE_FILES; i++) {
		may(s, paths[i]);
		free(paths[i]);
	}
}

void role_may_read_list(struct role_sandbox *s)
{
	add_files(s, settings_store_files, role_may_read);
}

void role_may_write_list(struct role_sandbox *s)
{
	add_files(s, settings_store_files, role_may_write);
}

void role_may_read_accounts(struct role_sandbox *s)
{
	add_files(s, settings_store_account_files, role_may_read);
}

void role_may_read_keys(struct role_sandbox *s)
{
	char *path = keys_token_directory(STATE_HERE);
	role_may_read(s, path);
	free(path);
}

int role_enter_sandbox(const struct role *role, const struct settings *settings,
                       struct buf *message)
{
	struct role_sandbox s = { 0 };
	role->sandbox(settings, &s);
#ifdef PORTREEVE_COVERAGE
	/* At its end a process writes down which lines it ran. */
	LOG(LOG_WARN, "coverage-build",
	    LOG_S("effect", "this role may write in the directory that it was built in"));
	role_may_write(&s, PORTREEVE_COVERAGE);
#endif
	s.box.user = settings->general.user;
	s.box.read_paths = s.read;
	s.box.write_paths = s.write;
	int e = sandbox_enter(&s.box, message);
	arena_fini(&s.arena);
	return e;
}
