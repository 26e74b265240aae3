"""What the rig changes in a worker. Python imports this module by its name at start.

``CHAOS_CLOCK_S`` shifts `time.time` by so many seconds. ``CHAOS_OLDER`` makes a worker of an older version of it, see
`tests.chaos.older_worker`. ``CHAOS_BREAK`` names a deliberate break, see `tests.chaos.deliberate_breaks`.
"""

import os
import time

if shift := float(os.environ.get("CHAOS_CLOCK_S", "0")):
    right = time.time
    time.time = lambda: right() + shift

if os.environ.get("CHAOS_OLDER"):
    from tests.chaos import older_worker

    older_worker.apply()

if broken := os.environ.get("CHAOS_BREAK"):
    from tests.chaos import deliberate_breaks

    deliberate_breaks.apply(broken)
