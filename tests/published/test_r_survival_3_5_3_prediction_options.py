"""
Options of concordance, test of hazards and curves against R survival 3.5-3, on `survival::myeloid`.

Weights w = 1 + (id mod 3) / 2, entry a = futime // 5 for odd ids and 0 for even ones, clusters h = id mod 20,
score s = 1, 2, 3 for flt3 A, B, C plus 1/2 in arm A. R: `concordance(..., reverse = TRUE)` (timewt = "n/G2"
for Uno's, ymax for tau); `cox.zph` and `survfit(newdata = list(trt = "B", flt3 = "C", sex = "m"))` of
`coxph(Surv(...) ~ trt + flt3, control = coxph.control(eps = 1e-13))`.
"""

import numpy as np
import pytest
import r_reference

from harmony.statistics.concordance import concordance
from harmony.statistics.cox import cox
from harmony.statistics.cox_predict import predict
from harmony.statistics.cox_zph import cox_zph

#: Concordance, its variance, concordant, discordant, tied.
CONCORDANCE = {
    "weights": [0.58244773748, 0.000275425590923, 159389, 106043.5, 58078.5],
    "strata": [0.581079397597, 0.000269403324046, 35507, 23792, 12945],
    "entry": [0.58129684929, 0.000227600590338, 56320, 37644, 20899],
    "all": [0.579386177362, 0.000250786815107, 63721.75, 43071.5, 23268.75],
    "cluster": [0.58244773748, 0.000211946437933, 159389, 106043.5, 58078.5],
    "uno weights strata": [0.579542102072, 0.000327980010593, 94754.8529355, 64146.2661174, 33503.8213554],
    "uno tau": [0.583308335944, 0.000305392784297, 69521.6749249, 46052.3064384, 25284.482683],
    "tau": [0.582137831825, 0.000307719266301, 62633, 41735, 22845],
}

#: Chi-square of trt, flt3, GLOBAL for km, rank, identity, log.
ZPH = {
    "weights": [
        1.77303318855,
        6.22287796274,
        7.89926856433,
        1.34155151076,
        4.33763186981,
        5.6982706554,
        1.1202217024,
        0.436428878275,
        1.58019119435,
        0.312122895714,
        8.11626908807,
        8.412016573,
    ],
    "strata breslow": [
        0.154466520038,
        5.36228210692,
        5.46008685327,
        0.0926499689672,
        4.0109254341,
        4.08469813073,
        0.0804700363734,
        0.911340175172,
        0.989024009385,
        0.100202388716,
        6.12870784165,
        6.26178857775,
    ],
    "all": [
        0.407817766173,
        11.4587041256,
        11.7517490426,
        0.400506261325,
        6.43641224413,
        6.84094815958,
        0.348120814739,
        1.41228333151,
        1.78708760337,
        0.0339856808521,
        8.64097055789,
        8.65702198269,
    ],
    "entry model-based": [
        0.893555166223,
        10.5826556265,
        11.3846431424,
        0.826109073112,
        5.95179374438,
        6.79440620274,
        0.722097815379,
        1.0181525395,
        1.77124804054,
        0.180681935786,
        8.22873586951,
        8.38322945158,
    ],
    "exact": [
        0.438576515129,
        4.68439363931,
        5.08291940159,
        0.283007703038,
        3.57281994263,
        3.84894282756,
        0.240471302173,
        0.670544577963,
        0.913916291121,
        0.0159325789653,
        5.73229753022,
        5.75055194584,
    ],
}

