"""
Every error that a person can meet, with its exit code.

A message says what is wrong, the allowed range and the next step, and never a patient's value.
Exit codes are stable (docs/reference/errors.md is printed from this module).
"""

from __future__ import annotations

from typing import Any, Final

#: The next step where a value was wrong and the allowed ones are listed.
USE_ALLOWED: Final = "Use what is allowed."


class HarmonyError(Exception):
    """
    Base of all errors with a message for people.

    Parameters
    ----------
    what : str
        What is wrong and where: file, line, column, rule; never a patient's value.
    next_step : str
        What the reader does next, and who does it; may be left out where `allowed` says it all.
    allowed : str, optional
        The allowed range or form, where there is one.

    Attributes
    ----------
    details : dict
        Further facts for `--json`, such as the list of problems; never a patient's value.
    """

    code = "E-DEFECT"
    exit_code = 70
    meaning = "a defect of ours"

    def __init__(self, what: str, next_step: str = "", allowed: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step or (USE_ALLOWED if allowed else "")
        self.allowed = allowed
        self.details: dict[str, Any] = {}

    def as_dict(self) -> dict[str, Any]:
        """Return the error as the `--json` document has it: code, exit, what, allowed, next and details."""
        return {
            **self.details,
            "code": self.code,
            "exit": self.exit_code,
            "what": self.what,
            "allowed": self.allowed,
            "next": self.next_step,
        }

    def __str__(self) -> str:
        parts = [f"{self.code}: {self.what}"]
        if self.allowed:
            parts.append(f"  Allowed: {self.allowed}")
        if self.next_step:
            parts.append(f"  Next: {self.next_step}")
        return "\n".join(parts)


class UsageError(HarmonyError):
    """A command, an argument or a definition file was used in a way that cannot work."""

    code, exit_code, meaning = "E-USAGE", 2, "wrong use of a command or a missing file"


class DataRefused(HarmonyError):
    """The data of a delivery break rules, so that nothing of it is sealed or accepted."""

    code, exit_code, meaning = "E-DATA", 10, "the data of a delivery break a rule"


class IdentifierFound(DataRefused):
    """A name or number that points at a person stands in a column that would leave the hospital."""

    code, meaning = "E-IDENTIFIER", "an identifier in clear would leave the hospital"


class GoneUnconfirmed(DataRefused):
    """More patients than allowed disappeared from a stream without a reason."""

    code, meaning = "E-GONE", "more patients disappeared without a reason than are allowed"


class SizeOrEncoding(HarmonyError):
    """A file is missing, too large or not in the declared encoding."""

    code, exit_code, meaning = (
        "E-FILE",
        11,
        "a file is missing, too large or in another encoding than declared",
    )


class EnvelopeError(SizeOrEncoding):
    """A message is larger than the limit or not an envelope at all."""

    code, meaning = "E-ENVELOPE", "a message is too large or not an envelope"


class LayoutRefused(HarmonyError):
    """A layout or a dictionary does not cover the file, or is itself wrong."""

    code, exit_code, meaning = "E-LAYOUT", 12, "the layout or dictionary does not fit the file"


class Tampered(HarmonyError):
    """A signed or hashed thing is not what was signed or hashed."""

    code, exit_code, meaning = "E-TAMPERED", 20, "a signed or hashed thing was changed"


class SignatureInvalid(Tampered):
    """The signature over the received bytes does not verify."""

    code, meaning = "E-SIGNATURE", "a signature does not verify"


class FormatRefused(Tampered):
    """A signed body has duplicate, unknown or missing fields, or another version."""

    code, meaning = "E-FORMAT", "a signed body is not in its exact form"


class HashMismatch(Tampered):
    """Size or SHA-256 of a sealed file differ from the signed ones."""

    code, meaning = "E-HASH", "a sealed file differs from its signed hash"


class SealBroken(Tampered):
    """A sealed file is cut, has a second recipient, or is not sealed to this zone."""

    code, meaning = "E-SEAL", "a sealed file is cut, changed or sealed to somebody else too"


class BindingBroken(Tampered):
    """The sealed inner header and the signed outer body do not say the same."""

    code, meaning = "E-BINDING", "the sealed header and the signed body differ"


class HandlesBroken(Tampered):
    """Handles are missing, doubled or do not hash to the signed value."""

    code, meaning = "E-HANDLES", "handles of list, answer and payload do not agree"


class Replay(HarmonyError):
    """A counter at or below the last accepted one came with new content."""

    code, exit_code, meaning = "E-REPLAY", 21, "a delivery counter was used before"


class Gap(Replay):
    """A counter skips one; the delivery waits until the missing one arrives."""

    code, meaning = "E-GAP", "a delivery in between is missing"


class Fork(Replay):
    """Two different deliveries carry the same counter."""

    code, meaning = "E-FORK", "two different deliveries carry one counter"


class UnknownSender(HarmonyError):
    """The signing key is not pinned, not a sender's, or revoked."""

    code, exit_code, meaning = "E-KEY", 22, "the sender's key is unknown here"


class WrongRecipient(UnknownSender):
    """The message is for another network, stream or recipient."""

    code, meaning = "E-RECIPIENT", "the message is meant for somebody else"


class AgreementRefused(HarmonyError):
    """No agreement of the right parties and kind is in force today."""

    code, exit_code, meaning = "E-AGREEMENT", 23, "no agreement in force covers this"


class LevelTooLow(AgreementRefused):
    """The separation level of this installation does not allow agreements of kind patient."""

    code, meaning = "E-LEVEL", "the separation level is too low for real patients' data"


class NotPermitted(HarmonyError):
    """The person, the role or the state of the study does not allow this."""

    code, exit_code, meaning = "E-NOT-PERMITTED", 30, "role, state or approval do not allow this"


class Stopped(NotPermitted):
    """A stop or a provider's hold is in force."""

    code, meaning = "E-STOPPED", "a stop or hold is in force"


class AnonymityRefused(HarmonyError):
    """The risk of the data stays over the policy's threshold."""

    code, exit_code, meaning = "E-ANONYMITY", 40, "the anonymity gate did not let the data pass"


class DisclosureRefused(HarmonyError):
    """A result cannot be made safe automatically."""

    code, exit_code, meaning = "E-DISCLOSURE", 41, "disclosure control did not let a result pass"


class UnsoundAnalysis(HarmonyError):
    """The analysis as set up would give a wrong answer."""

    code, exit_code, meaning = "E-UNSOUND", 50, "the analysis as set up cannot give a sound answer"


class Busy(HarmonyError):
    """Another process holds the zone, the disk is full, or a record is half-way."""

    code, exit_code, meaning = "E-STATE", 60, "busy, disk full or a record half-way; try again"


def all_errors() -> list[type[HarmonyError]]:
    """Return every error class, the base first, in the order of their exit codes."""
    found: list[type[HarmonyError]] = [HarmonyError]
    queue = [HarmonyError]
    while queue:
        for child in queue.pop(0).__subclasses__():
            found.append(child)
            queue.append(child)
    return sorted(found, key=lambda e: (e.exit_code, e.code))
