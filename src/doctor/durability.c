/* SPDX-License-Identifier: ISC
 *
 * What the facts mean. How long a sync takes at least is what the fastest device of a class needs:
 * a part of a turn of a disk, the shortest write of a flash device with a capacitor.
 */
#include "doctor/durability.h"

#include "gateway/spool.h"

#include <assert.h>
#include <stdlib.h>

enum { DISK_LEAST_US = 1000, FLASH_LEAST_US = 10 };

const unsigned doctor_batches[DOCTOR_BATCHES] = { 1, 20, 100 };

/* ---- mountinfo(proc(5)) ------------------------------------------------------------------ */

/* Copies a field: \040 is a space. */
static void unescape(struct str s, char *dst, size_t size)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n && n + 1 < size; i++) {
		const bool octal = s.p[i] == '\\' && i + 3 < s.n && s.p[i + 1] >= '0' &&
		                   s.p[i + 1] <= '3';
		if (octal) {
			dst[n++] = (char)((s.p[i + 1] - '0') << 6 | (s.p[i + 2] - '0') << 3 |
			                  (s.p[i + 3] - '0'));
			i += 3;
		} else {
			dst[n++] = s.p[i];
		}
	}
	dst[n] = '\0';
}

static bool is_below(const char *path, const char *point)
{
	const size_t n = strlen(point);
	if (strcmp(point, "/") == 0)
		return path[0] == '/';
	return strncmp(path, point, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

/* "36 35 98:0 /root /point rw,noatime shared:1 - ext4 /dev/sda1 rw,errors=continue" */
static bool line_read(struct str line, struct doctor_mount *m)
{
	enum { POINT = 4, OPTIONS = 5, FIRST = 6 };
	struct str field, options = { 0 }, fields[3];
	for (unsigned i = 0; i < FIRST; i++) {
		if (!str_token(&line, " ", &field))
			return false;
		if (i == POINT)
			unescape(field, m->point, sizeof(m->point));
		else if (i == OPTIONS)
			options = field;
	}
	do
		if (!str_token(&line, " ", &field))
			return false;
	while (!str_eq(field, STR("-")));
	for (unsigned i = 0; i < 3; i++)
		if (!str_token(&line, " ", &fields[i]))
			return false;
	struct buf both = { 0 };
	buf_printf(&both, "%.*s,%.*s", STR_ARG(options), STR_ARG(fields[2]));
	unescape(fields[0], m->kind, sizeof(m->kind));
	unescape(fields[1], m->source, sizeof(m->source));
	str_copy(m->options, sizeof(m->options), buf_str(&both));
	buf_fini(&both);
	return true;
}

/* Of mounts at one place the last lies on top. */
bool doctor_mount_find(struct str mountinfo, const char *path, struct doctor_mount *mount)
{
	struct str line;
	bool found = false;
	while (str_token(&mountinfo, "\n", &line)) {
		struct doctor_mount m;
		if (!line_read(line, &m) || !is_below(path, m.point) ||
		    (found && strlen(m.point) < strlen(mount->point)))
			continue;
		*mount = m;
		found = true;
	}
	return found;
}

static bool has_option(const char *options, const char *wanted)
{
	struct str rest = str_of(options), option;
	while (str_token(&rest, ",", &option))
		if (str_eq(option, str_of(wanted)))
			return true;
	return false;
}

/* ---- judgements --------------------------------------------------------------------------- */

static void judge_system(const struct doctor_durability *d, struct doctor_findings *f)
{
	static const char *const shared[] = { "nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs",
	                                      "fuse", "ceph", "vboxsf" };
	static const char *const careless[] = { "nobarrier", "barrier=0" };
	const char *fault = gateway_spool_fault(d->magic), *kind = d->mount.kind;
	for (size_t i = 0; i < sizeof(careless) / sizeof(*careless); i++)
		if (has_option(d->mount.options, careless[i]))
			doctor_find(f, DOCTOR_WRONG, "durability", d->mount.point,
			            "mount it without that option", "is mounted with %s: a sync "
			            "does not empty the device's cache", careless[i]);
	if (fault) {
		doctor_find(f, DOCTOR_WRONG, "durability", d->directory, "put the spool on a disk, "
		            "or mount a volume there", "lies on %s", fault);
		return;
	}
	for (size_t i = 0; i < sizeof(shared) / sizeof(*shared); i++)
		if (str_prefix(str_of(kind), str_of(shared[i]))) {
			doctor_find(f, DOCTOR_UNKNOWN, "durability", d->directory, NULL, "lies on "
			            "%s: what is safe there is another machine's word", kind);
			return;
		}
	doctor_find(f, d->has_mount ? DOCTOR_OK : DOCTOR_UNKNOWN, "durability", d->directory, NULL,
	            d->has_mount ? "lies on %s, mounted at %s" : "no mount is known of it%s%s",
	            kind, d->mount.point);
}

static void judge_device(const struct doctor_durability *d, struct doctor_findings *f)
{
	if (!d->has_device) {
		doctor_find(f, DOCTOR_UNKNOWN, "durability", "device", NULL,
		            "the device below cannot be seen from here");
		return;
	}
	doctor_find(f, DOCTOR_OK, "durability", d->device, NULL, "%s%s%s%s",
	            d->is_virtual ? "a virtual disk" : d->rotates ? "a disk that turns"
	                                                          : "a flash device",
	            d->cache[0] ? ", write cache: " : "", d->cache,
	            d->is_virtual ? "; whether its host keeps what it says is the host's word"
	                          : "");
}

static void judge_sync(const struct doctor_durability *d, struct doctor_findings *f)
{
	const bool turns = d->has_device && d->rotates && !d->is_virtual;
	if (d->sync_us < FLASH_LEAST_US)
		doctor_find(f, DOCTOR_WRONG, "durability", "sync", "look for libeatmydata, a disk "
		            "whose host has an unsafe cache, a volume in memory",
		            "takes %lld us: no device is so fast; syncs are not carried out",
		            (long long)d->sync_us);
	else if (turns && d->sync_us < DISK_LEAST_US)
		doctor_find(f, DOCTOR_UNKNOWN, "durability", "sync", "switch the disk's write "
		            "cache off (hdparm -W 0), unless a battery keeps it",
		            "takes %lld us: the disk says that it is safe faster than it can be",
		            (long long)d->sync_us);
	else
		doctor_find(f, DOCTOR_OK, "durability", "sync", NULL,
		            "takes %lld us (the median)", (long long)d->sync_us);
}

void doctor_durability_judge(const struct doctor_durability *d, struct doctor_findings *f)
{
	judge_system(d, f);
	if (d->why) {
		doctor_find(f, DOCTOR_WRONG, "durability", d->directory, NULL,
		            "cannot be written to: %s", d->why);
		return;
	}
	judge_device(d, f);
	judge_sync(d, f);
	for (size_t i = 0; i < DOCTOR_BATCHES; i++)
		doctor_find(f, DOCTOR_OK, "durability", "speed", NULL,
		            "%.0f appends of 4 KB per second, %u per sync", d->appends_per_s[i],
		            doctor_batches[i]);
}
