"""`python -m core.admin COMMAND` is `orderbell COMMAND`."""

import sys

from core.admin.cli import main

if __name__ == "__main__":
    sys.exit(main())
