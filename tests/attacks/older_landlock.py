"""gradekit's command line on a kernel whose Landlock is no newer than MAX_ABI, as its job processes see it too."""

from __future__ import annotations

import os
import sys

from gradekit import cli
from gradekit.worker import sandbox

ABI = min(sandbox.landlock_abi(), int(os.environ["MAX_ABI"]))
sandbox.landlock_abi = lambda: ABI  # a job process imports this file before its work begins

if __name__ == "__main__":
    sys.exit(cli.main())
