"""
What a provider does, offline and inside the hospital: describe, check, pack, read receipts.

Nothing here needs a network; what leaves the hospital is two sealed files and a signed manifest.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from harmony.actors.desk import Desk, at, today
from harmony.dictionary.model import Dictionary, load
from harmony.errors import DataRefused, LayoutRefused, SizeOrEncoding, UsageError
from harmony.identity import separation
from harmony.identity.keys import generate
from harmony.identity.pack import pack as seal_delivery
from harmony.identity.payload import Shape
from harmony.identity.peers import (
    Agreement,
    check_agreement,
    check_agreement_id,
    make_card,
    read_peers,
    write_card,
)
from harmony.identity.post import TTP, post_box, send
from harmony.identity.provider import FILE as PROVIDER_FILE
from harmony.identity.provider import ProviderSettings, read_provider, write_provider
from harmony.identity.receipts import import_receipts
from harmony.intake.convert import FileFault, check_files, convert
from harmony.intake.layouts.model import Layout, find_layout, load_layout
from harmony.intake.parsed import is_printed
from harmony.quality.gate import GateTerms, report, require_passed, set_aside
from harmony.settings import create_zone, open_zone, zone_root
from harmony.stages.journey import PassedTables, QualityReport
from harmony.stages.problems import Problem, ProblemList, read_problems

#: Public keys of a card are in use this long; then the provider hands over a new card.
KEY_DAYS: Final = 730

#: Lines in the answer and kinds of problems on the screen; the report file has all of them.
SHOWN: Final = 20
KINDS_SHOWN: Final = 40


@dataclass(frozen=True)
class Delivery:
    """A folder of files with the layout that reads them and the agreement that covers them."""

    folder: Path
    layout: Layout
    agreement: Agreement


def init(
    network: Path,
    network_id: str,
    provider: str,
    number_space: str = "main",
    pattern: str = "[0-9A-Za-z-]{1,32}",
) -> dict[str, Any]:
    """
    Make a hospital's zone with its keys and put its card into the steward's post.

    Running it again finishes what an interruption left undone and changes nothing else.

    Parameters
    ----------
    provider : str
        Id of the provider, for example P02.
    number_space : str
        Whose numbering the local numbers are.
    pattern : str
        Regular expression that every local number matches.
    """
    root = zone_root(network, "hospital", provider)
    if not (root / "zone.toml").exists():
        create_zone(root, "hospital", provider, network_id, generate("hospital"))
    zone = open_zone(root, "hospital")
    if not (root / PROVIDER_FILE).exists():
        write_provider(zone, ProviderSettings(provider, secrets.token_hex(16), number_space, pattern))
    stream = read_provider(zone).stream
    card = make_card(zone, today(), today() + dt.timedelta(days=KEY_DAYS), [stream])
    path = post_box(network, "public") / "cards" / f"{provider}.json"
    write_card(path, card)
    return {
        "message": f"Hospital zone of {provider} made; its card waits for the steward.",
        "zone": "hospital",
        "owner": provider,
        "card": str(path),
        "keys": {key.role: key.id for key in card.keys},
    }


def check(network: Path, provider: str, folder: Path, layout: str, agreement: str) -> dict[str, Any]:
    """
    Check a delivery completely and say everything that is wrong with it.

    Returns
    -------
    dict
        verdict, patients, problems (counts and the worst lines), level, report (path of the full list).

    Raises
    ------
    LayoutRefused, SizeOrEncoding, DataRefused
        With every problem in `details`; the worst kind decides (12, then 11, then 10).
    """
    with at(network, "hospital", provider) as desk:
        found, _ = _checked(desk, _delivery(desk, folder, layout, agreement))
        return _verdict(found)


def pack(network: Path, provider: str, folder: Path, layout: str, agreement: str) -> dict[str, Any]:
    """
    Check a delivery, seal it and put it into the TTP's post.

    Returns
    -------
    dict
        delivery (DLV id), patients, sealed sizes, sent (folder); packing again gives the stored delivery.
    """
    with at(network, "hospital", provider) as desk:
        delivery = _delivery(desk, folder, layout, agreement)
        dictionary = load(desk.definitions)
        found, passed = _checked(desk, delivery)
        sealed = seal_delivery(desk.zone, passed, _shape(dictionary), separation.level(network), desk.control)
        name = sealed.details["delivery"]
        files = {item.path: sealed.path(item.path) for item in sealed.record.outputs}
        # The manifest comes last: a receiver that sees it sees everything.
        ordered = {key: files[key] for key in sorted(files, key=lambda key: key == "manifest.json")}
        sent = send(ordered, post_box(network, TTP) / name)
        return {
            "message": f"{name} is sealed: {passed.record.counts['out']} patients, {len(files)} files.",
            "delivery": name,
            "patients": passed.record.counts["out"],
            "level": found.details["level"],
            **_strings(found),
            "files": {key: path.stat().st_size for key, path in files.items()},
            "sent": str(sent),
        }


def receipt(network: Path, provider: str) -> dict[str, Any]:
    """Import the receipts that wait in the hospital's post; importing twice changes nothing."""
    with at(network, "hospital", provider) as desk:
        found = import_receipts(desk.zone, post_box(network, provider), desk.control)
    names = {"t.sign": "trusted third party", "h.sign": "platform"}
    rows = [
        {"from": names[role], "delivery": f"DLV-{item.delivery[:12]}", "code": item.code}
        for role, item in found
    ]
    return {"message": f"{len(rows)} receipts are on record.", "receipts": rows}


