"""Invented people, a study file and a small release for tests of governance."""

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harmony.governance import airlock, members, proposals
from harmony.identity.peers import Agreement
from harmony.settings import ZONE_KEYS, Zone, create_zone
from harmony.stages.journey import Release
from harmony.stages.record import Outcome
from harmony.stages.run import run
from harmony.store.control.database import Control
from harmony.store.tables import write_table

TODAY = dt.date(2026, 11, 24)
RELEASE = "REL-0123456789ab"
NOTE = "The plan answers the question and the data suffice."
REASON = "Please give the reason for the age bands."

PEOPLE = {
    "lead": ("North University", ["lead_researcher"]),
    "analyst": ("South Institute", ["study_analyst"]),
    "stranger": ("East University", ["lead_researcher", "study_analyst"]),
    "clinician": ("West Hospital", ["reviewer_clinician"]),
    "statistician": ("Island Institute", ["reviewer_statistician"]),
    "ethics": ("West Hospital", ["reviewer_ethics"]),
    "patient": ("Patient Alliance", ["reviewer_patient"]),
    "own_house_clinician": ("north  university", ["reviewer_clinician"]),
    "officer": ("Alliance Office", ["governance_officer"]),
    "chair": ("Harbour Clinic", ["steering_chair"]),
    "steward": ("Alliance Office", ["platform_steward"]),
    "both": ("Lake Clinic", ["steering_chair", "platform_steward"]),
    "protection": ("Alliance Office", ["data_protection_officer"]),
    "checker": ("Harbour Clinic", ["output_checker"]),
    "checker_two": ("Hill Hospital", ["output_checker"]),
    "checker_same_house": ("Harbour Clinic", ["output_checker"]),
    "checker_own_house": ("North University", ["output_checker"]),
    "publisher": ("Alliance Office", ["publication_officer"]),
    "auditor": ("Court of Audit", ["auditor"]),
}

STUDY_FILE = {
    "title": "Age and survival in acute myeloid leukaemia",
    "question": "Does age at diagnosis go with overall survival?",
    "lay_summary": "We look at how age goes with survival.",
    "tables": {"patient": ["sex", "age_band"], "follow_up": ["last_day", "died"]},
    "blocks": [
        {"mark": "synthetic", "sources": ["alpha", "beta"]},
        {"mark": "public", "sources": ["gamma"]},
    ],
}


@dataclass
class World:
    """Everything a test of governance starts from."""

    control: Control
    ids: dict[str, str]
    signers: dict[str, Ed25519PrivateKey] = field(default_factory=dict)

    @property
    def keys(self) -> dict[str, str]:
        """Pinned public keys by MEM id."""
        return {self.ids[n]: k.public_key().public_bytes_raw().hex() for n, k in self.signers.items()}

    def propose(self, who: str = "lead", **changes) -> str:
        """Propose the study file with changes."""
        return proposals.propose(self.control, STUDY_FILE | changes, self.ids[who], TODAY)

    def act(self, study: str, action: str, who: str, note: str = NOTE, **more) -> str:
        """Take one step on a study."""
        return proposals.act(self.control, study, action, self.ids[who], note, TODAY, **more)

    def approved_study(self, **changes) -> str:
        """Return a study that is approved but not open."""
        study = self.propose(**changes)
        for reviewer in ("clinician", "statistician", "ethics"):
            self.act(study, "review", reviewer)
        self.act(study, "approve", "chair")
        return study

    def open_study(self, **changes) -> str:
        """Return an open study."""
        study = self.approved_study(**changes)
        self.act(study, "open", "steward")
        return study

    def request(self, study: str, folder: Path, who: str = "lead", findings=(), result=None) -> str:
        """Ask for a small table to leave."""
        files = make_files(folder)
        return airlock.request(
            self.control,
            study,
            RELEASE,
            self.ids[who],
            files,
            folder / "disclosure.json",
            findings,
            TODAY,
            result,
        )

    def check(self, result: str, who: str, folder: Path):
        """Open a request for a checker."""
        return airlock.check(self.control, result, self.ids[who], folder / "out", TODAY)

    def decide(
        self, result: str, who: str, decision: str = "release", note: str = "", signer: str = ""
    ) -> str:
        """Sign and take a decision."""
        body = airlock.to_sign(self.control, result, self.ids[who], decision)
        signature = self.signers[signer or who].sign(body).hex()
        return airlock.decide(
            self.control, result, self.ids[who], decision, note, signature, self.keys, TODAY
        )


