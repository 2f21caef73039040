"""The suite. `servers.py` starts what it needs; `oracle.py` says the rules a second time."""
