"""Changes nothing; looks at what was brought back."""

import os
import subprocess
import sys
from pathlib import Path


def check(course: Path, submission: Path, outside: dict) -> None:
    """Of all that was written data alone is published; what is kept aside is text, and no command runs settings there."""
    published = course / "autograded" / "plants_what_tools_run" / "small"
    found = {path.relative_to(published).as_posix() for path in published.rglob("*") if path.is_file()}
    assert found == {"small.ipynb", "checks.py", "timestamp.txt", "history.csv"}
    aside = course / ".gradekit" / "+aside" / "small" / "plants_what_tools_run"
    kept = [path for path in aside.rglob("*") if path.is_file()]
    assert len(kept) > 30
    assert all(path.suffix == ".txt" and not path.stat().st_mode & 0o111 for path in kept)
    assert not [path for path in aside.rglob("*") if path.name.startswith(".")]
    paths = os.pathsep.join([str(Path(__file__).parents[3]), os.environ["PYTHONPATH"]])
    environment = {**os.environ, "PYTHONPATH": paths}
    for folder in (submission, published, aside):
        words = [sys.executable, "-W", "ignore", "-m", "gradekit.cli", "report", "small"]
        for more in ([], ["--course-dir", str(folder)]):
            done = subprocess.run(
                [*words, *more], cwd=folder, env=environment, check=False, capture_output=True, text=True
            )
            assert "BREACH" not in done.stdout + done.stderr
            assert done.returncode != 0, done.stdout