def make_world(control: Control) -> World:
    """Add all people and give each a key."""
    ids = {
        name: members.add_member(control, f"Person {name}", organisation, roles)
        for name, (organisation, roles) in PEOPLE.items()
    }
    return World(control, ids, {name: Ed25519PrivateKey.generate() for name in ids})


def make_files(folder: Path, text: str = "sex,count\nmale,20\nfemale,30\n") -> Path:
    """Write the files that would leave, and the disclosure report beside them."""
    files = folder / "out"
    (files / "tables").mkdir(parents=True, exist_ok=True)
    (files / "tables" / "counts.csv").write_text(text, encoding="utf-8")
    (files / "report.html").write_text("<p>Report</p>", encoding="utf-8")
    (folder / "disclosure.json").write_text('{"suppressed": 0}', encoding="utf-8")
    return files


def make_research_zone(root: Path) -> Zone:
    """Make a research zone with keys."""
    keys = {name: bytes([number]) * 32 for number, name in enumerate(ZONE_KEYS["research"], start=1)}
    return create_zone(root, "research", "platform", "0" * 32, keys)


def agreements(**changes: dt.date) -> list[Agreement]:
    """Return an agreement of each source, in force for 2026; `alpha=date` sets a last day."""
    kinds = {"alpha": "synthetic", "beta": "synthetic", "gamma": "public", "delta": "patient"}
    return [
        Agreement(
            agreement_id(name),
            (name, "alliance"),
            kind,
            dt.date(2026, 1, 1),
            changes.get(name, dt.date(2026, 12, 31)),
            10**9,
            5,
        )
        for name, kind in kinds.items()
    ]


def agreement_id(provider: str) -> str:
    """Return the AGR id of an invented provider."""
    return "AGR-" + provider.encode().hex().ljust(12, "0")[:12]


def make_release(zone: Zone, control: Control) -> Release:
    """Make a release of four sources: two patients each, two tables, one column nobody asks for."""
    details = {
        "sources": [
            {"provider": name, "mark": mark, "agreement": agreement_id(name), "until": "2027-12-31"}
            for name, mark in (
                ("alpha", "synthetic"),
                ("beta", "synthetic"),
                ("gamma", "public"),
                ("delta", "patient"),
            )
        ]
    }

    def work(folder: Path) -> Outcome:
        (folder / "tables").mkdir()
        for name, table in release_tables().items():
            write_table(folder / "tables" / f"{name}.parquet", table)
        return Outcome("passed", {"in": 8, "out": 8, "set_aside": 0, "refused": 0}, details=details)

    return run(Release, zone, "release", RELEASE, (), work, control.journal())


def release_tables() -> dict[str, pa.Table]:
    """Return the release's tables."""
    providers = ["alpha", "alpha", "beta", "beta", "gamma", "gamma", "delta", "delta"]
    marks = ["synthetic"] * 4 + ["public"] * 2 + ["patient"] * 2
    people = [f"{number:032x}" for number in range(8)]
    base = {"person": people, "provider_id": providers, "mark": marks}
    patient = base | {
        "sex": ["male", "female"] * 4,
        "age_band": ["60-69", "70-79"] * 4,
        "karyotype": ["46,XY"] * 8,
    }
    follow_up = {name: [value for value in values for _ in range(2)] for name, values in base.items()}
    follow_up |= {"last_day": list(range(16)), "died": [True, False] * 8}
    return {"patient": pa.table(patient), "follow_up": pa.table(follow_up), "mrd": pa.table(base)}
