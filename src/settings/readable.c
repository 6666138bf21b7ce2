/* SPDX-License-Identifier: ISC
 *
 * Whether the files of the commands can be read by whoever will read them. (The collector's
 * certificate and key are loaded by the check itself, as the supervisor does.) Commands give up
 * root for the roles' user when they open the state directory; what they read after that, root's
 * rights do not open. So root looks as that user, in a child that becomes it and ends: this
 * process changes nothing of its own, and the child has no way back.
 */
#include "settings/settings-private.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/sandbox.h"
#include "gateway/directory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOT_REGULAR = -1, UNKNOWN = -2 };
enum { ANSWER_MS = 3000 };

/* 0, errno of the open, or NOT_REGULAR. A FIFO does not hold us. */
static int try_open(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	int result = fstat(fd, &st) != 0 ? errno : S_ISREG(st.st_mode) ? 0 : NOT_REGULAR;
	close(fd);
	return result;
}

struct looking {
	const char *path;
	unsigned uid, gid;
};

static int look_as(void *arg, int line)
{
	const struct looking *l = arg;
	int result = sandbox_become(l->uid, l->gid, 0) == ERR_OK ? try_open(l->path) : UNKNOWN;
	return write(line, &result, sizeof(result)) == sizeof(result) ? 0 : 1;
}

/* As try_open(), as another user; UNKNOWN: it cannot be found out in time. The user that the child
 * became may stop it, and a disk may hang; who waits may be the supervisor. */
static int try_open_as(unsigned uid, unsigned gid, const char *path)
{
	struct looking l = { path, uid, gid };
	struct child child;
	struct buf told = { 0 };
	int result = UNKNOWN;
	if (child_serve(look_as, &l, &child) != ERR_OK)
		return UNKNOWN;
	child.until_ms = clock_mono_ms() + ANSWER_MS;
	while (told.n < sizeof(result) && child_hear(&child, &told) == ERR_OK)
		;
	child_end(&child);
	if (told.n == sizeof(result))
		memcpy(&result, told.p, sizeof(result));
	buf_fini(&told);
	return result;
}

struct named_file {
	const char *parameter, *expected, *path;
	bool by_caller;         /* read before root is given up */
};

static int say_unreadable(const struct named_file *file, const char *user, int result,
                          struct buf *message)
{
	buf_printf(message, "%s: expected %s", file->parameter, file->expected);
	if (user)
		buf_printf(message, " that user \"%s\" can read", user);
	buf_add_cstr(message, ", found \"");
	buf_add_escaped(message, str_of(file->path));
	buf_printf(message, "\": %s", result == NOT_REGULAR ? "not a regular file"
	                                                    : strerror(result));
	return result == NOT_REGULAR ? ERR_INVALID : file_err(result);
}

static void remark_unknown(const struct named_file *file, const char *why, struct buf *remarks)
{
	buf_printf(remarks, "%s: could not be checked, %s: ", file->parameter, why);
	buf_add_escaped(remarks, str_of(file->path));
	buf_add_cstr(remarks, "\n");
}

/* Who is not root reads as himself, if the state directory is his own; whether it is, and what
 * the roles' user may read, he cannot always see. */
static int check_file(const struct settings *s, const struct named_file *file,
                      struct buf *message, struct buf *remarks)
{
	unsigned uid, gid;
	const char *user = s->general.user;
	bool as_user = geteuid() == 0 && !file->by_caller &&
	               sandbox_user(user, &uid, &gid) == ERR_OK;
	int result = as_user ? try_open_as(uid, gid, file->path) : try_open(file->path);
	if (result == UNKNOWN)
		remark_unknown(file, "as nobody else can be asked", remarks);
	else if (result == EACCES && !as_user)
		remark_unknown(file, "as this user may not read it", remarks);
	else if (result != 0)
		return say_unreadable(file, as_user ? user : NULL, result, message);
	else if (geteuid() != 0 && !file->by_caller &&
	         sandbox_user(user, &uid, &gid) == ERR_OK && uid != geteuid())
		remark_unknown(file, "as only root can look as the roles' user", remarks);
	return ERR_OK;
}

static int check_list(const struct settings *s, struct named_file file,
                      const struct config_strings *list, struct buf *message,
                      struct buf *remarks)
{
	int e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < list->n; i++) {
		file.path = list->v[i];
		/* Of the registries' files some are URLs. */
		if (file.by_caller || file.path[0] == '/')
			e = check_file(s, &file, message, remarks);
	}
	return e;
}

/* The gateway reads them as the roles' user, at its start and at each HUP. */
static int check_recipients(const struct settings *s, struct buf *message, struct buf *remarks)
{
	const struct config_strings *list = &s->gateway.recipients;
	const struct directory_setup setup = { .config = &s->gateway };
	struct named_file file = { "gateway.recipients", "a file", NULL, false };
	struct directory *d = NULL;
	int e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < list->n; i++) {
		file.path = directory_file(list->v[i]);
		e = check_file(s, &file, message, remarks);
	}
	if (e != ERR_OK || list->n == 0)
		return e;
	e = directory_create(&setup, &d, message);
	directory_destroy(d);
	if (e != ERR_DENIED)
		return e;
	buf_clear(message);            /* a remark says so */
	return ERR_OK;
}

int settings_check_files(const struct settings *s, struct buf *message, struct buf *remarks)
{
	const struct report_config *c = &s->report;
	const struct named_file password = {
		"report.smarthost_password_file", "a file", c->smarthost_password_file, false };
	const struct named_file template = { "report.templates", "a file", NULL, true };
	const struct named_file bootstrap = { "report.rdap_bootstrap", "a file", NULL, false };
	int e = password.path[0] ? check_file(s, &password, message, remarks) : ERR_OK;
	if (e == ERR_OK)
		e = check_list(s, template, &c->templates, message, remarks);
	if (e == ERR_OK)
		e = check_list(s, bootstrap, &c->rdap_bootstrap, message, remarks);
	if (e == ERR_OK)
		e = check_recipients(s, message, remarks);
	assert(e == ERR_OK || message->n > 0);
	return e;
}
