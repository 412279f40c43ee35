"""The windows' words in other languages: one gettext catalogue each, kept by `update.py`."""
