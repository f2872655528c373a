"""What a student needs to open the notebook anywhere: requirements.txt, environment.yml and runtime.txt beside it.

With them Binder, Codespaces, conda and a plain virtual environment work for whoever has that one folder.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING

from gradekit.course import notebook

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from pathlib import Path


FLOOR = "3.10"  # checks.py is run with it
OFFERED = "3.12"  # what Binder shall take: its two files name one version, and no lower bound
# Lower bounds of what every notebook needs; with these very versions and FLOOR the worked solutions were run.
TOOLS = {"numpy": "1.26", "matplotlib": "3.8", "jupyterlab": "4.0", "ipykernel": "6.25"}
BROUGHT = frozenset({"IPython", "ipywidgets"})  # by ipykernel, or by whoever shows the notebook
IMPORT = re.compile(r"^[ \t]*(?:import|from)[ \t]+([A-Za-z_]\w*)", re.MULTILINE)

REQUIREMENTS = """\
# What this notebook needs, beside Python {floor} or newer. In this folder:
#   python -m pip install -r requirements.txt
#   jupyter lab
{lines}
"""
ENVIRONMENT = """\
# What this notebook needs, for conda and for Binder. Any Python from {floor} on will do. In this folder:
#   conda env create -f environment.yml
#   conda activate {name}
#   jupyter lab
name: {name}
channels:
  - conda-forge
dependencies:
  - python={offered}
{lines}
"""
NAMES = ("requirements.txt", "environment.yml", "runtime.txt")


def furnish(folder: Path, *, name: str, also: Iterable[str] = (), kept: Container[str] = ()) -> None:
    """Write the three files into a folder for students.

    Parameters
    ----------
    folder : Path
        Holds the notebook; what it and the modules beside it import is listed, as far as it is installed here.
    name : str
        What conda shall call the environment.
    also : iterable of str
        Requirements beside those, as pip reads them.
    kept : container of str
        Names of files that are the instructor's own: they stay as they are.
    """
    more = sorted({*_imported(folder), *also})
    bounded = [f"{tool}>={bound}" for tool, bound in TOOLS.items()]
    conda = [*bounded, *(["pip", "pip:", *(f"  - {item}" for item in more)] if more else [])]
    texts = {
        "requirements.txt": REQUIREMENTS.format(floor=FLOOR, lines="\n".join([*bounded, *more])),
        "environment.yml": ENVIRONMENT.format(
            floor=FLOOR, offered=OFFERED, name=name, lines="\n".join(_listed(line) for line in conda)
        ),
        "runtime.txt": f"python-{OFFERED}\n",
    }
    for file, text in texts.items():
        if file not in kept:
            (folder / file).write_text(text, encoding="utf-8")


def _listed(line: str) -> str:
    """Return a line of conda's list; what pip installs is a list in it."""
    return f"  {line}" if line.startswith(" ") else f"  - {line}"


def _imported(folder: Path) -> set[str]:
    """Return the distributions that the files import beside what every notebook needs.

    What is not installed here is left out: the name of a module need not be the name of a package on an index.
    """
    texts = {path.stem: path.read_text(encoding="utf-8", errors="replace") for path in folder.glob("*.py")}
    cells = [cell for path in folder.glob("*.ipynb") for cell in notebook.cells(notebook.read(path))]
    codes = [*texts.values(), *(cell.source for cell in cells if cell.kind == "code")]
    names = {name for code in codes for name in IMPORT.findall(code)}
    strange = names - {*texts, *TOOLS, *BROUGHT, "gradekit"} - set(sys.stdlib_module_names)
    if not strange:
        return set()
    known = packages_distributions()
    found = {name: set(known.get(name, ())) for name in strange}
    return {one for several in found.values() if len(several) == 1 for one in several} - set(TOOLS)
