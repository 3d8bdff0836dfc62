from __future__ import annotations

import dataclasses

import pytest

from harness import Budget, HarnessError
from harness.core.errors import InvalidBudget, InvalidStudy, UnknownName
from harness.study.options import MAX_SEEDS, parse_seeds
from harness.study.plan import Study, load_study, make_plan

CORA, ARXIV = "nasbench-graph/cora", "nasbench-graph/arxiv"


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("3", (0, 1, 2)),
        (3, (0, 1, 2)),
        ("1", (0,)),
        ("0-2", (0, 1, 2)),
        ("5-5", (5,)),
        ("3,5,10-12", (3, 5, 10, 11, 12)),
        ("5, 3", (3, 5)),
    ],
)
def test_seeds(text, seeds):
    assert parse_seeds(text) == seeds


WRONG_SEEDS = "abc|0|00||-1|1-|3-1|1,1|0-3,2|1.5|99999999999|0-999999999|1,,2|1e3|٠"


@pytest.mark.parametrize("text", WRONG_SEEDS.split("|"))
def test_wrong_seeds(text):
    with pytest.raises(InvalidStudy):
        parse_seeds(text)


def test_as_many_seeds_as_allowed():
    assert len(parse_seeds(str(MAX_SEEDS))) == MAX_SEEDS
    with pytest.raises(InvalidStudy, match="more than 1,000,000 seeds"):
        parse_seeds(str(MAX_SEEDS + 1))


class TestFile:
    @pytest.fixture
    def load(self, tmp_path):
        def write(text):
            file = tmp_path / "mine.toml"
            file.write_text(text)
            return load_study(file)

        return write

    def test_every_key(self, load, tmp_path):
        study = load(
            'benchmarks = ["a/b", "tables/c.toml:noise=mean"]\n'
            'methods = ["x", "m.py:M:k=1"]\nseeds = [1, 2]\nbudget = 50\ncontrol = "x"\n'
            'time_limit = 3\njobs = 2\nbackend = "loky"\nout = "o"\nformat = "json"\n'
        )
        assert study == Study(
            name="mine",
            benchmarks=("a/b", f"{tmp_path}/tables/c.toml:noise=mean"),
            methods=("x", f"{tmp_path}/m.py:M:k=1"),
            seeds=(1, 2),
            budget="50",
            control="x",
            time_limit=3.0,
            jobs=2,
            out="o",
            format="json",
        )

    def test_keys_are_the_fields(self):
        assert {field.name for field in dataclasses.fields(Study)} == {
            *("name", "benchmarks", "methods", "seeds", "budget", "control", "time_limit"),
            *("jobs", "backend", "scheduler", "out", "format"),
        }

    def test_budget_by_benchmark(self, load):
        assert load('[budget]\n"a/b" = 50\n"c/d" = "12000s"').budget == {
            "a/b": "50",
            "c/d": "12000s",
        }

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("seeds = ", "is no TOML"),
            ("\x00", "is no TOML"),
            ("sedes = 3", "Did you mean seeds?"),
            ("seeds = true", "seeds cannot be True"),
            ("seeds = 1.5", "seeds cannot be 1.5"),
            ("seeds = [1, -2]", "seeds cannot be"),
            ("seeds = [1, 'a']", "seeds cannot be"),
            ("seeds = []", "seeds"),
            ("methods = 'tpe'", "methods must be a list"),
            ("methods = []", "methods must be a list"),
            ("methods = [1]", "methods must be a list"),
            ("budget = true", "budget cannot be True"),
            ("budget = [1]", "budget cannot be"),
            ("time_limit = 0", "time_limit cannot be 0"),
            ("time_limit = inf", "time_limit cannot be inf"),
            ("time_limit = nan", "time_limit cannot be nan"),
            ("jobs = 0", "jobs cannot be 0"),
            ("jobs = 1.5", "jobs cannot be 1.5"),
            ("jobs = true", "jobs cannot be True"),
            ("out = ''", "out cannot be ''"),
            ("out = 3", "out cannot be 3"),
        ],
    )
    def test_wrong_content_names_the_file(self, load, text, words):
        with pytest.raises(HarnessError, match=words) as caught:
            load(text)
        assert "mine.toml" in str(caught.value)

    def test_bytes_that_are_no_text(self, tmp_path):
        (tmp_path / "mine.toml").write_bytes(b"\xff\xfe")
        with pytest.raises(InvalidStudy, match="is no TOML"):
            load_study(tmp_path / "mine.toml")

    def test_no_file(self, tmp_path):
        with pytest.raises(InvalidStudy, match="no study file"):
            load_study(tmp_path / "none.toml")


