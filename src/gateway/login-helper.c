/* SPDX-License-Identifier: ISC
 *
 * The helper processes: the keeper and its worker, and the backend of our own accounts.
 */
#include "gateway/login-private.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/sandbox.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	NOBODY = 65534,
	JOBS_MAX = 10000,             /* of one worker: what a library leaks is gone then */
	PAUSE_FIRST_MS = 100, PAUSE_MOST_MS = 5000,
	LEASH_FD = 3, LINE_FD = 4,    /* all else that the role had open is closed */
	WHY_MAX = 400,
	/* The role ends who hangs by the leash; this is for a role that cannot. */
	GRACE_S = 5,
};

/* ---- our accounts ---------------------------------------------------------------------- */

static int accounts_ask(const struct login_job *job, struct login_result *result)
{
	int e = password_verify((struct str){ job->hash, job->hash_n }, login_job_password(job));
	if (e == ERR_OK)
		result->answer = GATEWAY_LOGIN_YES;
	else if (e == ERR_DENIED)
		result->answer = GATEWAY_LOGIN_NO;
	return ERR_OK;
}

const struct login_backend login_accounts = {
	.name = "accounts", .rights = LOGIN_DROPS_FIRST, .ask = accounts_ask,
};

bool login_name_valid(struct str name)
{
	if (name.n == 0 || name.n > GATEWAY_LOGIN_NAME_MAX || !str_is_utf8(name))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.p[i] < ' ' || name.p[i] == 0x7f)
			return false;
	return true;
}

/* ---- the worker ------------------------------------------------------------------------ */

static bool give_up_root(void)
{
	return geteuid() != 0 || sandbox_become(NOBODY, NOBODY, 0) == ERR_OK;
}

/* Who asks nobody else needs nothing but memory and his line. */
static bool enclose(void)
{
	struct buf message = { 0 };
	int e = sandbox_enter(&(struct sandbox){ .user = NULL }, &message);
	if (e != ERR_OK)
		LOG(LOG_ERROR, "login-sandbox", LOG_STR("why", buf_str(&message)));
	buf_fini(&message);
	return e == ERR_OK;
}

static bool say(int line, const struct login_result *result)
{
	return send(line, result, sizeof(*result), MSG_NOSIGNAL) == sizeof(*result);
}

static bool job_sound(const struct login_job *job, ssize_t n)
{
	return n == sizeof(*job) && job->name_n <= sizeof(job->name) &&
	       job->password_n <= sizeof(job->password) && job->hash_n <= sizeof(job->hash);
}

/* The account: what the backend calls it, or the name that was given, in small letters. */
static void settle_name(const struct login_job *job, struct login_result *result)
{
	struct str name = { result->name, result->name_n };
	if (result->answer != GATEWAY_LOGIN_YES)
		return;
	if (name.n == 0) {
		memcpy(result->name, job->name, job->name_n);
		result->name_n = job->name_n;
		name.n = job->name_n;
	}
	for (size_t i = 0; i < name.n; i++)
		result->name[i] = ascii_lower(result->name[i]);
	if (!login_name_valid(name))
		result->answer = GATEWAY_LOGIN_LATER;
}

/* Nobody else is asked about what is no name or no password; we ourselves, so that it takes as
 * long. */
static int ask(const struct login_helper *h, const struct login_job *job,
               struct login_result *result)
{
	if (h->backend->has_place && (job->name_n == 0 || job->password_n == 0)) {
		result->answer = GATEWAY_LOGIN_NO;
		return ERR_OK;
	}
	alarm((unsigned)h->timeout_s + GRACE_S);
	int e = h->backend->ask(job, result);
	alarm(0);
	return e;
}

