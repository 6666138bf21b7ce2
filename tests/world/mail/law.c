/* SPDX-License-Identifier: ISC
 *
 * The invariants by name.
 */
#include "world.h"

const struct law laws[] = {
	{ "never-lost", "What was acknowledged is taken by each recipient's server, or its sender "
	  "is told, or it is in the queue: over any kill and any cut of power." },
	{ "never-relays", "What reaches a server of others is an account's own message, sent by who "
	  "is logged in, or a notice about an accepted message to its sender; and a stranger is "
	  "taken no recipient but a mailbox of ours." },
	{ "own-name", "An account sends in its own name only." },
	{ "notices", "There is no notice about a notice, none about what was not accepted, and one "
	  "of failure for a recipient, unless something went wrong in between." },
	{ "once", "Nobody gets a message twice, unless a kill, a cut or a lost connection fell "
	  "between the dot and its record." },
	{ "held", "What is held goes nowhere, after any kill; before it is synced, a cut of power or "
	  "a sick disk may let it go." },
	{ "dropped", "What was dropped is never seen again, nor a notice about it, with the same "
	  "exception." },
	{ "refused", "What was refused, or never came to its dot, goes nowhere." },
	{ "whole", "A message arrives as it was sent, with something in front of it at most." },
	{ "lists", "Who is on no list that counts is not refused as listed, be the lists sick, dead or "
	  "late, and in shadow mode nobody is; who is on a list that is well is refused where all "
	  "answers come." },
	{ "postmaster", "Mail of strangers to postmaster@ and abuse@ is never refused for good." },
	{ "logins", "The right password logs in and nothing else; not even that where too much was "
	  "guessed from, but always where the account is known." },
	{ "connects", "The gateway connects to mail servers of others and to the inner host." },
	{ "opens", "The queue opens again when nothing goes wrong." },
	{ "settles", "When nothing goes wrong any more and time passes, the queue is empty." },
	{ "leaves-nothing", "At the end in order no session, descriptor, timer or question is "
	  "left." },
};
const unsigned law_n = sizeof(laws) / sizeof(*laws);
