/* SPDX-License-Identifier: ISC
 *
 * Logins by real helper processes: our accounts, a Dovecot that is played here, PAM; and helpers
 * that hang, crash and cannot reach whom they ask.
 */
#include "gateway/login.h"

#include "heard.h"
#include "test.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "gateway/password.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LIMIT_MS = 60000 };

static char directory[] = "/tmp/test-login-XXXXXX";
static struct loop *loop;
static struct gateway_login *login;
static struct buf message;
static const struct ip peer = { .family = 4, .b = { 192, 0, 2, 1 } };

struct said {
	unsigned n;
	enum gateway_login_answer answer;
	char account[GATEWAY_LOGIN_NAME_MAX + 1];
};

static void done(void *arg, enum gateway_login_answer answer, struct str account)
{
	struct said *said = arg;
	said->n++;
	said->answer = answer;
	str_copy(said->account, sizeof(said->account), account);
}

static void create(const char *auth, int64_t processes, int64_t timeout_s)
{
	struct gateway_config config = { .auth = (char *)auth, .login_processes = processes,
	                                 .login_timeout_s = timeout_s };
	loop = loop_create();
	buf_clear(&message);
	if (gateway_login_create(loop, &config, &login, &message) != ERR_OK)
		fail_msg("%s", buf_cstr(&message));
}

static void destroy(void)
{
	gateway_login_destroy(login);
	loop_destroy(loop);
	buf_fini(&message);
}

static struct gateway_login_query *ask_from(const struct ip *from, struct str name,
                                            struct str password, const char *hash,
                                            struct said *said)
{
	*said = (struct said){ 0 };
	enum gateway_login_answer now = GATEWAY_LOGIN_YES;
	const struct gateway_login_guess guess = { .peer = from, .name = name, .account = name,
	                                           .password = password, .hash = str_of(hash) };
	struct gateway_login_query *q = gateway_login_ask(login, &guess, done, said, &now);
	if (!q) {
		assert_true(now == GATEWAY_LOGIN_LATER || now == GATEWAY_LOGIN_LOCKED);
		said->answer = now;
	}
	assert_int_equal(said->n, 0);
	return q;
}

static void await(const struct said *said, unsigned n)
{
	int64_t end_ms = clock_mono_ms() + LIMIT_MS;
	while (said->n < n && clock_mono_ms() < end_ms)
		loop_run_once(loop, 100);
	assert_int_equal(said->n, n);
}

static struct said answer(const char *name, const char *password, const char *hash)
{
	struct said said;
	assert_non_null(ask_from(&peer, str_of(name), str_of(password), hash, &said));
	await(&said, 1);
	return said;
}

/* ---- our accounts ---------------------------------------------------------------------- */

static void accounts(void **unused)
{
	(void)unused;
	struct buf hash = { 0 };
	assert_int_equal(password_hash(STR("secret"), &hash), ERR_OK);
	create("accounts", 2, 30);
	struct said said = answer("Ann@Example.org", "secret", buf_cstr(&hash));
	assert_int_equal(said.answer, GATEWAY_LOGIN_YES);
	assert_string_equal(said.account, "ann@example.org");
	assert_int_equal(answer("ann", "wrong", buf_cstr(&hash)).answer, GATEWAY_LOGIN_NO);
	assert_int_equal(answer("ann", "secret", "").answer, GATEWAY_LOGIN_NO);
	destroy();
	buf_fini(&hash);
}

/* What is none is refused, by a worker as all else, and stops nothing. */
static void odd(void **unused)
{
	(void)unused;
	static char endless[5000];
	struct said said;
	struct buf hash = { 0 };
	memset(endless, 'a', sizeof(endless));
	assert_int_equal(password_hash(STR("secret"), &hash), ERR_OK);
	create("accounts", 2, 30);
	static const struct { struct str name, password; } rows[] = {
		{ { endless, sizeof(endless) }, { "secret", 6 } },
		{ { "ann", 3 }, { endless, sizeof(endless) } },
		{ { "", 0 }, { "secret", 6 } }, { { "ann", 3 }, { "", 0 } },
		{ { "a\0n", 3 }, { "secret", 6 } }, { { "ann", 3 }, { "secret\0", 7 } },
		{ { "\xff", 1 }, { "secret", 6 } }, { { "a\n", 2 }, { "secret", 6 } },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ip from = { .family = 4, .b = { 10, 0, 0, (uint8_t)i } };
		assert_non_null(ask_from(&from, rows[i].name, rows[i].password, buf_cstr(&hash),
		                         &said));
		await(&said, 1);
		assert_int_equal(said.answer, GATEWAY_LOGIN_NO);
	}
	assert_int_equal(answer("ann", "secret", buf_cstr(&hash)).answer, GATEWAY_LOGIN_YES);
	destroy();
	buf_fini(&hash);
}

