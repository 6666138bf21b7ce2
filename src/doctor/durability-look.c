/* SPDX-License-Identifier: ISC
 *
 * The facts, and some seconds of appends to a file without a name, whose blocks are there from the
 * beginning as those of the queue's segments are.
 */
#include "doctor/durability.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum {
	APPEND = 4096, FILE_BYTES = 32 << 20, SYNCS_MAX = 20000,
	BATCH_MS = DOCTOR_DURABILITY_MS / DOCTOR_BATCHES - 200, MOUNTINFO_MAX = 4 << 20,
};

/* ---- what the system says ---------------------------------------------------------------- */

static void read_line(const char *path, char *dst, size_t size)
{
	struct buf text = { 0 };
	dst[0] = '\0';
	if (file_read(path, size, &text) == ERR_OK)
		str_copy(dst, size, str_trim(buf_str(&text)));
	buf_fini(&text);
}

/* A partition has its disk's directory above its own. */
static void device_look(dev_t device, struct doctor_durability *d)
{
	char link[64], path[256], at[4096], rotates[8];
	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major(device), minor(device));
	if (!realpath(link, at))
		return;
	snprintf(path, sizeof(path), "%s/partition", link);
	if (access(path, F_OK) == 0)
		*strrchr(at, '/') = '\0';
	str_copy(d->device, sizeof(d->device), str_of(strrchr(at, '/') + 1));
	snprintf(path, sizeof(path), "/sys/block/%s/queue/rotational", d->device);
	read_line(path, rotates, sizeof(rotates));
	snprintf(path, sizeof(path), "/sys/block/%s/queue/write_cache", d->device);
	read_line(path, d->cache, sizeof(d->cache));
	d->rotates = strcmp(rotates, "1") == 0;
	d->is_virtual = strncmp(d->device, "vd", 2) == 0 || strncmp(d->device, "xvd", 3) == 0;
	d->has_device = rotates[0] != '\0';
}

static void system_look(struct doctor_durability *d)
{
	char path[4096];
	struct statfs fs;
	struct stat st, source;
	struct buf mountinfo = { 0 };
	if (statfs(d->directory, &fs) == 0)
		d->magic = (uint64_t)(uint32_t)fs.f_type;
	if (realpath(d->directory, path) &&
	    file_read("/proc/self/mountinfo", MOUNTINFO_MAX, &mountinfo) == ERR_OK)
		d->has_mount = doctor_mount_find(buf_str(&mountinfo), path, &d->mount);
	buf_fini(&mountinfo);
	if (stat(d->directory, &st) == 0 && major(st.st_dev) != 0)
		device_look(st.st_dev, d);
	else if (d->mount.source[0] == '/' && stat(d->mount.source, &source) == 0 &&
	         S_ISBLK(source.st_mode))
		device_look(source.st_rdev, d);
}

/* ---- what it does ------------------------------------------------------------------------ */

static int64_t now_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int nameless_file(const char *directory)
{
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
		char path[4200];
		snprintf(path, sizeof(path), "%s/.portreeve-XXXXXX", directory);
		fd = mkostemp(path, O_CLOEXEC);
		if (fd >= 0)
			unlink(path);
	}
	return fd;
}

static int by_size(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

/* 0: a write or a sync failed, and errno says why. */
static double measure(int fd, unsigned batch, int64_t *median_us)
{
	static int64_t took_us[SYNCS_MAX];
	static const char bytes[APPEND] = { 1 };
	const int64_t begun_us = now_us();
	size_t syncs = 0;
	uint64_t appends = 0;
	while (syncs < SYNCS_MAX && now_us() - begun_us < (int64_t)BATCH_MS * 1000) {
		for (unsigned i = 0; i < batch; i++, appends++)
			if (pwrite(fd, bytes, APPEND,
			           (off_t)(appends * APPEND % FILE_BYTES)) != APPEND)
				return 0;
		const int64_t before_us = now_us();
		if (fdatasync(fd) != 0)
			return 0;
		took_us[syncs++] = now_us() - before_us;
	}
	qsort(took_us, syncs, sizeof(*took_us), by_size);
	*median_us = took_us[syncs / 2];
	return (double)appends * 1e6 / (double)(now_us() - begun_us);
}

/* The first round of writes to blocks that were only promised costs more than all others. */
static int fill(int fd)
{
	static const char zeros[1 << 16];
	for (off_t at = 0; at < FILE_BYTES; at += (off_t)sizeof(zeros))
		if (pwrite(fd, zeros, sizeof(zeros), at) != (ssize_t)sizeof(zeros))
			return -1;
	return fsync(fd);
}

void doctor_durability_look(const char *directory, struct doctor_durability *d)
{
	*d = (struct doctor_durability){ .directory = directory };
	system_look(d);
	int64_t median_us = 0;
	const int fd = nameless_file(directory);
	if (fd < 0 || fill(fd) != 0)
		d->why = strerror(errno);
	for (size_t i = 0; !d->why && i < DOCTOR_BATCHES; i++) {
		d->appends_per_s[i] = measure(fd, doctor_batches[i], &median_us);
		if (d->appends_per_s[i] <= 0)
			d->why = strerror(errno);
		if (i == 0)
			d->sync_us = median_us;
	}
	if (fd >= 0)
		close(fd);
}
