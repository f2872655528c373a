"""Changes what is handed in."""

from pathlib import Path


def hand_in(folder: Path, node: dict, course: Path) -> None:
    """Files that Python, IPython, Jupyter, matplotlib and numpy read when they start are handed in."""
    text = "import os; open('BREACH', 'w'); os._exit(1)"
    for name in (
        "sitecustomize.py",
        "usercustomize.py",
        "x.pth",
        "conftest.py",
        "ipython_config.py",
        "jupyter_config.py",
        ".pythonstartup",
    ):
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "nbgrader_config.py").write_text("raise SystemExit('BREACH')", encoding="utf-8")
    (folder / "matplotlibrc").write_text("backend: nonexistent\nfigure.max_open_warning: BREACH", encoding="utf-8")
    for name in (
        ".ipython/profile_default/startup/00.py",
        ".config/matplotlib/matplotlibrc",
        ".local/lib/python3.11/site-packages/x.pth",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
