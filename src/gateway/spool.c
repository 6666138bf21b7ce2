/* SPDX-License-Identifier: ISC
 *
 * A table of file systems, a look at one, and a file of 32 hexadecimal digits.
 */
#include "gateway/spool.h"

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "gateway/segment-private.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

enum { KEY_BYTES = 16, KEY_DIGITS = 2 * KEY_BYTES };

/* ---- where it lies ---------------------------------------------------------------------- */

static const struct {
	uint64_t magic;
	const char *fault;
} faults[] = {
	{ 0x01021994, "tmpfs, which is gone when the machine stops" },
	{ 0x858458f6, "ramfs, which is gone when the machine stops" },
	{ 0x794c7630, "an overlay, a container's own layer, which is gone with the container" },
	{ 0x61756673, "aufs, a container's own layer, which is gone with the container" },
};

const char *gateway_spool_fault(uint64_t magic)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		if (faults[i].magic == magic)
			return faults[i].fault;
	return NULL;
}

/* Of the first directory above that is there. */
static int magic_of(const char *directory, uint64_t *magic)
{
	char *path = mem_strdup(directory);
	struct statfs fs;
	int failed;
	while ((failed = statfs(path, &fs)) != 0 && errno == ENOENT) {
		char *slash = strrchr(path, '/');
		if (!slash)
			str_copy(path, strlen(path) + 1, STR("."));
		else
			slash[slash == path] = '\0';
		if (!slash || slash == path) {
			failed = statfs(slash ? "/" : ".", &fs);
			break;
		}
	}
	free(path);
	*magic = failed ? 0 : (uint64_t)(uint32_t)fs.f_type;
	return failed ? ERR_IO : ERR_OK;
}

int gateway_spool_check(const char *directory, bool anywhere, struct buf *message)
{
	uint64_t magic;
	int e = magic_of(directory, &magic);
	const char *fault = gateway_spool_fault(magic);
	if (e != ERR_OK) {
		buf_printf(message, "%s: %s", directory, strerror(errno));
		return e;
	}
	if (!fault)
		return ERR_OK;
	if (anywhere) {
		LOG(LOG_WARN, "spool-does-not-last", LOG_S("directory", directory),
		    LOG_S("lies_on", fault));
		return ERR_OK;
	}
	buf_printf(message, "%s: lies on %s: expected a disk for what is acknowledged "
	           "(gateway.spool_anywhere says that it may be lost)", directory, fault);
	return ERR_DENIED;
}

/* ---- its key ---------------------------------------------------------------------------- */

static bool has_segments(const char *directory)
{
	DIR *dir = opendir(directory);
	bool found = false;
	uint64_t number;
	for (struct dirent *entry; dir && !found && (entry = readdir(dir));)
		found = segment_number(entry->d_name, &number);
	if (dir)
		closedir(dir);
	return found;
}

static int key_make(const char *directory, const char *path, struct buf *message)
{
	uint8_t bytes[KEY_BYTES];
	char digits[KEY_DIGITS + 2];
	if (has_segments(directory)) {
		buf_printf(message, "%s: is not there: expected the key with which the queue was "
		           "written", path);
		return ERR_CORRUPT;
	}
	random_bytes(bytes, sizeof(bytes));
	hex_encode(bytes, sizeof(bytes), digits);
	digits[KEY_DIGITS] = '\n';
	int e = file_mkdirs(directory, 0700);
	if (e == ERR_OK)
		e = file_write(path, (struct str){ digits, KEY_DIGITS + 1 }, 0600);
	if (e != ERR_OK)
		buf_printf(message, "%s: %s", path, err_text(e));
	return e;
}

/* The numbers as they stand, whatever the machine. */
static int key_parse(struct str text, struct hash_key *key)
{
	uint8_t bytes[KEY_BYTES];
	if (text.n != KEY_DIGITS + 1 || text.p[KEY_DIGITS] != '\n' ||
	    hex_decode((struct str){ text.p, KEY_DIGITS }, bytes, sizeof(bytes)) != KEY_BYTES)
		return ERR_CORRUPT;
	*key = (struct hash_key){ 0 };
	for (size_t i = 0; i < KEY_BYTES; i++)
		key->k[i / 8] |= (uint64_t)bytes[i] << (8 * (i % 8));
	return ERR_OK;
}

int gateway_spool_key(const char *directory, struct hash_key *key, struct buf *message)
{
	char *path = mem_printf("%s/key", directory);
	struct buf text = { 0 };
	int e = file_read_plain(path, KEY_DIGITS + 2, &text);
	if (e == ERR_NOT_FOUND) {
		e = key_make(directory, path, message);
		if (e == ERR_OK)
			e = file_read_plain(path, KEY_DIGITS + 2, &text);
	}
	if (e == ERR_OK)
		e = key_parse(buf_str(&text), key);
	if (e != ERR_OK && message->n == 0)
		buf_printf(message, "%s: %s: expected 32 hexadecimal digits and a line end", path,
		           err_text(e));
	buf_fini(&text);
	free(path);
	return e;
}
