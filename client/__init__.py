"""The Python client, the clr command and clr up."""
