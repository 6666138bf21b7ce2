/* SPDX-License-Identifier: ISC
 *
 * Whether the terminal speaks UTF-8, as the environment has it.
 */
#include "cli/shown.h"

#include <langinfo.h>
#include <locale.h>

bool shown_utf8(void)
{
	static int known = -1;
	if (known < 0) {
		locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
		known = locale && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
		if (locale)
			freelocale(locale);
	}
	return known == 1;
}
