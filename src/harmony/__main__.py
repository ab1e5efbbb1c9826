"""`python -m harmony` is the `harmony` command."""

from harmony.cli.main import main

main()
