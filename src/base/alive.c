/* SPDX-License-Identifier: ISC
 *
 * Processes by what /proc says of them. Where it says nothing, they count as unknown, not as gone.
 */
#include "base/alive.h"

#include "base/err.h"
#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The 22nd field of /proc/PID/stat. The second is a name that may hold anything: what counts is
 * behind its last parenthesis. 0: it can't be read. */
static uint64_t read_start(int64_t pid)
{
	enum { STAT_BYTES_MAX = 4096, FIELDS_TO_START = 20 };
	char path[64];
	struct buf text = { 0 };
	uint64_t ticks = 0;
	snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
	if (file_read(path, STAT_BYTES_MAX, &text) == ERR_OK) {
		const char *close = strrchr(buf_cstr(&text), ')');
		struct str rest = str_of(close ? close + 1 : ""), field = { 0 };
		int fields = 0;
		while (fields < FIELDS_TO_START && str_token(&rest, " \n", &field))
			fields++;
		if (fields < FIELDS_TO_START || str_u64(field, UINT64_MAX, &ticks) != ERR_OK)
			ticks = 0;
	}
	buf_fini(&text);
	return ticks;
}

void alive_self(struct alive_id *id)
{
	struct buf boot = { 0 };
	struct stat st;
	*id = (struct alive_id){ .pid = getpid() };
	if (file_read("/proc/sys/kernel/random/boot_id", ALIVE_BOOT_MAX, &boot) != ERR_OK ||
	    !str_copy(id->boot, sizeof(id->boot), str_trim(buf_str(&boot))))
		id->boot[0] = '\0';
	if (stat("/proc/self/ns/pid", &st) == 0)
		id->space = st.st_ino;
	id->started_ticks = read_start(id->pid);
	buf_fini(&boot);
}

struct alive_sight alive_look(int64_t pid)
{
	struct alive_sight sight = { .what = ALIVE_UNKNOWN };
	if (pid <= 0 || pid > INT32_MAX)
		return sight;
	if (kill((pid_t)pid, 0) != 0 && errno == ESRCH) {
		sight.what = ALIVE_GONE;
		return sight;
	}
	/* Another user's is there, too, and may hide when it began. */
	sight.what = ALIVE_THERE;
	sight.started_ticks = read_start(pid);
	return sight;
}