static void cancelled(void **unused)
{
	(void)unused;
	struct said said[8], last;
	struct gateway_login_query *q[8];
	create("accounts", 1, 30);
	for (size_t i = 0; i < 8; i++)
		q[i] = ask_from(&peer, STR("ann"), STR("x"), "", &said[i]);
	loop_run_once(loop, 10);
	for (size_t i = 0; i < 7; i++)
		gateway_login_cancel(q[i]);
	await(&said[7], 1);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(said[i].n, 0);
	gateway_login_cancel(NULL);
	ask_from(&peer, STR("bob"), STR("x"), "", &last);      /* one that is left at the end */
	loop_run_once(loop, 10);
	destroy();
	assert_int_equal(last.n, 0);
}

/* A process that `pid` has started, and that has not ended; 0: none. */
static pid_t child_of(pid_t pid)
{
	DIR *all = opendir("/proc");
	pid_t found = 0;
	assert_non_null(all);
	for (struct dirent *entry; !found && (entry = readdir(all));) {
		char *path = mem_printf("/proc/%s/stat", entry->d_name);
		FILE *file = fopen(path, "r");
		char line[512] = "", state;
		int child, parent;
		if (file && fgets(line, sizeof(line), file) &&
		    sscanf(line, "%d (%*[^)]) %c %d", &child, &state, &parent) == 3 &&
		    parent == pid && state != 'Z')
			found = child;
		if (file)
			fclose(file);
		free(path);
	}
	closedir(all);
	return found;
}

/* systemd ends a service by SIGTERM to each of its processes, a terminal by SIGINT: whoever logs in
 * meanwhile is served, and no helper is missed. */
static void stopped(void **unused)
{
	(void)unused;
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	struct buf hash = { 0 };
	struct heard log;
	struct said said = { 0 };
	assert_int_equal(password_hash(STR("secret"), &hash), ERR_OK);
	create("accounts", 1, 30);
	answer("ann", "secret", buf_cstr(&hash));
	const pid_t keeper = child_of(getpid()), worker = child_of(keeper);
	assert_true(keeper > 0 && worker > 0);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		kill(worker, signals[i]);
		kill(keeper, signals[i]);
	}
	heard_begin(&log);
	ask_from(&peer, STR("ann"), STR("secret"), buf_cstr(&hash), &said);
	while (said.n == 0)
		loop_run_once(loop, 100);
	heard_end(&log);
	assert_int_equal(said.answer, GATEWAY_LOGIN_YES);
	assert_int_equal(heard_lines(&log, "login-helper-gone"), 0);
	destroy();
	buf_fini(&hash);
}

static void locked(void **unused)
{
	(void)unused;
	struct said said[64];
	unsigned asked = 0;
	create("accounts", 2, 60);
	/* All at the same time: they count before they are answered. */
	for (; asked < 64 && ask_from(&peer, STR("ann"), STR("x"), "", &said[asked]); asked++)
		;
	assert_int_equal(asked, 20);
	assert_int_equal(said[asked].answer, GATEWAY_LOGIN_LOCKED);
	assert_false(gateway_login_may(login, &peer, STR("bob")));
	const struct ip other = { .family = 4, .b = { 192, 0, 2, 2 } };
	assert_true(gateway_login_may(login, &other, STR("ann")));
	/* So do those that need no helper. */
	for (asked = 0; asked < 64 && gateway_login_may(login, &other, STR("cis")); asked++)
		;
	assert_int_equal(asked, 19);
	gateway_login_right(login, &other, STR("cis"));
	assert_true(gateway_login_may(login, &other, STR("cis")));
	gateway_login_none(login, &other, STR("cis"));
	destroy();
}

