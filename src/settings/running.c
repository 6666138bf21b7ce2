/* SPDX-License-Identifier: ISC
 *
 * The supervisor's word as a file, and what of it may be believed.
 */
#include "settings/running.h"

#include "base/err.h"
#include "base/file.h"
#include "settings/state.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUNNING_FILE STATE_HERE "/status.json"
#define RUNNING_FRESH STATE_HERE "/status.json.new"

enum { VERSION = 1, FILE_BYTES_MAX = 32 * 1024, FILE_MODE = 0644 };

static const char *const state_names[] = {
	[RUNNING_STARTS] = "starts", [RUNNING_READY] = "ready", [RUNNING_HANGS] = "hangs",
	[RUNNING_WAITS] = "waits",
};
enum { STATES = sizeof(state_names) / sizeof(*state_names) };
static const char *const reach_names[] = {
	[RUNNING_REACH_UNKNOWN] = "unknown", [RUNNING_REACH_GOOD] = "good",
	[RUNNING_REACH_BAD] = "bad",
};
static_assert(sizeof(reach_names) / sizeof(*reach_names) == RUNNING_REACHES, "a name for each");

const char *running_reach_name(enum running_reach reach)
{
	assert((unsigned)reach < RUNNING_REACHES);
	return reach_names[reach];
}

const char *running_state_name(enum running_state state)
{
	assert((unsigned)state < STATES);
	return state_names[state];
}

/* ---- out ---------------------------------------------------------------------------- */

static void word_json(const struct running_word *w, struct json *j)
{
	if (w->has_list) {
		json_add_int(j, "listed", (int64_t)w->listed);
		json_add_int(j, "serial", (int64_t)w->serial);
	}
	json_add_bool(j, "step_hangs", w->hangs);
	json_add_cstr(j, "reach", running_reach_name(w->reach));
	json_add_cstr(j, "why", w->why);
}

static void role_json(const struct running_role *role, struct json *j)
{
	json_open_object(j, NULL);
	json_add_cstr(j, "name", role->name);
	json_add_cstr(j, "state", running_state_name(role->state));
	json_add_int(j, "pid", role->pid);
	json_add_int(j, "since_s", role->since_s);
	json_add_int(j, "restarts", (int64_t)role->restarts);
	json_add_cstr(j, "end", role->end);
	json_add_int(j, "ended_s", role->ended_s);
	json_add_int(j, "again_s", role->again_s);
	word_json(&role->word, j);
	json_close(j);
}

void running_json(const struct running *r, struct json *j)
{
	assert(r->count <= RUNNING_ROLES_MAX);
	json_add_int(j, "version", VERSION);
	json_add_cstr(j, "boot", r->supervisor.boot);
	/* As text: it has 64 bits. */
	char space[24];
	snprintf(space, sizeof(space), "%llu", (unsigned long long)r->supervisor.space);
	json_add_cstr(j, "space", space);
	json_add_int(j, "pid", r->supervisor.pid);
	json_add_int(j, "started_ticks", (int64_t)r->supervisor.started_ticks);
	json_add_int(j, "since_s", r->since_s);
	json_add_int(j, "told_boot_ms", r->told_boot_ms);
	json_add_bool(j, "stopping", r->stopping);
	json_add_cstr(j, "kept", r->kept);
	json_open_array(j, "roles");
	for (size_t i = 0; i < r->count; i++)
		role_json(&r->roles[i], j);
	json_close(j);
}

static void running_text(const struct running *r, struct buf *out)
{
	struct json j = { .out = out };
	json_open_object(&j, NULL);
	running_json(r, &j);
	json_close(&j);
}

bool running_differ(const struct running *a, const struct running *b)
{
	struct running same = *b;
	struct buf first = { 0 }, second = { 0 };
	same.told_boot_ms = a->told_boot_ms;
	running_text(a, &first);
	running_text(&same, &second);
	bool differ = !str_eq(buf_str(&first), buf_str(&second));
	buf_fini(&first);
	buf_fini(&second);
	return differ;
}

/* ---- in ----------------------------------------------------------------------------- */

static bool take_count(const json_t *object, const char *key, int64_t *out)
{
	const json_t *value = json_object_get(object, key);
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*out = json_integer_value(value);
	return true;
}

static bool is_printable(const char *text)
{
	while (ascii_isprint((unsigned char)*text))
		text++;
	return *text == '\0';
}

/* What we write is printable: what is not would go to a terminal as it stands. */
static bool take_text(const json_t *object, const char *key, char *dst, size_t size)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text && is_printable(text) && str_copy(dst, size, str_of(text));
}

static bool take_flag(const json_t *object, const char *key, bool *out)
{
	const json_t *value = json_object_get(object, key);
	*out = json_is_true(value);
	return json_is_boolean(value);
}

static bool take_name(const json_t *object, const char *key, const char *const *names, size_t n,
                      unsigned *out)
{
	const char *text = json_string_value(json_object_get(object, key));
	for (size_t i = 0; text && i < n; i++)
		if (strcmp(text, names[i]) == 0) {
			*out = (unsigned)i;
			return true;
		}
	return false;
}

static bool take_word(const json_t *object, struct running_word *w)
{
	int64_t listed = 0, serial = 0;
	unsigned reach = 0;
	w->has_list = json_object_get(object, "listed") != NULL;
	if (w->has_list &&
	    (!take_count(object, "listed", &listed) || !take_count(object, "serial", &serial)))
		return false;
	w->listed = (uint64_t)listed;
	w->serial = (uint64_t)serial;
	if (!take_flag(object, "step_hangs", &w->hangs) ||
	    !take_text(object, "why", w->why, sizeof(w->why)) ||
	    !take_name(object, "reach", reach_names, RUNNING_REACHES, &reach))
		return false;
	w->reach = reach;
	return true;
}

