/* SPDX-License-Identifier: ISC
 *
 * The configuration of OpenSMTPD: no text may crash or stop its reader, and what it gives can be
 * asked. The input is the text of every file, which so includes itself.
 */
#include "audit-reading.h"
#include "fuzz.h"

#include "audit/read-opensmtpd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct audit_reading r;
	struct str text = { (const char *)data, size };
	struct audit_files files = { reading_give, reading_list, &text };
	(void)audit_read_opensmtpd(&files, "/etc/smtpd.conf", &a, &r);
	reading_check(&r);
	arena_fini(&a);
	return 0;
}