/* What is wrong without a helper is said as late as if there had been one. */
static void kept_back(void **unused)
{
	(void)unused;
	struct said said = { 0 };
	create("accounts", 1, 30);
	for (unsigned i = 0; i < 3; i++)
		assert_true(gateway_login_may(login, &peer, STR("ann")));
	const int64_t since_ms = clock_mono_ms();
	assert_non_null(gateway_login_wrong(login, &peer, STR("ann"), done, &said));
	await(&said, 1);
	assert_int_equal(said.answer, GATEWAY_LOGIN_NO);
	assert_string_equal(said.account, "");
	assert_true(clock_mono_ms() - since_ms >= 900);      /* the loop's clock is coarse */
	gateway_login_cancel(gateway_login_wrong(login, &peer, STR("ann"), done, &said));
	destroy();
	assert_int_equal(said.n, 1);
}

/* Names of one account are one; and what a name is asked by is not what it is counted by. */
static void one_account(void **unused)
{
	(void)unused;
	struct said said[64];
	struct ip from = { .family = 4, .b = { 10, 0, 0, 1 } };
	enum gateway_login_answer now = GATEWAY_LOGIN_YES;
	struct gateway_login_guess guess = { .peer = &from, .account = STR("ann"),
	                                     .password = STR("x"), .hash = STR("") };
	unsigned asked = 0;
	char name[24];
	create("accounts", 2, 60);
	do {
		snprintf(name, sizeof(name), "n%u@example.org", asked);
		guess.name = str_of(name);
		from.b[3]++;
	} while (gateway_login_ask(login, &guess, done, &said[asked], &now) && ++asked < 64);
	/* Under attack each network has one more, and this one has had its. */
	assert_int_equal(asked, 40);
	assert_int_equal(now, GATEWAY_LOGIN_LOCKED);
	guess.account = STR("bob");
	assert_non_null(gateway_login_ask(login, &guess, done, &said[asked], &now));
	destroy();
}

/* ---- Dovecot --------------------------------------------------------------------------- */

#define GREETING "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\tab\nDONE\n"

/* What it says at each connection: a greeting, and for each question an answer; "" hangs, NULL hangs
 * up. %s: its id. */
struct played {
	int fd;
	const char *greeting;
	const char *const *answers;
	pthread_t thread;
};

static bool read_question(int fd, char *line, size_t size)
{
	size_t n = 0;
	while (n + 1 < size && read(fd, line + n, 1) == 1)
		if (line[n++] == '\n') {
			line[n] = '\0';
			if (strncmp(line, "AUTH\t", 5) == 0)
				return true;
			n = 0;
		}
	return false;
}

static void play_connection(struct played *p, int fd)
{
	char line[9000], id[16], said[400];
	(void)!write(fd, p->greeting, strlen(p->greeting));
	while (*p->answers && read_question(fd, line, sizeof(line))) {
		const char *with = *p->answers++;
		if (sscanf(line, "AUTH\t%15[0-9]\tPLAIN\tservice=smtp\tsecured\tnologin\trip=192.0.2.1"
		           "\tresp=", id) != 1)
			abort();
		int n = snprintf(said, sizeof(said), with, id);
		if (n > 0)
			(void)!write(fd, said, (size_t)n);
		else
			read_question(fd, line, sizeof(line));     /* until the other end closes */
	}
	if (!*p->answers)
		return;
}

static void *play(void *arg)
{
	struct played *p = arg;
	int fd;
	while (*p->answers && (fd = accept(p->fd, NULL, NULL)) >= 0) {
		play_connection(p, fd);
		close(fd);
	}
	return NULL;
}

static char *socket_make(const char *name, int *fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", directory, name);
	unlink(address.sun_path);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(*fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(*fd, 16), 0);
	return mem_printf("dovecot:%s", address.sun_path);
}

