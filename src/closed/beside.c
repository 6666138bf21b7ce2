/* SPDX-License-Identifier: ISC
 *
 * The watcher and what it watches.
 */
#include "closed/beside-config.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "closed/beside-place.h"
#include "closed/server.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

enum {
	CONFIG_BYTES_MAX = 4 << 20, START_MS = 20000, END_MS = 5000, LOOK_MS = 20,
	TEXT_MAX = 1024, CONTROL = 3,
};

struct beside_answer {
	int err;
	bool by_names;                   /* it refuses by DNS, and does not here */
	size_t n;
	struct beside_service services[BESIDE_SERVICES_MAX];
	char text[TEXT_MAX];
};

struct closed_beside {
	pid_t watcher;
	int control;
	struct beside_answer has;
};

struct watch {
	struct beside_place place;       /* where its files are */
	const char *program, *from;
	pid_t server;
	struct buf message;
	struct beside_answer answer;
};

/* ---- the watcher ------------------------------------------------------------------------- */

static const char *below(const struct watch *w, const char *name)
{
	static char paths[4][96];
	static size_t next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof(paths[0]), "%s/%s", w->place.path, name);
	return path;
}

static int ports_find(uint16_t *ports)
{
	int fds[BESIDE_SERVICES_MAX], e = ERR_OK;
	size_t n = 0;
	for (; e == ERR_OK && n < BESIDE_SERVICES_MAX; n++) {
		struct sockaddr_in at = { .sin_family = AF_INET,
		                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		socklen_t size = sizeof(at);
		fds[n] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fds[n] < 0 || bind(fds[n], (struct sockaddr *)&at, size) != 0 ||
		    getsockname(fds[n], (struct sockaddr *)&at, &size) != 0)
			e = ERR_IO;
		ports[n] = ntohs(at.sin_port);
	}
	/* All at once, so that none comes twice. */
	while (n-- > 0)
		if (fds[n] >= 0)
			close(fds[n]);
	return e;
}

static int original_read(struct watch *w, const char *name, struct buf *text)
{
	struct buf path = { 0 };
	buf_printf(&path, "%s/%s", w->from, name);
	int e = file_read_plain(buf_cstr(&path), CONFIG_BYTES_MAX, text);
	if (e == ERR_OK && beside_hides(buf_str(text)))
		e = ERR_UNSUPPORTED;
	w->answer.by_names |= e == ERR_OK && beside_asks_names(buf_str(text));
	if (e != ERR_OK)
		buf_printf(&w->message, "%s: %s", buf_cstr(&path), e == ERR_UNSUPPORTED
		           ? "permit_inet_interfaces cannot be asked about without a closed room"
		           : err_text(e));
	buf_fini(&path);
	return e;
}

static int config_write(struct watch *w)
{
	struct buf main_cf = { 0 }, master_cf = { 0 }, own_main = { 0 }, own_master = { 0 };
	uint16_t ports[BESIDE_SERVICES_MAX];
	int e = original_read(w, "main.cf", &main_cf);
	if (e == ERR_OK)
		e = original_read(w, "master.cf", &master_cf);
	if (e == ERR_OK)
		e = ports_find(ports);
	if (e == ERR_OK) {
		beside_main(buf_str(&main_cf), w->place.path, &own_main);
		w->answer.n = beside_master(buf_str(&master_cf), ports, BESIDE_SERVICES_MAX,
		                            w->answer.services, &own_master);
		e = file_write(below(w, "config/main.cf"), buf_str(&own_main), 0644);
	}
	if (e == ERR_OK)
		e = file_write(below(w, "config/master.cf"), buf_str(&own_master), 0644);
	buf_fini(&main_cf);
	buf_fini(&master_cf);
	buf_fini(&own_main);
	buf_fini(&own_master);
	return e;
}

static int files_make(struct watch *w)
{
	static const char *const directories[] = { "config", "spool", "log" };
	beside_places_sweep(BESIDE_PLACES);
	int e = beside_place_make(BESIDE_PLACES, &w->place);
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		if (mkdir(below(w, directories[i]), 0755) != 0)
			return ERR_IO;
	return config_write(w);
}

