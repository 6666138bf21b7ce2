/* SPDX-License-Identifier: ISC */
#include "trace/rdap-fetch.h"

#include "base/ip.h"
#include "base/mem.h"
#include "trace/names.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <unistd.h>

enum { REDIRECTS_MAX = 5 };

struct fetch {
	struct loop *loop;
	struct fetch_options options;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	struct loop_timer *timer;
	struct buf body;
	bool too_big, private_address;
	char curl_error[CURL_ERROR_SIZE];
	fetch_cb *cb;
	void *arg;
};

static void fetch_free(struct fetch *f)
{
	curl_multi_remove_handle(f->multi, f->easy);
	curl_easy_cleanup(f->easy);
	curl_multi_cleanup(f->multi);
	curl_slist_free_all(f->headers);
	loop_timer_destroy(f->timer);
	buf_fini(&f->body);
	free(f);
}

static int outcome(struct fetch *f, CURLcode code, struct buf *problem)
{
	long status = 0;
	curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	if (f->too_big) {
		buf_printf(problem, "more than %zu bytes", f->options.max_bytes);
		return ERR_LIMIT;
	}
	if (f->private_address) {
		buf_add_cstr(problem, "it is at a private address");
		return ERR_DENIED;
	}
	if (code != CURLE_OK) {
		buf_add_escaped(problem, str_of(f->curl_error[0] ? f->curl_error
		                                                 : curl_easy_strerror(code)));
		return code == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT :
		       code == CURLE_UNSUPPORTED_PROTOCOL ? ERR_DENIED : ERR_IO;
	}
	if (status != 200) {
		buf_printf(problem, "HTTP status %ld", status);
		return status == 404 ? ERR_NOT_FOUND : ERR_IO;
	}
	return ERR_OK;
}

/* Calls back if the transfer has ended; *f is gone then. */
static void check_done(struct fetch *f)
{
	int left;
	CURLMsg *message = curl_multi_info_read(f->multi, &left);
	if (!message || message->msg != CURLMSG_DONE)
		return;
	struct buf problem = { 0 };
	int e = outcome(f, message->data.result, &problem);
	f->cb(f->arg, e, e == ERR_OK ? buf_str(&f->body) : STR(""), buf_cstr(&problem));
	buf_fini(&problem);
	fetch_free(f);
}

/* ---- libcurl on the loop ------------------------------------------------ */

struct socket_watch {
	struct fetch *fetch;
	curl_socket_t fd;
	struct loop_watch *watch;
};

static void socket_ready(void *arg, unsigned events)
{
	struct socket_watch *w = arg;
	struct fetch *f = w->fetch;
	int what = (events & LOOP_READ ? CURL_CSELECT_IN : 0) |
	           (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0), running;
	curl_multi_socket_action(f->multi, w->fd, what, &running);
	check_done(f);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct fetch *f = arg;
	struct socket_watch *w = known;
	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w)
			loop_watch_destroy(w->watch);
		free(w);
		curl_multi_assign(f->multi, fd, NULL);
		return 0;
	}
	if (!w) {
		w = mem_zalloc(sizeof(*w));
		*w = (struct socket_watch){ .fetch = f, .fd = fd };
		w->watch = loop_watch_create(f->loop, fd, socket_ready, w);
		curl_multi_assign(f->multi, fd, w);
	}
	loop_watch_set(w->watch, (what & CURL_POLL_IN ? LOOP_READ : 0u) |
	                         (what & CURL_POLL_OUT ? LOOP_WRITE : 0u));
	return 0;
}

static int set_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct fetch *f = arg;
	(void)multi;
	if (timeout_ms < 0)
		loop_timer_disarm(f->timer);
	else
		loop_timer_arm(f->timer, timeout_ms);
	return 0;
}

static void timer_fired(void *arg)
{
	struct fetch *f = arg;
	int running;
	curl_multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	check_done(f);
}

/* ---- limits ------------------------------------------------------------- */

static size_t take_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct fetch *f = arg;
	n *= size;
	if (n > f->options.max_bytes - f->body.n) {
		f->too_big = true;
		return 0;
	}
	buf_add(&f->body, bytes, n);
	return n;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct fetch *f = arg;
	struct endpoint ep;
	(void)purpose;
	if (!f->options.private_ok && (endpoint_from_sockaddr(&to->addr, &ep) != ERR_OK ||
	                               !ip_is_public(&ep.ip))) {
		f->private_address = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static void configure(struct fetch *f, const char *url)
{
	const char *schemes = f->options.private_ok ? "https,http" : "https";
	CURL *c = f->easy;
	f->headers = curl_slist_append(NULL, "Accept: application/rdap+json, application/json");
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, f->headers);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "portreeve/" PORTREEVE_VERSION);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, schemes);
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, schemes);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)f->options.timeout_ms);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, f);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, f);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, f->curl_error);
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
}

struct fetch *fetch_start(struct loop *loop, const struct fetch_options *options,
                          const char *url, fetch_cb *cb, void *arg)
{
	static bool begun;
	struct fetch *f = mem_zalloc(sizeof(*f));
	if (!begun)
		begun = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	*f = (struct fetch){
		.loop = loop, .options = *options, .cb = cb, .arg = arg,
		.multi = curl_multi_init(), .easy = curl_easy_init(),
	};
	assert(f->multi && f->easy);
	f->timer = loop_timer_create(loop, timer_fired, f);
	configure(f, url);
	curl_multi_add_handle(f->multi, f->easy);      /* arms the timer, which starts it */
	return f;
}

void fetch_cancel(struct fetch *f)
{
	if (f)
		fetch_free(f);
}