static void dovecot(void **unused)
{
	(void)unused;
	static const char *const answers[] = {
		"OK\t%s\tuser=Ann@Example.org\n", "FAIL\t%s\tuser=ann\n", "FAIL\t%s\ttemp\n",
		"OK\t9999\tuser=eve\nOK\t%s\n", "CONT\t%s\tabcd\n", "OK\t%s\tuser=a\x01t\n",
		"OK\t%s\tuser=last\n", NULL,
	};
	struct played p = { .greeting = GREETING, .answers = answers };
	char *auth = socket_make("a", &p.fd);
	pthread_create(&p.thread, NULL, play, &p);
	create(auth, 1, 30);
	struct said said = answer("ann", "secret", "");
	assert_int_equal(said.answer, GATEWAY_LOGIN_YES);
	assert_string_equal(said.account, "ann@example.org");
	assert_int_equal(answer("ann", "x", "").answer, GATEWAY_LOGIN_NO);
	assert_int_equal(answer("ann", "x", "").answer, GATEWAY_LOGIN_LATER);
	said = answer("ANN", "x", "");
	assert_int_equal(said.answer, GATEWAY_LOGIN_YES);
	assert_string_equal(said.account, "ann");
	assert_int_equal(answer("ann", "x", "").answer, GATEWAY_LOGIN_LATER);
	assert_int_equal(answer("ann", "x", "").answer, GATEWAY_LOGIN_LATER);
	assert_string_equal(answer("ann", "x", "").account, "last");
	destroy();
	pthread_join(p.thread, NULL);
	close(p.fd);
	free(auth);
}

/* One that hangs, one that hangs up: later, and the next login is asked of a new worker. */
static void trouble(void **unused)
{
	(void)unused;
	static const char *const answers[] = {
		"", "OK\t%s\tuser=one\n", "nonsense\n\n", "OK\t%s\tuser=two\n", NULL,
	};
	struct played p = { .greeting = GREETING, .answers = answers };
	char *auth = socket_make("b", &p.fd);
	pthread_create(&p.thread, NULL, play, &p);
	create(auth, 1, 2);
	assert_int_equal(answer("ann", "x", "").answer, GATEWAY_LOGIN_LATER);
	assert_string_equal(answer("ann", "x", "").account, "one");
	assert_int_equal(answer("ann", "x", "").answer, GATEWAY_LOGIN_LATER);
	assert_string_equal(answer("ann", "x", "").account, "two");
	destroy();
	pthread_join(p.thread, NULL);
	close(p.fd);
	free(auth);
}

/* No socket, none that is Dovecot's: it is said at once, and not a minute later. */
static void down(void **unused)
{
	(void)unused;
	static const char *const none[] = { "", NULL };
	struct said said[200];
	char *nowhere = mem_printf("dovecot:%s/nowhere", directory);
	struct heard log;
	heard_begin(&log);
	create(nowhere, 2, 600);
	answer("ann", "x", "");
	heard_end(&log);
	assert_int_equal(heard_lines(&log, "login-down"), 1);
	assert_int_equal(answer("ann", "x", "").answer, GATEWAY_LOGIN_LATER);
	unsigned asked = 0;
	for (; asked < 200 && ask_from(&peer, STR("ann"), STR("x"), "", &said[asked]); asked++)
		;
	assert_true(asked > 0);
	for (unsigned i = 0; i < asked; i++) {
		await(&said[i], 1);
		assert_int_equal(said[i].answer, GATEWAY_LOGIN_LATER);
	}
	destroy();
	free(nowhere);
	struct played p = { .greeting = "220 mail.example.org ESMTP\r\n\n", .answers = none };
	char *other = socket_make("c", &p.fd);
	pthread_create(&p.thread, NULL, play, &p);
	create(other, 1, 600);
	assert_int_equal(answer("ann", "x", "").answer, GATEWAY_LOGIN_LATER);
	destroy();
	shutdown(p.fd, SHUT_RDWR);
	pthread_join(p.thread, NULL);
	close(p.fd);
	free(other);
}

/* Logins wait in a line that has an end, and in it no longer than they may. */
static void crowd(void **unused)
{
	(void)unused;
	static const char *const answers[] = { "", NULL };
	static struct said said[300];
	struct played p = { .greeting = GREETING, .answers = answers };
	char *auth = socket_make("d", &p.fd);
	pthread_create(&p.thread, NULL, play, &p);
	create(auth, 1, 2);
	unsigned asked = 0;
	for (;; asked++) {
		struct ip from = { .family = 4, .b = { 10, 1, 0, (uint8_t)asked } };
		char name[16];
		snprintf(name, sizeof(name), "n%u", asked);
		if (!ask_from(&from, str_of(name), STR("x"), "", &said[asked]))
			break;
	}
	assert_int_equal(asked, 100);
	assert_int_equal(said[asked].answer, GATEWAY_LOGIN_LATER);
	for (unsigned i = 0; i < asked; i++) {
		await(&said[i], 1);
		assert_int_equal(said[i].answer, GATEWAY_LOGIN_LATER);
	}
	destroy();
	shutdown(p.fd, SHUT_RDWR);
	pthread_join(p.thread, NULL);
	close(p.fd);
	free(auth);
}

