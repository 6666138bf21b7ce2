# SPDX-License-Identifier: ISC
"""The gateway's queue as a process: the unit tests' programs stand in the build of $PORTREEVE."""
