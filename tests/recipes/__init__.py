"""`make recipes`: follows docs/recipes.md to the letter on a copy of the tree, and counts the files touched."""
