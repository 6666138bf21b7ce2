/* SPDX-License-Identifier: ISC
 *
 * The trace of exim -bh: no bytes may crash its reader, and what it gives lies within the trace.
 */
#include "fuzz.h"

#include "audit/trace.h"

#include <stdlib.h>

static void within(struct str whole, struct str part)
{
	if (part.n && (part.p < whole.p || part.p + part.n > whole.p + whole.n))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str trace = { (const char *)data, size };
	struct audit_trace_acl acl, named;
	bool taken = audit_trace_exim(trace, NULL, &acl);
	within(trace, acl.acl);
	within(trace, acl.verb);
	within(trace, acl.file);
	within(trace, acl.condition);
	if (!taken && (acl.verb.n || acl.line || acl.condition.n))
		abort();
	if (audit_trace_exim(trace, "acl_check_rcpt", &named) &&
	    !str_eq(named.acl, STR("acl_check_rcpt")))
		abort();
	return 0;
}