/* ---- PAM ------------------------------------------------------------------------------- */

static char *service(const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", directory, name);
	assert_int_equal(file_write(path, str_of(text), 0600), ERR_OK);
	char *auth = mem_printf("pam:%s", path);
	free(path);
	return auth;
}

static void pam(void **unused)
{
	(void)unused;
	static const struct { const char *text; enum gateway_login_answer answer; } rows[] = {
		{ "auth required pam_permit.so\naccount required pam_permit.so\n", GATEWAY_LOGIN_YES },
		{ "auth required pam_deny.so\naccount required pam_permit.so\n", GATEWAY_LOGIN_NO },
		{ "auth required pam_permit.so\naccount required pam_deny.so\n", GATEWAY_LOGIN_NO },
		{ "auth required pam_no_such_module.so\n", GATEWAY_LOGIN_LATER },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *auth = service("smtp", rows[i].text);
		create(auth, 1, 30);
		struct said said = answer("Ann", "x", "");
		if (said.answer != rows[i].answer)
			fail_msg("%s: %d", rows[i].text, said.answer);
		assert_string_equal(said.account, said.answer == GATEWAY_LOGIN_YES ? "ann" : "");
		assert_int_equal(answer("", "x", "").answer, GATEWAY_LOGIN_NO);
		assert_int_equal(answer("ann", "", "").answer, GATEWAY_LOGIN_NO);
		destroy();
		free(auth);
	}
	/* The password is what a module gets, which a program of it sees. */
	char *auth = service("exec", "auth required pam_exec.so quiet expose_authtok "
	                     "/usr/bin/grep -q ^secret\naccount required pam_permit.so\n");
	create(auth, 1, 30);
	assert_int_equal(answer("ann", "secret", "").answer, GATEWAY_LOGIN_YES);
	assert_int_equal(answer("ann", "other", "").answer, GATEWAY_LOGIN_LATER);
	destroy();
	free(auth);
}

static void configuration(void **unused)
{
	(void)unused;
	static const struct { const char *auth; int err; } rows[] = {
		{ "accounts", ERR_OK }, { "dovecot:/run/dovecot/auth-client", ERR_OK },
		{ "pam:smtp", ERR_OK }, { "pam:/etc/portreeve/pam/smtp", ERR_OK },
		{ "", ERR_INVALID }, { "account", ERR_INVALID }, { "accounts:x", ERR_INVALID },
		{ "accountsx", ERR_INVALID }, { "dovecot", ERR_INVALID }, { "dovecot:", ERR_INVALID },
		{ "dovecot:auth-client", ERR_INVALID }, { "pam", ERR_INVALID }, { "pam:", ERR_INVALID },
		{ "ldap:x", ERR_INVALID },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct gateway_config config = { .auth = (char *)rows[i].auth };
		buf_clear(&message);
		assert_int_equal(gateway_login_check(&config, &message), rows[i].err);
		assert_int_equal(message.n > 0, rows[i].err != ERR_OK);
	}
	assert_string_equal(buf_cstr(&message), "gateway.auth: \"ldap:x\": expected accounts, the path"
	                    " of an auth socket, as dovecot:/run/dovecot/auth-client, or a service of"
	                    " PAM, as pam:smtp or pam:/etc/portreeve/pam/smtp");
	buf_fini(&message);
}

static int setup(void **unused)
{
	(void)unused;
	return mkdtemp(directory) ? 0 : -1;
}

static int teardown(void **unused)
{
	(void)unused;
	char *command = mem_printf("rm -rf %s", directory);
	int code = system(command);
	free(command);
	return code;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: the helpers of others take a moment to end. */
		cmocka_unit_test(stopped),
		cmocka_unit_test(accounts), cmocka_unit_test(odd), cmocka_unit_test(cancelled),
		cmocka_unit_test(locked), cmocka_unit_test(kept_back),
		cmocka_unit_test(one_account), cmocka_unit_test(dovecot), cmocka_unit_test(trouble),
		cmocka_unit_test(down), cmocka_unit_test(crowd), cmocka_unit_test(pam),
		cmocka_unit_test(configuration),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
