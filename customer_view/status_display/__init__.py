"""The status display over the counter: the numbers in preparation and ready, and their age."""
