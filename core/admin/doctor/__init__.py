"""`orderbell doctor`: what an admin would look at by hand, and what to do about it."""
