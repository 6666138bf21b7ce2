/* SPDX-License-Identifier: ISC
 *
 * The list of what was found, and what it comes to.
 */
#include "doctor/findings.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

const char *doctor_status_name(enum doctor_status status)
{
	switch (status) {
	case DOCTOR_OK: return "ok";
	case DOCTOR_MISSING: return "missing";
	case DOCTOR_DIFFERS: return "differs";
	case DOCTOR_WRONG: return "wrong";
	case DOCTOR_BETTER: return "better";
	case DOCTOR_UNKNOWN: return "unknown";
	}
	return "unknown";
}

void doctor_findings_fini(struct doctor_findings *f)
{
	free(f->v);
	f->v = NULL;
	f->n = f->cap = 0;
}

void doctor_find(struct doctor_findings *f, enum doctor_status status, const char *part,
                 const char *about, const char *todo, const char *fmt, ...)
{
	struct buf text = { 0 };
	va_list ap;
	assert(f->n <= f->cap);
	if (f->n == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 32;
		f->v = mem_realloc(f->v, f->cap, sizeof(*f->v));
	}
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	f->v[f->n++] = (struct doctor_finding){
		.status = status, .part = part, .about = arena_strdup(f->arena, str_of(about)),
		.text = arena_strdup(f->arena, buf_str(&text)),
		.todo = arena_strdup(f->arena, str_of(todo ? todo : "")),
	};
	buf_fini(&text);
}

int doctor_exit_code(const struct doctor_findings *f)
{
	bool unknown = false;
	for (size_t i = 0; i < f->n; i++) {
		enum doctor_status s = f->v[i].status;
		if (s == DOCTOR_MISSING || s == DOCTOR_DIFFERS || s == DOCTOR_WRONG)
			return DOCTOR_EXIT_TODO;
		unknown |= s == DOCTOR_UNKNOWN;
	}
	return unknown ? DOCTOR_EXIT_UNKNOWN : 0;
}

void doctor_finding_json(const struct doctor_finding *f, struct json *j)
{
	json_add_cstr(j, "part", f->part);
	json_add_cstr(j, "about", f->about);
	json_add_cstr(j, "status", doctor_status_name(f->status));
	json_add_cstr(j, "text", f->text);
	json_add_cstr_if(j, "todo", f->todo);
}
