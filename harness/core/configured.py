"""Classes whose annotated fields are their hyper-parameters: methods and predictors."""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Mapping
from typing import Any, ClassVar, Self, dataclass_transform

from harness.core.errors import HarnessError, UnknownName
from harness.core.suitability import Ability


@dataclass_transform()
class Configured:
    """A class that becomes a dataclass by itself and can be made from words of a command line.

    Attributes:
        version: raised when the same parameters and seed no longer give the same result.
        extra: optional dependency group that the class needs, e.g. ``neural``; empty for none.
    """

    version: ClassVar[int] = 1
    extra: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Turn the annotated fields of a subclass into hyper-parameters."""
        super().__init_subclass__(**kwargs)
        dataclasses.dataclass(cls)

    @classmethod
    def class_name(cls) -> str:
        """The class name in words joined by hyphens, e.g. ``random-search``."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", cls.__name__).lower()

    @classmethod
    def summary(cls) -> str:
        """First line of the docstring."""
        return (cls.__doc__ or "").strip().split("\n")[0]

    def needs(self) -> frozenset[str]:
        """Encodings that the search space must have; see `SearchSpace.encodings`."""
        return frozenset()

    def trains(self) -> bool:
        """Whether it needs networks and images; only a benchmark with a task has some.

        By default whether a predictor that it uses does; see `Benchmark.task`.
        """
        from harness.core.registry import load_predictor

        return any(load_predictor(text).trains() for text in self.uses())

    def supernet_needs(self) -> frozenset[Ability]:
        """What the supernet of a task must be able to do; see `SearchTask.abilities`.

        By default what the predictors and methods that it uses need.
        """
        from harness.core.registry import load_method, load_predictor

        used: list[Configured] = [load_predictor(text) for text in self.uses()]
        used += [load_method(text).method for text in self.uses_methods()]
        return frozenset().union(*(other.supernet_needs() for other in used))

    def uses(self) -> tuple[str, ...]:
        """References of the predictors that it uses, on which its results depend.

        By default the hyper-parameter ``predictor``, if there is one.
        """
        reference = getattr(self, "predictor", "")
        return (reference,) if reference else ()

    def uses_methods(self) -> tuple[str, ...]:
        """References of the methods that it uses, on which its results depend; by default none."""
        return ()

    @classmethod
    def from_text(cls, parameters: Mapping[str, str]) -> Self:
        """Make an object from parameters as they stand on a command line.

        Raises:
            HarnessError: a parameter is unknown, has no default and is missing, or has a value of
                the wrong type.
        """
        fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
        hints = typing.get_type_hints(cls)
        values = {}
        for name, text in parameters.items():
            if name not in fields:
                raise UnknownName(f"parameter of {cls.class_name()}", name, fields)
            values[name] = _convert(f"{cls.class_name()}:{name}", text, hints[name])
        for name, field in fields.items():
            if (
                name not in values
                and field.default is dataclasses.MISSING
                and field.default_factory is dataclasses.MISSING
            ):
                raise HarnessError(
                    f"{cls.class_name()} needs a value for {name}: "
                    f"-m {cls.class_name()}:{name}=VALUE"
                )
        try:
            return cls(**values)
        except (ValueError, TypeError) as error:
            raise HarnessError(f"{cls.class_name()}: {error}") from error

    def parameters(self) -> dict[str, Any]:
        """All hyper-parameters with their effective values."""
        return {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)  # type: ignore[arg-type]
        }


def require(owner: Configured, **bounds: tuple[float, float]) -> None:
    """Refuse a hyper-parameter outside of its bounds; for ``__post_init__``.

    Args:
        owner: has the hyper-parameters.
        bounds: smallest and largest value by name, both allowed.

    Raises:
        ValueError: a value lies outside.
    """
    for name, (low, high) in bounds.items():
        value = getattr(owner, name)
        if not low <= value <= high:
            raise ValueError(f"{name}={value} is outside of {low} to {high}")


def _convert(name: str, text: str, wanted: Any) -> Any:
    """Read a value of an annotated type: bool, int, float, str, a Literal, or a union of these."""
    options = (
        typing.get_args(wanted)
        if typing.get_origin(wanted) in (typing.Union, types.UnionType)
        else (wanted,)
    )
    for option in options:
        if option is type(None) and text.lower() == "none":
            return None
        if option is bool and text.lower() in ("true", "false"):
            return text.lower() == "true"
        if option in (int, float):
            try:
                return option(text)
            except ValueError:
                continue
        if option is str:
            return text
        if typing.get_origin(option) is typing.Literal:
            for choice in typing.get_args(option):
                if str(choice) == text:
                    return choice
    kinds = " or ".join(
        " or ".join(map(str, typing.get_args(option)))
        if typing.get_origin(option) is typing.Literal
        else getattr(option, "__name__", str(option))
        for option in options
    )
    raise HarnessError(f"{name} cannot be '{text}': it takes {kinds.replace('NoneType', 'none')}")
