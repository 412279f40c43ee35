"""The order board: its cards, columns, search and scanner."""
