"""What a process of `tests.support.processes` has imported before it begins."""

import gc

import psycopg  # noqa: F401 - what a backend on PostgreSQL imports late

import tests.support.processes
import tests.support.synced  # noqa: F401

gc.collect()
gc.freeze()
