/* SPDX-License-Identifier: ISC
 *
 * Opening the log: every segment is read whole, put in the order of its use, and made safe: what
 * a killed process wrote may be in the kernel's cache alone. The last of them is gone on with, so
 * that a log without a free segment opens, too.
 */
#include "gateway/log-private.h"

#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct opening {
	struct gateway_log *log;
	const struct gateway_log_reader *reader;
	struct buf *message;
};

static int fails(struct opening *o, int err, const char *name, const char *why)
{
	buf_printf(o->message, "%s%s%s: %s", o->log->path, name ? "/" : "", name ? name : "",
	           why ? why : err_text(err));
	return err;
}

/* ---- the directory --------------------------------------------------------------------- */

static int directory_open(struct opening *o)
{
	struct gateway_log *log = o->log;
	int e = file_mkdirs(log->path, 0700);
	if (e != ERR_OK)
		return fails(o, e, NULL, NULL);
	log->directory = open(log->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (log->directory < 0)
		return fails(o, file_err(errno), NULL, NULL);
	if (flock(log->directory, LOCK_EX | LOCK_NB) != 0)
		return fails(o, ERR_BUSY, NULL, "another process has this log open");
	return ERR_OK;
}

/* By number: that of the next new one is above all. */
static int segment_found(struct opening *o, const char *name, uint64_t number)
{
	struct gateway_log *log = o->log;
	struct stat st;
	int fd = openat(log->directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return fails(o, file_err(errno), name, NULL);
	struct segment *s = mem_zalloc(sizeof(*s));
	s->file.fd = fd;
	str_copy(s->name, sizeof(s->name), str_of(name));
	s->next = log->idle;
	log->idle = s;
	log->count++;
	if (number >= log->next_number)
		log->next_number = number + 1;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return fails(o, ERR_INVALID, name, "expected a regular file");
	s->end = (size_t)st.st_size;
	return ERR_OK;
}

static int directory_list(struct opening *o)
{
	int copy = dup(o->log->directory), e = ERR_OK;
	DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
	if (!dir) {
		if (copy >= 0)
			close(copy);
		return fails(o, ERR_IO, NULL, NULL);
	}
	rewinddir(dir);
	for (struct dirent *entry; e == ERR_OK && (entry = readdir(dir));) {
		uint64_t number;
		if (segment_number(entry->d_name, &number))
			e = segment_found(o, entry->d_name, number);
	}
	closedir(dir);
	return e;
}

/* ---- sizes and uses -------------------------------------------------------------------- */

static bool is_zero(struct str s)
{
	return s.n == 0 || (s.p[0] == 0 && memcmp(s.p, s.p + 1, s.n - 1) == 0);
}

/* One that was being made when its process was killed has no size yet, or no head: it is made
 * anew. */
static int size_check(struct opening *o, struct segment *s)
{
	struct gateway_log *log = o->log;
	if (s->end < log->bytes && posix_fallocate(s->file.fd, 0, (off_t)log->bytes) == 0)
		s->end = log->bytes;
	if (s->end != log->bytes)
		return fails(o, ERR_INVALID, s->name, "is not of the size of the other segments");
	return ERR_OK;
}

static void used_insert(struct gateway_log *log, struct segment *s)
{
	struct segment **at = &log->first;
	while (*at && (*at)->use < s->use)
		at = &(*at)->next;
	s->next = *at;
	*at = s;
	if (!s->next)
		log->current = s;
	if (s->use >= log->next_use)
		log->next_use = s->use + 1;
}

/* Its head tells; the rest is read where that is damaged, or zeros. */
static bool use_find(struct opening *o, struct segment *s, char *bytes, int *e)
{
	const size_t sizes[] = { gateway_record_bytes(0), o->log->bytes };
	bool found = false;
	for (size_t i = 0; *e == ERR_OK && !found && i < 2; i++) {
		*e = segment_read(s->file.fd, 0, sizes[i], bytes);
		found = *e == ERR_OK &&
		        gateway_record_use(&o->log->key, (struct str){ bytes, sizes[i] }, &s->use);
	}
	return found;
}

static int segment_sort(struct opening *o, struct segment *s, char *bytes)
{
	struct gateway_log *log = o->log;
	const struct str whole = { bytes, log->bytes };
	int e = size_check(o, s);
	const bool used = use_find(o, s, bytes, &e);
	if (e != ERR_OK)
		return o->message->n ? e : fails(o, e, s->name, NULL);
	if (used) {
		used_insert(log, s);
		return ERR_OK;
	}
	if (!is_zero(whole))
		return fails(o, ERR_INVALID, s->name, "has no record of this log: it is damaged "
		             "all over, or was written with another key");
	s->next = log->idle;
	log->idle = s;
	return ERR_OK;
}

static int segments_sort(struct opening *o, char *bytes)
{
	struct segment *s = o->log->idle;
	int e = ERR_OK;
	o->log->idle = NULL;
	for (struct segment *next; s; s = next) {
		next = s->next;
		s->next = NULL;
		if (e == ERR_OK)
			e = segment_sort(o, s, bytes);
		if (e != ERR_OK) {
			s->next = o->log->ready;
			o->log->ready = s;     /* only to be closed */
		}
	}
	return e;
}

/* ---- records --------------------------------------------------------------------------- */

static void segment_replay(struct opening *o, struct segment *s, struct str whole)
{
	struct gateway_record record;
	for (size_t at = 0;;) {
		const size_t before = at;
		enum gateway_found found = gateway_record_read(&o->log->key, whole, s->use, &at,
		                                               &record);
		const struct gateway_place place = { s->use, before, at - before };
		s->end = at;
		if (found == GATEWAY_FOUND_TORN || found == GATEWAY_FOUND_END)
			return;
		if (found == GATEWAY_FOUND_DAMAGE) {
			o->reader->damage(o->reader->arg, s->name, before, at - before);
		} else if (record.kind != GATEWAY_KIND_SEGMENT) {
			s->live++;
			o->reader->record(o->reader->arg, &record, &place);
		}
	}
}

/* Oldest first. What the reader drops goes when all is read. */
static int segments_replay(struct opening *o, char *bytes)
{
	struct gateway_log *log = o->log;
	for (struct segment *s = log->first; s; s = s->next) {
		int e = segment_read(s->file.fd, 0, log->bytes, bytes);
		if (e != ERR_OK)
			return fails(o, e, s->name, NULL);
		s->failed = fdatasync(s->file.fd) != 0;
		segment_replay(o, s, (struct str){ bytes, log->bytes });
	}
	return ERR_OK;
}

/* The first of a new log. */
static int first_begin(struct opening *o)
{
	struct gateway_log *log = o->log;
	int e = log_prepare_now(log);
	if (e != ERR_OK)
		return fails(o, e, NULL, NULL);
	log->first = log->current = log->ready;
	log->ready = NULL;
	return ERR_OK;
}

static size_t bytes_of_old(const struct gateway_log *log, size_t wanted)
{
	size_t bytes = 0;
	for (const struct segment *s = log->idle; s; s = s->next)
		if (s->end > bytes)
			bytes = s->end;
	return bytes ? bytes : wanted;
}

static int log_read(struct opening *o, size_t wanted)
{
	struct gateway_log *log = o->log;
	int e = directory_open(o);
	if (e == ERR_OK)
		e = directory_list(o);
	if (e != ERR_OK)
		return e;
	log->bytes = bytes_of_old(log, wanted);
	if (log->bytes < GATEWAY_SEGMENT_MIN || log->bytes > GATEWAY_SEGMENT_MAX)
		return fails(o, ERR_INVALID, NULL, "a segment of that size is none of ours");
	char *bytes = mem_alloc(log->bytes);
	e = segments_sort(o, bytes);
	if (e == ERR_OK)
		e = segments_replay(o, bytes);
	free(bytes);
	return e == ERR_OK && !log->first ? first_begin(o) : e;
}

int gateway_log_open(const struct gateway_log_options *options, struct syncer *syncer,
                     const struct gateway_log_reader *reader, struct gateway_log **out,
                     struct buf *message)
{
	struct gateway_log *log = mem_zalloc(sizeof(*log));
	*log = (struct gateway_log){ .path = mem_strdup(options->directory), .directory = -1,
	                             .syncer = syncer, .key = options->key, .next_use = 1,
	                             .next_number = 1, .max = options->segments_max };
	struct opening o = { log, reader, message };
	*out = log;
	int e = log_read(&o, options->segment_bytes);
	if (e != ERR_OK) {
		*out = NULL;
		gateway_log_close(log);
		return e;
	}
	log->is_open = true;
	log_release(log);
	log_prepare(log);
	return ERR_OK;
}
