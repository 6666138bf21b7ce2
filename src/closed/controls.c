/* SPDX-License-Identifier: ISC
 *
 * Recipients for the control that do for more than one server.
 */
#include "closed/server-private.h"

const char *const closed_postmasters[] = {
	"<postmaster>", "<postmaster@{R}>", "<postmaster@{M}>", "<root@{R}>", "<root@{M}>",
	"<{L}>", NULL,
};
