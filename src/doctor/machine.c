/* SPDX-License-Identifier: ISC
 *
 * The judgement of files, sockets and clock: see machine.h.
 */
#include "doctor/machine.h"

#include "base/clock.h"

#include <stdio.h>

static const char owner_part[] = "owner", port_part[] = "port", clock_part[] = "clock";

enum { ABOUT_MAX = 400, OTHERS_WRITE = 022, OTHERS_ANY = 07, GROUP_AND_OTHERS = 077 };

/* ---- files ------------------------------------------------------------------------- */

/* The unit leaves root no right to read past the modes (CAP_DAC_READ_SEARCH). */
static bool root_reads(const struct doctor_file *file)
{
	return (file->owner.uid == 0 && (file->mode & S_IRUSR)) ||
	       (file->owner.uid != 0 && file->gid == 0 && (file->mode & S_IRGRP)) ||
	       (file->owner.uid != 0 && file->gid != 0 && (file->mode & S_IROTH));
}

static void judge_file(const struct doctor_owner *o, const struct doctor_file *file,
                       struct doctor_findings *f)
{
	char todo[ABOUT_MAX];
	if (!file->path)
		return;
	if (o->root && !root_reads(file)) {
		struct buf who = { 0 };
		ownership_add_user(&file->owner, &who);
		snprintf(todo, sizeof(todo), "chown root %.360s", file->path);
		doctor_find(f, DOCTOR_WRONG, owner_part, file->parameter, todo,
		            "%s belongs to %s, mode %o: the service, which is root without the "
		            "right to pass over modes, cannot read it", file->path,
		            buf_cstr(&who), file->mode & 0777);
		buf_fini(&who);
	} else if (file->secret && (file->mode & OTHERS_ANY)) {
		snprintf(todo, sizeof(todo), "chmod o= %.360s", file->path);
		doctor_find(f, DOCTOR_WRONG, owner_part, file->parameter, todo,
		            "every user of this machine may read or change %s, mode %o",
		            file->path, file->mode & 0777);
	} else {
		doctor_find(f, DOCTOR_OK, owner_part, file->parameter, NULL, "%s can be read",
		            file->path);
	}
}

static void judge_modes(const struct doctor_owner *o, struct doctor_findings *f)
{
	char todo[ABOUT_MAX];
	const char *path = o->facts.path;
	if (o->mode & OTHERS_WRITE) {
		snprintf(todo, sizeof(todo), "chmod 750 %.360s", path);
		doctor_find(f, DOCTOR_WRONG, owner_part, "state directory", todo,
		            "%s: others than its owner may change what is in it, mode %o", path,
		            o->mode & 0777);
	} else if (o->mode & OTHERS_ANY) {
		snprintf(todo, sizeof(todo), "chmod 750 %.360s", path);
		doctor_find(f, DOCTOR_BETTER, owner_part, "state directory", todo,
		            "%s: every user of this machine may look into it, mode %o", path,
		            o->mode & 0777);
	}
	if (o->keys_mode & GROUP_AND_OTHERS) {
		snprintf(todo, sizeof(todo), "chmod 700 %.350s/keys", path);
		doctor_find(f, DOCTOR_WRONG, owner_part, "keys", todo,
		            "%s/keys: others than its owner may look into it, mode %o", path,
		            o->keys_mode & 0777);
	}
}

static void judge_state(const struct doctor_owner *o, struct doctor_findings *f)
{
	struct buf told = { 0 }, command = { 0 };
	const struct ownership *facts = &o->facts;
	if (!o->root && facts->owner.uid != facts->wanted.uid) {
		doctor_find(f, DOCTOR_UNKNOWN, owner_part, "state directory",
		            "sudo portreeve doctor", "%s is somebody else's: ask as root, as whom "
		            "the service starts", facts->path);
		return;
	}
	if (ownership_is_right(facts, &told)) {
		ownership_add_user(&facts->owner, &told);
		doctor_find(f, DOCTOR_OK, owner_part, "state directory", NULL, "%s is of %s",
		            facts->path, buf_cstr(&told));
		judge_modes(o, f);
	} else {
		if (!facts->inside_linked)
			ownership_command(facts->path, &facts->wanted, &command);
		doctor_find(f, DOCTOR_WRONG, owner_part, "state directory", buf_cstr(&command),
		            "%s", buf_cstr(&told));
	}
	buf_fini(&told);
	buf_fini(&command);
}

