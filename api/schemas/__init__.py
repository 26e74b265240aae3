"""The documents that the API answers with, by what they are about."""
