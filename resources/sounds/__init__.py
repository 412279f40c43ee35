"""One small sound a status; made by `make.py`."""