def _delivery(desk: Desk, folder: Path, layout: str, agreement: str) -> Delivery:
    check_agreement_id(agreement)
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.", "Give the folder with the delivery's files.")
    dictionary = load(desk.definitions)
    found = load_layout(find_layout(layout, desk.definitions), dictionary)
    terms = check_agreement(
        read_peers(desk.zone),
        agreement,
        read_provider(desk.zone).provider,
        today(),
        separation.level(desk.network),
    )
    return Delivery(folder, found, terms)


def _checked(desk: Desk, delivery: Delivery) -> tuple[QualityReport, PassedTables]:
    dictionary = load(desk.definitions)
    _refuse_faults(desk, check_files(delivery.folder, delivery.layout, delivery.agreement.max_bytes))
    facts = {"mark": delivery.agreement.kind, "agreement": delivery.agreement.id}
    tables = convert(desk.zone, delivery.folder, delivery.layout, dictionary, desk.journal, facts)
    terms = GateTerms(
        ("_file", "_row"), source_columns(delivery.layout), delivery.agreement.max_set_aside / 100
    )
    found = report(desk.zone, tables, "check", dictionary, terms, desk.journal)
    try:
        require_passed(found)
    except DataRefused as error:
        error.details = _problems(read_problems(found.path("problems.csv")), found.path("problems.csv"))
        raise
    return found, set_aside(PassedTables, desk.zone, tables, "pass", found, desk.journal)


def _refuse_faults(desk: Desk, faults: list[FileFault]) -> None:
    if not faults:
        return
    problems = ProblemList()
    for fault in faults:
        rule = "LAY-COLUMN" if isinstance(fault.error, LayoutRefused) else "FRM-FILE"
        what = f"{fault.error.what} {fault.error.next_step}"
        problems.add(Problem("structure", rule, fault.file, fault.line, fault.column, what))
    path = desk.zone.folder("reports") / "problems.csv"
    problems.write(path)
    # The kind that is worst for the provider decides: a layout is mended before a file is exported again.
    kinds = (LayoutRefused, SizeOrEncoding, DataRefused)
    worst = next(fault.error for kind in kinds for fault in faults if isinstance(fault.error, kind))
    worst.details = _problems(problems, path)
    raise worst


def source_columns(layout: Layout) -> Mapping[str, str]:
    """Return the source column of each common field, so that a problem names what the hospital knows."""
    return {
        f"{table.name}.{rule.field}": rule.column
        for table in layout.tables
        for rule in table.columns
        if rule.column
    }


def _problems(problems: ProblemList, path: Path) -> dict[str, Any]:
    ordered, groups = problems.in_order(), problems.by_rule()
    counts = {severity: problems.total(severity) for severity in ("structure", "fatal", "error", "warning")}
    return {
        "problems": counts,
        "summary": groups[:KINDS_SHOWN],
        "kinds_not_shown": max(0, len(groups) - KINDS_SHOWN),
        "listed": [vars(problem) for problem in ordered[:SHOWN]],
        "not_shown": max(0, len(ordered) - SHOWN),
        "report": str(path),
    }


def _verdict(found: QualityReport) -> dict[str, Any]:
    path = found.path("problems.csv")
    counts, level = found.record.counts, found.details["level"]
    return {
        "message": f"The delivery passes: {counts['out']} of {counts['in']} patients, level {level}.",
        "verdict": found.record.verdict,
        "patients": counts,
        "level": level,
        "rules": found.details["rules"],
        **_strings(found),
        **_problems(read_problems(path), path),
    }


def _strings(found: QualityReport) -> dict[str, Any]:
    # How far karyotypes and variants were read; nothing is said where a delivery has none.
    strings = found.details.get("strings", [])
    return {"strings": strings} if strings else {}


def _shape(dictionary: Dictionary) -> Shape:
    keys = {name: dictionary.key_of(name) for name in dictionary.tables}
    parsed = {field.key: partial(is_printed, field.parsed) for field in dictionary.fields if field.parsed}
    return Shape(keys, frozenset(field.key for field in dictionary.fields if field.travels), parsed)
