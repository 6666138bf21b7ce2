"""What was built: nothing of a build that only measures is in it."""

import pytest
from conftest import BINARY


@pytest.mark.skipif("build-cov" in BINARY.parts, reason="this is the build that measures coverage")
def test_no_door_for_coverage():
    """There, and only there, the roles' sandbox lets the build's directory through."""
    program = BINARY.read_bytes()
    assert b"coverage-build" not in program and b".gcda" not in program
