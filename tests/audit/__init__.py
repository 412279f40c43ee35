"""What is known to be wrong with what we use, what looks wrong in what we wrote, and a list of all of it."""
