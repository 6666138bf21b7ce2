/* SPDX-License-Identifier: ISC
 *
 * What the gate's answer depends on, and whose kept answer counts; and the gate itself at a port:
 * whom it hears, and that it takes nothing.
 */
#include "directory.h"
#include "test.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/stream.h"
#include "cli/gate-digest.h"
#include "cli/gate-listen.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TURNS = 2000, TURN_MS = 5 };

static char top[] = "/tmp/portreeve-gate-XXXXXX";

static int begin(void **state)
{
	(void)state;
	return mkdtemp(top) ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	return directory_remove(top);
}

static char *at(const char *name)
{
	return mem_printf("%s/%s", top, name);
}

static void put(const char *name, const char *text)
{
	char *path = at(name);
	assert_int_equal(file_write(path, str_of(text), 0644), ERR_OK);
	free(path);
}

/* ---- the digest ---------------------------------------------------------------- */

static char last[GATE_DIGEST_CHARS + 1];

/* Whether it is another one than the last time. */
static bool changed(const struct facts *f, const char *told)
{
	char now[GATE_DIGEST_CHARS + 1], *config = at("config");
	assert_true(gate_digest(config, f, str_of(told), now));
	bool other = strcmp(now, last) != 0;
	str_copy(last, sizeof(last), str_of(now));
	free(config);
	return other;
}

static void test_digest(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct facts f;
	struct ip ip = ip_from_v4(10, 0, 0, 2);
	char *config = at("config"), *main_cf = mem_printf("alias_maps = hash:%s/aliases\n", top);
	assert_int_equal(mkdir(config, 0755), 0);
	facts_begin(&f, &a);
	put("config/main.cf", main_cf);
	assert_true(changed(&f, "told"));
	assert_false(changed(&f, "told"));
	assert_true(changed(&f, "told otherwise"));
	put("other", "that nothing names");
	assert_false(changed(&f, "told otherwise"));
	put("config/more", "");
	assert_true(changed(&f, "told otherwise"));
	/* That it is named itself, and a part of it, hides nothing of it. */
	put("config/about", config);
	(void)changed(&f, "told otherwise");
	put("config/main.cf", "mynetworks = 0.0.0.0/0\n");
	assert_true(changed(&f, "told otherwise"));
	put("config/more", "more");
	assert_true(changed(&f, "told otherwise"));
	assert_int_equal(facts_add_address(&f, STR("eth0"), &ip, 24), ERR_OK);
	assert_true(changed(&f, "told otherwise"));
	assert_false(changed(&f, "told otherwise"));
	arena_fini(&a);
	free(config);
	free(main_cf);
}

/* Each file is made, then changed: either is another answer's. "%s" is the directory. */
static void test_named(void **state)
{
	static const struct { const char *label, *config, *file; } named[] = {
		{ "a map", "alias_maps = hash:%s/d/map\n", "d/map" },
		{ "its database", "alias_maps = hash:%s/d/map\n", "d/map.db" },
		{ "of LMDB", "alias_maps = lmdb:%s/d/map\n", "d/map.lmdb" },
		{ "a journal of SQLite", "query = dbpath %s/d/map.sqlite\n", "d/map.sqlite-wal" },
		{ "in quotes", "include \"%s/d/map\"\n", "d/map" },
		{ "what an included file names", ".include %s/chain\n", "d/deep" },
		{ "by a parameter with its directory", "maps = %s/d\nx = cidr:${maps}/sub/y\n",
		  "d/sub/y" },
		{ "by a parameter without braces", "maps = %s/d\nx = cidr:$maps/sub/y\n", "d/sub/y" },
		{ "by a macro", "MAPS = %s/d\nhosts = net-lsearch;MAPS/sub/y\n", "d/sub/y" },
		{ "by a name of which a part is the mail's", "x = lsearch{%s/d/$domain}\n", "d/any" },
	};
	(void)state;
	struct arena a = { 0 };
	struct facts f;
	char *d = at("d"), *sub = at("d/sub"), *chain = mem_printf("hosts = %s/d/deep\n", top);
	facts_begin(&f, &a);
	assert_int_equal(mkdir(d, 0755), 0);
	assert_int_equal(mkdir(sub, 0755), 0);
	put("chain", chain);
	for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++) {
		struct buf text = { 0 };
		char *path = at(named[i].file);
		struct str rest = str_of(named[i].config);
		size_t here = str_search(rest, STR("%s"));
		buf_printf(&text, "%.*s%s%s", (int)here, rest.p, top, rest.p + here + 2);
		put("config/main.cf", buf_cstr(&text));
		(void)changed(&f, "");
		put(named[i].file, "one");
		CHECK_ROW(named[i].label, changed(&f, ""));
		put(named[i].file, "two");
		CHECK_ROW(named[i].label, changed(&f, ""));
		CHECK_ROW(named[i].label, !changed(&f, ""));
		unlink(path);
		free(path);
		buf_fini(&text);
	}
	arena_fini(&a);
	free(d);
	free(sub);
	free(chain);
}

/* A large file's shape counts; its time of change cannot be set back. */
static void test_shape(void **state)
{
	(void)state;
	struct arena a = { 0 };
	struct facts f;
	struct stat st;
	char *path = at("config/large"), *bytes = mem_zalloc(2 << 20);
	facts_begin(&f, &a);
	assert_int_equal(file_write(path, (struct str){ bytes, 2 << 20 }, 0644), ERR_OK);
	assert_int_equal(stat(path, &st), 0);
	(void)changed(&f, "");
	assert_false(changed(&f, ""));
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "x", 1, 0), 1);
	assert_int_equal(futimens(fd, (const struct timespec[]){ st.st_atim, st.st_mtim }), 0);
	close(fd);
	assert_true(changed(&f, ""));
	unlink(path);
	arena_fini(&a);
	free(path);
	free(bytes);
}

