"""Take a study through the procedure on a small network, so that its view can be opened and read."""

from __future__ import annotations

from pathlib import Path

from small_network import SmallNetwork

from harmony.actors import researcher, reviewer

REVIEWERS = ("clinician", "statistician", "ethics")


def run_approved(small: SmallNetwork, plan: Path) -> Path:
    """Propose, review, approve, open and run a plan; return the folder of its study view."""
    network, me = small.network, small.members["researcher"]
    study = researcher.study_propose(network, plan, me)["study"]
    for key in REVIEWERS:
        reviewer.study_act(network, study, "review", small.members[key], "The plan can answer its question.")
    reviewer.study_act(network, study, "approve", small.members["chair"], "Approved on three reviews.")
    reviewer.study_act(network, study, "open", small.members["steward"], "Agreements are in force.")
    answer = researcher.study_run(network, study, plan, me)
    return network / "platform" / "research" / "views" / study / answer["release"]
