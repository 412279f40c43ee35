"""What has not been sent, what needs a decision, and how the shop's devices are."""
