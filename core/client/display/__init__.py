"""A status display's connection to the backend, and its tickets."""
