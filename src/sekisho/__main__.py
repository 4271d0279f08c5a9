"""``python -m sekisho``."""

from sekisho.cli.main import main

main()
