/* SPDX-License-Identifier: ISC
 *
 * One GET by libcurl, fenced in.
 */
#include "report/rdap-fetch.h"

#include "base/ip.h"
#include "base/mem.h"
#include "trace/names.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <unistd.h>

enum { REDIRECTS_MAX = 5, ADDRESSES_MAX = 8, URL_SHOWN_MAX = 80 };

struct fetch {
	struct fetch_setup setup;
	CURLM *multi;
	CURL *easy;
	CURLU *url;                     /* where it goes now */
	char *host, *port;              /* of that; libcurl's */
	struct curl_slist *headers, *addresses;
	struct dns_query *query;
	struct loop_timer *timer;       /* libcurl's */
	struct loop_timer *step, *deadline;
	char *next;                     /* the URL that the next step goes to; or NULL */
	int err;                        /* else that step ends it, for this reason */
	struct buf problem;
	unsigned redirects;
	struct buf body;
	bool too_big, private_address;
	char curl_error[CURL_ERROR_SIZE];
	fetch_cb *cb;
	void *arg;
};

static void fetch_free(struct fetch *f)
{
	dns_query_cancel(f->query);
	curl_multi_remove_handle(f->multi, f->easy);
	curl_easy_cleanup(f->easy);
	curl_multi_cleanup(f->multi);
	curl_url_cleanup(f->url);
	curl_free(f->host);
	curl_free(f->port);
	curl_slist_free_all(f->headers);
	curl_slist_free_all(f->addresses);
	loop_timer_destroy(f->timer);
	loop_timer_destroy(f->step);
	loop_timer_destroy(f->deadline);
	buf_fini(&f->body);
	buf_fini(&f->problem);
	free(f->next);
	free(f);
}

/* *f is gone then. */
static void fetch_finish(struct fetch *f, int err, const char *problem)
{
	f->cb(f->arg, err, err == ERR_OK ? buf_str(&f->body) : STR(""), problem);
	fetch_free(f);
}

/* ---- libcurl on the loop ------------------------------------------------ */

static void check_done(struct fetch *f);

struct socket_watch {
	struct fetch *fetch;
	curl_socket_t fd;
	struct loop_watch *watch;
};

static void fetch_socket_ready(void *arg, unsigned events)
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
		w->watch = loop_watch_create(f->setup.loop, fd, fetch_socket_ready, w);
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

static void fetch_timer_fired(void *arg)
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
	if (n > f->setup.max_bytes - f->body.n) {
		f->too_big = true;
		return 0;
	}
	buf_add(&f->body, bytes, n);
	return n;
}

/* Besides private addresses: special ones, and those of IPv6 that hold one of IPv4 (Teredo,
 * 6to4). No registry has one, and where it leads is hard to tell. */
static bool may_ask(const struct fetch *f, const struct ip *ip)
{
	static const struct prefix special[] = {
		{ { 4, { 192, 0, 0 } }, 24 }, { { 4, { 192, 88, 99 } }, 24 },
		{ { 4, { 198, 18 } }, 15 }, { { 6, { 0x20, 0x01 } }, 32 },
		{ { 6, { 0x20, 0x02 } }, 16 },
	};
	if (f->setup.private_ok)
		return true;
	for (size_t i = 0; i < sizeof(special) / sizeof(*special); i++)
		if (prefix_contains(&special[i], ip))
			return false;
	return ip_is_public(ip);
}

/* The last fence: whatever led here, no private address is connected to. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct fetch *f = arg;
	struct endpoint ep;
	(void)purpose;
	if (endpoint_from_sockaddr(&to->addr, &ep) != ERR_OK || !may_ask(f, &ep.ip)) {
		f->private_address = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* ---- one place after the other ------------------------------------------ */

/* The next step comes from the loop, out of whatever callback we are in. */
static void next(struct fetch *f, const char *url)
{
	f->next = mem_strdup(url);
	loop_timer_arm(f->step, 0);
}

static void fetch_fail(struct fetch *f, int err, const char *problem)
{
	f->err = err;
	buf_clear(&f->problem);
	buf_add_cstr(&f->problem, problem);
	loop_timer_arm(f->step, 0);
}

static void transfer(struct fetch *f)
{
	curl_easy_setopt(f->easy, CURLOPT_CURLU, f->url);
	curl_easy_setopt(f->easy, CURLOPT_RESOLVE, f->addresses);
	curl_multi_add_handle(f->multi, f->easy);      /* arms the timer, which starts it */
}

/* Those that may be asked, as libcurl wants them: "name:443:192.0.2.1,[2001:db8::1]". */
static void use_addresses(struct fetch *f, const struct ip *ips, size_t n)
{
	struct buf line = { 0 };
	char text[IP_TEXT_MAX];
	size_t used = 0;
	buf_printf(&line, "%s:%s:", f->host, f->port);
	for (size_t i = 0; i < n && used < ADDRESSES_MAX; i++) {
		if (!may_ask(f, &ips[i]))
			continue;
		buf_printf(&line, ips[i].family == 6 ? "%s[%s]" : "%s%s", used++ ? "," : "",
		           ip_format(&ips[i], text));
	}
	if (used) {
		curl_slist_free_all(f->addresses);
		f->addresses = curl_slist_append(NULL, buf_cstr(&line));
		transfer(f);
	} else {
		fetch_fail(f, ERR_DENIED, "it is at a private address");
	}
	buf_fini(&line);
}

static void on_addresses(void *arg, const struct dns_result *r)
{
	struct fetch *f = arg;
	struct buf text = { 0 };
	f->query = NULL;
	if (r->ip_count) {
		use_addresses(f, r->ips, r->ip_count);
		return;
	}
	buf_printf(&text, "%s has no address: %s", f->host, dns_status_name(r->status));
	fetch_fail(f, ERR_IO, buf_cstr(&text));
	buf_fini(&text);
}

