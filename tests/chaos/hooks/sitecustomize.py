"""What the rig changes in a worker. Python imports this module by its name at start.

``CHAOS_CLOCK_S`` shifts `time.time` by so many seconds. ``CHAOS_OLDER`` makes a worker of an older version of it, see
`tests.chaos.older`. ``CHAOS_BREAK`` names a deliberate break, see `tests.chaos.breaks`.
"""

import os
import time

if shift := float(os.environ.get("CHAOS_CLOCK_S", "0")):
    right = time.time
    time.time = lambda: right() + shift

if os.environ.get("CHAOS_OLDER"):
    from tests.chaos import older

    older.apply()

if broken := os.environ.get("CHAOS_BREAK"):
    from tests.chaos import breaks

    breaks.apply(broken)
