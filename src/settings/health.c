/* SPDX-License-Identifier: ISC
 *
 * What is wrong, one rule a function: see health.h.
 */
#include "settings/health.h"

#include <assert.h>

const char *health_state_name(enum health_state state)
{
	static const char *const names[] = {
		[HEALTH_WELL] = "well", [HEALTH_WRONG] = "wrong", [HEALTH_STOPPED] = "stopped",
	};
	assert((unsigned)state < sizeof(names) / sizeof(*names));
	return names[state];
}

void health_span(int64_t seconds, struct buf *out)
{
	long long s = seconds > 0 ? seconds : 0;
	if (s < 120)
		buf_printf(out, "%lld s", s);
	else if (s < 2 * 3600)
		buf_printf(out, "%lld min", s / 60);
	else if (s < 2 * 86400)
		buf_printf(out, "%lld h", s / 3600);
	else
		buf_printf(out, "%lld days", s / 86400);
}

static bool is_stale(const struct health *h)
{
	return h->now_boot_ms - h->running.told_boot_ms > RUNNING_STALE_MS;
}

bool health_runs(const struct health *h)
{
	return h->has_running && h->sight != RUNNING_DEAD;
}

void health_word(const struct health *h, struct running_word *out)
{
	*out = (struct running_word){ 0 };
	for (size_t i = 0; health_runs(h) && i < h->running.count; i++) {
		const struct running_role *role = &h->running.roles[i];
		if (role->state != RUNNING_READY)
			continue;
		if (role->word.has_list) {
			out->has_list = true;
			out->listed = role->word.listed;
			out->serial = role->word.serial;
		}
		out->hangs |= role->word.hangs;
		if (role->word.reach != RUNNING_REACH_UNKNOWN) {
			out->reach = role->word.reach;
			memcpy(out->why, role->word.why, sizeof(out->why));
		}
	}
}

/* ---- what is wrong ---------------------------------------------------------------------- */

static void end_with(struct buf *out, const char *why)
{
	if (why[0]) {
		buf_add_cstr(out, ": ");
		buf_add_escaped(out, str_of(why));
	}
	buf_add_byte(out, '\n');
}

static void judge_supervisor(const struct health *h, struct buf *out)
{
	const struct running *r = &h->running;
	if (h->why_running[0]) {
		buf_add_cstr(out, "status.json cannot be read");
		end_with(out, h->why_running);
	}
	if (!h->has_running)
		return;
	if (h->sight == RUNNING_DEAD) {
		if (!r->stopping)
			buf_printf(out, "the supervisor, pid %lld, ended without stopping: it was "
			           "killed, or the machine was started again\n",
			           (long long)r->supervisor.pid);
		return;
	}
	if (h->sight == RUNNING_UNSEEN)
		buf_printf(out, "whether the supervisor, pid %lld, lives cannot be seen from "
		           "here\n", (long long)r->supervisor.pid);
	if (is_stale(h)) {
		buf_add_cstr(out, "the supervisor hangs, or cannot write status.json: it has said "
		             "nothing for ");
		health_span((h->now_boot_ms - r->told_boot_ms) / 1000, out);
		buf_add_byte(out, '\n');
	}
	if (r->stopping)
		buf_add_cstr(out, "it is being stopped\n");
	if (r->kept[0])
		/* Escaped when it was written. */
		buf_printf(out, "new settings were refused, the old ones hold: %s\n", r->kept);
}

static void end_role(const struct running_role *role, struct buf *out)
{
	if (role->end[0]) {
		buf_add_cstr(out, " (");
		buf_add_escaped(out, str_of(role->end));
		buf_add_byte(out, ')');
	}
	buf_add_byte(out, '\n');
}

