/* SPDX-License-Identifier: ISC
 *
 * The configuration file: no text may crash the reader, and what was taken is printed as a
 * text that is taken again and means the same. The first byte chooses between the file
 * and one parameter as from the command line ("name=value").
 */
#include "fuzz.h"

#include "settings/settings.h"

#include <stdlib.h>
#include <string.h>

static void check_one_line(const struct buf *message)
{
	if (message->n == 0)
		abort();
	for (size_t i = 0; i < message->n; i++)
		if (message->p[i] == '\n')
			abort();
}

static void read_file(struct str text)
{
	struct settings first, second;
	struct buf message = { 0 }, one = { 0 }, two = { 0 };
	if (settings_load_text(&first, text, &message) != ERR_OK) {
		check_one_line(&message);
		buf_fini(&message);
		return;
	}
	settings_print(&first, true, &one);
	if (settings_load_text(&second, buf_str(&one), &message) != ERR_OK)
		abort();
	settings_print(&second, true, &two);
	if (!str_eq(buf_str(&one), buf_str(&two)))
		abort();
	settings_fini(&first);
	settings_fini(&second);
	buf_fini(&one);
	buf_fini(&two);
}

static void set_one(struct str text)
{
	struct settings s;
	struct buf message = { 0 };
	char pair[512];
	str_copy(pair, sizeof(pair), text);
	char *equals = strchr(pair, '=');
	if (!equals)
		return;
	*equals = '\0';
	if (settings_load_text(&s, STR(""), &message) != ERR_OK)
		abort();
	if (settings_set(&s, pair, equals + 1, &message) != ERR_OK)
		check_one_line(&message);
	settings_fini(&s);
	buf_fini(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 65536)
		return 0;
	struct str text = { (const char *)data + 1, size - 1 };
	if (data[0] == '=')
		set_one(text);
	else
		read_file(text);
	return 0;
}
