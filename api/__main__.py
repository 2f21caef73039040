"""`python -m api`: the command line, for whoever starts it without knowing where it is installed."""

from api.cli import main

main()