static void judge_role(const struct health *h, size_t i, struct buf *out)
{
	const struct running_role *role = &h->running.roles[i];
	const int64_t now_s = h->now_s;
	struct buf name = { 0 };
	buf_add_cstr(&name, "role ");
	buf_add_escaped(&name, str_of(role->name));
	if (role->state != RUNNING_WAITS && h->role_gone[i]) {
		buf_printf(out, "%s is down: its process, pid %lld, is gone\n", buf_cstr(&name),
		           (long long)role->pid);
	} else if (role->state == RUNNING_WAITS && !h->running.stopping) {
		buf_printf(out, "%s is down: it starts again in ", buf_cstr(&name));
		health_span(role->again_s - now_s, out);
		end_role(role, out);
	} else if (role->state == RUNNING_HANGS) {
		buf_printf(out, "%s hangs and is ended\n", buf_cstr(&name));
	} else if (role->state == RUNNING_STARTS &&
	           (role->restarts || now_s - role->since_s > HEALTH_START_S)) {
		buf_printf(out, "%s is not ready: it has been starting for ", buf_cstr(&name));
		health_span(now_s - role->since_s, out);
		end_role(role, out);
	} else if (role->state == RUNNING_READY && role->word.hangs) {
		buf_printf(out, "%s: its disk or database hangs\n", buf_cstr(&name));
	}
	buf_fini(&name);
}

static void judge_words(const struct health *h, struct buf *out)
{
	struct running_word word;
	health_word(h, &word);
	if (word.reach == RUNNING_REACH_BAD) {
		buf_add_cstr(out, "tests are held: the collector does not answer");
		end_with(out, word.why);
	}
	/* The serial of DNS has 32 bits, and may be ahead of a list that was restored. */
	if (word.has_list && h->has_store && word.serial < (uint32_t)h->sum.serial &&
	    h->now_s - h->sum.changed_s > HEALTH_LAG_S)
		buf_printf(out, "DNS serves serial %llu, the list has %llu\n",
		           (unsigned long long)word.serial, (unsigned long long)h->sum.serial);
}

static void judge_store(const struct health *h, struct buf *out)
{
	if (!h->has_store && h->why_store[0]) {
		buf_add_cstr(out, "the database cannot be read");
		end_with(out, h->why_store);
	}
	if (h->has_store && h->clock.state != CLOCK_STEADY)
		buf_printf(out, "the clock is %s: nothing is tested, listed or removed; see "
		           "\"portreeve clock\"\n", clock_state_name(h->clock.state));
}

static void judge_disk(const struct health *h, struct buf *out)
{
	if (!h->has_disk)
		return;
	if (h->free_bytes < HEALTH_DISK_BYTES || h->free_bytes < h->size_bytes / HEALTH_DISK_SHARE)
		buf_printf(out, "the disk is full: %llu MB are free\n",
		           (unsigned long long)(h->free_bytes / 1000000));
	if (h->counts_files && h->free_files < HEALTH_FILES)
		buf_printf(out, "the disk takes no more files: %llu may still be made\n",
		           (unsigned long long)h->free_files);
}

static void judge_certificate(const struct health *h, struct buf *out)
{
	int64_t left_s = h->certificate_ends_s - h->now_s;
	if (!h->wants_certificate)
		return;
	if (!h->certificate_ends_s) {
		buf_add_cstr(out, "the collector's certificate cannot be read");
		end_with(out, h->why_certificate);
	} else if (left_s <= 0) {
		buf_add_cstr(out, "the collector's certificate has expired\n");
	} else if (left_s < HEALTH_CERTIFICATE_S) {
		buf_add_cstr(out, "the collector's certificate expires in ");
		health_span(left_s, out);
		buf_add_byte(out, '\n');
	}
}

enum health_state health_judge(const struct health *h, struct buf *warnings)
{
	size_t before = warnings->n;
	assert(h->running.count <= RUNNING_ROLES_MAX);
	judge_supervisor(h, warnings);
	if (health_runs(h)) {
		for (size_t i = 0; i < h->running.count; i++)
			judge_role(h, i, warnings);
		judge_words(h, warnings);
	}
	judge_store(h, warnings);
	judge_disk(h, warnings);
	judge_certificate(h, warnings);
	if (!health_runs(h) && !h->why_running[0])
		return HEALTH_STOPPED;
	return warnings->n > before ? HEALTH_WRONG : HEALTH_WELL;
}

