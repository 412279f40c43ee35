"""Item models: the order store as Qt lists."""
