/* SPDX-License-Identifier: ISC
 *
 * The invariants by name.
 */
#include "law.h"

const struct law laws[] = {
	{ "never-relays", "The collector makes no connection, and takes no recipient that is not "
	  "ours." },
	{ "nobody-else", "The tester connects to hosts that may be tested and to our collector, "
	  "and no host is given a message for anybody but us and its own users." },
	{ "consent", "At the moment when a probe leaves, its address is not excluded, and a "
	  "consent for its test holds." },
	{ "once", "No probe (test, form and attempt) leaves twice." },
	{ "one-tester", "While nothing made leases run out, one process at a time talks for a "
	  "test." },
	{ "polite", "No process has two connections to one address, or more into a network than it "
	  "is allowed." },
	{ "kept", "What the collector has answered 250 to is in the store, whatever dies, until "
	  "it expires." },
	{ "sound", "The store is never damaged, and opens again when nothing goes wrong." },
	{ "listed-by-proof", "A test lists only what was proved: a form that came back for both "
	  "of our domains, of that address; and no range." },
	{ "off-by-passing", "A test takes an address off only when it relays no more." },
	{ "excluded", "An address that is excluded is not newly listed by a test, nor as part of "
	  "a range." },
	{ "fuse", "An address that may not be published is neither on the list nor in DNS." },
	{ "evidence", "Every listing by proof has its evidence, and that verifies." },
	{ "stays-listed", "Nothing expires that belongs to an address on the list." },
	{ "stays-unread", "Nothing expires that the tester has not read." },
	{ "stays-young", "Nothing expires before its time, nor a test that is under way or is "
	  "the last of its target." },
	{ "serial", "Serials grow by one, and none that was seen is taken back." },
	{ "journal", "The list is what its journal says." },
	{ "one-live", "No target has two tests that have not ended." },
	{ "dns", "DNS answers what the list was at the serial that it gives." },
	{ "dns-forward", "The serial in DNS never goes back, and comes to that of the list." },
	{ "late-proof", "What came back is looked into: a return that was kept makes its test "
	  "open, or the confirmation was asked for." },
	{ "proved-listed", "A relay that was tested undisturbed is on the list in the end." },
	{ "repaired-off", "A repaired host whose owner asked for a retest is off the list in the "
	  "end." },
	{ "settles", "When nothing goes wrong any more, all tests and all mail come to an end." },
};
const unsigned law_n = sizeof(laws) / sizeof(*laws);
