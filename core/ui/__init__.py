"""The Qt parts that windows share: the only Qt in core."""
