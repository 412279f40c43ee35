"""Thread pools whose threads are started in advance, so that no request waits for one."""

import threading
from concurrent.futures import ThreadPoolExecutor


def started_pool(size: int, name: str) -> ThreadPoolExecutor:
    """A pool of `size` running threads."""
    pool = ThreadPoolExecutor(size, thread_name_prefix=name)
    all_running = threading.Barrier(size + 1)
    for _ in range(size):
        pool.submit(all_running.wait)
    all_running.wait()
    return pool
