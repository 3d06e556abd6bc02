"""``python -m desktop_chat``: the same program as ``desktop-chat``."""

import sys

from desktop_chat.app import main

sys.exit(main())
