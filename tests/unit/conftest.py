"""Settings of unit tests: they run beside one another, so each is one thread of arithmetic.

Set before numpy is imported, and as the service sets it for its gateways.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
