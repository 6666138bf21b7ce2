/* SPDX-License-Identifier: ISC
 *
 * Whose the state directory is: see ownership.h.
 */
#include "settings/ownership.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>

/* ---- pure ---------------------------------------------------------------------- */

void ownership_add_user(const struct ownership_user *user, struct buf *out)
{
	if (user->name[0])
		buf_printf(out, "user \"%s\" (id %u)", user->name, user->uid);
	else
		buf_printf(out, "user id %u, which no user has", user->uid);
}

/* As one word of a shell. */
static void add_word(const char *text, struct buf *out)
{
	static const char plain[] = "/._-+=:@%,";
	bool quoted = text[0] == '-' || text[0] == '\0';
	for (const char *p = text; *p; p++)
		quoted |= !ascii_isalnum((unsigned char)*p) && !strchr(plain, *p);
	if (quoted)
		buf_add_byte(out, '\'');
	for (const char *p = text; *p; p++) {
		if (*p == '\'')
			buf_add_cstr(out, "'\\''");
		else
			buf_add_byte(out, *p);
	}
	if (quoted)
		buf_add_byte(out, '\'');
}

void ownership_command(const char *path, const struct ownership_user *wanted, struct buf *out)
{
	buf_add_cstr(out, "chown -R --no-dereference ");
	/* With the group that the user has. */
	if (wanted->name[0])
		buf_printf(out, "%s: ", wanted->name);
	else
		buf_printf(out, "%u ", wanted->uid);
	add_word(path, out);
}

static void add_run(const struct ownership *o, struct buf *message)
{
	buf_add_cstr(message, ". Run: ");
	ownership_command(o->path, &o->wanted, message);
}

bool ownership_is_right(const struct ownership *o, struct buf *message)
{
	if (o->owner.uid == o->wanted.uid && !o->inside)
		return true;
	buf_printf(message, "state directory %s: ", o->path);
	if (o->owner.uid != o->wanted.uid) {
		buf_add_cstr(message, "belongs to ");
		ownership_add_user(&o->owner, message);
		buf_add_cstr(message, "; expected that it is the roles', ");
		ownership_add_user(&o->wanted, message);
		add_run(o, message);
		if (o->owner.name[0] && o->owner.uid != 0)
			buf_printf(message, "  (or set user = \"%s\", if they are to be that one)",
			           o->owner.name);
		return false;
	}
	buf_printf(message, "belongs to \"%s\", but %s in it to ",
	           o->owner.name[0] ? o->owner.name : "its owner", o->inside);
	ownership_add_user(&o->inside_owner, message);
	if (o->inside_linked) {
		buf_add_cstr(message, "; expected that it is no link to what is somebody else's. "
		             "Look at it first; remove it if it was planted");
		return false;
	}
	buf_add_cstr(message, "; expected one owner");
	add_run(o, message);
	return false;
}

/* ---- what the machine says ------------------------------------------------------- */

struct ownership_user ownership_user_of(unsigned uid)
{
	struct ownership_user user = { .uid = uid };
	const struct passwd *pw = getpwuid(uid);
	if (pw && !str_copy(user.name, sizeof(user.name), str_of(pw->pw_name)))
		user.name[0] = '\0';
	return user;
}

void ownership_look(int directory, unsigned uid, struct ownership *o)
{
	static const char *const names[] = {
		"portreeve.db", "portreeve.db-wal", "portreeve.db-shm", "portreeve.db-journal",
		"accounts.db", "accounts.db-wal", "accounts.db-shm", "accounts.db-journal",
		"serial", "returns", "returns/returns.db", "returns/returns.db-wal",
		"returns/returns.db-shm", "returns/returns.db-journal", "keys", "keys/tokens",
		"keys/evidence.pem", "keys/evidence.pub", "mail",
	};
	o->inside = NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct stat st;
		if (fstatat(directory, names[i], &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		    st.st_uid == uid)
			continue;
		o->inside = names[i];
		o->inside_owner = ownership_user_of(st.st_uid);
		o->inside_linked = !S_ISDIR(st.st_mode) && st.st_nlink > 1;
		return;
	}
}
