"""Payloads that only a hostile or broken provider would seal; the platform opens none of them."""

from __future__ import annotations

import secrets

import pyarrow as pa
import pytest
from exchange_network import DICTIONARY, TODAY, refused, rows

from harmony.errors import (
    AgreementRefused,
    BindingBroken,
    FormatRefused,
    Gap,
    HandlesBroken,
    IdentifierFound,
    LayoutRefused,
    NotPermitted,
    SealBroken,
)
from harmony.identity.messages import read_receipt
from harmony.identity.seal import Part, seal
from harmony.intake.void import declare_void
from harmony.store.tables import write_table


def patient(handles, **columns):
    count = len(handles)
    return pa.table(
        {
            "handle": pa.array(handles, pa.string()),
            "disease": ["AML"] * count,
            **columns,
            "_row": pa.array(range(1, count + 1), pa.int64()),
        }
    )


def facts(network, patients, **changes):
    return {
        "provider": "P01",
        "disease_groups": ["AML"],
        "mark": "synthetic",
        "axis": "calendar",
        "index_event": "",
        "not_supplied": [],
        "agreement": network.agreements["P01"].id,
        "data_cutoff": "",
        "identified": "not declared",
        "agreed": {"AML": 3},
        "source": "registry",
        "dictionary": {
            "id": DICTIONARY.id,
            "version": DICTIONARY.version,
            "sha256": DICTIONARY.sha256,
        },
        "patients": patients,
        **changes,
    }


def sent(network, tmp_path, tables, listed, parts=None, patients=3, **changes):
    """Relay a payload of these tables, sealed and signed by P01 itself."""

    def seal_payload(recipient, header, target):
        made = []
        for name, table in tables.items():
            path = tmp_path / f"{name}.parquet"
            made.append(Part(name, path, write_table(path, table)))
        seal(recipient, {**header, **facts(network, patients, **changes)}, parts or made, target)

    return network.relay(network.forge("P01", listed, seal_payload=seal_payload))


@pytest.fixture
def listed():
    return rows()


def test_honest_payload_by_hand_is_received(network, tmp_path, listed):
    handles = [handle for handle, _ in listed]
    tables = {"patient": patient(handles, centre_code=["W1"] * 3)}
    received = network.receive(sent(network, tmp_path, tables, listed))
    assert received.record.counts["out"] == 3
    assert received.details["agreed"] == {"AML": 3} and received.details["mark"] == "synthetic"


def test_payload_whose_handles_are_not_the_lists(network, tmp_path, listed):
    handles = [listed[0][0], listed[1][0], secrets.token_hex(16)]
    folder = sent(network, tmp_path, {"patient": patient(handles)}, listed)
    refused(network, "platform", lambda: network.receive(folder), HandlesBroken)


@pytest.mark.parametrize("picked", [(0, 1, 2, 0), (0, 1)])
def test_payload_with_a_patient_twice_or_missing(network, tmp_path, listed, picked):
    handles = [listed[number][0] for number in picked]
    folder = sent(network, tmp_path, {"patient": patient(handles)}, listed, patients=len(handles))
    refused(network, "platform", lambda: network.receive(folder), HandlesBroken)


def test_payload_that_states_another_number_of_patients(network, tmp_path, listed):
    tables = {"patient": patient([handle for handle, _ in listed])}
    folder = sent(network, tmp_path, tables, listed, patients=4)
    refused(network, "platform", lambda: network.receive(folder), HandlesBroken)


def test_payload_with_a_row_of_nobody(network, tmp_path, listed):
    handles = [handle for handle, _ in listed]
    lab = pa.table({"handle": [secrets.token_hex(16)], "sample_id": ["1"], "_row": pa.array([1], pa.int64())})
    folder = sent(network, tmp_path, {"patient": patient(handles), "biochemistry": lab}, listed)
    refused(network, "platform", lambda: network.receive(folder), HandlesBroken)


@pytest.mark.parametrize(
    "columns",
    [
        {"surname": ["Canary"] * 3},
        {"patient_id": ["1", "2", "3"]},
        {"year_of_birth": ["1950"] * 3},
        {"year_of_birth": pa.array([1950.0] * 3, pa.float64())},
    ],
)
def test_payload_with_a_column_that_is_not_the_dictionarys(network, tmp_path, listed, columns):
    tables = {"patient": patient([handle for handle, _ in listed], **columns)}
    folder = sent(network, tmp_path, tables, listed)
    refused(network, "platform", lambda: network.receive(folder), LayoutRefused)


