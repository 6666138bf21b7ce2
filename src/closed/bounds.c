/* SPDX-License-Identifier: ISC
 *
 * The room's /proc has its own processes alone: they are counted there, each time anew.
 */
#include "closed/bounds.h"

#include "base/file.h"

#include <assert.h>
#include <dirent.h>
#include <limits.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { PRIORITY = -10, MEMORY_TEXT_MAX = 4096 };
/* Numbers below 300 are not given a second time: there are at least CLOSED_TASKS_MAX. */
#define NUMBERS_MAX "1000"
/* In pages: of memory that hangs on no process. */
#define SHARED_PAGES_MAX "8192"

struct room_use {
	unsigned tasks;
	int64_t bytes;
};

bool closed_bounds_numbered(const char *release)
{
	enum { MAJOR = 6, MINOR = 14 };
	char *end;
	const unsigned long major = strtoul(release, &end, 10);
	const unsigned long minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	return major > MAJOR || (major == MAJOR && minor >= MINOR);
}

static void kernel_set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? write(fd, value, strlen(value)) : 0;
	(void)n;                                 /* an older kernel has no such thing */
	if (fd >= 0)
		close(fd);
}

void closed_bounds_set(struct closed_bounds *b, const struct closed_setup *setup)
{
	struct utsname name;
	*b = (struct closed_bounds){
		.tasks_max = setup->tasks_max ? setup->tasks_max : CLOSED_TASKS_MAX,
		.memory_bytes_max = setup->memory_bytes_max ? setup->memory_bytes_max
		                                            : CLOSED_MEMORY_BYTES_MAX,
	};
	kernel_set("/proc/self/oom_score_adj", "1000");
	kernel_set("/proc/sys/kernel/shmall", SHARED_PAGES_MAX);
	/* Of an older kernel this would be the machine's. */
	if (uname(&name) == 0 && closed_bounds_numbered(name.release))
		kernel_set("/proc/sys/kernel/pid_max", NUMBERS_MAX);
	/* Programs have another one (confine.c): who looks comes before who is looked at. */
	setpriority(PRIO_PROCESS, 0, PRIORITY);
}

/* The value in kilobytes behind the name at the begin of a line. */
static int64_t kilobytes_of(struct str text, struct str name)
{
	struct str line, field;
	uint64_t value;
	while (str_token(&text, "\n", &line))
		if (str_prefix(line, name)) {
			line = str_from(line, name.n);
			return str_token(&line, " \t", &field) &&
			       str_u64(field, UINT32_MAX, &value) == ERR_OK ? (int64_t)value : 0;
		}
	return 0;
}

/* In bytes: the quick look counts memory that two processes have together twice. */
static int64_t memory_of(const char *pid, bool quick)
{
	char path[NAME_MAX + 32];
	struct buf text = { 0 };
	snprintf(path, sizeof(path), "/proc/%s/%s", pid, quick ? "status" : "smaps_rollup");
	int e = file_read(path, MEMORY_TEXT_MAX, &text);
	int64_t kilobytes = e == ERR_OK ? kilobytes_of(buf_str(&text), quick ? STR("RssAnon:")
	                                                             : STR("Pss_Anon:")) : 0;
	buf_fini(&text);
	return kilobytes * 1024;
}

/* A directory has a link for each directory in it, and two of its own. */
static unsigned tasks_of(const char *pid)
{
	char path[NAME_MAX + 32];
	struct stat st;
	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	return stat(path, &st) == 0 && st.st_nlink > 2 ? (unsigned)st.st_nlink - 2 : 1;
}

static struct room_use use_count(bool quick)
{
	struct room_use use = { 0 };
	DIR *processes = opendir("/proc");
	for (struct dirent *d; processes && (d = readdir(processes));)
		if (ascii_isdigit((unsigned char)d->d_name[0])) {
			use.bytes += memory_of(d->d_name, quick);
			use.tasks += tasks_of(d->d_name);
		}
	if (processes)
		closedir(processes);
	return use;
}

const char *closed_bounds_over(struct closed_bounds *b, int64_t now_ms)
{
	if (now_ms - b->looked_ms < CLOSED_LOOK_MS)
		return NULL;
	b->looked_ms = now_ms;
	struct room_use use = use_count(true);
	if (use.tasks > b->tasks_max)
		return "the room was ended: its programs are too many";
	if (use.bytes <= b->memory_bytes_max || use_count(false).bytes <= b->memory_bytes_max)
		return NULL;
	return "the room was ended: its programs take too much memory";
}
