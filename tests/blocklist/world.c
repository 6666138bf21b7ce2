/* SPDX-License-Identifier: ISC
 *
 * Configuration, zones and index of the blocklist's tests, from text.
 */
#include "world.h"

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
	w->state.view_count = outputs ? 2 : 1;
	for (size_t i = 0; i < w->state.view_count; i++) {
		if (blocklist_zone_init(&w->zones[i], &w->config, i == 1, &message) != ERR_OK)
			fail_msg("%s", buf_cstr(&message));
		w->state.views[i] = (struct blocklist_view){ .zone = &w->zones[i], .serial = 7 };
	}
	w->state.views[0].index = w->index = world_index(listed);
	if (outputs)
		w->state.views[1].index = w->outputs = world_index(outputs);
	buf_fini(&message);
}

void world_free(struct world *w)
{
	blocklist_index_destroy(w->index);
	blocklist_index_destroy(w->outputs);
	config_fini(&w->section, 1);
}