def test_payload_with_a_name_in_a_code_column(network, tmp_path, listed):
    tables = {"patient": patient([h for h, _ in listed], centre_code=["Dr Canary", None, "W1"])}
    folder = sent(network, tmp_path, tables, listed)
    error = refused(network, "platform", lambda: network.receive(folder), IdentifierFound)
    assert "Canary" not in str(error)


def test_payload_with_an_unknown_table(network, tmp_path, listed):
    handles = [handle for handle, _ in listed]
    tables = {"patient": patient(handles), "notes": patient(handles)}
    folder = sent(network, tmp_path, tables, listed)
    refused(network, "platform", lambda: network.receive(folder), LayoutRefused)


def test_payload_without_table_patient(network, tmp_path, listed):
    tables = {"diagnosis": patient([handle for handle, _ in listed])}
    folder = sent(network, tmp_path, tables, listed)
    refused(network, "platform", lambda: network.receive(folder), BindingBroken)


def test_payload_that_is_no_parquet_file(network, tmp_path, listed):
    folder = sent(network, tmp_path, {}, listed, parts=[Part("patient", b"PAR1", 3)])
    refused(network, "platform", lambda: network.receive(folder), BindingBroken)


def test_payload_that_unpacks_to_far_more_than_its_size(network, tmp_path, listed):
    count = 20_000_000
    # A constant column packs to some kilobytes whatever its length.
    handles = pa.array([listed[0][0]]).take(pa.array([0], pa.int64()))
    constant = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), count), handles)
    table = pa.table({"handle": constant, "sample_id": constant, "_row": pa.nulls(count, pa.int64())})
    tables = {"patient": patient([handle for handle, _ in listed]), "biochemistry": table}
    folder = sent(network, tmp_path, tables, listed)
    refused(network, "platform", lambda: network.receive(folder), SealBroken)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"provider": "P02"}, BindingBroken),
        ({"agreement": "AGR-000000000002"}, BindingBroken),
        ({"mark": "public"}, AgreementRefused),
        ({"mark": "other"}, FormatRefused),
        ({"axis": "weeks"}, FormatRefused),
        ({"identified": 0}, FormatRefused),
        ({"note": "Canary"}, FormatRefused),
        ({"data_cutoff": "2027-02-30"}, FormatRefused),
    ],
)
def test_payload_header_that_says_something_else(network, tmp_path, listed, change, error):
    tables = {"patient": patient([handle for handle, _ in listed])}
    folder = sent(network, tmp_path, tables, listed, **change)
    refused(network, "platform", lambda: network.receive(folder), error)


def test_void_delivery_lets_those_behind_it_pass_and_is_never_received(network, tmp_path, listed):
    handles = [secrets.token_hex(16) for _ in range(3)]
    bad = sent(network, tmp_path, {"patient": patient(handles)}, listed)
    behind = network.relay(network.pack("P02"))
    refused(network, "platform", lambda: network.receive(bad), HandlesBroken)
    refused(network, "platform", lambda: network.receive(behind), Gap)
    zone, control = network.zones["platform"], network.control["platform"]
    receipt = declare_void(zone, bad, control, TODAY)
    assert declare_void(zone, bad, control, TODAY) == receipt
    assert read_receipt(receipt, "h.sign", network.peers, TODAY).code == "void"
    refused(network, "platform", lambda: network.receive(bad), NotPermitted)
    assert network.receive(behind).record.counts["out"] == 12
    refused(network, "platform", lambda: declare_void(zone, behind, control, TODAY), NotPermitted)


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "a" * 201},
        {"source": ""},
        {"source": "<script>alert(1)</script>"},
        {"identified": {"FLU": 3}},
        {"agreed": {"<b>": 3}},
        {"disease_groups": ["AML", "FLU"]},
    ],
)
def test_payload_that_declares_what_no_report_may_show(network, tmp_path, listed, changes):
    tables = {"patient": patient([handle for handle, _ in listed])}
    folder = sent(network, tmp_path, tables, listed, **changes)
    refused(network, "platform", lambda: network.receive(folder), FormatRefused)
