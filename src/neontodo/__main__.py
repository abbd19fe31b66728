"""`python -m neontodo` is `todo`."""

from neontodo.launcher import main

main()
