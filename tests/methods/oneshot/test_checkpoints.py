"""A search that was interrupted goes on as if it had not been."""

from __future__ import annotations

import logging

import pytest

from harness import HarnessError
from tests.methods.oneshot.toy import Uniform, problem, run

torch = pytest.importorskip("torch")
engine = pytest.importorskip("methods.oneshot.engine")
checkpoints = pytest.importorskip("methods.oneshot.checkpoints")


@pytest.fixture(autouse=True)
def after_each_epoch(monkeypatch):
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)


class Learning(Uniform):
    """Learns a number with a momentum of its own."""

    def begin(self, search):
        self._number = torch.zeros(3, requires_grad=True)
        self._adam = torch.optim.Adam([self._number], lr=0.1)

    def step_architecture(self, search):
        noise = torch.randn(3, generator=search.generator) + float(search.rng.random())
        self._adam.zero_grad()
        ((self._number - noise) ** 2).sum().backward()
        self._adam.step()

    def end_epoch(self, search):
        search.log("number", self._number.tolist())

    def derive(self, search):
        return (int(search.rng.integers(4)), int(search.rng.integers(4)), 0)

    def distribution(self, search):
        return [self._number.detach().softmax(0).tolist()]


def trained(folder, budget="5epochs", seed=0, **settings):
    """A search that was trained, its method and its problem."""
    asked = problem(budget, seed, scratch=folder)
    method = Learning(**settings)
    return engine.train(method, asked), method, asked


def interrupted(folder, at):
    """Train until the middle of an epoch."""
    with pytest.MonkeyPatch.context() as patch:
        before = engine.Search.descend

        def descend(self, plans, batch):
            if self.epoch == at and self.step == 2:
                raise KeyboardInterrupt
            return before(self, plans, batch)

        patch.setattr(engine.Search, "descend", descend)
        with pytest.raises(KeyboardInterrupt):
            trained(folder)


def test_goes_on_to_the_last_bit(tmp_path):
    whole, method, problem_whole = trained(None)
    interrupted(tmp_path, at=3)
    calls = []
    with pytest.MonkeyPatch.context() as patch:
        before = engine.Search.run_epoch
        patch.setattr(
            engine.Search, "run_epoch", lambda self: (calls.append(self.epoch), before(self))[1]
        )
        again, method_again, problem_again = trained(tmp_path)
    assert calls == [3, 4]
    for name, value in whole.supernet.state_dict().items():
        assert torch.equal(value, again.supernet.state_dict()[name]), name
    momenta = [s.optimizer.state_dict()["state"] for s in (whole, again)]
    for i, state in momenta[0].items():
        assert torch.equal(state["momentum_buffer"], momenta[1][i]["momentum_buffer"])
    assert torch.equal(method._number, method_again._number)
    assert whole.logs == again.logs
    assert problem_whole._ledger.logs == problem_again._ledger.logs
    assert problem_whole._ledger.total_epochs == problem_again._ledger.total_epochs == 5
    assert whole.spent == again.spent
    assert whole.rng.bit_generator.state == again.rng.bit_generator.state
    assert torch.equal(whole.generator.get_state(), again.generator.get_state())
    assert method.derive(whole) == method_again.derive(again)


def test_what_was_learned_goes_on_learning(tmp_path):
    """The optimizer of a strategy still holds the number that it moves."""
    interrupted(tmp_path, at=1)
    _, method, _ = trained(tmp_path)
    assert method._adam.param_groups[0]["params"][0] is method._number


def test_seconds_of_before_are_charged(tmp_path):
    interrupted(tmp_path, at=3)
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=False)
    before = sum(seconds for _, seconds in state["charges"])
    _, _, asked = trained(tmp_path)
    assert asked._ledger.total_seconds > before > 0


def interrupt(*arguments):
    raise KeyboardInterrupt


def test_through_the_runner_the_folder_is_gone_in_the_end(tmp_path):
    whole = run(Learning(), "5epochs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learning, "derive", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(Learning(), "5epochs", scratch=tmp_path)
    assert (tmp_path / "0" / "checkpoint.pt").is_file()
    again = run(Learning(), "5epochs", scratch=tmp_path)
    assert not (tmp_path / "0").exists()
    assert (again.recommended, again.logs, again.epochs) == (
        whole.recommended,
        whole.logs,
        whole.epochs,
    )
    assert again.counts == whole.counts


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"learning_rate": 0.02}, "learning_rate is 0.025, not 0.02"),
        ({"budget": "6epochs"}, "epochs of the search is 5, not 6"),
        ({"seed": 1}, "random numbers is"),
    ],
)
def test_of_another_recipe_is_refused(tmp_path, changed, told):
    interrupted(tmp_path, at=2)
    with pytest.raises(HarnessError, match=f"checkpoint of another recipe: .*{told}"):
        trained(tmp_path, **changed)


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", None])
def test_damaged_is_set_aside(tmp_path, caplog, content):
    interrupted(tmp_path, at=2)
    file = tmp_path / "checkpoint.pt"
    file.write_bytes(file.read_bytes()[:-500] if content is None else content)
    with caplog.at_level(logging.WARNING):
        search, _, _ = trained(tmp_path)
    assert "cannot be read" in caplog.text
    assert (tmp_path / "checkpoint.damaged").is_file()
    assert search.logs == trained(None)[0].logs


def test_is_written_after_a_while_only(tmp_path, monkeypatch):
    times = iter(range(0, 1000, 25))
    monkeypatch.setattr(checkpoints, "EVERY", 60.0)
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: next(times))
    saved = []
    monkeypatch.setattr(checkpoints, "save_state", lambda file, state: saved.append(file))
    method = Uniform()
    search = engine.Search(method, problem("5epochs"))
    kept = checkpoints.Checkpoint(method, search, tmp_path)  # At 0 seconds.
    for _ in range(2):
        kept.save()  # At 25 and 50.
    assert not saved
    kept.save()  # At 75; then it takes the time once more.
    assert saved == [tmp_path / "checkpoint.pt"]
    kept.save()  # At 125.
    kept.save()  # At 150.
    assert len(saved) == 1
    kept.save()  # At 175.
    assert len(saved) == 2


def test_nothing_is_kept_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trained(None)
    assert list(tmp_path.iterdir()) == []