void doctor_owner_judge(const struct doctor_owner *o, struct doctor_findings *f)
{
	struct buf who = { 0 };
	ownership_add_user(&o->facts.wanted, &who);
	if (o->nobody)
		doctor_find(f, DOCTOR_BETTER, owner_part, "user", "systemd-sysusers",
		            "roles become \"nobody\", whose files other services share");
	else
		doctor_find(f, DOCTOR_OK, owner_part, "user", NULL, "roles become %s",
		            buf_cstr(&who));
	buf_fini(&who);
	if (o->there)
		judge_state(o, f);
	else
		doctor_find(f, DOCTOR_OK, owner_part, "state directory", NULL,
		            "%s is made at the first start", o->facts.path);
	for (size_t i = 0; i < DOCTOR_FILES; i++)
		judge_file(o, &o->files[i], f);
}

/* ---- sockets ----------------------------------------------------------------------- */

static void judge_socket(const struct doctor_socket *s, struct doctor_findings *f)
{
	char about[ABOUT_MAX], at[ENDPOINT_TEXT_MAX];
	bool ours = str_prefix(str_of(s->holder), STR("portreeve"));
	snprintf(about, sizeof(about), "%s %s", s->parameter, endpoint_format(&s->at, at));
	switch (s->state) {
	case DOCTOR_FREE:
		doctor_find(f, DOCTOR_WRONG, port_part, about, "systemctl enable --now portreeve",
		            "nobody listens: the role %s is not running", s->role);
		return;
	case DOCTOR_TAKEN:
		if (s->holder[0] && !ours)
			doctor_find(f, DOCTOR_WRONG, port_part, about, NULL, "another program, "
			            "\"%s\", has this port: the role %s cannot listen there: stop "
			            "it, or give one of them another address", s->holder, s->role);
		else
			doctor_find(f, DOCTOR_OK, port_part, about, NULL, "%s listens",
			            ours ? s->role : "somebody");
		return;
	case DOCTOR_DENIED:
		doctor_find(f, DOCTOR_UNKNOWN, port_part, about, "sudo portreeve doctor",
		            "only root may see whether somebody listens on this port");
		return;
	case DOCTOR_NO_ADDRESS:
		doctor_find(f, DOCTOR_WRONG, port_part, about, "ip address",
		            "no address of this machine now");
		return;
	}
}

void doctor_sockets_judge(const struct doctor_socket *v, size_t n, struct doctor_findings *f)
{
	for (size_t i = 0; i < n; i++)
		judge_socket(&v[i], f);
}

static void judge_port(const struct config_endpoints *list, const char *parameter, unsigned port,
                       const char *who, struct doctor_findings *f)
{
	char todo[80];
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].port == port)
			return;
	snprintf(todo, sizeof(todo), "set %s to port %u", parameter, port);
	doctor_find(f, DOCTOR_BETTER, port_part, parameter, todo, "nothing of it is port %u, to "
	            "which %s, unless something in front of it leads there", port, who);
}

/* RFC 5321 4.5.4.2, RFC 6409 3.1, RFC 8314 3.3. */
void doctor_ports_judge(const struct gateway_config *g, struct doctor_findings *f)
{
	if (g->listen.n > 0)
		judge_port(&g->listen, "gateway.listen", 25, "others bring mail", f);
	if (g->submission.n > 0)
		judge_port(&g->submission, "gateway.submission", 587, "users' programs go", f);
	if (g->submissions.n > 0)
		judge_port(&g->submissions, "gateway.submissions", 465, "users' programs go", f);
}

/* ---- the clock ---------------------------------------------------------------------- */

void doctor_clock_judge(const struct doctor_clock *c, struct doctor_findings *f)
{
	char now[CLOCK_TEXT_MAX], known[CLOCK_TEXT_MAX];
	clock_format(c->now_s, now);
	clock_format(c->store.known_s, known);
	if (c->kernel_known && c->synchronised)
		doctor_find(f, DOCTOR_OK, clock_part, "synchronisation", NULL,
		            "the kernel's clock is kept right, it is %s", now);
	else if (c->kernel_known)
		doctor_find(f, DOCTOR_BETTER, clock_part, "synchronisation",
		            "timedatectl set-ntp true", "nothing says that it keeps the kernel's "
		            "clock right, it is %s", now);
	if (!c->has_store)
		doctor_find(f, c->first_start ? DOCTOR_OK : DOCTOR_UNKNOWN, clock_part,
		            "time last known", NULL, "%s", c->why);
	else if (c->store.state == CLOCK_STEADY)
		doctor_find(f, DOCTOR_OK, clock_part, "time last known", NULL, "%s",
		            c->store.known_s ? known : "none yet");
	else
		doctor_find(f, DOCTOR_WRONG, clock_part, "time last known",
		            "portreeve clock accept", "the clock is %s by %lld s, it says %s and "
		            "%s was the time last known: set it right, or say that it is right",
		            clock_state_name(c->store.state),
		            (long long)(c->now_s > c->store.known_s ? c->now_s - c->store.known_s
		                                                    : c->store.known_s - c->now_s),
		            now, known);
}
