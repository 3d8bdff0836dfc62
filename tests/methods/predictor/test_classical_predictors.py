"""The predictors made of a regression: against scikit-learn, LightGBM and closed forms."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import lightgbm
import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn import ensemble, linear_model, neighbors, svm, tree
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from harness import Decision, HarnessError, Predictor, SearchSpace, load_predictor
from methods.predictor.models import gaussian_process, sklearn_regressor

SPACE = SearchSpace("toy", [Decision(f"d{i}", ("a", "b", "c")) for i in range(6)])
ALL = SPACE.population.astype(np.int64)
NAMES = (
    "adaboost",
    "decision-tree",
    "gaussian-process",
    "gradient-boosting",
    "knn",
    "lightgbm",
    "linear",
    "linear:power=0.5",
    "random-forest:trees=10",
    "ridge",
    "svr",
    "svr:kernel=linear",
    "svr:kernel=poly",
)


def problem(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Some architectures, their noisy scores between 0 and 1, and the true scores of all."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=sum(SPACE.sizes))
    truth = 0.6 + 0.03 * SPACE.one_hot(ALL) @ weights
    rows = rng.choice(len(ALL), n, replace=False)
    return ALL[rows], truth[rows] + 0.005 * rng.normal(size=n), truth


def predictor(name: str, seed: int = 0) -> Predictor:
    made = load_predictor(name)
    made.attach(SPACE, np.random.default_rng(seed))
    return made


def fitted(name: str, n: int = 120) -> Predictor:
    archs, scores, _ = problem(n)
    made = predictor(name)
    made.fit(archs, scores)
    return made


def features(archs: np.ndarray) -> np.ndarray:
    return SPACE.features(archs).astype(np.float64)


DIRECT: dict[str, Callable[[int], Any]] = {
    "adaboost": lambda s: ensemble.AdaBoostRegressor(n_estimators=50, random_state=s),
    "adaboost:trees=7": lambda s: ensemble.AdaBoostRegressor(n_estimators=7, random_state=s),
    "decision-tree": lambda s: tree.DecisionTreeRegressor(random_state=s),
    "gradient-boosting": lambda s: ensemble.GradientBoostingRegressor(random_state=s),
    "gradient-boosting:trees=25,rate=0.3": lambda s: ensemble.GradientBoostingRegressor(
        n_estimators=25, learning_rate=0.3, random_state=s
    ),
    "knn": lambda s: neighbors.KNeighborsRegressor(5, algorithm="brute"),
    "knn:neighbours=1": lambda s: neighbors.KNeighborsRegressor(1, algorithm="brute"),
    "linear": lambda s: linear_model.LinearRegression(),
    "random-forest": lambda s: ensemble.RandomForestRegressor(100, random_state=s),
    "random-forest:trees=9": lambda s: ensemble.RandomForestRegressor(9, random_state=s),
    "ridge": lambda s: linear_model.Ridge(alpha=1.0),
    "ridge:alpha=20": lambda s: linear_model.Ridge(alpha=20),
}


@pytest.mark.parametrize("name", DIRECT)
def test_equals_scikit_learn(name: str) -> None:
    archs, scores, _ = problem(120)
    made = predictor(name, seed=5)
    made.fit(archs, scores)
    state = int(np.random.default_rng(5).integers(2**31))
    direct = DIRECT[name](state).fit(features(archs), scores)
    np.testing.assert_array_equal(made.predict(ALL), direct.predict(features(ALL)))


@pytest.mark.parametrize(
    "name", ["adaboost", "decision-tree", "gradient-boosting", "lightgbm", "random-forest"]
)
def test_random_state(name: str) -> None:
    """A given random state takes the place of the generator; without one each fit draws anew."""
    archs, scores, _ = problem(60)
    state = int(np.random.default_rng(5).integers(2**31))
    drawn, given = predictor(name, seed=5), predictor(f"{name}:random_state={state}", seed=6)
    for made in (drawn, given):
        made.fit(archs, scores)
    np.testing.assert_array_equal(drawn.predict(ALL), given.predict(ALL))
    first = drawn.predict(ALL)
    given.fit(archs, scores)
    np.testing.assert_array_equal(first, given.predict(ALL))
    drawn.fit(archs, scores)
    # A gradient-boosted ensemble of all features draws only where two splits are equally good.
    assert (drawn.predict(ALL) != first).any() or name == "gradient-boosting"


@pytest.mark.parametrize("kernel", ["rbf", "poly", "linear"])
def test_svr_equals_scikit_learn(kernel: str) -> None:
    archs, scores, _ = problem(120)
    made = predictor(f"svr:kernel={kernel}")
    made.fit(archs, scores)
    direct = svm.SVR(kernel=kernel, epsilon=0.001, C=0.1).fit(features(archs), scores)
    np.testing.assert_allclose(made.predict(ALL), direct.predict(features(ALL)), rtol=1e-12)


def test_lightgbm_has_the_settings_of_gbdt_nas() -> None:
    archs, scores, _ = problem(400)
    made = predictor("lightgbm:random_state=3")
    made.fit(archs, scores)
    parameters = {
        "objective": "regression",
        "metric": "l2",
        "num_leaves": 31,
        "learning_rate": 0.05,
        "feature_fraction": 0.9,
        "bagging_fraction": 0.8,
        "bagging_freq": 5,
        "seed": 3,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    direct = lightgbm.train(parameters, lightgbm.Dataset(features(archs), scores), 100)
    np.testing.assert_array_equal(made.predict(ALL), direct.predict(features(ALL)))


def test_lightgbm_parameters() -> None:
    archs, scores, _ = problem(400)
    made = predictor("lightgbm:random_state=3,trees=7,leaves=4,rate=0.2,min_data=3")
    made.fit(archs, scores)
    parameters = {
        **lightgbm_sampling(),
        "num_leaves": 4,
        "learning_rate": 0.2,
        "min_data_in_leaf": 3,
    }
    data = lightgbm.Dataset(features(archs), scores, params=parameters)
    direct = lightgbm.train(parameters, data, 7)
    np.testing.assert_array_equal(made.predict(ALL), direct.predict(features(ALL)))


def lightgbm_sampling() -> dict[str, Any]:
    return {
        "objective": "regression",
        "feature_fraction": 0.9,
        "bagging_fraction": 0.8,
        "bagging_freq": 5,
        "seed": 3,
        "num_threads": 1,
        "deterministic": True,
        "verbosity": -1,
    }


@pytest.mark.parametrize("power", [0.5, 0.25])
def test_power_of_the_output(power: float) -> None:
    archs, scores, _ = problem(120)
    made = predictor(f"linear:power={power}")
    made.fit(archs, scores)
    line = linear_model.LinearRegression().fit(features(archs), scores ** (1 / power) - 1)
    np.testing.assert_array_equal(made.predict(ALL), (line.predict(features(ALL)) + 1) ** power)


def test_power_refuses_negative_scores() -> None:
    archs, scores, _ = problem(20)
    with pytest.raises(HarnessError, match=r"not negative.*-0\.5"):
        predictor("linear:power=0.5").fit(archs, np.where(np.arange(20) == 3, -0.5, scores))


def test_power_below_its_domain_is_zero() -> None:
    """A line that falls below -1 has no root; the smallest score that can be is predicted."""
    space = SearchSpace("line", [Decision("d", tuple("abcd"))])
    made = load_predictor("linear:power=0.5")
    made.attach(space, np.random.default_rng(0))
    space.features = lambda archs: space.integers(archs).astype(np.float64)  # type: ignore[method-assign]
    made.fit([(0,), (1,)], [1.0, 0.0])
    np.testing.assert_allclose(made.predict([(0,), (1,), (2,), (3,)]), [1, 0, 0, 0], atol=1e-7)


def test_forest_std_is_that_between_its_trees() -> None:
    archs, scores, _ = problem(120)
    made = predictor("random-forest:trees=30", seed=5)
    made.fit(archs, scores)
    state = int(np.random.default_rng(5).integers(2**31))
    direct = ensemble.RandomForestRegressor(30, random_state=state).fit(features(archs), scores)
    each = np.stack([grown.predict(features(ALL)) for grown in direct.estimators_])
    mean, std = made.predict_with_std(ALL)
    np.testing.assert_array_equal(mean, made.predict(ALL))
    np.testing.assert_array_equal(std, each.std(axis=0))


def posterior(made: Predictor) -> Any:
    return made._posterior  # type: ignore[attr-defined]


def test_gaussian_process_equals_the_closed_form() -> None:
    archs, scores, _ = problem(60)
    made = predictor("gaussian-process")
    made.fit(archs, scores)
    chosen = posterior(made)

    def covariance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        apart = first[:, None, :] - second[None, :, :]
        return chosen.variance * np.exp(-(apart**2).sum(axis=2) / (2 * chosen.length**2))

    x, every = features(archs), features(ALL)
    targets = (scores - scores.mean()) / scores.std()
    known = covariance(x, x) + chosen.variance * chosen.noise * np.eye(60)
    near = covariance(every, x)
    mean, std = made.predict_with_std(ALL)
    np.testing.assert_allclose(
        mean, scores.mean() + scores.std() * near @ np.linalg.solve(known, targets), rtol=1e-10
    )
    left = chosen.variance - np.einsum("ij,ji->i", near, np.linalg.solve(known, near.T))
    np.testing.assert_allclose(std, scores.std() * np.sqrt(left), rtol=1e-7)
    np.testing.assert_allclose(made.predict(ALL), mean, rtol=1e-12)


def test_gaussian_process_maximises_the_likelihood() -> None:
    """No point of the grid has more likelihood than the chosen one, and no variance helps it."""
    archs, scores, _ = problem(60)
    made = predictor("gaussian-process")
    made.fit(archs, scores)
    chosen = posterior(made)
    x, targets = features(archs), (scores - scores.mean()) / scores.std()
    apart = np.sqrt(((x[:, None] - x[None]) ** 2).sum(axis=2))
    unit = np.median(apart[apart > 1e-6])

    def likelihood(variance: float, length: float, noise: float) -> float:
        kernel = ConstantKernel(variance) * RBF(length) + WhiteKernel(variance * noise)
        model = GaussianProcessRegressor(kernel, optimizer=None, alpha=0).fit(x, targets)
        return float(model.log_marginal_likelihood_value_)

    best = likelihood(chosen.variance, chosen.length, chosen.noise)
    for length in gaussian_process.LENGTHS:
        for noise in gaussian_process.NOISES:
            assert likelihood(chosen.variance, unit * length, noise) <= best + 1e-8
    for variance in chosen.variance * np.array([0.1, 0.5, 0.99, 1.01, 2, 10]):
        assert likelihood(variance, chosen.length, chosen.noise) < best


def test_gaussian_process_refuses_too_many_labels() -> None:
    many = gaussian_process.MOST_LABELS + 1
    with pytest.raises(HarnessError, match=r"at most 2,000.*lightgbm"):
        predictor("gaussian-process").fit(np.resize(ALL, (many, 6)), np.linspace(0, 1, many))


@pytest.mark.parametrize("name", NAMES)
def test_orders_what_it_has_not_seen(name: str) -> None:
    _, _, truth = problem(1)
    least = {"decision-tree": 0.6, "knn": 0.6, "svr:kernel=poly": 0.6}.get(name, 0.75)
    assert spearmanr(fitted(name, n=200).predict(ALL), truth).statistic > least


@pytest.mark.parametrize("n", [1, 2, 5, 30])
@pytest.mark.parametrize("name", NAMES)
def test_constant_labels(name: str, n: int, capfd: pytest.CaptureFixture[str]) -> None:
    made = predictor(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made.fit(ALL[:n], np.full(n, 0.7))
        guesses = [made.predict(ALL)]
        if made.has_std:
            mean, std = made.predict_with_std(ALL)
            assert (std < 1e-12).all()
            guesses.append(mean)
    for guessed in guesses:
        np.testing.assert_allclose(guessed, 0.7, rtol=1e-6)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", NAMES)
def test_few_labels(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n in (1, 2, 3, 10):
            archs, scores, _ = problem(n)
            made = predictor(name)
            made.fit(archs, scores)
            assert np.isfinite(made.predict(ALL)).all()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_predictions(name: str) -> None:
    np.testing.assert_array_equal(fitted(name).predict(ALL), fitted(name).predict(ALL))


@pytest.mark.parametrize("name", NAMES)
def test_chunks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Predictions do not depend on how many are made at once, but for rounding of products."""
    made = fitted(name)
    whole = made.predict(ALL)
    monkeypatch.setattr(sklearn_regressor, "CHUNK", 100)
    np.testing.assert_allclose(made.predict(ALL), whole, rtol=1e-12)
    if made.has_std:
        mean, std = made.predict_with_std(ALL)
        np.testing.assert_allclose(mean, whole, rtol=1e-12)
        assert std.shape == whole.shape
    assert made.predict(ALL[:0]).shape == (0,)


@pytest.mark.parametrize(
    "text",
    [
        "adaboost:trees=0",
        "gradient-boosting:trees=0",
        "gradient-boosting:rate=2",
        "knn:neighbours=0",
        "lightgbm:trees=0",
        "lightgbm:leaves=1",
        "lightgbm:rate=0",
        "lightgbm:min_data=0",
        "linear:power=0",
        "linear:power=inf",
        "random-forest:trees=0",
        "ridge:alpha=-1",
        "svr:epsilon=-1",
        "svr:C=0",
        "svr:kernel=sigmoid",
    ],
)
def test_refuses(text: str) -> None:
    with pytest.raises(HarnessError, match=text.split("=")[0].split(":")[1]):
        load_predictor(text)
