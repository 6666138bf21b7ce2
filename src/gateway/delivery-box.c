/* SPDX-License-Identifier: ISC
 *
 * Mail to Maildirs: what waits is taken in batches, each a job of the syncer, one at a time. While
 * a batch is written, the next one gathers.
 *
 * A batch is its job's: the delivery may end before it is done. What it held was given back then,
 * and is known again by its name.
 */
#include "gateway/delivery-private.h"

#include "base/mem.h"
#include "gateway/directory.h"
#include "gateway/maildrop.h"
#include "mail/maildir.h"

#include <assert.h>
#include <stdlib.h>

enum { BATCH_BYTES = 8 << 20 };

struct box_mail {
	struct gateway_rcpt *rcpt;
	char *directory, *name;
	struct buf head;
	size_t text;                      /* of the batch's texts */
};

struct delivery_batch {
	struct gateway_delivery *delivery;       /* NULL: it has ended */
	struct delivery_destination *to;
	struct box_mail mail[MAILDIR_AT_ONCE_MAX];
	struct maildir_mail order[MAILDIR_AT_ONCE_MAX];
	size_t count;
	struct buf text[MAILDIR_AT_ONCE_MAX];
	const struct gateway_message *of[MAILDIR_AT_ONCE_MAX];
	size_t texts;
	uint64_t bytes;
	atomic_bool stop;                 /* for the job's thread */
};

static void batch_free(struct delivery_batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		free(b->mail[i].directory);
		free(b->mail[i].name);
		buf_fini(&b->mail[i].head);
	}
	for (size_t i = 0; i < b->texts; i++)
		buf_fini(&b->text[i]);
	free(b);
}

/* ---- one recipient -------------------------------------------------------------------------- */

static void end(struct gateway_delivery *d, struct gateway_rcpt *rcpt, enum gateway_fate fate,
                const char *enhanced, const char *said)
{
	struct gateway_outcome outcome = { .fate = fate, .said = str_of(said) };
	str_copy(outcome.enhanced, sizeof(outcome.enhanced), str_of(enhanced));
	/* Nobody else tells of it (dsn.h). */
	outcome.relayed = fate == GATEWAY_FATE_DELIVERED;
	delivery_settle(d, rcpt, &outcome);
}

/* Without a directory of accounts: DOMAIN/LOCAL. */
static enum gateway_known plain_mailbox(struct str address, struct buf *path)
{
	size_t at = str_find(address, '@');
	if (at == SIZE_MAX || at == 0)
		return GATEWAY_NO;
	buf_add_str(path, str_from(address, at + 1));
	buf_add_byte(path, '/');
	buf_add_str(path, (struct str){ address.p, at });
	for (size_t i = 0; i < path->n; i++)
		path->p[i] = ascii_lower(path->p[i]);
	return GATEWAY_YES;
}

/* NULL: it has ended already. */
static char *directory_of(struct gateway_delivery *d, struct gateway_rcpt *rcpt)
{
	struct buf path = { 0 };
	enum gateway_known known = d->setup.directory
		? directory_mailbox(d->setup.directory, rcpt->to.address, &path)
		: plain_mailbox(rcpt->to.address, &path);
	char *directory = NULL;
	if (known == GATEWAY_NOT_NOW)
		end(d, rcpt, GATEWAY_FATE_DEFERRED, "4.3.0",
		    "whose mailbox it is cannot be found out just now");
	else if (known == GATEWAY_NO || !gateway_maildrop_path_valid(buf_str(&path)))
		end(d, rcpt, GATEWAY_FATE_FAILED, "5.1.1", "there is no such mailbox here");
	else
		directory = mem_printf("%s/%s", d->setup.mailboxes, buf_cstr(&path));
	buf_fini(&path);
	return directory;
}

/* The message's text in the batch; SIZE_MAX: it cannot be had, and the recipient has ended. */
static size_t text_of(struct delivery_batch *b, struct gateway_rcpt *rcpt)
{
	struct gateway_delivery *d = b->delivery;
	struct buf text = { 0 };
	if (b->texts > 0 && b->of[b->texts - 1] == rcpt->message)
		return b->texts - 1;
	int e = gateway_queue_text(d->queue, rcpt->message, &text);
	if (e == ERR_OK) {
		struct buf *kept = &b->text[b->texts];
		gateway_maildrop_text(buf_str(&text), kept);
		b->of[b->texts] = rcpt->message;
		b->bytes += kept->n;
		d->text_bytes += kept->n;
	} else {
		delivery_settle_unreadable(d, rcpt, e);
	}
	buf_fini(&text);
	return e == ERR_OK ? b->texts++ : SIZE_MAX;
}

