/* SPDX-License-Identifier: ISC
 *
 * Processes of the program, and the directory that they run in.
 */
#include "program.h"

#include "test.h"

#include "base/file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[sizeof("/tmp/portreeve-program-XXXXXX")];

/* The networks of RFC 5737 are no addresses of anybody's. */
static const char basis[] =
	"user = \"root\"\n"
	"resolver = {\"127.0.0.1:1\"}\n"
	"list { allow_special = {\"192.0.2.0/24\", \"198.51.100.0/24\"} }\n";

void program_configure(const char *more)
{
	struct buf text = { 0 };
	buf_add_cstr(&text, basis);
	buf_add_cstr(&text, more);
	assert_int_equal(file_write("conf", buf_str(&text), 0644), ERR_OK);
	buf_fini(&text);
}

void program_begin(const char *more)
{
	memcpy(directory, "/tmp/portreeve-program-XXXXXX", sizeof(directory));
	assert_non_null(mkdtemp(directory));
	assert_int_equal(chmod(directory, 0755), 0);
	assert_int_equal(chdir(directory), 0);
	program_configure(more);
}

void program_end(void)
{
	char *const words[] = { "rm", "-rf", directory, NULL };
	assert_int_equal(chdir("/"), 0);
	pid_t pid = fork();
	if (pid == 0) {
		execv("/bin/rm", words);
		_exit(127);
	}
	assert_int_equal(program_wait(pid), 0);
}

static void redirect(const char *path, int flags, int to)
{
	int fd = open(path, flags, 0644);
	if (fd < 0 || dup2(fd, to) != to)
		_exit(127);
	close(fd);
}

/* After fork(). */
static void become_program(char *line)
{
	enum { WORDS_MAX = 32 };
	char *words[WORDS_MAX] = { "portreeve" };
	size_t n = 1;
	for (char *word = line; word; n++) {
		char *space = strchr(word, ' ');
		if (space)
			*space++ = '\0';
		if (n + 6 > WORDS_MAX)
			_exit(127);
		words[n] = word;
		word = space;
		if (n == 1) {
			words[++n] = "-c";
			words[++n] = "conf";
			words[++n] = "--state";
			words[++n] = "state";
		}
	}
	redirect("/dev/null", O_RDONLY, STDIN_FILENO);
	redirect("out", O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
	redirect("err", O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
	execv("/proc/self/exe", words);
	_exit(127);
}

pid_t program_start(const char *line)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		become_program(strdup(line));
	return pid;
}

int program_wait(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct buf program_file(const char *name)
{
	struct buf text = { 0 };
	assert_int_equal(file_read(name, 1 << 20, &text), ERR_OK);
	return text;
}

static void check_text(const char *line, const char *name, const char *expected)
{
	struct buf text = program_file(name);
	bool good = expected ? str_search(buf_str(&text), str_of(expected)) != SIZE_MAX
	                     : text.n == 0;
	if (!good)
		fail_msg("%s: %s: expected %s, found:\n%s", line, name,
		         expected ? expected : "nothing", buf_cstr(&text));
	buf_fini(&text);
}

void program_check(const char *line, int code, const char *out, const char *err)
{
	int found = program_wait(program_start(line));
	if (found != code) {
		struct buf text = program_file("err");
		fail_msg("%s: expected code %d, found %d: %s", line, code, found, buf_cstr(&text));
	}
	check_text(line, "out", out);
	check_text(line, "err", err);
}

void program_story(const struct program_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		program_check(rows[i].line, rows[i].code, rows[i].out, rows[i].err);
}
