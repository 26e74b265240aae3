"""``python -m client`` is ``clr``."""

from client.cli import main

main()