static bool take_role(const json_t *object, struct running_role *role)
{
	unsigned state = 0;
	int64_t restarts = 0;
	if (!take_text(object, "name", role->name, sizeof(role->name)) ||
	    !take_name(object, "state", state_names, STATES, &state) ||
	    !take_count(object, "pid", &role->pid) || role->pid > INT32_MAX ||
	    !take_count(object, "since_s", &role->since_s) ||
	    !take_count(object, "restarts", &restarts) ||
	    !take_text(object, "end", role->end, sizeof(role->end)) ||
	    !take_count(object, "ended_s", &role->ended_s) ||
	    !take_count(object, "again_s", &role->again_s))
		return false;
	role->state = state;
	role->restarts = (uint64_t)restarts;
	return take_word(object, &role->word);
}

static bool take_supervisor(const json_t *root, struct alive_id *id)
{
	char space[24];
	int64_t ticks = 0;
	if (!take_text(root, "boot", id->boot, sizeof(id->boot)) ||
	    !take_text(root, "space", space, sizeof(space)) ||
	    str_u64(str_of(space), UINT64_MAX, &id->space) != ERR_OK ||
	    !take_count(root, "pid", &id->pid) || id->pid == 0 || id->pid > INT32_MAX ||
	    !take_count(root, "started_ticks", &ticks))
		return false;
	id->started_ticks = (uint64_t)ticks;
	return true;
}

static bool take_running(const json_t *root, struct running *r)
{
	const json_t *roles = json_object_get(root, "roles");
	int64_t version = 0;
	if (!take_count(root, "version", &version) || version != VERSION ||
	    !take_supervisor(root, &r->supervisor) || !take_count(root, "since_s", &r->since_s) ||
	    !take_count(root, "told_boot_ms", &r->told_boot_ms) ||
	    !take_flag(root, "stopping", &r->stopping) ||
	    !take_text(root, "kept", r->kept, sizeof(r->kept)) || !json_is_array(roles) ||
	    json_array_size(roles) > RUNNING_ROLES_MAX)
		return false;
	for (size_t i = 0; i < json_array_size(roles); i++)
		if (!take_role(json_array_get(roles, i), &r->roles[r->count++]))
			return false;
	return true;
}

int running_parse(struct str text, struct running *out)
{
	struct running found = { 0 };
	json_t *root = json_loadb(text.p ? text.p : "", text.n, 0, NULL);
	bool good = root && take_running(root, &found);
	json_decref(root);
	if (!good)
		return ERR_INVALID;
	assert(found.count <= RUNNING_ROLES_MAX && found.supervisor.pid > 0);
	*out = found;
	return ERR_OK;
}

/* ---- the file ------------------------------------------------------------------------- */

static int write_fresh(struct str text)
{
	/* What a process that was killed has left. */
	unlink(RUNNING_FRESH);
	int fd = open(RUNNING_FRESH, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	              FILE_MODE);
	if (fd < 0)
		return file_err(errno);
	ssize_t n = write(fd, text.p, text.n);
	int e = n == (ssize_t)text.n ? ERR_OK : n < 0 ? file_err(errno) : ERR_FULL;
	/* Whatever the caller's mask says. */
	if (e == ERR_OK && fchmod(fd, FILE_MODE) != 0)
		e = file_err(errno);
	if (close(fd) != 0 && e == ERR_OK)
		e = file_err(errno);
	return e;
}

int running_write(const struct running *r)
{
	struct buf text = { 0 };
	running_text(r, &text);
	buf_add_byte(&text, '\n');
	assert(text.n <= FILE_BYTES_MAX);
	int e = write_fresh(buf_str(&text));
	buf_fini(&text);
	if (e == ERR_OK && rename(RUNNING_FRESH, RUNNING_FILE) != 0)
		e = file_err(errno);
	if (e != ERR_OK)
		unlink(RUNNING_FRESH);
	return e;
}

int running_read(struct running *out)
{
	struct buf text = { 0 };
	int e = file_read_plain(RUNNING_FILE, FILE_BYTES_MAX, &text);
	if (e == ERR_OK)
		e = running_parse(buf_str(&text), out);
	buf_fini(&text);
	return e == ERR_LIMIT ? ERR_INVALID : e;
}

enum running_sight running_look(const struct running *r, const struct alive_id *self,
                                const struct alive_sight *sight)
{
	const struct alive_id *it = &r->supervisor;
	assert(it->pid > 0);
	if (!self->boot[0] || !it->boot[0])
		return RUNNING_UNSEEN;
	/* systemd-nspawn shows a container a start of its own, which a unit that protects /proc/sys
	 * does not see: one with its number, its space and its start is no other. */
	if (strcmp(it->boot, self->boot) != 0)
		return it->space == self->space && sight->what == ALIVE_THERE &&
		       it->started_ticks && sight->started_ticks == it->started_ticks
		       ? RUNNING_LIVES : RUNNING_DEAD;
	if (!self->space || it->space != self->space || sight->what == ALIVE_UNKNOWN)
		return RUNNING_UNSEEN;
	if (sight->what == ALIVE_GONE)
		return RUNNING_DEAD;
	if (!sight->started_ticks || !it->started_ticks)
		return RUNNING_UNSEEN;
	return sight->started_ticks == it->started_ticks ? RUNNING_LIVES : RUNNING_DEAD;
}