static int serve(const struct login_helper *h, struct login_job *job)
{
	for (unsigned jobs = 0; jobs < JOBS_MAX; jobs++) {
		ssize_t n = recv(LINE_FD, job, sizeof(*job), 0);
		if (n <= 0)
			return n == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
		assert(job_sound(job, n));
		struct login_result result = { .id = job->id, .said = LOGIN_ANSWER,
		                               .answer = GATEWAY_LOGIN_LATER };
		int e = ask(h, job, &result);
		settle_name(job, &result);
		explicit_bzero(job, sizeof(*job));
		result.is_last = e != ERR_OK || jobs + 1 == JOBS_MAX;
		if (!say(LINE_FD, &result) || e != ERR_OK)
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

/* Who stops the service tells all of its processes so; we serve the role until it goes. */
static void ignore_signals(void)
{
	static const int ignored[] = { SIGPIPE, SIGTERM, SIGINT, SIGHUP };
	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
}

/* False: it cannot be reached, which the role and the keeper are told. */
static bool reach(const struct login_helper *h, int to_keeper)
{
	struct buf why = { 0 };
	if (!h->backend->open || h->backend->open(h->place, h->timeout_s, &why) == ERR_OK)
		return true;
	say(LINE_FD, &(struct login_result){ .said = LOGIN_DOWN });
	(void)!send(to_keeper, why.p, why.n, MSG_NOSIGNAL);
	buf_fini(&why);
	return false;
}

/* The line to the keeper is closed when we end; why we end is all that is said there. */
static int work(void *arg, int to_keeper)
{
	const struct login_helper *h = arg;
	struct login_job job;
	close(LEASH_FD);
	ignore_signals();
	const pid_t keeper = getppid();
	if (h->backend->rights == LOGIN_DROPS_FIRST && !give_up_root())
		return EXIT_FAILURE;
	if (!reach(h, to_keeper))
		return EXIT_FAILURE;
	if (h->backend->rights == LOGIN_DROPS_OPENED && !give_up_root())
		return EXIT_FAILURE;
	/* Who becomes another user loses this; and nobody else of that user looks into us. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != keeper ||
	    prctl(PR_SET_DUMPABLE, 0) != 0)
		return EXIT_FAILURE;
	if (!say(LINE_FD, &(struct login_result){ .said = LOGIN_READY }))
		return EXIT_FAILURE;
	if (h->backend->rights == LOGIN_DROPS_FIRST && !enclose())
		return EXIT_FAILURE;
	int code = serve(h, &job);
	explicit_bzero(&job, sizeof(job));
	return code;
}

/* ---- the keeper ------------------------------------------------------------------------ */

/* Until the worker ends (its line says why, or closes), or the leash says that it must. False: the
 * role has ended. */
static bool watch(const struct child *worker, int64_t pause_ms)
{
	struct pollfd p[] = { { LEASH_FD, POLLIN, 0 }, { worker->line, POLLIN, 0 },
	                      { worker->sight, POLLIN, 0 } };
	char order;
	while (poll(p, 3, (int)pause_ms) < 0)
		if (errno != EINTR)
			return false;
	return !p[0].revents || read(LEASH_FD, &order, 1) == 1;
}

static void close_all_but(int leash, int line)
{
	/* By numbers that are in the way of neither. */
	int a = fcntl(leash, F_DUPFD_CLOEXEC, LINE_FD + 1);
	int b = fcntl(line, F_DUPFD_CLOEXEC, LINE_FD + 1);
	if (dup3(a, LEASH_FD, O_CLOEXEC) < 0 || dup3(b, LINE_FD, O_CLOEXEC) < 0)
		_exit(EXIT_FAILURE);
	closefrom(LINE_FD + 1);
}

/* Its status; *why gets what it said of its end. */
static int end_worker(struct child *worker, struct buf *why)
{
	char said[WHY_MAX];
	ssize_t n = recv(worker->line, said, sizeof(said), MSG_DONTWAIT);
	buf_clear(why);
	buf_add(why, said, n > 0 ? (size_t)n : 0);
	return child_end(worker);
}

int login_helper_run(void *arg, int leash)
{
	const struct login_helper *h = arg;
	struct fault met = { 0 };
	struct buf why = { 0 };
	int64_t pause_ms = PAUSE_FIRST_MS;
	bool on = true;
	close_all_but(leash, h->line);
	ignore_signals();
	if (h->backend->rights == LOGIN_DROPS_FIRST && !give_up_root())
		return EXIT_FAILURE;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0)
		return EXIT_FAILURE;
	while (on) {
		struct child worker, nobody = { .line = -1, .sight = -1 };
		int status = -1;
		if (child_serve(work, arg, &worker) == ERR_OK) {
			on = watch(&worker, -1);
			status = end_worker(&worker, &why);
		}
		if (!on || status == EXIT_SUCCESS) {
			pause_ms = PAUSE_FIRST_MS;
			continue;
		}
		if (fault_met(&met, clock_mono_ms()))
			LOG(LOG_WARN, "login-helper-ended", LOG_S("backend", h->backend->name),
			    LOG_I("status", status), LOG_STR("why", buf_str(&why)));
		on = watch(&nobody, pause_ms);
		pause_ms = pause_ms * 2 < PAUSE_MOST_MS ? pause_ms * 2 : PAUSE_MOST_MS;
	}
	buf_fini(&why);
	return EXIT_SUCCESS;
}
