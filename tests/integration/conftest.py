"""Settings of integration tests: arithmetic in one thread, which waits for no other.

Set before numpy is imported, and as the service sets it for its gateways.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