class TestPlan:
    def plan(self, **options):
        study = Study().changed(benchmarks=[CORA], methods=["random-search"], seeds="2")
        return make_plan(study.changed(**options))

    def test_crosses_benchmarks_and_methods(self):
        plan = self.plan(benchmarks=[CORA, ARXIV], methods=["random-search", "local-search"])
        assert list(plan.pairs) == [
            (CORA, "random-search"),
            (CORA, "local-search"),
            (ARXIV, "random-search"),
            (ARXIV, "local-search"),
        ]
        assert len({pair.key for pair in plan.pairs.values()}) == 4

    def test_key_depends_on_what_the_runs_depend_on(self):
        pairs = [
            self.plan(),
            self.plan(budget="7"),
            self.plan(methods=["random-search:replacement=false"]),
            self.plan(methods=["local-search"]),
            self.plan(benchmarks=[f"{CORA}:repeats=free"]),
            self.plan(benchmarks=[ARXIV]),
        ]
        keys = [pair.key for plan in pairs for pair in plan.pairs.values()]
        assert len(set(keys)) == len(pairs)

    def test_key_does_not_depend_on_anything_else(self):
        same = [
            self.plan(),
            self.plan(seeds="7", jobs=1, out="elsewhere", format="json", time_limit=9.0),
            self.plan(methods=["random-search:replacement=true"]),
            self.plan(methods=["random-search@1"]),
            self.plan(methods=["local-search", "random-search"], control="local-search"),
            self.plan(budget={CORA: str(self.plan().budgets[CORA])}),
        ]
        assert (
            len({plan.pairs[key].key for plan in same for key in plan.pairs if "random" in key[1]})
            == 1
        )

    def test_a_space_without_an_encoding_is_refused_before_anything_is_run(self, tmp_path):
        file = tmp_path / "mine.py"
        file.write_text(
            "from harness import Method\nclass Mine(Method):\n"
            "    def needs(self): return frozenset({'picture'})\n"
            "    def search(self, problem): pass\n"
        )
        with pytest.raises(
            HarnessError,
            match="mine:Mine needs the encoding picture, which space nasbench-graph does not have "
            r"\(it has .*\)\. These work there: .*random-search, regularized-evolution",
        ):
            self.plan(methods=["random-search", str(file)])

    def test_key_depends_on_the_predictor_that_a_method_uses(self, tmp_path):
        predictor, method = tmp_path / "mine.py", tmp_path / "user.py"
        method.write_text(
            "from harness import Method\nclass User(Method):\n    predictor: str = 'ridge'\n"
            "    def search(self, problem): pass\n"
        )
        body = (
            "from harness import Predictor\nclass Mine(Predictor):\n"
            "    def learn(self, archs, scores): pass\n    def guess(self, archs): return {}\n"
        )
        keys = set()
        for text in ("archs[:, 0]", "archs[:, 1]"):
            predictor.write_text(body.format(text))
            for reference in (f"({predictor})", f"(self-training:predictor=({predictor}))"):
                plan = self.plan(methods=[f"{method}:predictor={reference}"])
                keys |= {pair.key for pair in plan.pairs.values()}
        assert len(keys) == 4

    def test_close_budgets_are_different_studies(self, harness_data):
        id = "nasbench201/cifar10"
        first, second = (
            self.plan(benchmarks=[id], budget=budget) for budget in ("123456.7s", "123456.8s")
        )
        assert first.pairs[id, "random-search"].key != second.pairs[id, "random-search"].key

    @pytest.mark.parametrize(
        ("options", "error", "words"),
        [
            ({"benchmarks": [CORA, CORA]}, InvalidStudy, "stands twice"),
            ({"methods": ["tpe", "tpe"]}, InvalidStudy, "stands twice"),
            ({"control": "tpe"}, UnknownName, "no control among the methods"),
            ({"budget": "12000s"}, InvalidBudget, "cannot count seconds"),
            ({"budget": {"no/such": "5"}}, UnknownName, "in \\[budget\\]"),
            ({"methods": ["nosuch"]}, UnknownName, "no method 'nosuch'"),
            ({"benchmarks": ["no/such"]}, UnknownName, "no benchmark 'no/such'"),
        ],
    )
    def test_refuses(self, options, error, words):
        with pytest.raises(error, match=words):
            self.plan(**options)

    def test_control(self):
        assert self.plan().control == "random-search"
        assert self.plan(methods=["tpe", "random-search"]).control == "random-search"
        assert self.plan(methods=["tpe", "bohb"]).control == "tpe"
        assert self.plan(methods=["tpe", "bohb"], control="bohb").control == "bohb"

    def test_budgets(self):
        plan = self.plan(benchmarks=[CORA, ARXIV], budget={ARXIV: "9"})
        assert plan.budgets[ARXIV] == Budget(9, "queries")
        assert plan.budgets[CORA] == plan.benchmarks[0].default_budget

    def test_methods_by_path_are_absolute_for_workers(self, tmp_path, monkeypatch):
        text = "from harness import Method\nclass M(Method):\n    def search(self, p): pass\n"
        (tmp_path / "m.py").write_text(text)
        monkeypatch.chdir(tmp_path)
        pair = self.plan(methods=["m.py:M"]).pairs[CORA, "m:M"]
        assert pair.method == f"{tmp_path}/m.py:M"
        before = pair.key
        (tmp_path / "m.py").write_text(text + "\n# edited\n")
        assert self.plan(methods=["m.py:M"]).pairs[CORA, "m:M"].key != before

    def test_parameters_that_cannot_be_written_down(self, tmp_path):
        (tmp_path / "m.py").write_text(
            "from dataclasses import field\nfrom harness import Method\nclass M(Method):\n"
            "    layers: list = field(default_factory=list)\n    def search(self, p): pass\n"
        )
        with pytest.raises(HarnessError, match="layers is"):
            self.plan(methods=[f"{tmp_path}/m.py"])
