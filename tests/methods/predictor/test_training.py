from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from methods.predictor.models.graph_predictor import fast  # noqa: E402
from methods.predictor.models.training import Schedule, batches, train  # noqa: E402


def network():
    made = torch.nn.Linear(3, 1)
    with torch.no_grad():
        made.weight.copy_(torch.tensor([[0.3, -0.2, 0.5]]))
        made.bias.fill_(0.1)
    return made


INPUTS = torch.rand(10, 3, generator=torch.Generator().manual_seed(0))
TARGETS = torch.rand(10, generator=torch.Generator().manual_seed(1))


def loss_of(made):
    return lambda index: (made(INPUTS[index])[:, 0] - TARGETS[index]).square().mean()


def test_batches_show_everything_once():
    parts = list(batches(10, 4, torch.Generator().manual_seed(0)))
    assert [len(part) for part in parts] == [4, 4, 2]
    assert sorted(torch.cat(parts).tolist()) == list(range(10))


@pytest.mark.parametrize("decoupled", [False, True])
@pytest.mark.parametrize("apart", [False, True])
def test_is_adam_with_the_cosine_of_torch(decoupled, apart):
    ours, theirs = network(), network()
    schedule = Schedule(
        4, 4, 0.05, weight_decay=0.1, decoupled=decoupled, betas=(0.5, 0.9), biases_apart=apart
    )
    train(ours, loss_of(ours), 10, schedule, torch.Generator().manual_seed(3))

    kind = torch.optim.AdamW if decoupled else torch.optim.Adam
    bias = {"lr": 0.1, "weight_decay": 0.0} if apart else {}
    groups = [{"params": [theirs.weight]}, {"params": [theirs.bias], **bias}]
    optimiser = kind(groups, lr=0.05, betas=(0.5, 0.9), weight_decay=0.1, fused=False)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 12)
    generator = torch.Generator().manual_seed(3)
    for _ in range(4):
        for index in batches(10, 4, generator):
            optimiser.zero_grad()
            loss_of(theirs)(index).backward()
            optimiser.step()
            fall.step()
    torch.testing.assert_close(ours.weight, theirs.weight)
    torch.testing.assert_close(ours.bias, theirs.bias)
    assert not ours.training


def test_one_cycle_rises_and_falls():
    cycle = Schedule(1, 1, 1.0, "one-cycle")
    assert [cycle.factor(x) for x in (0.0, 0.15, 0.3, 0.65, 1.0)] == pytest.approx(
        [0.04, 0.52, 1.0, 0.5, 0.0]
    )


@pytest.mark.parametrize(
    ("n", "epochs", "batch"),
    [(1, 21, 10), (10, 30, 10), (50, 70, 12), (60, 80, 15), (100, 80, 25), (400, 80, 64)],
)
def test_fast_schedule_grows_with_the_labels(n, epochs, batch):
    schedule = fast(n)
    assert (schedule.epochs, schedule.batch, schedule.shape) == (epochs, batch, "one-cycle")
