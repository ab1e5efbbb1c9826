"""A place in a text that only moves forward, so that reading takes time in proportion to the length."""

from __future__ import annotations

#: More digits than any position has: the longest chromosome ends at 248,956,422 (GRCh38).
MAX_DIGITS = 9


class Cursor:
    """
    Reads one word of a report from left to right.

    Parameters
    ----------
    text : str
        Cleaned text without white space.
    at : int
        Where to begin.
    """

    __slots__ = ("at", "text")

    def __init__(self, text: str, at: int = 0) -> None:
        self.text = text
        self.at = at

    @property
    def done(self) -> bool:
        """Tell whether nothing is left."""
        return self.at >= len(self.text)

    @property
    def next(self) -> str:
        """Return the next character, empty at the end."""
        return self.text[self.at : self.at + 1]

    def sees(self, literal: str) -> bool:
        """Tell whether the text goes on with the literal."""
        return self.text.startswith(literal, self.at)

    def take(self, literal: str) -> bool:
        """Step over the literal if it comes next."""
        if self.text.startswith(literal, self.at):
            self.at += len(literal)
            return True
        return False

    def take_word(self, *words: str) -> str:
        """Step over the first of the words that comes next, in any case; empty when none does."""
        for word in words:
            if self.text[self.at : self.at + len(word)].casefold() == word:
                self.at += len(word)
                return word
        return ""

    def run(self, allowed: str) -> str:
        """Take the longest run of allowed characters."""
        text, start, end = self.text, self.at, self.at
        while end < len(text) and text[end] in allowed:
            end += 1
        self.at = end
        return text[start:end]

    def number(self) -> int | None:
        """Take a whole number of at most nine digits; None, and no step, when there is none."""
        start = self.at
        digits = self.run("0123456789")
        if not digits or len(digits) > MAX_DIGITS:
            self.at = start
            return None
        return int(digits)
