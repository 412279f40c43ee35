"""The whole shop under fire: a backend and five clients as processes, a network that fails, and kill -9 for everybody.

`make drill` runs it and counts what was lost, doubled, reordered or came apart. All of it must be nothing.
"""
