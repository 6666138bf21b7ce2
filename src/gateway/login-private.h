/* SPDX-License-Identifier: ISC
 *
 * Between login.c, in the loop, and the helper processes that ask a backend.
 *
 * A helper is two processes. The keeper is forked before the sandbox of the role, which may not
 * fork; it forks the worker, and another one when that has ended or when it is told to by its
 * leash. So a worker that crashes, hangs or leaks costs one login. When the role ends, both do.
 *
 * Job and result go over a socket of packets, one at a time; a result that names another job is no
 * answer to this one.
 */
#ifndef PORTREEVE_GATEWAY_LOGIN_PRIVATE_H
#define PORTREEVE_GATEWAY_LOGIN_PRIVATE_H

#include "base/ip.h"
#include "gateway/login.h"
#include "gateway/password.h"

enum { LOGIN_HASH_MAX = 160 };

struct login_job {
	uint64_t id;
	struct ip peer;
	uint16_t name_n, password_n, hash_n;
	char name[GATEWAY_LOGIN_NAME_MAX], password[PASSWORD_MAX], hash[LOGIN_HASH_MAX];
};

enum login_said {
	LOGIN_READY,                  /* a new worker, which has no job */
	LOGIN_DOWN,                   /* the backend cannot be reached; another one tries again */
	LOGIN_ANSWER,
};
struct login_result {
	uint64_t id;
	enum login_said said;
	enum gateway_login_answer answer;       /* NO, YES or LATER */
	bool is_last;                 /* this worker takes no more: another one is coming */
	uint16_t name_n;
	char name[GATEWAY_LOGIN_NAME_MAX];      /* YES: the account */
};

/* Who knows the passwords. */
struct login_backend {
	const char *name;             /* "pam" */
	bool has_place;               /* "pam:PLACE" */
	const char *place_expected;   /* in words */
	/* Root is given up: before open(), after it, or never (PAM reads shadow(5)). */
	enum { LOGIN_DROPS_FIRST, LOGIN_DROPS_OPENED, LOGIN_KEEPS_ROOT } rights;
	/* In the worker: before the first job. ERR_OK, or it is down, and why. NULL: nothing. */
	int (*open)(const char *place, int64_t timeout_s, struct buf *why);
	/* Blocks. `result` has answer LATER; YES: with the name to go on with, if it is another
	 * one than was asked for. ERR_CLOSED: the worker must end after it. */
	int (*ask)(const struct login_job *job, struct login_result *result);
};
extern const struct login_backend login_accounts, login_dovecot, login_pam;

/* The backend of a configuration, and its place. NULL: none has that name. */
const struct login_backend *login_backend_of(const char *auth, const char **place);

/* For child_serve(): the keeper. `arg` is a struct login_helper; `leash` says 'k' to have the
 * worker ended, and is closed to end both. */
struct login_helper {
	const struct login_backend *backend;
	const char *place;
	int line;                     /* the worker's end */
	int64_t timeout_s;
};
int login_helper_run(void *arg, int leash);

/* Whether a name can be one: UTF-8 of 1 to 255 bytes without control characters. */
bool login_name_valid(struct str name);
static inline struct str login_job_name(const struct login_job *job)
{
	return (struct str){ job->name, job->name_n };
}
static inline struct str login_job_password(const struct login_job *job)
{
	return (struct str){ job->password, job->password_n };
}

#endif
