"""An agent, as the launcher starts it."""

import os
import sys

if __name__ == "__main__":
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if root not in sys.path:
        sys.path.append(root)

    import neontodo

    # Another copy may be found first; its commands are not those that were asked for.
    if os.path.dirname(os.path.abspath(neontodo.__file__)) == os.path.join(root, "neontodo"):
        from neontodo.agent.main import main

        main()
