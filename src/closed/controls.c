/* SPDX-License-Identifier: ISC
 *
 * Recipients for the control that do for more than one server.
 */
#include "closed/server-private.h"

/* The bare one last: Postfix takes it before it asks any rule. */
const char *const closed_postmasters[] = {
	"<postmaster@{M}>", "<postmaster@{R}>", "<root@{M}>", "<root@{R}>", "<{L}>",
	"<postmaster>", NULL,
};