/* No separator of what we tell libcurl, nothing that DNS and libcurl could read differently. */
static bool is_host(const char *host)
{
	for (const char *p = host; *p; p++)
		if (!ascii_isalnum((unsigned char)*p) && !strchr("-.[]:", *p))
			return false;
	return *host != '\0';
}

/* libcurl reads the URL as it will when it connects: no two readers, no two hosts. */
static bool read_url(struct fetch *f, const char *url)
{
	char *scheme = NULL, *zone = NULL;
	curl_free(f->host);
	curl_free(f->port);
	f->host = f->port = NULL;
	bool good = curl_url_set(f->url, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK &&
	            curl_url_get(f->url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	            (strcmp(scheme, "https") == 0 ||
	             (f->setup.private_ok && strcmp(scheme, "http") == 0)) &&
	            curl_url_get(f->url, CURLUPART_ZONEID, &zone, 0) == CURLUE_NO_ZONEID &&
	            curl_url_get(f->url, CURLUPART_HOST, &f->host, 0) == CURLUE_OK &&
	            is_host(f->host) &&
	            curl_url_get(f->url, CURLUPART_PORT, &f->port, CURLU_DEFAULT_PORT) == CURLUE_OK;
	curl_free(scheme);
	curl_free(zone);
	return good;
}

static void go_to(struct fetch *f, const char *url)
{
	struct ip literal;
	if (!read_url(f, url)) {
		struct buf text = { 0 };
		struct str shown = str_of(url);
		shown.n = shown.n < URL_SHOWN_MAX ? shown.n : URL_SHOWN_MAX;
		buf_add_cstr(&text, "\"");
		buf_add_escaped(&text, shown);
		buf_printf(&text, "\" is no %sURL", f->setup.private_ok ? "" : "https ");
		fetch_fail(f, ERR_DENIED, buf_cstr(&text));
		buf_fini(&text);
		return;
	}
	struct str host = str_of(f->host);
	if (host.p[0] == '[')
		host = (struct str){ host.p + 1, host.n - 2 };
	if (ip_parse(host, &literal, NULL) == ERR_OK)
		use_addresses(f, &literal, 1);
	else
		f->query = dns_resolve_ips(f->setup.resolver, host, on_addresses, f);
}

static int outcome(struct fetch *f, CURLcode code, long status, struct buf *problem)
{
	if (f->too_big) {
		buf_printf(problem, "more than %zu bytes", f->setup.max_bytes);
		return ERR_LIMIT;
	}
	if (f->private_address) {
		buf_add_cstr(problem, "it is at a private address");
		return ERR_DENIED;
	}
	if (code != CURLE_OK) {
		buf_add_escaped(problem, str_of(f->curl_error[0] ? f->curl_error
		                                                 : curl_easy_strerror(code)));
		return code == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT : ERR_IO;
	}
	if (status != 200) {
		buf_printf(problem, "HTTP status %ld", status);
		return status == 404 ? ERR_NOT_FOUND : ERR_IO;
	}
	return ERR_OK;
}

/* If the transfer has ended: on to where it was sent, or calls back, and *f is gone. */
static void check_done(struct fetch *f)
{
	int left;
	long status = 0;
	char *redirect = NULL;
	CURLMsg *message = curl_multi_info_read(f->multi, &left);
	if (!message || message->msg != CURLMSG_DONE)
		return;
	CURLcode code = message->data.result;
	curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(f->easy, CURLINFO_REDIRECT_URL, &redirect);
	if (code == CURLE_OK && status / 100 == 3 && redirect) {
		if (f->redirects++ < REDIRECTS_MAX)
			next(f, redirect);
		else
			fetch_fail(f, ERR_LIMIT, "too many redirects");
		curl_multi_remove_handle(f->multi, f->easy);
		buf_clear(&f->body);
		return;
	}
	struct buf problem = { 0 };
	int e = outcome(f, code, status, &problem);
	fetch_finish(f, e, buf_cstr(&problem));
	buf_fini(&problem);
}

/* ---- beginning and end -------------------------------------------------- */

static void fetch_on_step(void *arg)
{
	struct fetch *f = arg;
	char *url = f->next;
	f->next = NULL;
	if (url)
		go_to(f, url);
	else
		fetch_finish(f, f->err, buf_cstr(&f->problem));
	free(url);
}

static void on_deadline(void *arg)
{
	fetch_finish(arg, ERR_TIMEOUT, "no answer in time");
}

static void configure(struct fetch *f)
{
	CURL *c = f->easy;
	f->headers = curl_slist_append(NULL, "Accept: application/rdap+json, application/json");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, f->headers);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "portreeve/" PORTREEVE_VERSION);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, f->setup.private_ok ? "https,http" : "https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)f->setup.timeout_ms);
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

struct fetch *fetch_start(const struct fetch_setup *setup, const char *url, fetch_cb *cb,
                          void *arg)
{
	static bool begun;
	struct fetch *f = mem_zalloc(sizeof(*f));
	if (!begun)
		begun = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	*f = (struct fetch){
		.setup = *setup, .cb = cb, .arg = arg,
		.multi = curl_multi_init(), .easy = curl_easy_init(), .url = curl_url(),
	};
	assert(f->multi && f->easy && f->url);
	f->timer = loop_timer_create(setup->loop, fetch_timer_fired, f);
	f->step = loop_timer_create(setup->loop, fetch_on_step, f);
	f->deadline = loop_timer_create(setup->loop, on_deadline, f);
	configure(f);
	next(f, url);
	loop_timer_arm(f->deadline, setup->timeout_ms);
	return f;
}

void fetch_cancel(struct fetch *f)
{
	if (f)
		fetch_free(f);
}
