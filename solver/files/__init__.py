"""The file interface: instance and plan files, version 1, read and written strictly.

`instance.py` reads an instance, `plan.py` reads and writes a plan, `reading.py` is what both share.
"""