static _Noreturn void server_exec(const struct watch *w, pid_t watcher)
{
	static char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", NULL };
	/* As `postfix start-fg` does. The shell stays: the master takes other users' rights for a
	 * while, and who does so is not told of his parent's death any more. */
	char *const words[] = { "/bin/sh", "-c",
	                        "trap 'kill -9 -$m $m; kill -9 0' TERM; m=0; "
	                        "\"$1\" -c \"$2\" check & wait $! && "
	                        "daemons=$(postconf -c \"$2\" -xh daemon_directory) && "
	                        "{ \"$daemons/master\" -s -c \"$2\" & m=$!; wait $m; }",
	                        "sh", (char *)w->program, (char *)below(w, "config"), NULL };
	int in = open("/dev/null", O_RDONLY);
	int out = open(below(w, "log/start"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	/* Who kills the watcher ends the server, too. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != watcher)
		_exit(127);
	if (in >= 0 && out >= 0 && dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(out, 2) == 2 &&
	    setsid() > 0 && beside_place_lead(&w->place) == ERR_OK) {
		closefrom(CONTROL);
		execve(words[0], words, environment);
	}
	_exit(127);
}

static void look_wait(void)
{
	const struct timespec t = { .tv_nsec = LOOK_MS * 1000000L };
	nanosleep(&t, NULL);
}

/* Its master has its number in a file as soon as it runs. */
static int server_start(struct watch *w)
{
	const int64_t until = clock_mono_ms() + START_MS;
	const pid_t watcher = getpid();
	struct pollfd gone = { CONTROL, POLLIN, 0 };
	w->server = fork();
	if (w->server == 0)
		server_exec(w, watcher);
	while (w->server > 0 && clock_mono_ms() < until) {
		if (poll(&gone, 1, 0) > 0)
			return ERR_CLOSED;       /* whom we work for */
		if (access(below(w, "spool/pid/master.pid"), F_OK) == 0)
			return ERR_OK;
		if (waitpid(w->server, NULL, WNOHANG) == w->server) {
			w->server = 0;
			file_read(below(w, "log/start"), CONFIG_BYTES_MAX, &w->message);
			return ERR_CLOSED;
		}
		look_wait();
	}
	return w->server < 0 ? ERR_IO : ERR_TIMEOUT;
}

static pid_t master_find(const struct watch *w)
{
	struct buf text = { 0 };
	uint64_t number = 0;
	if (file_read_plain(below(w, "spool/pid/master.pid"), 64, &text) == ERR_OK &&
	    str_u64(str_trim(buf_str(&text)), INT32_MAX, &number) != ERR_OK)
		number = 0;
	buf_fini(&text);
	return (pid_t)number;
}

/* All are ours, as we are who inherits them: when they are gone, nobody writes any more. */
static void children_end(pid_t group, pid_t master)
{
	const int64_t until = clock_mono_ms() + END_MS / 2;
	while (clock_mono_ms() < until) {
		const pid_t pid = waitpid(-1, NULL, WNOHANG);
		if (pid < 0)
			return;
		if (pid > 0)
			continue;
		if (group > 0)
			kill(-group, SIGKILL);
		if (master > 1)
			kill(-master, SIGKILL);
		look_wait();
	}
}

/* A master that is told to end ends its servers. */
static void server_end(struct watch *w)
{
	const int64_t until = clock_mono_ms() + END_MS / 2;
	const pid_t group = w->server, master = master_find(w);
	if (master > 1)
		kill(master, SIGTERM);
	else if (group > 0)
		kill(-group, SIGTERM);           /* it has not come so far */
	while (w->server > 0 && clock_mono_ms() < until) {
		if (waitpid(w->server, NULL, WNOHANG) == w->server)
			w->server = 0;
		else
			look_wait();
	}
	children_end(group, master);
	w->server = 0;
}

static void watch_end(struct watch *w)
{
	if (!w->place.path[0])
		return;
	server_end(w);
	beside_place_remove(&w->place);
}

static _Noreturn void watch(const char *program, const char *from, int control, int64_t life_ms)
{
	struct watch *w = mem_zalloc(sizeof(*w));
	struct pollfd gone = { CONTROL, POLLIN, 0 };
	w->program = program;
	w->from = from;
	if (dup2(control, CONTROL) != CONTROL)
		_exit(1);
	closefrom(CONTROL + 1);
	fcntl(CONTROL, F_SETFD, FD_CLOEXEC);
	setsid();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGPIPE, SIG_IGN);
	umask(022);
	w->place.lock = -1;
	int e = files_make(w);
	if (e == ERR_OK)
		e = server_start(w);
	w->answer.err = e;
	struct str text = buf_str(&w->message);
	if (text.n >= TEXT_MAX)
		text = str_from(text, text.n - TEXT_MAX + 1);
	str_copy(w->answer.text, sizeof(w->answer.text), text);
	bool told = send(CONTROL, &w->answer, sizeof(w->answer), MSG_NOSIGNAL) > 0;
	while (told && e == ERR_OK && poll(&gone, 1, (int)life_ms) < 0 && errno == EINTR)
		;
	watch_end(w);
	_exit(0);
}

/* ---- whom it works for ----------------------------------------------------------------------- */

static int answer_take(struct closed_beside *b, struct buf *message)
{
	struct pollfd ready = { b->control, POLLIN, 0 };
	int n;
	while ((n = poll(&ready, 1, START_MS + END_MS)) < 0 && errno == EINTR)
		;
	if (n == 0)
		return ERR_TIMEOUT;
	if (recv(b->control, &b->has, sizeof(b->has), 0) != (ssize_t)sizeof(b->has))
		return ERR_IO;
	assert(b->has.n <= BESIDE_SERVICES_MAX);
	buf_add_cstr(message, b->has.text);
	if (b->has.err != ERR_OK && !message->n)
		buf_printf(message, "a second Postfix was not started: %s", err_text(b->has.err));
	return b->has.err;
}

int closed_beside_create(const char *directory, int64_t life_ms, struct closed_beside **beside,
                         struct buf *message)
{
	const char *program = closed_server_program(closed_server_of(MTA_POSTFIX));
	int ends[2];
	if (!program)
		return ERR_NOT_FOUND;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return ERR_IO;
	struct closed_beside *b = mem_zalloc(sizeof(*b));
	b->control = ends[0];
	b->watcher = fork();
	if (b->watcher == 0)
		watch(program, directory, ends[1], life_ms);
	close(ends[1]);
	int e = b->watcher < 0 ? ERR_IO : answer_take(b, message);
	if (e != ERR_OK)
		closed_beside_destroy(b);
	else
		*beside = b;
	return e;
}

bool closed_beside_at(const struct closed_beside *beside, const char *service,
                      struct endpoint *at)
{
	for (size_t i = 0; i < beside->has.n; i++)
		if (strcmp(beside->has.services[i].name, service) == 0) {
			*at = (struct endpoint){ { 4, { 127, 0, 0, 1 } },
			                         beside->has.services[i].port };
			return true;
		}
	return false;
}

bool closed_beside_leaves_names(const struct closed_beside *beside)
{
	return beside->has.by_names;
}

void closed_beside_destroy(struct closed_beside *beside)
{
	if (!beside)
		return;
	close(beside->control);
	if (beside->watcher > 0) {
		int fd = pidfd_open(beside->watcher, 0), ready = 1;
		struct pollfd gone = { fd, POLLIN, 0 };
		while (fd >= 0 && (ready = poll(&gone, 1, 2 * END_MS)) < 0 && errno == EINTR)
			;
		while (ready != 0 && waitpid(beside->watcher, NULL, 0) < 0 && errno == EINTR)
			;
		if (fd >= 0)
			close(fd);
		beside_places_sweep(BESIDE_PLACES);      /* if it was killed */
	}
	free(beside);
}
