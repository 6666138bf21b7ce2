/* SPDX-License-Identifier: ISC
 *
 * The file of who is known where: read once, written whole in the syncer's thread when there is
 * something new. It is a convenience: without it, everybody is new once more.
 */
#include "gateway/known-private.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/syncer.h"

#include <stdlib.h>

struct known_file {
	const char *path;
	struct known *known;
	struct syncer *syncer;
	uint64_t written, writing;     /* known_version() of what is in the file, of `bytes` */
	bool busy, failed;
	struct buf bytes;              /* the thread's while busy */
};

static bool is_new(const struct known_file *f)
{
	return known_version(f->known) != f->written;
}

struct known_file *known_file_open(const char *path, struct known *k, struct syncer *syncer)
{
	struct known_file *f = mem_zalloc(sizeof(*f));
	struct buf bytes = { 0 };
	*f = (struct known_file){ .path = path, .known = k, .syncer = syncer };
	int e = file_read_plain(path, known_bytes_max(), &bytes);
	if (e == ERR_OK)
		e = known_parse(k, bytes.n ? buf_str(&bytes) : STR(""));
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		LOG(LOG_ERROR, "known-places-lost", LOG_S("file", path),
		    LOG_S("why", e == ERR_INVALID ? "damaged" : err_text(e)),
		    LOG_S("effect", "nobody is known from an address until he logs in again"));
	buf_fini(&bytes);
	f->written = known_version(k);
	return f;
}

static int write_bytes(void *arg)
{
	const struct known_file *f = arg;
	return file_write(f->path, buf_str(&f->bytes), 0600);
}

static void form(struct known_file *f)
{
	buf_clear(&f->bytes);
	known_form(f->known, &f->bytes);
	f->writing = known_version(f->known);
}

/* What could not be written is tried again, and said once. */
static void written(void *arg, int e)
{
	struct known_file *f = arg;
	f->busy = false;
	if (e == ERR_OK)
		f->written = f->writing;
	else if (!f->failed)
		LOG(LOG_WARN, "known-places-unwritten", LOG_S("file", f->path),
		    LOG_S("why", err_text(e)));
	f->failed = e != ERR_OK;
}

void known_file_look(struct known_file *f)
{
	if (f->busy || !is_new(f))
		return;
	form(f);
	f->busy = syncer_job(f->syncer, write_bytes, written, f) == ERR_OK;
}

void known_file_close(struct known_file *f)
{
	if (!f)
		return;
	if (is_new(f)) {
		form(f);
		written(f, write_bytes(f));
	}
	buf_fini(&f->bytes);
	free(f);
}