/* ---- JSON ------------------------------------------------------------------------------- */

static void role_form(const struct health *h, size_t i, struct json *j)
{
	const struct running_role *role = &h->running.roles[i];
	json_open_object(j, NULL);
	json_add_cstr(j, "role", role->name);
	json_add_cstr(j, "state", h->role_gone[i] && role->state != RUNNING_WAITS
	                          ? "gone" : running_state_name(role->state));
	if (role->pid)
		json_add_int(j, "pid", role->pid);
	json_add_time(j, "since", role->since_s);
	json_add_int(j, "restarts", (int64_t)role->restarts);
	json_add_cstr_if(j, "last_end", role->end);
	json_add_time(j, "ended", role->ended_s);
	json_add_time(j, "again", role->again_s);
	json_add_bool(j, "hangs", role->state == RUNNING_HANGS || role->word.hangs);
	json_close(j);
}

static void running_form(const struct health *h, struct json *j)
{
	const struct running *r = &h->running;
	struct running_word word;
	if (!health_runs(h))
		return;
	json_open_object(j, "supervisor");
	json_add_int(j, "pid", r->supervisor.pid);
	json_add_time(j, "since", r->since_s);
	json_add_bool(j, "stopping", r->stopping);
	json_add_cstr_if(j, "settings_kept", r->kept);
	json_close(j);
	json_open_array(j, "roles");
	for (size_t i = 0; i < r->count; i++)
		role_form(h, i, j);
	json_close(j);
	health_word(h, &word);
	if (word.has_list) {
		json_open_object(j, "dns");
		json_add_int(j, "listed", (int64_t)word.listed);
		json_add_int(j, "serial", (int64_t)word.serial);
		json_close(j);
	}
	json_open_object(j, "collector");
	json_add_cstr(j, "reach", running_reach_name(word.reach));
	json_add_cstr_if(j, "why", word.why);
	json_close(j);
}

static void store_form(const struct health *h, struct json *j)
{
	const struct store_summary *sum = &h->sum;
	if (!h->has_store)
		return;
	json_open_object(j, "list");
	json_add_int(j, "serial", (int64_t)sum->serial);
	json_add_int(j, "listed", (int64_t)sum->listed);
	json_add_int(j, "ranges", (int64_t)sum->ranges);
	json_add_int(j, "by_operator", (int64_t)sum->by_operator);
	json_add_int(j, "withheld", (int64_t)sum->withheld);
	json_add_time(j, "changed", sum->changed_s);
	json_close(j);
	json_open_object(j, "tests");
	json_add_int(j, "queued", (int64_t)sum->queued);
	json_add_int(j, "due", (int64_t)sum->due);
	json_add_int(j, "running", (int64_t)sum->running);
	json_add_int(j, "waiting", (int64_t)sum->waiting);
	json_add_time(j, "oldest", sum->oldest_s);
	json_close(j);
	json_open_object(j, "evidence");
	json_add_time(j, "next_removal", sum->evidence_over_s);
	json_close(j);
	json_open_object(j, "clock");
	json_add_cstr(j, "state", clock_state_name(h->clock.state));
	json_add_time(j, "known", h->clock.known_s);
	json_close(j);
}

void health_json(const struct health *h, struct json *j)
{
	running_form(h, j);
	store_form(h, j);
	if (h->has_disk) {
		json_open_object(j, "disk");
		json_add_int(j, "free", (int64_t)h->free_bytes);
		json_add_int(j, "size", (int64_t)h->size_bytes);
		json_close(j);
	}
	if (h->certificate_ends_s) {
		json_open_object(j, "certificate");
		json_add_time(j, "ends", h->certificate_ends_s);
		json_close(j);
	}
}
