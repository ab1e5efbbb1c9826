"""
The floor under a network's own anonymity policy: it may protect more than the packaged one, never less.

Who can write into `NETWORK/definitions` could else open the gate without a word: a smaller k, a risk of 1,
a quasi-identifier called plain.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from harmony.anonymity.policy import SHARES, Policy, load_policy, width_of
from harmony.errors import LayoutRefused

#: Roles that a network may give to a field of the packaged roles: the same one, or one that shows less.
MAY_BECOME: Final[Mapping[str, tuple[str, ...]]] = {
    "identifier": ("identifier", "drop"),
    "time": ("time", "drop"),
    "quasi": ("quasi", "drop"),
    "sensitive": ("sensitive", "quasi", "drop"),
    "plain": ("plain", "sensitive", "quasi", "drop"),
    "drop": ("drop",),
}
_STRICTER: Final = "Ask the committee; a policy that protects less needs a new version of the platform."


def network_policy(name: str, definitions: Path) -> Policy:
    """
    Return a network's policy: the packaged one, or its own where that protects at least as much.

    Raises
    ------
    LayoutRefused
        When its own is wrong in itself (`load_policy`) or loosens anything of the packaged one.
    """
    own = load_policy(name, definitions)
    require_floor(own, load_policy(name))
    return own


def require_floor(own: Policy, packaged: Policy) -> None:
    """
    Refuse a policy that is looser than the packaged one.

    Raises
    ------
    LayoutRefused
        Naming the threshold, field or level, and what is allowed.
    """
    if own.k < packaged.k:
        raise _looser(own, f"k {own.k}", f"k {packaged.k} or more")
    for share in SHARES:
        if getattr(own, share) > getattr(packaged, share):
            raise _looser(own, f"{share} {getattr(own, share)}", f"{getattr(packaged, share)} or less")
    _check_roles(own, packaged)
    _check_classes(own, packaged)


def _check_roles(own: Policy, packaged: Policy) -> None:
    for key, role in packaged.roles.items():
        # A field without a role stops the gate, so that only another role can open it.
        if own.roles.get(key, role) not in MAY_BECOME[role]:
            raise _looser(own, f"role {own.roles[key]} for {key}", ", ".join(MAY_BECOME[role]))


def _check_classes(own: Policy, packaged: Policy) -> None:
    kept = set(own.quasi_identifiers)
    for key in packaged.quasi_identifiers:
        if key not in kept and own.roles.get(key) != "drop":
            raise _looser(own, f"no class by {key}", "generalisation, fixed, or role drop")
    finest = {step.field: step.levels[0] for step in packaged.generalisation}
    for step in own.generalisation:
        if step.field in finest and _width(step.levels[0]) < _width(finest[step.field]):
            words = f"level {step.levels[0]} of {step.field}"
            raise _looser(own, words, f"{finest[step.field]} or coarser")
    for key in set(own.fixed) & set(finest):
        # A fixed field is released as it is: only one whose finest packaged level is that may be fixed.
        if finest[key] != "exact":
            raise _looser(own, f"{key} under fixed", f"level {finest[key]} or coarser")


def _width(level: object) -> float:
    return width_of(level) or 0.0


def _looser(own: Policy, what: str, allowed: str) -> LayoutRefused:
    return LayoutRefused(
        f"Policy {own.id} of the network has {what}: it protects less than the packaged one.",
        _STRICTER,
        allowed,
    )
