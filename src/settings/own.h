/* SPDX-License-Identifier: ISC
 *
 * The addresses of this machine's interfaces, which are never published.
 */
#ifndef PORTREEVE_SETTINGS_OWN_H
#define PORTREEVE_SETTINGS_OWN_H

#include "settings/settings.h"

enum { OWN_INTERFACES_MAX = 64 };

/* If something listens on all addresses, those of the interfaces are ours, too, but for loopback
 * ones: the first OWN_INTERFACES_MAX. Asks the kernel. One thread. */
void own_interfaces(const struct settings *s, struct fuse *fuse);

#endif
