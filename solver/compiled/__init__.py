"""The loops that are compiled by numba, and kept compiled beside the source.

numba asks only whether the file of a function has changed, not the files of what it calls: so each
state of this folder keeps what it compiles in a place of its own.
"""

from hashlib import sha256
from pathlib import Path

from numba import config

_HERE = Path(__file__).parent
_SOURCE = sha256(b"".join(file.read_bytes() for file in sorted(_HERE.glob("*.py"))))

# read when a function is declared, which the modules of this folder do right after this one
_PLACE = str(_HERE / "__pycache__" / f"compiled-{_SOURCE.hexdigest()[:16]}")
vars(config)["CACHE_DIR"] = _PLACE