static void add(struct delivery_batch *b, struct gateway_rcpt *rcpt)
{
	struct gateway_delivery *d = b->delivery;
	struct box_mail *m = &b->mail[b->count];
	struct buf name = { 0 };
	char *directory = directory_of(d, rcpt);
	size_t text = directory ? text_of(b, rcpt) : SIZE_MAX;
	if (text != SIZE_MAX && gateway_maildrop_loops(buf_str(&b->text[text]),
	                                               rcpt->to.address)) {
		end(d, rcpt, GATEWAY_FATE_FAILED, "5.4.6",
		    "the message was delivered to this address before: it goes in a circle");
		text = SIZE_MAX;
	}
	if (text == SIZE_MAX) {
		free(directory);
		return;
	}
	gateway_maildrop_name(rcpt, d->hostname, &name);
	*m = (struct box_mail){ .rcpt = rcpt, .directory = directory, .text = text,
	                        .name = buf_release(&name) };
	gateway_maildrop_head(rcpt->message->envelope.from, rcpt->to.address, &m->head);
	b->count++;
}

/* ---- the job -------------------------------------------------------------------------------- */

static int by_directory(const void *a, const void *b)
{
	const struct maildir_mail *x = a, *y = b;
	return strcmp(x->directory, y->directory);
}

/* In the syncer's thread: it touches nothing but the batch. */
static int work(void *arg)
{
	struct delivery_batch *b = arg;
	maildir_deliver_all(b->order, b->count, &b->stop);
	return ERR_OK;
}

static void settle(struct gateway_delivery *d, struct gateway_rcpt *rcpt, int err)
{
	if (err == ERR_OK)
		end(d, rcpt, GATEWAY_FATE_DELIVERED, "2.0.0", "in the mailbox");
	else if (err == ERR_AGAIN)
		delivery_give_back(d, rcpt);
	else
		end(d, rcpt, GATEWAY_FATE_DEFERRED, err == ERR_FULL ? "4.3.1" : "4.3.0",
		    err == ERR_FULL ? "the disk of the mailboxes is full"
		    : err == ERR_DENIED ? "the mailbox may not be written to"
		    : "the mailbox cannot be written to");
}

/* The order by directories is not that of the recipients: names tell which is which. */
static int err_of(const struct delivery_batch *b, const struct box_mail *m)
{
	size_t i = 0;
	while (b->order[i].name != m->name) {
		i++;
		assert(i < b->count);
	}
	return b->order[i].err;
}

static void done(void *arg, int err)
{
	struct delivery_batch *b = arg;
	struct gateway_delivery *d = b->delivery;
	if (!d) {
		batch_free(b);
		return;
	}
	assert(d->batch == b && d->text_bytes >= b->bytes);
	d->batch = NULL;
	b->to->boxing = false;
	d->text_bytes -= b->bytes;
	for (size_t i = 0; i < b->count; i++)
		settle(d, b->mail[i].rcpt, err == ERR_OK ? err_of(b, &b->mail[i]) : err);
	delivery_destination_turn(b->to);
	batch_free(b);
}

static void give_order(struct delivery_batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct box_mail *m = &b->mail[i];
		b->order[i] = (struct maildir_mail){
			.directory = m->directory, .makes = true, .name = m->name,
			.head = buf_str(&m->head), .text = buf_str(&b->text[m->text]),
		};
	}
	qsort(b->order, b->count, sizeof(*b->order), by_directory);
}

/* ---- for the turns -------------------------------------------------------------------------- */

bool delivery_box_start(struct delivery_destination *to)
{
	struct gateway_delivery *d = to->delivery;
	assert(!d->batch && to->waiting.n > 0);
	struct delivery_batch *b = mem_zalloc(sizeof(*b));
	b->delivery = d;
	b->to = to;
	while (b->count < MAILDIR_AT_ONCE_MAX && b->texts < MAILDIR_AT_ONCE_MAX &&
	       b->bytes < BATCH_BYTES && to->waiting.first &&
	       (b->texts == 0 || delivery_has_room(d, to->waiting.first->message)))
		add(b, delivery_line_take(&to->waiting));
	give_order(b);
	if (b->count > 0 && syncer_job(d->setup.syncer, work, done, b) == ERR_OK) {
		d->batch = b;
		to->boxing = true;
		return true;
	}
	/* Nobody was left, or too many jobs wait. */
	bool none = b->count == 0;
	for (size_t i = b->count; i-- > 0;)
		delivery_line_put_back(&to->waiting, b->mail[i].rcpt);
	d->text_bytes -= b->bytes;
	batch_free(b);
	return none;
}

void delivery_box_stop(struct gateway_delivery *d)
{
	if (d->batch)
		atomic_store(&d->batch->stop, true);
}

void delivery_box_abandon(struct gateway_delivery *d)
{
	struct delivery_batch *b = d->batch;
	if (!b)
		return;
	delivery_box_stop(d);
	for (size_t i = 0; i < b->count; i++)
		delivery_give_back(d, b->mail[i].rcpt);
	d->text_bytes -= b->bytes;
	d->batch = NULL;
	b->to->boxing = false;
	b->delivery = NULL;
}
