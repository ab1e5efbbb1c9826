"""
Case weights, delayed entry and clusters against R survival 3.5-3.

`leukemia` with w = 0.5, 1.5, 2, ..., k = 1, 2, 3, ..., e = min(0, 0, 4, 8 ..., time - 1) and
c = 1 to 6, ..., each repeated over the 23 rows; `survfit(Surv(time, status) ~ 1)` and
`survfit(Surv(e, time, status) ~ 1)` at 9, 23 and 45 weeks; `summary(fit, rmean = 40)`.
"""

import numpy as np
import pytest
import r_reference

from harmony.statistics.kaplan_meier import kaplan_meier
from harmony.statistics.nelson_aalen import nelson_aalen
from harmony.statistics.restricted_mean import restricted_mean

#: Per fit: n.risk, surv, std.err, lower, upper, cumhaz, std.chaz at each time, and rmean with its error.
FITS = {
    "weights that are not whole": (
        "w",
        [
            (24.0, 0.783333333333333, 0.0962923788376953, 0.6156181723256965, 0.996739762884187),
            (17.5, 0.557407407407407, 0.1196130364510970, 0.3660285427879544, 0.848849151123830),
            (5.5, 0.186956521739130, 0.1045630692217542, 0.0624699843846413, 0.559512562154368),
        ],
        [
            (0.231439393939394, 0.109716703308550),
            (0.545711158766200, 0.183124689949244),
            (1.528447148939261, 0.447331171500215),
        ],
        (25.96451288244767, 2.36442530467865),
    ),
    "whole weights": (
        "k",
        [
            (36, 0.777777777777778, 0.0619748167803019, 0.6653193707892606, 0.909244940346930),
            (26, 0.553086419753086, 0.0774514313837072, 0.4203344892058127, 0.727764662598277),
            (8, 0.185911401597676, 0.0669884670574308, 0.0917481039284648, 0.376716768675251),
        ],
        [
            (0.238617886178862, 0.0756394974094172),
            (0.555357573506784, 0.1305218591723805),
            (1.544505353831035, 0.3257285928015497),
        ],
        (25.74064391188574, 1.94030755211105),
    ),
    "delayed entry": (
        "e",
        [
            (19, 0.747922437673130, 0.0973996746109116, 0.5794382524918956, 0.965397038199064),
            (13, 0.522358527898694, 0.1088011852344671, 0.3472748574269330, 0.785713177424313),
            (4, 0.158290462999604, 0.0829625005970320, 0.0566665462751436, 0.442163363106173),
        ],
        [
            (0.275541795665635, 0.123412578501515),
            (0.615195605907680, 0.196757851789680),
            (1.701739617451692, 0.475010247369714),
        ],
        (24.40891702941564, 2.86798847750079),
    ),
    "clusters": (
        "c",
        [
            (19, 0.782608695652174, 0.0746153283780361, 0.6492165382307512, 0.943408453794972),
            (13, 0.546583850931677, 0.0504260162188760, 0.4561710921218741, 0.654916348841071),
            (4, 0.165631469979296, 0.0671658327981844, 0.0748116021828879, 0.366704936761501),
        ],
        [
            (0.234826195924594, 0.0883311965528125),
            (0.574480006166640, 0.0848204992578607),
            (1.661024017710651, 0.3571398622645303),
        ],
        None,
    ),
    "delayed entry, weights and clusters": (
        "ecw",
        [
            (24.0, 0.753205128205128, 0.0685562482353251, 0.6301405810880875, 0.900303808675350),
            (17.5, 0.535968660968661, 0.0780630535646111, 0.4028683348334340, 0.713042899386243),
            (5.5, 0.179765886287625, 0.0795976895851435, 0.0754758061715055, 0.428160698268576),
        ],
        [
            (0.265923349699945, 0.0803565885484758),
            (0.580195114526752, 0.1284588906213369),
            (1.562931104699813, 0.3856461781720422),
        ],
        None,
    ),
}


@pytest.fixture(params=FITS)
def fit(request):
    frame = r_reference.table("survival", "leukemia")
    letters, curve, hazard, mean = FITS[request.param]
    entry = np.minimum(np.resize([0, 0, 4, 8], 23), frame["time"] - 1)
    options = {
        "w": {"weights": np.resize([0.5, 1.5, 2], 23)},
        "k": {"weights": np.resize([1, 2, 3], 23)},
        "e": {"entry": entry},
        "c": {"cluster": np.resize(np.arange(6), 23)},
    }
    chosen = {name: value for letter in letters for name, value in options[letter].items()}
    return (frame["time"], frame["status"]), chosen, curve, hazard, mean


def test_survival_with_its_error_and_limits(fit):
    columns, options, expected, _, _ = fit
    read = kaplan_meier(*columns, **options).at([9, 23, 45]).to_pylist()
    names = ("n_risk", "survival", "std_err", "lower", "upper")
    ours = [[row[name] for name in names] for row in read]
    np.testing.assert_allclose(ours, expected, rtol=1e-12)


def test_cumulative_hazard_with_its_error(fit):
    columns, options, _, expected, _ = fit
    read = nelson_aalen(*columns, **options).at([9, 23, 45]).to_pylist()
    ours = [[row["cumulative_hazard"], row["std_err"]] for row in read]
    np.testing.assert_allclose(ours, expected, rtol=1e-12)


def test_restricted_mean_with_its_error(fit):
    columns, options, _, _, expected = fit
    if expected is None:
        with pytest.raises(TypeError, match="cluster"):
            restricted_mean(*columns, tau=40, **options)
    else:
        found = restricted_mean(*columns, tau=40, **options)
        np.testing.assert_allclose([found.mean[0], found.std_err[0]], expected, rtol=1e-12)
