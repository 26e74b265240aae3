"""Errors of the mathematics: an argument outside its legal range raises an error and is never corrected."""


class InvalidArgumentError(ValueError):
    """An argument lies outside its legal range.

    Attributes:
        name: Name of the argument or field.
        value: The given value.
        legal: The legal range, in words.
    """

    def __init__(self, name: str, value: object, legal: str) -> None:
        super().__init__(name, value, legal)
        self.name = name
        self.value = value
        self.legal = legal

    def __str__(self) -> str:
        """Name, legal range and offending value in one line."""
        return f"{self.name} must be {self.legal}, got {self.value!r}"
