"""`python -m zrsign` is the `zrsign` command."""

from zrsign.cli import main

main()
