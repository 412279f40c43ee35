"""`orderbell doctor`: checks of the whole installation, each with advice."""
