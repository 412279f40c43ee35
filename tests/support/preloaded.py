"""The imports of a process of `tests.support.processes` before it is forked."""

import gc

import psycopg  # noqa: F401 - what a backend on PostgreSQL imports late

import tests.support.processes
import tests.support.synced  # noqa: F401

gc.collect()
gc.freeze()
