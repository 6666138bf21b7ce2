"""What was built: nothing of a build that only measures is in it."""

import os
import subprocess
from pathlib import Path

import pytest
from conftest import BINARY


@pytest.mark.skipif("build-cov" in BINARY.parts, reason="this is the build that measures coverage")
def test_no_door_for_coverage():
    """There, and only there, the roles' sandbox lets the build's directory through."""
    program = BINARY.read_bytes()
    assert b"coverage-build" not in program and b".gcda" not in program


def test_uninstall_leaves_nothing(tmp_path):
    """What was installed from this build is removed again, and nothing else."""
    top = Path(__file__).resolve().parents[2]
    build = BINARY.parent
    subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", tmp_path],
                   check=True, capture_output=True)
    others = tmp_path / "usr/local/bin/another"
    others.write_text("not ours")
    assert (tmp_path / "usr/local/bin/portreeve").exists()
    for _ in range(2):                      # the second time there is nothing to do
        done = subprocess.run([top / "dist/uninstall", build], check=True, capture_output=True,
                              text=True, env={**os.environ, "DESTDIR": str(tmp_path)})
        assert "left as they are" in done.stdout
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == [others]
