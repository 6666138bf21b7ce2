/* SPDX-License-Identifier: ISC
 *
 * A server that mail is brought to says anything, in any pieces, over a real socket: every
 * recipient gets one fate, none counts as delivered before the server had the whole text, and the
 * session ends once.
 *
 * Input: two bytes of settings, then what the server says; after each NUL it waits until the
 * carrier has nothing more to do.
 */
#include "fuzz.h"

#include "base/mem.h"
#include "gateway/carrier.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RCPTS = 4, LOADS = 3, QUIET_TURNS = 3 };

struct world {
	struct loop *loop;
	struct gateway_carrier *carrier;
	struct gateway_envelope envelope;
	struct gateway_rcpt rcpt[RCPTS];
	struct gateway_load load;
	size_t rcpts, loads;
	int fd;                       /* the server's end; negative: none */
	struct buf heard;             /* of this message */
	bool loaded, over, moved;
};

static const char text[] = "X: y\r\n\r\n.\r\ntext\r\n";

static void next_load(struct world *w)
{
	if (w->loads == 0 || !gateway_carrier_takes(w->carrier))
		return;
	w->loads--;
	w->load = (struct gateway_load){ .envelope = &w->envelope, .text = str_of(text),
	                                 .count = w->rcpts };
	w->load.cargo = mem_array(w->rcpts, sizeof(*w->load.cargo));
	for (size_t i = 0; i < w->rcpts; i++)
		w->load.cargo[i].rcpt = &w->rcpt[i];
	w->loaded = true;
	buf_clear(&w->heard);
	gateway_carrier_carry(w->carrier, &w->load);
}

static void on_ready(void *arg)
{
	struct world *w = arg;
	w->moved = true;
	next_load(w);
}

static void hear(struct world *w)
{
	char bytes[4096];
	ssize_t n;
	while (w->fd >= 0 && (n = recv(w->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
		buf_add(&w->heard, bytes, (size_t)n);
		w->moved = true;
	}
}

static void on_carried(void *arg)
{
	struct world *w = arg;
	assert(w->loaded && !w->over);
	w->loaded = false;
	w->moved = true;
	hear(w);
	for (size_t i = 0; i < w->load.count; i++) {
		const struct gateway_cargo *c = &w->load.cargo[i];
		assert(c->known != w->load.untouched);
		if (!c->known)
			continue;
		assert(c->enhanced[0] == (c->fate == GATEWAY_FATE_DELIVERED ? '2' :
		                          c->fate == GATEWAY_FATE_FAILED ? '5' : '4'));
		assert(c->fate != GATEWAY_FATE_DELIVERED ||
		       str_search(buf_str(&w->heard), STR("..\r\ntext\r\n.\r\n")) != SIZE_MAX);
	}
	gateway_load_fini(&w->load);
	next_load(w);
}

static void on_ended(void *arg, bool ready, const char *enhanced, const char *why)
{
	struct world *w = arg;
	(void)ready;
	assert(!w->over && !w->loaded && enhanced[0] && why);
	w->over = w->moved = true;
}

static const struct gateway_carrier_hooks hooks = {
	.ready = on_ready, .carried = on_carried, .ended = on_ended,
};

static int listen_at(char path[static 64])
{
	snprintf(path, 64, "/tmp/fuzz-carrier.%d", (int)getpid());
	unlink(path);
	return stream_listen_unix(path, 0600);
}

/* Turns until nothing moves. */
static void settle(struct world *w)
{
	for (int quiet = 0; quiet < QUIET_TURNS && !w->over; quiet++) {
		w->moved = false;
		loop_run_once(w->loop, 0);
		hear(w);
		if (w->moved)
			quiet = 0;
	}
}

static void say(struct world *w, struct str bytes)
{
	while (bytes.n > 0 && !w->over) {
		ssize_t n = send(w->fd, bytes.p, bytes.n, MSG_DONTWAIT | MSG_NOSIGNAL);
		bytes = str_from(bytes, n > 0 ? (size_t)n : 0);
		loop_run_once(w->loop, 0);
		hear(w);
	}
}

static void serve(struct world *w, struct str input)
{
	for (bool last = false; !last && !w->over;) {
		size_t end = str_find(input, '\0');
		last = end == SIZE_MAX;
		settle(w);
		say(w, last ? input : (struct str){ input.p, end });
		input = last ? STR("") : str_from(input, end + 1);
	}
	settle(w);
}

static void settings(struct world *w, uint8_t first, uint8_t second)
{
	static const char *const to[RCPTS] = { "a@b.example", "c@b.example", "\xc3\xa4@b.example",
	                                       "\"x y\"@b.example" };
	w->rcpts = 1 + second % RCPTS;
	w->loads = 1 + (second >> 2) % LOADS;
	w->envelope = (struct gateway_envelope){ .from = STR("s@e.example"),
	                                         .utf8 = first & 2 };
	for (size_t i = 0; i < RCPTS; i++)
		w->rcpt[i].to.address = str_of(to[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = { .fd = -1 };
	struct endpoint peer;
	char path[64];
	if (size < 2)
		return 0;
	int listen_fd = listen_at(path);
	assert(listen_fd >= 0);
	w.loop = loop_create();
	settings(&w, data[0], data[1]);
	const struct gateway_carrier_setup setup = {
		.loop = w.loop, .path = path, .name = "", .lmtp = data[0] & 1,
		.hostname = "us.example", .connect_ms = 1000, .idle_ms = 100000,
		.hooks = &hooks, .arg = &w,
	};
	w.carrier = gateway_carrier_create(&setup);
	while ((w.fd = stream_accept(listen_fd, &peer)) < 0)
		loop_run_once(w.loop, 10);
	serve(&w, (struct str){ (const char *)data + 2, size - 2 });
	close(w.fd);
	w.fd = -1;
	for (int i = 0; i < 100 && !w.over; i++)
		loop_run_once(w.loop, 10);
	assert(w.over);
	gateway_carrier_destroy(w.carrier);
	gateway_load_fini(&w.load);
	buf_fini(&w.heard);
	loop_destroy(w.loop);
	close(listen_fd);
	unlink(path);
	return 0;
}
