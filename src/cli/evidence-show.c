/* SPDX-License-Identifier: ISC
 *
 * `portreeve evidence show`: a bundle as a page, on the terminal or in an HTML file, or what was
 * signed as it stands. The page itself is made by proof/evidence-page.h.
 *
 * Hostile input that reaches it: the bundle, which may be a file from anybody.
 */
#include "cli/evidence.h"

#include "cli/paged.h"
#include "proof/evidence-page.h"
#include "store/evidence.h"
#include "store/list.h"

/* What is shown. */
struct shown {
	struct cli *cli;
	const struct evidence_show *args;
	bool is_file;
	struct evidence_found found;
	struct buf file, pem;
	struct evidence_parts parts;
	json_t *payload;
	struct buf why;                      /* it is not good */
	struct evidence_reading reading;
};

/* ---- what there is ------------------------------------------------------------------- */

/* What is no address and no id is a file. */
static bool names_file(const char *what)
{
	struct ip address;
	return ip_parse(str_of(what), &address, NULL) != ERR_OK &&
	       !str_prefix(str_of(what), STR("ev-"));
}

static int read_caller_files(struct shown *s)
{
	const struct evidence_show *a = s->args;
	int code = CLI_GO;
	s->is_file = names_file(a->what);
	if (s->is_file)
		code = evidence_read_file(s->cli, a->what, EVIDENCE_BUNDLE_MAX_BYTES,
		                          "an address, an id (\"ev-...\") or a bundle", &s->file);
	if (code == CLI_GO && a->key)
		code = evidence_read_file(s->cli, a->key, EVIDENCE_KEY_MAX_BYTES, "a public key",
		                          &s->pem);
	return code;
}

static int read_bundle(struct shown *s)
{
	int code = read_caller_files(s);
	if (code == CLI_GO && !s->is_file)
		code = evidence_find(s->cli, s->args->what, &s->found);
	if (code != CLI_GO || s->args->key)
		return code;
	code = evidence_own_key(s->cli, &s->pem);
	return s->is_file ? CLI_GO : code;   /* a file is shown without a key, too */
}

static struct str bundle_of(const struct shown *s)
{
	return s->is_file ? buf_str(&s->file) : s->found.bundle;
}

/* ---- whether it is good ------------------------------------------------------------------ */

/* A stranger's bundle needs the stranger's key: without it nothing can be said. */
static bool lacks_key(const struct shown *s)
{
	char id[EVIDENCE_KEY_ID_MAX];
	if (!s->is_file || s->args->key)
		return false;
	return evidence_key_id(buf_str(&s->pem), id) != ERR_OK ||
	       !str_eq(s->parts.key_id, str_of(id));
}

/* What the store has under an id or an address is of them. */
static bool is_another(const struct shown *s)
{
	struct ip address;
	if (s->is_file)
		return false;
	if (strcmp(s->found.id, s->parts.id) != 0)
		return true;
	const char *text = json_string_value(json_object_get(s->payload, "address"));
	return s->found.address.family &&
	       (ip_parse(str_of(text), &address, NULL) != ERR_OK ||
	        !ip_eq(&address, &s->found.address));
}

static enum evidence_check check_bundle(struct shown *s)
{
	if (lacks_key(s)) {
		buf_add_cstr(&s->why, "the public key of whoever signed it is not at hand, --key "
		             "names it");
		return EVIDENCE_UNCHECKED;
	}
	if (evidence_verify(bundle_of(s), buf_str(&s->pem), &s->payload, &s->why) != ERR_OK)
		return EVIDENCE_BAD;
	if (!is_another(s))
		return EVIDENCE_GOOD;
	buf_add_cstr(&s->why, "the database has the bundle of another test in its place");
	return EVIDENCE_BAD;
}

static int judge_bundle(struct shown *s)
{
	struct evidence_reading *r = &s->reading;
	if (evidence_open(bundle_of(s), &s->cli->arena, &s->parts, &s->why) != ERR_OK)
		return cli_fail(s->cli, EX_DATAERR, "%s: %s", cli_safe(s->cli, s->args->what),
		                buf_cstr(&s->why));
	r->check = check_bundle(s);
	if (!s->payload)
		s->payload = json_loadb(s->parts.payload.p, s->parts.payload.n,
		                        JSON_REJECT_DUPLICATES, NULL);
	r->payload = s->payload;
	r->id = s->parts.id;
	r->key_id = s->parts.key_id.p;
	r->why = r->check == EVIDENCE_GOOD ? NULL : buf_cstr(&s->why);
	r->key = s->args->key ? s->args->key : "the key of this installation";
	return CLI_GO;
}

static void find_stay(struct shown *s)
{
	struct listing l;
	struct ip address = s->found.address;
	s->reading.stay = EVIDENCE_STAYS_FILE;
	if (s->is_file)
		return;
	const char *text = json_string_value(json_object_get(s->payload, "address"));
	if (!address.family && ip_parse(str_of(text), &address, NULL) != ERR_OK)
		address = (struct ip){ 0 };
	bool listed = address.family && store_listing_get(s->cli->store, &address, &l) == ERR_OK;
	s->reading.stay = listed ? EVIDENCE_STAYS_LISTED : EVIDENCE_STAYS_UNLISTED;
	s->reading.keep_s = s->cli->settings.store.keep_evidence_s;
}

/* ---- showing it ----------------------------------------------------------------------------- */

static int show_page(struct shown *s, struct outfile *out)
{
	struct page page;
	find_stay(s);
	evidence_page(&s->reading, &s->cli->arena, &page);
	if (s->args->html)
		return cli_page_html(s->cli, &page, s->args->html, out);
	cli_page_text(&page);
	return CLI_GO;
}

/* What is not good is shown, but for programs. */
static int show_bundle(struct shown *s, struct outfile *out)
{
	int code = CLI_GO;
	if (!s->cli->json)
		code = show_page(s, out);
	else if (s->reading.check == EVIDENCE_GOOD) {
		cli_print(s->parts.payload);
		cli_print(STR("\n"));
	}
	if (code != CLI_GO || s->reading.check == EVIDENCE_GOOD)
		return code;
	return cli_fail(s->cli, EX_DATAERR, "%s: %s", cli_safe(s->cli, s->args->what),
	                s->reading.why);
}

int evidence_show(struct cli *cli, const struct evidence_show *show)
{
	struct shown s = { .cli = cli, .args = show };
	struct outfile out = { .fd = -1 };
	int code = cli_page_open(cli, show->html, show->force, &out);
	if (code != CLI_GO)
		return code;
	code = read_bundle(&s);
	if (code == CLI_GO)
		code = judge_bundle(&s);
	if (code == CLI_GO)
		code = show_bundle(&s, &out);
	outfile_drop(&out);
	json_decref(s.payload);
	buf_fini(&s.file);
	buf_fini(&s.pem);
	buf_fini(&s.why);
	return code;
}
