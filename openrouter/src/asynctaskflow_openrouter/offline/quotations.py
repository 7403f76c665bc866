"""The brackets and quotation marks of a sentence that are still open, to keep it whole. Pure."""

# What is looked through for the end of a quotation; a longer one is cut like other text.
REACH_CHARACTERS = 200
# More than this many within each other are no text.
MAX_OPEN = 8
_CLOSERS = {
    "(": ")",
    "（": "）",
    "「": "」",
    "『": "』",
    "«": "»",
    "„": "“",
    "“": "”",
}


class Quotations:
    """Reads one sentence piece by piece and knows what is open where it got to."""

    def __init__(self) -> None:
        """Start at the beginning of a sentence."""
        self._awaited: list[str] = []
        self._started = False
        self._last_opened_inside = False

    def read(self, text: str) -> None:
        """Take in the next piece of the sentence."""
        for char in text:
            if self._awaited and char == self._awaited[-1]:
                self._awaited.pop()
            elif char in _CLOSERS and len(self._awaited) < MAX_OPEN:
                self._last_opened_inside = self._started
                self._awaited.append(_CLOSERS[char])
            self._started = self._started or not char.isspace()

    def stays_open(self, text: str, *, end: int) -> bool:
        """Tell whether what is open inside the sentence closes soon after ``text[:end]``."""
        return (
            bool(self._awaited)
            and self._last_opened_inside
            and text.find(self._awaited[-1], end, end + REACH_CHARACTERS) >= 0
        )

    def just_closed(self, piece: str) -> bool:
        """Tell whether ``piece`` ends with a bracket that was opened inside the sentence."""
        return not self._awaited and self._last_opened_inside and piece[-1:] in {")", "）"}
