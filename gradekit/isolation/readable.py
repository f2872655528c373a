"""What a worker may read of this host: folders and files, found from this Python; and secrets that lie there.

Never a whole prefix: its ``etc``, ``share``, ``src`` and ``pip.conf`` are the instructor's, or the system's.
"""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from pathlib import Path

PACKAGES = ("site-packages", "dist-packages")
# Names, kinds and places of things: of the system's share folders nothing else, since nbgrader's exchange lies in one.
SHARED = ("fonts", "zoneinfo", "locale", "mime", "matplotlib", "nltk_data", "xyzservices")
MOST_LIBRARIES = 256  # shared libraries that get a rule each; a folder of more is one of libraries
ETC = ("ld.so.cache", "localtime", "fonts", "mime.types", "timezone")
# The processor's kind and memory's size: no more than `sysinfo` tells, which is allowed, and a name. Not `stat`,
# `loadavg` and `/sys`: how busy each processor is, is other submissions' business.
PROC = ("/proc/cpuinfo", "/proc/meminfo")
DEVICES = ("null", "zero", "full", "random", "urandom")
# Where passwords and keys stand by the custom of their tools.
SECRETS = frozenset(
    {
        *("pip.conf", "pip.ini", ".pypirc", ".condarc", ".netrc", "_netrc", ".pgpass", ".htpasswd"),
        *(".git-credentials", ".env", "id_rsa", "id_ecdsa", "id_ed25519"),
    }
)
EXCHANGE = ("nbgrader", "exchange")  # the last parts of its path, where nobody has set another


def readable(*, programs: bool = False) -> tuple[str, ...]:
    """Return what a worker may read: Python's library and packages, shared libraries, fonts, tables, a few files.

    Parameters
    ----------
    programs : bool
        The system's programs and this Python's too, for a worker that may start some.
    """
    shared = [f"{place}/share/{name}" for place in ("/usr", "/usr/local", sys.prefix) for name in SHARED]
    tables = [*shared, "/usr/lib/locale", f"{sys.prefix}/nltk_data", f"{sys.prefix}/lib/nltk_data"]
    files = [*(f"/etc/{name}" for name in ETC), *(f"/dev/{name}" for name in DEVICES), *PROC]
    paths = [*_python(), *_libraries(), *tables, *files, *(_programs() if programs else ())]
    found = dict.fromkeys(os.path.realpath(path) for path in paths if Path(path).exists())
    return tuple(path for path in found if not any(str(above) in found for above in Path(path).parents))


def _python() -> list[str]:
    """Return the folders of the standard library, and those of packages that Python looks into; no user's own."""
    standard = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    packages = [path for path in [*site.getsitepackages(), *sys.path] if Path(path).name in PACKAGES]
    own = os.path.realpath(site.getuserbase())
    return [*standard, *(path for path in packages if not Path(os.path.realpath(path)).is_relative_to(own))]


def _programs() -> list[str]:
    """Return where programs lie, and what tells a Python of an environment of its own where its library lies."""
    own = [f"{prefix}/{name}" for prefix in (sys.prefix, sys.base_prefix) for name in ("bin", "pyvenv.cfg")]
    return ["/bin", "/usr/bin", "/etc/os-release", *own]


def _libraries() -> list[str]:
    """Return where shared libraries lie: the system's folders of nothing else, and libraries that lie beside others."""
    kind = sysconfig.get_config_var("MULTIARCH")
    folders = ["/lib64", "/usr/lib64"]
    folders += [f"{place}/{kind}" for place in ("/lib", "/usr/lib", "/usr/local/lib")] if kind else []
    for place in ("/lib", "/usr/lib", "/usr/local/lib", f"{sys.base_prefix}/lib", f"{sys.prefix}/lib"):
        found = [str(path) for path in Path(place).glob("*.so*") if path.is_file()]
        folders += found if len(found) <= MOST_LIBRARIES else [place]
    return folders


def secrets(roots: tuple[str, ...]) -> tuple[str, ...]:
    """Return the files below some folders that hold secrets by their names, and exchanges of nbgrader's."""
    found = []
    for root in roots:
        for folder, folders, names in os.walk(root):
            found += [f"{folder}/{name}" for name in names if name in SECRETS]
            inner = [name for name in folders if _is_exchange(Path(folder, name))]
            found += [f"{folder}/{name}" for name in inner]
            folders[:] = [name for name in folders if name not in inner]
    return tuple(dict.fromkeys(found))


def _is_exchange(folder: Path) -> bool:
    """Tell an exchange from nbgrader's own module of that name."""
    return folder.parts[-2:] == EXCHANGE and not (folder / "__init__.py").exists()
