/* SPDX-License-Identifier: ISC
 *
 * The operator of the gateway: he holds, releases, flushes and drops messages at any time, by the
 * lines of the control socket. Now and then he changes the settings.
 */
#include "mail.h"

#include "gateway/control.h"

#include <stdio.h>

enum { PAUSE_MOST_MS = 20 * 1000, LINE_MAX = 128, CALM_MS = 5000 };

static struct event next;
static unsigned slowness;
static const char *const words[ORDERS] = { "hold", "release", "flush", "drop" };

struct order_given {
	struct letter *letter;           /* NULL: all of them */
	enum order what;
	struct buf answer;
};

static struct letter *draw_letter(void)
{
	unsigned n = 0;
	for (const struct letter *l = letters; l; l = l->next)
		n += l->id[0] != '\0';
	unsigned at = n > 0 ? chance_below(n) : 0;
	for (struct letter *l = letters; l; l = l->next)
		if (l->id[0] && at-- == 0)
			return l;
	return NULL;
}

static void give(void *arg)
{
	struct order_given *o = arg;
	const struct gateway_control_setup setup = { .queue = gateway_queue_of_now() };
	char line[LINE_MAX];
	if (o->letter) {
		law_order_given(setup.queue, o->letter);
		snprintf(line, sizeof(line), "{\"do\":\"%s\",\"id\":\"%s\"}", words[o->what],
		         o->letter->id);
	} else {
		snprintf(line, sizeof(line), "{\"do\":\"%s\",\"all\":true}", words[o->what]);
	}
	gateway_control_answer(&setup, str_of(line), &o->answer);
}

static void order(struct order_given *o)
{
	if (!gateway_queue_of_now())
		return;
	trace("the operator: %s letter %u", words[o->what], o->letter ? o->letter->n : 0);
	bool lived = process_run(&roles[0], give, o);
	bool done = lived && str_search(buf_str(&o->answer), STR("\"done\":0")) == SIZE_MAX &&
	            str_search(buf_str(&o->answer), STR("\"error\"")) == SIZE_MAX;
	if (lived)
		trace("the operator hears %.*s", STR_ARG(str_trim(buf_str(&o->answer))));
	for (struct letter *l = letters; l; l = l->next)
		if ((done || !lived) && (l == o->letter || !o->letter))
			law_ordered(l, o->what, lived);
	buf_fini(&o->answer);
}

static void acts(void *arg)
{
	struct order_given o = { .letter = draw_letter() };
	(void)arg;
	o.what = chance_of(300) ? ORDER_HOLD : chance_of(600) ? ORDER_RELEASE :
	         chance_of(600) ? ORDER_FLUSH : ORDER_DROP;
	if (world.calm || ((o.what == ORDER_RELEASE || o.what == ORDER_FLUSH) && chance_of(300)))
		o.letter = NULL;
	if (world.calm)
		o.what = ORDER_RELEASE;
	if (!world.calm && chance_of(150))
		gateway_hears_of_change();
	else if (letters && (o.letter || o.what == ORDER_RELEASE || o.what == ORDER_FLUSH))
		order(&o);
	event_arm(&next, world.calm ? (int64_t)slowness * CALM_MS :
	                 (int64_t)slowness * chance_between(1, PAUSE_MOST_MS));
}

void operator_begin(unsigned slow)
{
	slowness = slow;
	event_init(&next, &outside, acts, NULL);
	if (chance_of(500))
		event_arm(&next, chance_between(1, PAUSE_MOST_MS));
}

void operator_calm(void)
{
	if (next.armed)
		event_arm(&next, CALM_MS);
}
