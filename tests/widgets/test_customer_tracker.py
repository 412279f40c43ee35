"""The tracker: one order's truth, with its times and words, never another order's."""
