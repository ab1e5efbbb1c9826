"""
The demo: every stage from provider files to a published report, each as a command in a process of its own.

`steps.Runner` remembers what is finished; `scenes` tells it; `summary` counts it.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

import yaml

from harmony.actors.anyone import check_size
from harmony.demo.scenes import write_index
from harmony.demo.sources import break_data, break_layout, find_all_file, write_all, write_ebmt2
from harmony.demo.steps import Runner
from harmony.demo.summary import write_summary
from harmony.errors import HarmonyError, UsageError
from harmony.stages.problems import read_problems

#: Commands of a whole run, for the share done: those of everybody, and those of each provider.
COMMON_STEPS, STEPS_PER_PROVIDER = 52, 10

#: Agreements are in force from the day the demo began, this many years.
YEARS: Final = 3

#: A finding of disclosure control that names the variable which tells a whole group's value.
CLASS_DISCLOSURE: Final = re.compile(r"Class disclosure: .* have '(.+?): ")

#: People of the demo: key, name, organisation, role.
PEOPLE: Final = (
    ("researcher", "Researcher One", "University A", "lead_researcher"),
    ("clinician", "Reviewer Two", "Hospital C", "reviewer_clinician"),
    ("statistician", "Reviewer Three", "Institute D", "reviewer_statistician"),
    ("ethics", "Reviewer Four", "Ethics Board E", "reviewer_ethics"),
    ("chair", "Chair Five", "Alliance Office", "steering_chair"),
    ("steward", "Steward Six", "Platform Operator", "platform_steward"),
    ("committee", "Committee Seven", "Quality Office", "quality_committee"),
    ("checker_a", "Checker Eight", "Institute F", "output_checker"),
    ("checker_b", "Checker Nine", "Institute G", "output_checker"),
    ("publisher", "Publisher Ten", "Publication Office", "publication_officer"),
)


#: Folder of the delivery that was refused and then mended.
REPAIRED: Final = "repaired"

PLATFORM_AND_TTP: Final = ("ttp", "restricted", "research", "public")


@dataclass(frozen=True)
class Party:
    """A provider of the demo: id, layout, kind of agreement, per cent of patients that may be set aside."""

    id: str
    layout: str
    kind: str
    max_set_aside: int


TRANSPLANT: Final = Party("P01", "ebmt2", "public", 5)
SYNTHETIC: Final = Party("P02", "p02_aml", "synthetic", 5)
LEUKAEMIA: Final = Party("P03", "all_bioc", "public", 100)


def run_demo(folder: Path, patients: int = 2000, all_file: Path | None = None) -> dict[str, Any]:
    """
    Run or finish the demo.

    Parameters
    ----------
    folder : Path
        Where sources, network, pages and `summary.json` go.
    patients : int
        Synthetic patients.
    all_file : Path, optional
        ALL.rda; without one the demo runs with two providers and says so.

    Returns
    -------
    dict
        message, index, report, summary (paths), seconds, repeated (steps that were finished before).

    Raises
    ------
    UsageError
        When `all_file` is given and is no file, or the number of patients cannot be drawn.
    """
    clock = time.monotonic()
    folder = folder.resolve() if folder.is_absolute() else folder
    if all_file is not None and not all_file.is_file():
        raise UsageError(
            f"There is no file {all_file}.", "Give the path of ALL.rda, or leave the option out."
        )
    check_size(patients)
    found = find_all_file(all_file)
    runner = Runner(folder, COMMON_STEPS + STEPS_PER_PROVIDER * (3 if found else 2))
    # What a demo began with it also ends with: a plan that was approved does not change half-way.
    start = {**_start(patients, found), **runner.note("start", _start(patients, found))}
    demo = _Demo(folder, runner, start)
    demo.sources()
    demo.network()
    demo.refusals()
    demo.deliveries()
    demo.release()
    demo.study()
    demo.record()
    seconds = round(time.monotonic() - clock, 1)
    report = demo.copy_report()
    summary = write_summary(folder, runner, report, seconds)
    index = write_index(folder, runner, report, summary)
    words = f"{runner.repeated} steps were done before. " if runner.repeated else ""
    return {
        "message": f"{words}The demo is whole: open {index}.",
        "index": str(index),
        "report": str(report),
        "summary": str(folder / "summary.json"),
        "providers": [party.id for party in demo.parties],
        "seconds": seconds,
    }


def _start(patients: int, all_file: Path | None) -> dict[str, Any]:
    today = dt.datetime.now(dt.UTC).date()
    years = ["--from", str(today), "--until", str(today + dt.timedelta(days=365 * YEARS))]
    return {"patients": patients, "all_file": str(all_file.resolve()) if all_file else "", "years": years}


def told_by_class(findings: Sequence[str]) -> str:
    """
    Return the label of the variable that a class-disclosure finding names; empty without such a finding.

    Parameters
    ----------
    findings : sequence of str
        What disclosure control left to a person (`to_person` of a run).
    """
    return next((found[1] for text in findings if (found := CLASS_DISCLOSURE.search(text))), "")


class _Demo:
    """The chapters of the journey; each method runs some steps."""

    def __init__(self, folder: Path, runner: Runner, start: dict[str, Any]) -> None:
        self.folder = folder
        self.run = runner.run
        self.runner = runner
        self.patients: int = start["patients"]
        self.years: list[str] = start["years"]
        self.all_file = Path(start["all_file"]) if start["all_file"] else None
        self.parties = [TRANSPLANT, SYNTHETIC, *([LEUKAEMIA] if self.all_file else [])]
        self.member: dict[str, str] = {}
        self.agreement: dict[str, str] = {}
        self.delivery: dict[str, str] = {}

    def source(self, name: str) -> Path:
        return self.folder / "sources" / name

    def sources(self) -> None:
        """Write the source files of all providers and the two broken deliveries."""
        truth = self.folder / "truth.json"
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.source(SYNTHETIC.id)
        words = ["simulate", str(target), "--truth", str(truth), "--patients", str(self.patients)]
        self.run("simulate P02", words)
        if not self.runner.known("sources"):
            write_ebmt2(self.source(TRANSPLANT.id))
            if self.all_file is not None:
                write_all(self.all_file, self.source(LEUKAEMIA.id))
            break_layout(target, self.source("broken_layout"))
            planted = break_data(target, self.source("broken_data"))
            self.runner.note("sources", {"planted": [vars(item) for item in planted]})
        self._write_study()

    def _write_study(self) -> None:
        # A plan may only ask for columns that the release has: without the ALL table its block is left out.
        text = resources.files("harmony.demo").joinpath("study.yaml").read_text(encoding="utf-8")
        path = self.folder / "study.yaml"
        if self.all_file is not None:
            path.write_text(text, encoding="utf-8")
            return
        plan = yaml.safe_load(text)
        plan["blocks"] = [block for block in plan["blocks"] if block["sources"] != [LEUKAEMIA.id]]
        for column in ("immunophenotype_all", "bcr_abl1_breakpoint"):
            plan["tables"]["diagnosis"].remove(column)
        plan["tables"]["cytogenetics"].remove("kmt2a_aff1")
        del plan["variables"]["diagnosis.immunophenotype_all"]
        path.write_text(yaml.safe_dump(plan, allow_unicode=True, sort_keys=False), encoding="utf-8")

    def network(self) -> None:
        """Make the network, enrol parties and people, put the agreements into force, pin the peers."""
        network_id = self.run("network init", ["network", "init"]).answer["network"]
        self.run("ttp init", ["ttp", "init", "--network-id", network_id])
        providers = [
            (
                f"provider init {party.id}",
                ["provider", "init", "--provider", party.id, "--network-id", network_id],
            )
            for party in self.parties
        ]
        people = [
            (f"member {key}", ["member", "add", name, "--organisation", house, "--role", role])
            for key, name, house, role in PEOPLE
        ]
        done = self.runner.run_all([*providers, *people])
        self.member = {
            name.partition(" ")[2]: d.answer["member"] for name, d in done.items() if "member" in d.answer
        }
        fingerprint = ""
        for party in self.parties:
            words = ["agreement", "add", "--party", party.id, "--kind", party.kind, *self.years]
            words += ["--max-set-aside", str(party.max_set_aside)]
            answer = self.run(f"agreement {party.id}", words).answer
            self.agreement[party.id], fingerprint = answer["agreement"], answer["fingerprint"]
        pin = ["--fingerprint", fingerprint]
        zones = [(f"pin {zone}", ["network", "pin", zone, *pin]) for zone in PLATFORM_AND_TTP]
        hospitals = [
            (f"pin {party.id}", ["network", "pin", "hospital", "--owner", party.id, *pin])
            for party in self.parties
        ]
        self.runner.run_all([*zones, *hospitals])

    def refusals(self) -> None:
        """Scene 1: two broken deliveries are refused at the hospital, with every planted problem listed."""
        self.run("check broken layout", self._provider("check", SYNTHETIC, "broken_layout"), expected=12)
        done = self.run("check broken data", self._provider("check", SYNTHETIC, "broken_data"), expected=10)
        planted = self.runner.note("sources", {})["planted"]
        listed = read_problems(Path(done.answer["report"])).listed
        found = {(p.file, p.line, p.column, p.rule) for p in listed}
        missed = [p for p in planted if (p["file"], p["line"], p["column"], p["rule"]) not in found]
        if missed:
            raise HarmonyError(f"{len(missed)} planted problems were not found.", "Report this.")
        lines = [f"{p['rule']:14} {p['file']}:{p['line']} [{p['column']}]: listed" for p in planted]
        self.runner.note("planted found", {"planted": len(planted), "lines": lines})

    def deliveries(self) -> None:
        """Scenes 2 and 3: mend, check, seal, relay unopened, receive, gate."""
        self._mend()
        self.run(f"check {SYNTHETIC.id}", self._provider("check", SYNTHETIC, REPAIRED))
        folders = {party.id: party.id for party in self.parties} | {SYNTHETIC.id: REPAIRED}
        packed = self.runner.run_all(
            [(f"pack {party.id}", self._provider("pack", party, folders[party.id])) for party in self.parties]
        )
        self.delivery = {party.id: packed[f"pack {party.id}"].answer["delivery"] for party in self.parties}
        post = self.folder / "network" / "post" / "ttp"
        for party in self.parties:
            delivery = self.delivery[party.id]
            self.run(f"relay {party.id}", ["ttp", "relay", str(post / delivery)])
        payload = post / self.delivery[SYNTHETIC.id] / "payload.age"
        self.run("ttp opens payload", ["ttp", "open", str(payload)], expected=20)
        for party in self.parties:
            self.run(f"receive {party.id}", ["delivery", "receive", self.delivery[party.id]])
            ran = self.run(f"quality {party.id}", ["quality", "run", self.delivery[party.id]])
            words = ["quality", "sign", self.delivery[party.id], "--level", ran.answer["level"]]
            self.run(f"sign {party.id}", [*words, "--as", self.member["committee"]])
        self.runner.run_all(
            [(f"receipt {p.id}", ["provider", "receipt", "--provider", p.id]) for p in self.parties]
        )

    def _mend(self) -> None:
        # What the hospital does with the list of problems: the files that had faults are exported anew.
        if not self.runner.known("repaired"):
            repaired = self.source(REPAIRED)
            shutil.copytree(self.source("broken_data"), repaired, dirs_exist_ok=True)
            shutil.copytree(self.source(SYNTHETIC.id), repaired, dirs_exist_ok=True)
            self.runner.note("repaired", {"folder": str(repaired)})

    def release(self) -> None:
        """Scene 4: the anonymity gate and the release."""
        assessed = self.run("privacy assess", ["privacy", "assess"])
        release = assessed.answer["release"]
        self.run("release make", ["release", "make", release])
        self.run("release verify", ["release", "verify", release])
        self.run("delivery status", ["delivery", "status"])

    def study(self) -> None:
        """Scenes 5 and 6: refused without approval, then approved, run, checked, corrected, published."""
        plan, me = str(self.folder / "study.yaml"), ["--as", self.member["researcher"]]
        study = self.run("study propose", ["study", "propose", plan, *me]).answer["study"]
        truth = ["--truth", str(self.folder / "truth.json")]
        run = ["study", "run", study, plan, *me, *truth]
        self.run("run without approval", run, expected=30)
        for kind in ("clinician", "statistician", "ethics"):
            note = f"Reviewed as {kind}: the question is worth asking and the plan can answer it."
            self._act(study, "review", kind, note)
        self._act(study, "approve", "chair", "Approved on the three reviews; the plan is locked.")
        self._act(study, "open", "steward", "Opened on the approved plan and the agreements in force.")
        first = self.run("study run", run).answer
        result = first["result"]
        self.run("output request", ["output", "request", result, *me])
        self._check(result, "checker_a", "first")
        label = told_by_class(first["to_person"])
        if label:
            self._correct(result, label, run, me)
        for checker in ("checker_a", "checker_b"):
            self._release(result, checker, "second" if label else "first")
        words = ["output", "publish", result, *self._as("publisher")]
        self.run("output publish", words, once=True)

    def _correct(self, result: str, label: str, run: list[str], me: list[str]) -> None:
        reason = f"A class of 0 or 100 per cent tells the value of every patient in it: leave out {label}."
        words = ["output", "decide", result, "return", "--note", reason, *self._as("checker_a")]
        self.run("sent back", words, once=True)
        self.run("study run corrected", [*run, "--leave-out", label, "--result", result])
        answer = f"{label} is left out of the table; nothing else changed."
        self.run("output request corrected", ["output", "request", result, "--note", answer, *me], once=True)

    def _release(self, result: str, checker: str, version: str) -> None:
        self._check(result, checker, version)
        note = "Every finding that is left was looked at and tells nothing about one person."
        words = ["output", "decide", result, "release", "--note", note, *self._as(checker)]
        self.run(f"released by {checker}", words, once=True)

    def record(self) -> None:
        """Attest, verify, trace, and show it all to the public."""
        zones = [(f"attest {zone}", ["audit", "attest", zone]) for zone in PLATFORM_AND_TTP]
        hospitals = [
            (f"attest {party.id}", ["audit", "attest", "hospital", "--owner", party.id])
            for party in self.parties
        ]
        self.runner.run_all([*zones, *hospitals])
        self.run("separation", ["audit", "separation"])
        words = ["trace", self.delivery[SYNTHETIC.id], "--table", "patient", "--row", "17"]
        self.run("trace refused", [*words, *self._as("researcher")], expected=30)
        self.run("trace", [*words, *self._as("committee")])
        self.run("audit verify", ["audit", "verify"])
        self.run("public update", ["public", "update"])

    def copy_report(self) -> Path:
        """Copy the published report beside the index and return its path."""
        result = self.runner.note("study run", {})["result"]
        public = self.folder / "network" / "platform" / "public" / "reports" / result / "report.html"
        target = self.folder / "report.html"
        target.write_bytes(public.read_bytes())
        return target

    def _provider(self, verb: str, party: Party, source: str) -> list[str]:
        words = ["provider", verb, str(self.source(source)), "--provider", party.id, "--layout", party.layout]
        return [*words, "--agreement", self.agreement[party.id]]

    def _act(self, study: str, action: str, who: str, note: str) -> None:
        words = ["study", "act", study, action, "--note", note, *self._as(who)]
        self.run(f"{action} by {who}", words, once=True)

    def _check(self, result: str, checker: str, version: str) -> None:
        self.run(f"{version} check by {checker}", ["output", "check", result, *self._as(checker)])

    def _as(self, who: str) -> list[str]:
        return ["--as", self.member[who]]
