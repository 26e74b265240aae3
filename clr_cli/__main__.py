"""``python -m clr_cli`` is ``clr``."""

from clr_cli.app import main

main()
