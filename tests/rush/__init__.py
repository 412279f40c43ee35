"""A cashier's rush, by real presses on a real screen: `python -m tests.rush`."""
