/* SPDX-License-Identifier: ISC
 *
 * The search for contacts over a registry of its own on loopback: bootstrap, answer, links,
 * redirects, limits and the cache.
 */
#include "store/support.h"
#include "world.h"

#include "report/contact.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { REQUEST_MAX = 4096, NOW_S = 1795255200 };

/* ---- the registry ---------------------------------------------------------- */

#define NETWORK "\"startAddress\":\"127.0.0.0\",\"endAddress\":\"127.0.0.255\",\"name\":\"LAB\""
#define DESK(email) "\"vcardArray\":[\"vcard\",[[\"email\",{},\"text\",\"" email "\"]]]"

struct page {
	const char *path;
	int status;
	const char *location, *body;         /* BASE stands for the registry's URL */
};

struct registry {
	int fd;
	uint16_t port;
	const struct page *pages;
	size_t page_count;
	unsigned requests;
	pthread_t thread;
};

static void add_with_base(const struct registry *r, const char *text, struct buf *out)
{
	struct str rest = str_of(text);
	size_t at;
	while ((at = str_search(rest, STR("BASE"))) != SIZE_MAX) {
		buf_add(out, rest.p, at);
		buf_printf(out, "http://127.0.0.1:%u", r->port);
		rest = str_from(rest, at + 4);
	}
	buf_add_str(out, rest);
}

static void answer_request(struct registry *r, int fd, const char *request)
{
	struct buf body = { 0 }, reply = { 0 };
	const struct page *page = NULL;
	for (size_t i = 0; i < r->page_count; i++) {
		size_t n = strlen(r->pages[i].path);
		if (strncmp(request + 4, r->pages[i].path, n) == 0 && request[4 + n] == ' ')
			page = &r->pages[i];
	}
	add_with_base(r, page && page->body ? page->body : "", &body);
	buf_printf(&reply, "HTTP/1.1 %d x\r\nContent-Length: %zu\r\nConnection: close\r\n",
	           page ? page->status : 404, body.n);
	if (page && page->location) {
		buf_add_cstr(&reply, "Location: ");
		add_with_base(r, page->location, &reply);
		buf_add_cstr(&reply, "\r\n");
	}
	buf_printf(&reply, "\r\n%s", buf_cstr(&body));
	for (size_t done = 0; done < reply.n;) {
		ssize_t n = send(fd, reply.p + done, reply.n - done, MSG_NOSIGNAL);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	buf_fini(&body);
	buf_fini(&reply);
}

static void *serve(void *arg)
{
	struct registry *r = arg;
	int fd;
	while ((fd = accept(r->fd, NULL, NULL)) >= 0) {
		char request[REQUEST_MAX] = "";
		size_t n = 0;
		ssize_t got;
		while (n + 1 < sizeof(request) && !strstr(request, "\r\n\r\n") &&
		       (got = recv(fd, request + n, sizeof(request) - 1 - n, 0)) > 0)
			n += (size_t)got;
		r->requests++;
		if (n > 4)
			answer_request(r, fd, request);
		close(fd);
	}
	return NULL;
}

static void registry_init(struct registry *r, const struct page *pages, size_t n)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t length = sizeof(at);
	*r = (struct registry){ .pages = pages, .page_count = n };
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(r->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(r->fd, 8), 0);
	assert_int_equal(getsockname(r->fd, (struct sockaddr *)&at, &length), 0);
	r->port = ntohs(at.sin_port);
	assert_int_equal(pthread_create(&r->thread, NULL, serve, r), 0);
}

static void registry_fini(struct registry *r)
{
	shutdown(r->fd, SHUT_RDWR);
	pthread_join(r->thread, NULL);
	close(r->fd);
}

/* ---- a search -------------------------------------------------------------- */

struct search {
	char *state;
	struct store *store;
	struct loop *loop;
	struct dns_resolver *resolver;
	struct report_config config;
	char *names[2], bootstrap[300], source[16];
	int64_t now_s;
	struct contact_answer answer;
	size_t n;
};

static void search_init(struct search *s)
{
	*s = (struct search){ .state = state_make(), .loop = loop_create(), .now_s = NOW_S };
	s->store = open_store(s->state, STORE_ALL);
	const struct endpoint nobody = { address_of("127.0.0.1"), 9 };
	assert_int_equal(dns_resolver_create(s->loop, &nobody, 1, NULL, &s->resolver), ERR_OK);
	snprintf(s->bootstrap, sizeof(s->bootstrap), "%s/bootstrap.json", s->state);
	snprintf(s->source, sizeof(s->source), "rdap");
	s->names[0] = s->source;
	s->names[1] = s->bootstrap;
	s->config = (struct report_config){
		.sources = { .v = &s->names[0], .n = 1 },
		.rdap_bootstrap = { .v = &s->names[1], .n = 1 },
		.rdap_private = true, .cache_s = 7 * 86400, .timeout_s = 20,
	};
}

static void search_fini(struct search *s)
{
	dns_resolver_destroy(s->resolver);
	loop_destroy(s->loop);
	store_close(s->store);
	state_remove(s->state);
}

static void write_bootstrap(const struct search *s, const char *base)
{
	FILE *f = fopen(s->bootstrap, "w");
	assert_non_null(f);
	fprintf(f, "{\"services\":[[[\"127.0.0.0/8\"],[\"%s\"]]]}", base);
	fclose(f);
}

static void came(void *arg, const struct contact_answer *answers, size_t n)
{
	struct search *s = arg;
	s->n = n;
	if (n)
		s->answer = answers[0];
	loop_stop(s->loop);
}

