"""The page of the drawer: sessions, counts, and their reports."""
