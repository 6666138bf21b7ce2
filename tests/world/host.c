/* SPDX-License-Identifier: ISC
 *
 * The tested hosts of a seed: who they are, and that they listen.
 */
#include "host.h"

#include "base/stream.h"
#include "law.h"
#include "names.h"

#include <stdio.h>

enum { HOSTS_LEAST = 4, HOSTS_MOST = 9, PER_NET = 3 };

struct host hosts[HOSTS_MAX];
unsigned host_n;
struct loop *outside_loop;

static void acceptable(void *arg, unsigned events)
{
	struct host *h = arg;
	struct endpoint peer;
	(void)events;
	int fd = stream_accept(h->listen_fd, &peer);
	if (fd >= 0)
		visit_begin(h, fd, &peer);
}

static const struct host_kind *draw_kind(void)
{
	unsigned all = 0;
	for (unsigned i = 0; i < host_kind_n; i++)
		all += host_kinds[i].share;
	unsigned at = chance_below(all);
	for (unsigned i = 0;; i++) {
		if (at < host_kinds[i].share)
			return &host_kinds[i];
		at -= host_kinds[i].share;
	}
}

static void host_listen(struct host *h)
{
	if (h->kind->absent)
		return;
	h->listen_fd = stream_listen(&h->at);
	h->watch = loop_watch_create(outside_loop, h->listen_fd, acceptable, h);
	loop_watch_set(h->watch, LOOP_READ);
}

static void begin(struct host *h, unsigned n)
{
	char address[IP_TEXT_MAX];
	*h = (struct host){ .n = n, .kind = draw_kind(), .disturbed_ms = -1, .asked_ms = -1 };
	/* Few networks, so that politeness has something to do; one host whose address is none
	 * of the Internet. */
	h->forbidden = n == 0 && chance_of(500);
	h->at.ip = h->forbidden ? ip_from_v4(10, 1, 1, 10)
		: ip_from_v4(45, 20, (uint8_t)(n / PER_NET), (uint8_t)(10 + n));
	h->at.port = 25;
	h->out = ip_from_v4(45, 30, 0, (uint8_t)(10 + n));
	names_host(n, h->name, h->domain);
	ip_format_literal(&h->at.ip, h->literal);
	h->own = (struct own_names){ h->name, h->domain, h->literal };
	h->was_open = h->kind->relays;
	trace("host %u %s is %s", n, ip_format(&h->at.ip, address), h->kind->name);
	host_listen(h);
}

void hosts_begin(void)
{
	host_n = chance_between(HOSTS_LEAST, HOSTS_MOST);
	for (unsigned i = 0; i < host_n; i++)
		begin(&hosts[i], i);
}

struct host *host_of(const struct ip *ip)
{
	for (unsigned i = 0; i < host_n; i++)
		if (ip_eq(&hosts[i].at.ip, ip))
			return &hosts[i];
	return NULL;
}

void host_repair(struct host *h)
{
	trace("host %u is repaired", h->n);
	h->kind = &host_kinds[0];
	h->repaired = true;
}