static void ask(struct search *s)
{
	struct contact_setup setup = { .loop = s->loop, .resolver = s->resolver, .store = s->store,
	                               .config = &s->config, .now_s = s->now_s };
	const struct ip ip = address_of("127.0.0.1");
	struct contact_search *search = contact_search_start(&setup, &ip, came, s);
	loop_run(s->loop);
	contact_search_destroy(search);
}

static const struct ask_row {
	const char *name;
	struct page pages[3];
	const char *email, *problem;
} ask_rows[] = {
	{ "told at once", { { "/ip/127.0.0.1", 200, NULL, "{" NETWORK ",\"entities\":[{\"roles\":"
	  "[\"abuse\"]," DESK("abuse@isp.test") "}]}" } }, "abuse@isp.test", "" },
	{ "by a link", { { "/ip/127.0.0.1", 200, NULL, "{" NETWORK ",\"entities\":[{\"roles\":"
	  "[\"abuse\"],\"links\":[{\"rel\":\"self\",\"href\":\"BASE/desk\"}]}]}" },
	  { "/desk", 200, NULL, "{" DESK("linked@isp.test") "}" } }, "linked@isp.test", "" },
	{ "behind a redirect", { { "/ip/127.0.0.1", 302, "BASE/there", NULL },
	  { "/there", 200, NULL, "{" NETWORK ",\"entities\":[{\"roles\":[\"abuse\"],"
	  DESK("abuse@isp.test") "}]}" } }, "abuse@isp.test", "" },
	{ "a link that fails", { { "/ip/127.0.0.1", 200, NULL, "{" NETWORK ",\"entities\":[{"
	  "\"roles\":[\"abuse\"],\"links\":[{\"rel\":\"self\",\"href\":\"BASE/gone\"}]}]}" } },
	  NULL, "HTTP status 404" },
	{ "nobody", { { "/ip/127.0.0.1", 200, NULL, "{" NETWORK "}" } }, NULL, "" },
	{ "not known there", { { "/", 200, NULL, "" } }, NULL, "the registry knows no such network" },
	{ "round and round", { { "/ip/127.0.0.1", 302, "BASE/ip/127.0.0.1", NULL } }, NULL,
	  "too many redirects" },
	{ "to another scheme", { { "/ip/127.0.0.1", 302, "ftp://127.0.0.1/", NULL } }, NULL,
	  "\"ftp://127.0.0.1/\" is no URL" },
	{ "with a login", { { "/ip/127.0.0.1", 302, "http://a:b@127.0.0.1/", NULL } }, NULL,
	  "\"http://a:b@127.0.0.1/\" is no URL" },
	{ "no JSON", { { "/ip/127.0.0.1", 200, NULL, "<html>" } }, NULL, "the answer is not JSON" },
	{ "an error", { { "/ip/127.0.0.1", 500, NULL, "" } }, NULL, "HTTP status 500" },
};

static void asked(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(ask_rows) / sizeof(*ask_rows); i++) {
		const struct ask_row *row = &ask_rows[i];
		size_t n = 0;
		while (n < 3 && row->pages[n].path)
			n++;
		struct registry r;
		struct search s;
		char base[64];
		registry_init(&r, row->pages, n);
		search_init(&s);
		snprintf(base, sizeof(base), "http://127.0.0.1:%u", r.port);
		write_bootstrap(&s, base);
		ask(&s);
		CHECK_ROW(row->name, s.n == 1 && !s.answer.cached);
		CHECK_ROW(row->name, s.answer.email_count == (row->email ? 1 : 0));
		CHECK_ROW(row->name, !row->email || strcmp(s.answer.emails[0], row->email) == 0);
		CHECK_ROW(row->name, strcmp(s.answer.problem, row->problem) == 0);
		search_fini(&s);
		registry_fini(&r);
	}
}

static void remembered(void **unused)
{
	(void)unused;
	struct registry r;
	struct search s;
	char base[64];
	registry_init(&r, ask_rows[0].pages, 1);
	search_init(&s);
	snprintf(base, sizeof(base), "http://127.0.0.1:%u", r.port);
	write_bootstrap(&s, base);
	ask(&s);
	s.now_s += s.config.cache_s - 1;
	ask(&s);
	assert_true(s.answer.cached);
	assert_int_equal(s.answer.fetched_s, NOW_S);
	assert_string_equal(s.answer.emails[0], "abuse@isp.test");
	assert_int_equal(r.requests, 1);
	s.now_s += 2;
	ask(&s);
	assert_false(s.answer.cached);
	assert_int_equal(r.requests, 2);
	search_fini(&s);
	registry_fini(&r);
}

/* A private address is asked only in a lab, and a bootstrap that is none says so. */
static void refused(void **unused)
{
	(void)unused;
	struct search s;
	search_init(&s);
	ask(&s);
	assert_string_equal(s.answer.problem, "the bootstrap is no list of registries");
	write_bootstrap(&s, "https://127.0.0.1:9");
	s.config.rdap_private = false;
	ask(&s);
	assert_string_equal(s.answer.problem, "it is at a private address");
	snprintf(s.source, sizeof(s.source), "nobody");
	ask(&s);
	assert_string_equal(s.answer.problem, "no such source");
	s.config.sources.n = 0;
	ask(&s);
	assert_int_equal(s.n, 0);
	search_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asked), cmocka_unit_test(remembered), cmocka_unit_test(refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
