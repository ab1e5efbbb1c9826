"""`harmony statistics`: every function, R's numbers through the command line, and what it refuses."""

import json
import math
import sys

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
import r_reference
from typer.testing import CliRunner

from harmony.actors.own_functions import FUNCTIONS
from harmony.cli.main import app, main
from harmony.cli.statistics import OPTIONS


def run(*words):
    """Run the command with --json and return its answer."""
    done = CliRunner().invoke(app, ["statistics", *map(str, words), "--json"])
    assert done.exit_code == 0, done.output
    return one_document(done.stdout)


def refused(monkeypatch, capsys, *words):
    """Run the command as a user does and return its error."""
    monkeypatch.setattr(sys, "argv", ["harmony", "statistics", *map(str, words), "--json"])
    with pytest.raises(SystemExit) as end:
        main()
    said = capsys.readouterr()
    error = one_document(said.out)
    assert end.value.code == error["exit"] and "Traceback" not in said.out + said.err
    assert error["next"], error
    return error


def one_document(text):
    def no_json(word):
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=no_json)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Give invented patients, new patients, and stays in two illnesses, as CSV."""
    folder = tmp_path_factory.mktemp("own")
    rng = np.random.default_rng(5)
    n = 300
    age, arm = rng.normal(60, 10, n).round(1), rng.choice(["old", "new"], n)
    t = np.ceil(rng.exponential(600, n)) + 5
    patients = {
        "t": t,
        "e": (rng.random(n) < 0.6).astype(int),
        "cause": rng.integers(0, 3, n),
        "t0": np.floor(t * 0.2),
        "arm": arm,
        "age": age,
        "stage": rng.integers(1, 4, n),
        "id": np.arange(n) // 2,
        "w": rng.integers(1, 4, n),
        "risk": rng.uniform(0.05, 0.9, n).round(3),
        "s1": rng.uniform(0.6, 0.9, n).round(3),
        "s2": rng.uniform(0.2, 0.6, n).round(3),
    }
    pacsv.write_csv(pa.table(patients), folder / "patients.csv")
    change = pa.array(np.floor(t / 2), mask=rng.random(n) < 0.5)
    pacsv.write_csv(pa.table({"t": t, "e": patients["e"], "tx": change}), folder / "changes.csv")
    pacsv.write_csv(pa.table({"age": [50.0, 70.0], "arm": ["old", "new"]}), folder / "new.csv")
    ill = rng.random(n) < 0.5
    middle = np.where(ill, np.floor(t / 2), t)
    stays = {
        "id": np.concatenate([np.arange(n), np.flatnonzero(ill)]),
        "start": np.concatenate([np.zeros(n), middle[ill]]),
        "stop": np.concatenate([middle, t[ill]]),
        "from": np.array(["well"] * n + ["ill"] * ill.sum(), dtype=object),
        "to": np.concatenate(
            [
                np.where(ill, "ill", np.where(patients["e"] > 0, "dead", None)),
                np.where(patients["e"][ill] > 0, "dead", None),
            ]
        ),
    }
    pacsv.write_csv(pa.table(stays), folder / "stays.csv")
    way = {"way": np.tile([1, 2], n), "a": np.repeat(age, 2), "t": np.repeat(t, 2)}
    way["e"] = np.where(
        way["way"] == 1, np.repeat(patients["cause"] == 1, 2), np.repeat(patients["cause"] == 2, 2)
    )
    pacsv.write_csv(pa.table({k: np.asarray(v).astype(float) for k, v in way.items()}), folder / "ways.csv")
    pacsv.write_csv(pa.table({"a": [60.0, 60.0], "strata": [1, 2]}), folder / "one.csv")
    return folder


TIMES = "--time t --event e"
MODEL = f"{TIMES} --covariates age,arm"
CURVE = "group time n_risk n_event n_censor survival std_err lower upper"
TERMS = "term coef se robust_se z p hazard_ratio lower upper"
STATES = "from to time probability std_err"
#: File, options, columns of the table.
EXAMPLES = {
    "kaplan_meier": ("patients", f"{TIMES} --entry t0 --group arm --conf-type log-log --at 100,200", CURVE),
    "nelson_aalen": (
        "patients",
        f"{TIMES} --weights w",
        "group time n_risk n_event cumulative_hazard std_err lower upper",
    ),
    "logrank": (
        "patients",
        f"{TIMES} --group arm --rho 1 --strata stage",
        "group n observed expected variance",
    ),
    "cox": ("patients", f"{MODEL},stage --reference stage=2 --cluster id --ties breslow --at 100", TERMS),
    "cox_zph": ("patients", f"{MODEL} --transform rank", "term chisq df p"),
    "predict": (
        "patients",
        f"{MODEL} --rows {{}}/new.csv --at 100,200",
        "row time survival std_err lower upper",
    ),
    "baseline": ("patients", f"{MODEL} --at 100,200", "time cumulative_hazard"),
    "concordance": (
        "patients",
        f"{TIMES} --score risk --method uno --tau 800",
        "concordance std_err variance concordant discordant tied",
    ),
    "cumulative_incidence": (
        "patients",
        "--time t --event cause --group arm --variance jackknife",
        "group cause time n_risk estimate std_err lower upper",
    ),
    "gray_test": ("patients", "--time t --event cause --group arm", "cause statistic df p"),
    "fine_gray": (
        "patients",
        "--time t --event cause --covariates age,arm --cause 2 --variant finegray",
        TERMS,
    ),
    "restricted_mean": ("patients", f"{TIMES} --group arm --tau 400", "group tau mean std_err lower upper"),
    "landmark": ("patients", f"{TIMES} --at 100", "row keep time event"),
    "multistate": (
        "stays",
        "--id id --start start --stop stop --from-state from --to-state to --states well,ill,dead --tau 400",
        STATES,
    ),
    "predict_transitions": (
        "ways",
        f"{TIMES} --covariates a --strata way --rows {{}}/one.csv --transitions 1=well>ill,2=well>dead"
        " --states well,ill,dead --at 100,200",
        STATES,
    ),
    "split_follow_up": ("changes", "--stop t --event e --changes tx", "tstart tstop event tx row"),
    "brier": (
        "patients",
        f"{TIMES} --predictions s1,s2 --at 200,600 --train {{}}/patients.csv",
        "time n_risk brier null ipa",
    ),
    "auc": ("patients", f"{TIMES} --score risk --at 200,600", "time cases controls auc"),
    "calibration": (
        "patients",
        f"{TIMES} --risk risk --horizon 400 --groups 4",
        "group n predicted observed std_err lower upper",
    ),
    "followup": ("patients", f"{TIMES} --group arm", "group records censored median lower upper"),
    "conditional_survival": (
        "patients",
        f"{TIMES} --given 100,200 --further 300",
        "group given further n_risk survival std_err lower upper",
    ),
    "power_logrank": ("", "--hazard-ratio 0.7 --n 400 --event-probability 0.6,0.5", "power events n"),
}


def words_of(function, files):
    file, options, _ = EXAMPLES[function]
    return [function, *([files / f"{file}.csv"] if file else []), *options.format(files).split()]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_writes_its_table_and_its_attributes(function, files, tmp_path):
    output = tmp_path / "out.csv"
    answer = run(*words_of(function, files), "--output", output)
    written = pacsv.read_csv(output)
    wanted = EXAMPLES[function][2].split()
    assert set(wanted) <= set(written.column_names), written.column_names
    assert written.num_rows > 0
    assert answer["message"] and answer["output"] == str(output) and "table" not in answer
    # Without an output the same table stands in the answer.
    assert len(run(*words_of(function, files))["table"]) == written.num_rows


def test_functions_of_the_contract_are_all_there():
    contract = """kaplan_meier nelson_aalen logrank cox cox_zph concordance cumulative_incidence gray_test
    fine_gray restricted_mean landmark multistate predict_transitions split_follow_up brier auc calibration
    power_logrank followup conditional_survival predict baseline"""
    assert set(contract.split()) == set(FUNCTIONS) == set(EXAMPLES)


def test_every_option_belongs_to_a_function_and_the_other_way_round():
    taken = {name for what in FUNCTIONS.values() for name in what.takes()}
    assert taken | {"categories"} == set(OPTIONS)


def test_further_tables_stand_in_the_document(files):
    curve = run(*words_of("kaplan_meier", files))
    assert [row["time"] for row in curve["at"]] == [100, 200, 100, 200]
    assert {"group", "probability", "time", "lower", "upper"} == set(curve["quantiles"][0])
    assert {"group", "records", "events", "median"} == set(curve["summary"][0])
    contrasts = run(*words_of("restricted_mean", files))["contrasts"]
    assert [row["contrast"] for row in contrasts] == ["difference", "ratio", "ratio_lost"]
    states = run(*words_of("multistate", files))
    assert {"transitions", "cumulative_hazard", "length_of_stay", "occupation"} <= set(states)
    model = run(*words_of("cox", files))
    assert {"statistic", "df", "p"} == set(model["lr_test"]) and model["n"] == 300
    assert model["baseline"][0]["time"] == 100
    assert [row["term"] for row in model["table"]] == ["age", "armold", "stage1", "stage3"]


def exported(tmp_path, frame, **how):
    path = tmp_path / "table.csv"
    frame.to_csv(path, **{"index": False, "na_rep": "NA", **how})
    return path


def reference(file, analysis, statistic, **which):
    found = [
        row["value"]
        for row in r_reference.rows(file, analysis)
        if row["statistic"] == statistic and all(part in row[key] for key, part in which.items())
    ]
    assert len(found) == 1, (analysis, statistic, which, len(found))
    return found[0]


def test_survival_of_mgus2_is_that_of_r(tmp_path):
    table = exported(tmp_path, r_reference.table("survival", "mgus2"), sep=";", index=True)
    words = (
        "--time",
        "futime",
        "--event",
        "death",
        "--group",
        "sex",
        "--conf-type",
        "log-log",
        "--at",
        "12,60",
    )
    found = run("kaplan_meier", table, *words)
    compared = 0
    for row in r_reference.rows("km.csv", "km_mgus2_sex"):
        name = {
            "surv": "survival",
            "std.err": "std_err",
            "lower[log-log]": "lower",
            "upper[log-log]": "upper",
        }
        mine = [a for a in found["at"] if row["group"] == f"sex={a['group']}" and row["time"] == a["time"]]
        if mine and row["statistic"] in name:
            assert mine[0][name[row["statistic"]]] == pytest.approx(row["value"], rel=1e-6)
            compared += 1
    assert compared == 16
    assert found["summary"][0]["records"] == 631


def test_stratified_weighted_log_rank_of_myeloid_is_that_of_r(tmp_path):
    table = exported(tmp_path, r_reference.table("survival", "myeloid"), sep="\t")
    words = ("--time", "futime", "--event", "death", "--group", "trt", "--strata", "flt3,sex", "--rho", "1")
    found = run("logrank", table, *words)
    wanted = reference("logrank.csv", "lr_myeloid_trt_strat2", "chisq", r_call="rho=1")
    assert found["statistic"] == pytest.approx(wanted, rel=1e-6)


def test_cox_model_of_mgus2_and_its_check_are_those_of_r(tmp_path):
    table = exported(tmp_path, r_reference.table("survival", "mgus2"))
    words = ("--time", "futime", "--event", "death", "--covariates", "age,sex,hgb,creat,mspike")
    found = run("cox", table, *words, "--missing", "drop")
    assert found["n"] == 1338 and found["rows_left_out"] == 46
    terms = {row["term"]: row for row in found["table"]}
    for term in ("age", "hgb", "mspike", "sexM"):
        for name in ("coef", "se"):
            statistic = {"coef": "coef", "se": "se"}[name]
            rows = [
                r
                for r in r_reference.rows("cox.csv", "cox_mgus2_efron")
                if r["term"] == term and r["statistic"] == statistic and "zph" not in r["r_call"]
            ]
            assert rows, (term, statistic)
            assert terms[term][name] == pytest.approx(rows[0]["value"], rel=1e-6)
    check = run("cox_zph", table, *words, "--missing", "drop", "--transform", "identity")
    wanted = reference("cox.csv", "cox_mgus2_efron", "zph_chisq", term="age", r_call="identity")
    assert check["table"][0]["chisq"] == pytest.approx(wanted, rel=2e-5)


def test_grays_test_and_incidence_of_ebmt2_are_those_of_cmprsk(tmp_path):
    table = exported(tmp_path, r_reference.table("mstate", "ebmt2"), sep="|")
    words = ("--time", "time", "--event", "status", "--group", "tcd")
    incidence = run("cumulative_incidence", table, *words, "--at", "12")
    mine = [a for a in incidence["at"] if (a["group"], a["cause"]) == ("No TCD", 1)]
    rows = [
        r
        for r in r_reference.rows("competing_risks.csv", "cr_ebmt2_tcd")
        if r["group"] == "No TCD 1" and r["time"] == 12 and r["statistic"] == "cuminc"
    ]
    assert mine[0]["estimate"] == pytest.approx(rows[0]["value"], rel=1e-6)
    tests = run("gray_test", table, *words)["table"]
    wanted = [
        r for r in r_reference.rows("competing_risks.csv", "cr_ebmt2_tcd") if "gray" in r["statistic"].lower()
    ]
    assert len(tests) == 6
    for row in wanted:
        if row["statistic"].lower().endswith("stat"):
            cause = int((row["term"] or row["group"]).split()[-1])
            assert tests[cause - 1]["statistic"] == pytest.approx(row["value"], rel=1e-6)


def test_restricted_mean_of_myeloid_is_that_of_r(tmp_path):
    table = exported(tmp_path, r_reference.table("survival", "myeloid"))
    words = ("--time", "futime", "--event", "death", "--group", "trt", "--tau", "365")
    found = run("restricted_mean", table, *words)
    wanted = reference("rmst.csv", "rmst_myeloid", "rmst", r_call="tau=365", group="arm 0")
    assert found["table"][0]["mean"] == pytest.approx(wanted, rel=1e-6)


def test_delayed_entry_of_myeloma_is_that_of_r(tmp_path):
    frame = r_reference.table("survival", "myeloma")
    table = exported(tmp_path, frame[frame["entry"] < frame["futime"]])
    found = run(
        "kaplan_meier", table, "--time", "futime", "--event", "death", "--entry", "entry", "--at", "365"
    )
    rows = [
        r
        for r in r_reference.rows("left_truncation.csv", "lt_myeloma")
        if r["time"] == 365 and r["statistic"] == "surv"
    ]
    assert found["at"][0]["survival"] == pytest.approx(rows[0]["value"], rel=1e-6)


def test_parquet_and_csv_give_the_same(files, tmp_path):
    columns = pacsv.read_csv(files / "patients.csv")
    pq.write_table(columns, tmp_path / "patients.parquet")
    words = ["--time", "t", "--event", "e", "--covariates", "age,arm"]
    assert (
        run("cox", tmp_path / "patients.parquet", *words)["table"]
        == run("cox", files / "patients.csv", *words)["table"]
    )


def test_decimal_commas_are_read_and_said(tmp_path):
    (tmp_path / "own.csv").write_text("t;e\n1,5;1\n2,5;0\n3;1\n")
    found = run("kaplan_meier", tmp_path / "own.csv", "--time", "t", "--event", "e")
    assert [row["time"] for row in found["table"]] == [1.5, 2.5, 3]
    assert found["remarks"] == ["decimal commas in t"]


def test_truth_values_count_as_events_and_numbers_as_categories_when_named(tmp_path, files):
    (tmp_path / "own.csv").write_text("t,e\n1,TRUE\n2,FALSE\n3,TRUE\n")
    found = run("kaplan_meier", tmp_path / "own.csv", "--time", "t", "--event", "e")
    assert [row["n_event"] for row in found["table"]] == [1, 0, 1]
    words = [*TIMES.split(), "--covariates", "stage"]
    assert len(run("cox", files / "patients.csv", *words)["table"]) == 1
    named = run("cox", files / "patients.csv", *words, "--categories", "stage")["table"]
    assert [row["term"] for row in named] == ["stage2", "stage3"]


def test_missing_values_are_refused_or_left_out_and_counted(tmp_path, monkeypatch, capsys):
    own = tmp_path / "own.csv"
    own.write_text("t,e,x\n1,1,5\n2,NA,\n3,0,7\n4,1,8\n")
    words = ("kaplan_meier", own, "--time", "t", "--event", "e")
    error = refused(monkeypatch, capsys, *words)
    assert error["exit"] == 50 and "e 1" in error["what"] and "--missing drop" in error["next"]
    found = run(*words, "--missing", "drop")
    assert (found["rows_read"], found["rows_used"], found["rows_left_out"]) == (4, 3, 1)
    assert "1 left out for missing values" in found["message"]


def test_a_median_that_is_not_reached_is_null(tmp_path):
    (tmp_path / "own.csv").write_text("t,e\n1,0\n2,0\n3,0\n")
    found = run("kaplan_meier", tmp_path / "own.csv", "--time", "t", "--event", "e")
    assert found["summary"][0]["median"] is None


REFUSED = {
    "unknown function": ("nothing {f} --time t --event e", 2, "There is no function"),
    "no file": ("kaplan_meier --time t --event e", 2, "needs a file"),
    "no such file": ("kaplan_meier {f}.none --time t --event e", 2, "There is no file"),
    "no such column": ("kaplan_meier {f} --time days --event e", 2, "has no column days"),
    "needed option": ("kaplan_meier {f} --time t", 2, "needs --event"),
    "option of another function": (
        "kaplan_meier {f} --time t --event e --transform km",
        2,
        "takes no --transform",
    ),
    "unknown choice": ("kaplan_meier {f} --time t --event e --conf-type arcsine", 2, ""),
    "text as time": ("kaplan_meier {f} --time name --event e", 2, "not a number"),
    "dates as time": ("kaplan_meier {f} --time day --event e", 2, "holds dates"),
    "dates as covariate": ("cox {f} --time t --event e --covariates day", 2, "holds dates"),
    "negative time": ("kaplan_meier {f} --time minus --event e", 50, "negative"),
    "times that are no numbers": ("kaplan_meier {f} --time t --event e --at soon", 2, "no list of numbers"),
    "unknown way with missing values": ("kaplan_meier {f} --time t --event e --missing guess", 2, "guess"),
    "collinear covariates": ("cox {f} --time t --event e --covariates x,x2 --firth", 50, "x2"),
    "few events": ("cox {f} --time t --event e --covariates x,t", 50, ""),
    "output over input": ("kaplan_meier {f} --time t --event e --output {f}", 2, "replace the file"),
    "file for no file": ("power_logrank {f} --hazard-ratio 0.7 --power 0.8", 2, "reads no file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_an_error_with_its_code_and_next_step(case, tmp_path, monkeypatch, capsys):
    words, code, part = REFUSED[case]
    own = tmp_path / "own.csv"
    lines = [f"{k},{k % 2},{k - 3},n{k},2020-01-{k + 10},{k * k % 7},{2 * (k * k % 7)}" for k in range(1, 15)]
    own.write_text("t,e,minus,name,day,x,x2\n" + "\n".join(lines) + "\n")
    error = refused(monkeypatch, capsys, *words.format(f=own).split())
    assert error["exit"] == code, error
    assert part in error["what"], error


def test_unknown_function_is_told_the_functions(tmp_path, monkeypatch, capsys):
    assert "kaplan_meier, nelson_aalen" in refused(monkeypatch, capsys, "nothing")["allowed"]


def test_broken_files_are_refused_without_their_content(tmp_path, monkeypatch, capsys):
    for content in (b"", b"t,e\n1,1,secret\n", b't,e\n1,1\n"secret'):
        own = tmp_path / "own.csv"
        own.write_bytes(content)
        error = refused(monkeypatch, capsys, "kaplan_meier", own, "--time", "t", "--event", "e")
        assert error["exit"] in (2, 11) and "secret" not in json.dumps(error)
    own = tmp_path / "own.parquet"
    own.write_bytes(b"no parquet")
    assert refused(monkeypatch, capsys, "kaplan_meier", own, "--time", "t", "--event", "e")["exit"] == 11


def test_help_lists_the_functions_and_words_are_short(files):
    shown = CliRunner().invoke(app, ["statistics", "--help"]).output
    assert all(name in shown for name in FUNCTIONS)
    said = CliRunner().invoke(app, ["statistics", *map(str, words_of("kaplan_meier", files))]).output
    assert "in json only: table" in said and not math.isnan(len(said)) and len(said.splitlines()) < 40