#: Survival, error, lower and upper limit at 100, 700 and 2000 days.
CURVES = {
    ("weights", "log"): [
        0.927476941246,
        0.506268706128,
        0.395057135014,
        0.0112946150298,
        0.0373643494783,
        0.0398439924124,
        0.905601996851,
        0.43808614594,
        0.324198417054,
        0.949880278019,
        0.585063018267,
        0.481403152252,
    ],
    ("weights", "log-log"): [
        0.927476941246,
        0.506268706128,
        0.395057135014,
        0.0112946150298,
        0.0373643494783,
        0.0398439924124,
        0.901791109047,
        0.430908831073,
        0.316949735731,
        0.94664352468,
        0.576735032305,
        0.472049761237,
    ],
    ("weights", "plain"): [
        0.927476941246,
        0.506268706128,
        0.395057135014,
        0.0112946150298,
        0.0373643494783,
        0.0398439924124,
        0.905339902569,
        0.433035926845,
        0.316964344885,
        0.949613979924,
        0.579501485411,
        0.473149925142,
    ],
    ("strata breslow", "log"): [
        0.912157882661,
        0.485975549409,
        0.363180613188,
        0.0199832974748,
        0.0462441355889,
        0.047596305798,
        0.873820305313,
        0.403288978684,
        0.280911301232,
        0.952177464681,
        0.58561539518,
        0.46954379271,
    ],
    ("strata breslow", "log-log"): [
        0.912157882661,
        0.485975549409,
        0.363180613188,
        0.0199832974748,
        0.0462441355889,
        0.047596305798,
        0.863580260587,
        0.392812854463,
        0.271111916489,
        0.943993603694,
        0.572784787913,
        0.455674440425,
    ],
    ("strata breslow", "plain"): [
        0.912157882661,
        0.485975549409,
        0.363180613188,
        0.0199832974748,
        0.0462441355889,
        0.047596305798,
        0.872991339318,
        0.395338709159,
        0.269893568027,
        0.951324426003,
        0.576612389659,
        0.456467658349,
    ],
    ("all", "log"): [
        0.869350156565,
        0.430737802982,
        0.322093984768,
        0.025338911822,
        0.0437818651752,
        0.0433334108998,
        0.821078729635,
        0.352934045216,
        0.247437148487,
        0.920459472938,
        0.52569327735,
        0.419276311815,
    ],
    ("all", "log-log"): [
        0.869350156565,
        0.430737802982,
        0.322093984768,
        0.025338911822,
        0.0437818651752,
        0.0433334108998,
        0.810137103643,
        0.344036531266,
        0.239354051833,
        0.911101385012,
        0.514353178067,
        0.407520768443,
    ],
    ("all", "plain"): [
        0.869350156565,
        0.430737802982,
        0.322093984768,
        0.025338911822,
        0.0437818651752,
        0.0433334108998,
        0.819686801987,
        0.344926924063,
        0.237162060077,
        0.919013511144,
        0.516548681902,
        0.407025909459,
    ],
    ("entry model-based", "log"): [
        0.879520538311,
        0.439864038955,
        0.34554323,
        0.017282010045,
        0.0333799670286,
        0.0336413279207,
        0.846292369908,
        0.379073405705,
        0.285516545768,
        0.914053351793,
        0.510403446545,
        0.418189858236,
    ],
    ("entry model-based", "log-log"): [
        0.879520538311,
        0.439864038955,
        0.34554323,
        0.017282010045,
        0.0333799670286,
        0.0336413279207,
        0.840893164256,
        0.373684033789,
        0.280365517381,
        0.909276428455,
        0.503967076102,
        0.411489717377,
    ],
    ("entry model-based", "plain"): [
        0.879520538311,
        0.439864038955,
        0.34554323,
        0.017282010045,
        0.0333799670286,
        0.0336413279207,
        0.845648421043,
        0.374440505774,
        0.279607438884,
        0.91339265558,
        0.505287572136,
        0.411479021117,
    ],
    ("exact", "log"): [
        0.926960673082,
        0.513404263421,
        0.403393758098,
        0.0129567546467,
        0.0388999030709,
        0.0413533327164,
        0.901910599957,
        0.442552861725,
        0.329966209754,
        0.952706498274,
        0.595598764567,
        0.49316117609,
    ],
    ("exact", "log-log"): [
        0.926960673082,
        0.513404263421,
        0.403393758098,
        0.0129567546467,
        0.0388999030709,
        0.0413533327164,
        0.896872682643,
        0.434728177753,
        0.322151201879,
        0.948521694385,
        0.586510418116,
        0.483067015912,
    ],
    ("exact", "plain"): [
        0.926960673082,
        0.513404263421,
        0.403393758098,
        0.0129567546467,
        0.0388999030709,
        0.0413533327164,
        0.901565900618,
        0.4371618544,
        0.322342715333,
        0.952355445546,
        0.589646672442,
        0.484444800863,
    ],
}


@pytest.fixture(scope="module")
def trial():
    frame = r_reference.table("survival", "myeloid")
    number = frame["id"].to_numpy()
    return {
        "time": frame["futime"].to_numpy(),
        "event": frame["death"].to_numpy(),
        "covariates": frame[["trt", "flt3"]],
        "score": frame["flt3"].map({"A": 1, "B": 2, "C": 3}).to_numpy() + (frame["trt"] == "A") / 2,
        "weights": 1 + (number % 3) / 2,
        "entry": np.where(number % 2 == 1, frame["futime"] // 5, 0),
        "strata": {"sex": frame["sex"].to_numpy()},
        "cluster": number % 20,
    }


def chosen(trial, names):
    return {name: trial[name] for name in names}


CONCORDANCE_OPTIONS = {
    "weights": (("weights",), {}),
    "strata": (("strata",), {}),
    "entry": (("entry",), {}),
    "all": (("entry", "strata", "weights"), {}),
    "cluster": (("cluster", "weights"), {}),
    "uno weights strata": (("strata", "weights"), {"method": "uno"}),
    "uno tau": ((), {"method": "uno", "tau": 700}),
    "tau": ((), {"tau": 700}),
}


@pytest.mark.parametrize("name", CONCORDANCE)
def test_concordance_with_every_option(trial, name):
    columns, more = CONCORDANCE_OPTIONS[name]
    c = concordance(**chosen(trial, ("time", "event", "score", *columns)), **more)
    ours = [c.concordance, c.variance, c.concordant, c.discordant, c.tied]
    np.testing.assert_allclose(ours, CONCORDANCE[name], rtol=1e-10)


def fitted(trial, name):
    columns, more = {
        "weights": (("weights",), {}),
        "strata breslow": (("strata",), {"ties": "breslow"}),
        "all": (("entry", "strata", "weights", "cluster"), {}),
        "entry model-based": (("entry", "weights"), {"robust": False}),
        "exact": ((), {"ties": "exact"}),
    }[name]
    return cox(**chosen(trial, ("time", "event", "covariates", *columns)), **more)


@pytest.mark.parametrize("name", ZPH)
def test_the_test_of_hazards_with_every_option(trial, name):
    fit = fitted(trial, name)
    ours = np.concatenate([cox_zph(fit, t).chisq for t in ("km", "rank", "identity", "log")])
    np.testing.assert_allclose(ours, ZPH[name], rtol=1e-6)


@pytest.mark.parametrize(("name", "conf_type"), CURVES)
def test_curves_with_every_option(trial, name, conf_type):
    rows = {"trt": ["B"], "flt3": ["C"], "sex": ["m"]}
    read = predict(fitted(trial, name), rows, [100, 700, 2000], conf_type=conf_type)
    ours = np.concatenate([read.column(c).to_numpy() for c in ("survival", "std_err", "lower", "upper")])
    np.testing.assert_allclose(ours, CURVES[name, conf_type], rtol=1e-6)