/* ---- the answer that is kept ----------------------------------------------------- */

static void test_kept(void **state)
{
	(void)state;
	char *path = at("kept"), *link = at("link");
	struct gate_kept one = { .answer = GATE_YES, .time_s = 7, .why = "closed" }, two;
	memset(one.digest, 'b', GATE_DIGEST_CHARS);
	assert_int_equal(gate_kept_read(path, &two), ERR_NOT_FOUND);
	put("kept", "mynetworks = 127.0.0.0/8\n");
	assert_int_equal(gate_kept_write(path, &one), ERR_EXISTS);
	assert_int_equal(gate_kept_read(path, &two), ERR_INVALID);
	put("kept", "portreeve gate 1\nof another version\n");
	assert_int_equal(gate_kept_write(path, &one), ERR_OK);
	assert_int_equal(gate_kept_read(path, &two), ERR_OK);
	assert_memory_equal(&one.digest, &two.digest, sizeof(one.digest));
	assert_int_equal(two.answer, GATE_YES);
	assert_int_equal(chmod(path, 0620), 0);
	assert_int_equal(gate_kept_read(path, &two), ERR_DENIED);
	assert_int_equal(chmod(path, 0600), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, 12345), 0);
		assert_int_equal(gate_kept_read(path, &two), ERR_DENIED);
		assert_int_equal(chown(path, 0, 0), 0);
	}
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(gate_kept_read(link, &two), ERR_DENIED);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(gate_kept_read(path, &two), ERR_DENIED);
	free(path);
	free(link);
}

/* ---- at the port -------------------------------------------------------------------- */

struct caller {
	struct stream *stream;
	const char *says;
	struct buf heard;
	bool ended;
};

static void called(void *arg)
{
	struct caller *c = arg;
	stream_write(c->stream, str_of(c->says));
}

static void hears(void *arg, struct str bytes)
{
	struct caller *c = arg;
	buf_add_str(&c->heard, bytes);
}

static void hangs_up(void *arg, enum stream_end why)
{
	struct caller *c = arg;
	(void)why;
	c->ended = true;
}

static void call(struct loop *loop, uint16_t port, struct caller *c)
{
	static const struct stream_events handlers = {
		.connected = called, .received = hears, .ended = hangs_up,
	};
	const struct endpoint to = { ip_from_v4(127, 0, 0, 1), port };
	c->stream = stream_connect(loop, &to, NULL, &handlers, c);
	for (int i = 0; i < TURNS && !c->ended; i++)
		loop_run_once(loop, TURN_MS);
	assert_true(c->ended);
	stream_destroy(c->stream);
}

/* A port that is free; what takes it meanwhile makes ERR_EXISTS. */
static struct gate_listen *listen_somewhere(struct loop *loop, const char *word, uint16_t *port)
{
	struct gate_listen *g = NULL;
	struct buf message = { 0 };
	for (*port = 20025; !g && *port < 20125; ++*port) {
		buf_clear(&message);
		if (gate_listen_create(loop, port, 1, "mx.example", word, &g, &message) == ERR_OK)
			break;
	}
	assert_non_null(g);
	buf_fini(&message);
	return g;
}

static void test_listen(void **state)
{
	(void)state;
	struct loop *loop = loop_create();
	char word[WITNESS_WORD_SIZE], *says;
	uint16_t port;
	size_t n;
	struct gate_listen *other = NULL;
	struct buf message = { 0 };
	witness_word_make(20000, (const uint8_t[WITNESS_RANDOM_BYTES]){ 1, 2, 3 }, word);
	struct gate_listen *g = listen_somewhere(loop, word, &port);
	assert_int_equal(gate_listen_create(loop, &port, 1, "mx.example", word, &other, &message),
	                 ERR_EXISTS);

	struct caller stranger = { .says = "EHLO mail.example\r\n" };
	call(loop, port, &stranger);
	assert_non_null(strstr(buf_cstr(&stranger.heard), "421 4.3.2"));
	gate_listen_heard(g, &n);
	assert_int_equal(n, 0);

	says = mem_printf("EHLO %s-4-%u.witness.example\r\nEXPN %s\r\nMAIL FROM:<>\r\n"
	                  "RCPT TO:<a@b.example>\r\nQUIT\r\n", word, (unsigned)port, word);
	struct caller witness = { .says = says };
	call(loop, port, &witness);
	assert_non_null(strstr(buf_cstr(&witness.heard), "550 5.7.1"));
	const struct gate_heard *heard = gate_listen_heard(g, &n);
	assert_int_equal(n, 1);
	assert_int_equal(heard[0].said.family, 4);
	assert_int_equal(heard[0].said.port, port);
	assert_true(ip_eq(&heard[0].as, &(struct ip){ 4, { 127, 0, 0, 1 } }));

	gate_listen_destroy(g);
	loop_destroy(loop);
	buf_fini(&stranger.heard);
	buf_fini(&witness.heard);
	buf_fini(&message);
	free(says);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digest), cmocka_unit_test(test_named),
		cmocka_unit_test(test_shape), cmocka_unit_test(test_kept),
		cmocka_unit_test(test_listen),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
