"""The benchmark is no installed package: it is run from the repository's root, and found there."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[3])
if ROOT not in sys.path:
    sys.path.append(ROOT)  # at the end: no folder of ours may hide an installed module
