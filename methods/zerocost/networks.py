"""What proxies look at in any network of torch: its weights, activations and normalisations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from harness import HarnessError
from harness.live.batches import channels_last
from harness.live.examples import Values, changed
from methods.zerocost.proxy import Inputs


def layers(network: nn.Module) -> list[nn.Module]:
    """Convolutions and linear layers: what has a weight that is more than one number a channel.

    Normalisations have none, and biases are left out, as in most of the published proxies.
    """
    return [
        layer
        for layer in network.modules()
        if isinstance(weight := getattr(layer, "weight", None), nn.Parameter) and weight.dim() > 1
    ]


def weights(network: nn.Module) -> list[Tensor]:
    """The weights of `layers`."""
    return [layer.get_parameter("weight") for layer in layers(network)]


def loss_of(network: nn.Module, inputs: Inputs) -> Tensor:
    """The task's loss; the mean cross-entropy in nats where it is a classification."""
    return inputs.loss(network(inputs.images), inputs.labels)


def laid_out(images: Values) -> Values:
    """The same in the memory layout of activations, where they are images."""
    return changed(images, lambda own: channels_last(own) if own.dim() == 4 else own)


def first(outputs: Values) -> Tensor:
    """What a network is asked for, where it gives something else beside it, such as logits."""
    found: Tensor = outputs[0] if isinstance(outputs, tuple) else outputs
    return found


def images_of(inputs: Inputs, proxy: str) -> Tensor:
    """The images, for proxies that work with images only.

    Args:
        inputs: of a task.
        proxy: its name.

    Raises:
        HarnessError: networks of the task are shown something else.
    """
    images = inputs.images
    if isinstance(images, tuple) or not images.is_floating_point():
        raise HarnessError(
            f"{proxy} needs networks that are shown images (one tensor of numbers), and this task "
            "shows them something else. What works: fisher, grad-norm, grasp, snip, training-loss"
        )
    found: Tensor = images
    return found


def gradients(
    value: Tensor, sources: Sequence[Tensor], create_graph: bool = False
) -> tuple[Tensor, ...]:
    """Derivatives of a number; zeros for what it does not depend on, such as dead edges."""
    found: tuple[Tensor, ...] = torch.autograd.grad(
        value, list(sources), create_graph=create_graph, materialize_grads=True
    )
    return found


class Instead(TorchFunctionMode):
    """Within this context, other functions are called in the place of some of torch's.

    Layers call torch's functions whether they are modules or not, so this sees the activations of
    every network, each once. Names stand for all functions that are called so: ``relu`` for those
    of `torch.nn.functional`, `torch` and `torch.Tensor`, and so for `torch.nn.ReLU`.
    """

    def __init__(self, replacements: Mapping[str, Callable[..., Any]]) -> None:
        """Set them.

        Args:
            replacements: by the function's name; each is called with the function itself and its
                arguments.
        """
        super().__init__()
        self._replacements = replacements

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """See `TorchFunctionMode`."""
        replacement = self._replacements.get(getattr(func, "__name__", ""))
        if replacement is None:
            return func(*args, **(kwargs or {}))
        return replacement(func, *args, **(kwargs or {}))


def without_normalisations() -> Instead:
    """A context in which batch normalisations pass their input on."""
    return Instead({"batch_norm": lambda function, images, *others, **named: images})


def activations_seen(see: Callable[[Tensor], None]) -> Instead:
    """A context in which what comes out of each ReLU is shown.

    Args:
        see: is called with the output, in the order of the network's computation.
    """

    def shown(function: Callable[..., Any], *given: Any, **named: Any) -> Any:
        output = function(*given, **named)
        see(output)
        return output

    return Instead({"relu": shown, "relu_": shown})
