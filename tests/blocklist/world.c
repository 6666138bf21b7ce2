/* SPDX-License-Identifier: ISC
 *
 * Lists made from texts.
 */
#include "world.h"

#include "base/mem.h"
#include "test.h"

struct prefix world_prefix(const char *text)
{
	struct prefix p = { 0 };
	/* The mapped form, which prefix_parse() would take for IPv4. */
	if (strncmp(text, "::ffff:", 7) == 0) {
		p.ip = (struct ip){ 6, { [10] = 0xff, [11] = 0xff } };
		struct ip v4;
		assert_int_equal(ip_parse(str_of(text + 7), &v4, NULL), ERR_OK);
		memcpy(p.ip.b + 12, v4.b, 4);
		p.len = 128;
		return p;
	}
	if (prefix_parse(str_of(text), &p, NULL) != ERR_OK)
		fail_msg("%s: no prefix", text);
	return p;
}

struct blocklist_index *world_index(const char *listed)
{
	struct blocklist_change changes[64];
	struct str rest = str_of(listed), one;
	size_t n = 0, refused;
	while (str_token(&rest, " ", &one)) {
		char text[PREFIX_TEXT_MAX];
		str_copy(text, sizeof(text), one);
		changes[n++] = (struct blocklist_change){ world_prefix(text), true };
	}
	struct blocklist_index *index = blocklist_index_apply(NULL, changes, n, &refused);
	assert_int_equal(refused, 0);
	return index;
}

static void set(struct world *w, const char *name, const char *value)
{
	char full[64] = "dnsbl.";
	struct buf message = { 0 };
	str_copy(full + 6, sizeof(full) - 6, str_of(name));
	if (config_set(&w->section, 1, full, value, &message) != ERR_OK)
		fail_msg("%s=%s: %s", name, value, buf_cstr(&message));
	buf_fini(&message);
}

void world_make(struct world *w, const char *listed, const char *outputs,
                const char *const *options)
{
	struct buf message = { 0 };
	*w = (struct world){ .section = { "dnsbl", "", dnsbl_config_rows, dnsbl_config_row_count,
	                                  NULL } };
	w->section.into = &w->config;
	assert_int_equal(config_load(NULL, &w->section, 1, &message), ERR_OK);
	set(w, "zone", "bl.example");
	if (outputs)
		set(w, "output_zone", "out.example");
	for (; options && *options; options++) {
		char name[32];
		const char *equals = strchr(*options, '=');
		str_copy(name, sizeof(name), (struct str){ *options, (size_t)(equals - *options) });
		set(w, name, equals + 1);
	}
	size_t n = outputs ? 2 : 1;
	for (size_t i = 0; i < n; i++)
		if (blocklist_zone_init(&w->zones[i], &w->config, i == 1, &message) != ERR_OK)
			fail_msg("%s", buf_cstr(&message));
	assert_int_equal(blocklist_zones_create(w->zones, n, &w->table), ERR_OK);
	w->edition.serial = 7;
	w->edition.lists[BLOCKLIST_INPUTS] = world_index(listed);
	if (outputs)
		w->edition.lists[BLOCKLIST_OUTPUTS] = world_index(outputs);
	w->state = (struct blocklist_state){ w->table, &w->edition };
	buf_fini(&message);
}

void world_free(struct world *w)
{
	for (size_t i = 0; i < BLOCKLIST_LISTS; i++)
		blocklist_index_destroy(w->edition.lists[i]);
	blocklist_zones_destroy(w->table);
	config_fini(&w->section, 1);
}

struct blocklist_edition *world_edition(const struct world *w)
{
	struct blocklist_edition *e = mem_zalloc(sizeof(*e));
	e->serial = w->edition.serial;
	for (size_t i = 0; i < BLOCKLIST_LISTS; i++)
		if (w->edition.lists[i])
			e->lists[i] = blocklist_index_share(w->edition.lists[i]);
	return e;
}
