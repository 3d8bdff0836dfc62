"""Pickles of others, read without running code of theirs.

A pickle is a program: the names that it may look up decide what it can do. Here it finds only
names on a list, those that rebuild plain data.
"""

from __future__ import annotations

import pickle
from collections.abc import Container
from typing import IO, Any

from harness.core.errors import HarnessError, InvalidTable

Global = tuple[str, str]

# What the standard library needs for ordered dictionaries and, in old protocols, for bytes and
# sets; and scalars and arrays of NumPy before and after it renamed its core.
PLAIN_DATA: Container[Global] = frozenset(
    {
        ("collections", "OrderedDict"),
        ("_codecs", "encode"),
        *(
            (module, name)
            for module in ("__builtin__", "builtins")
            for name in ("set", "frozenset", "bytearray")
        ),
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        *(
            (f"numpy.{core}.{module}", name)
            for core in ("core", "_core")
            for module, name in (
                ("multiarray", "_reconstruct"),
                ("multiarray", "scalar"),
                ("numeric", "_frombuffer"),
            )
        ),
    }
)


class _Everything(Container[Global]):
    def __contains__(self, item: object) -> bool:
        return True


EVERYTHING: Container[Global] = _Everything()
"""Allows any name: for files that the user vouches for."""


class RestrictedUnpickler(pickle.Unpickler):
    """An unpickler that finds only the names on a list."""

    def __init__(
        self,
        file: IO[bytes],
        *,
        allow: Container[Global] = PLAIN_DATA,
        name: str = "",
        encoding: str = "ASCII",
    ) -> None:
        """Read from a file.

        Args:
            file: the pickle.
            allow: (module, name) of all that the pickle may look up; `EVERYTHING` to trust it.
            name: how messages call the file; its own name where empty.
            encoding: of the texts of Python 2.
        """
        super().__init__(file, encoding=encoding)
        self._allow = allow
        self._name = name or str(getattr(file, "name", "the pickle"))

    def load(self) -> Any:
        """Read one pickle.

        Raises:
            HarnessError: it asks for a name that is not allowed.
            InvalidTable: it is damaged or no pickle.
        """
        try:
            return super().load()
        except HarnessError:
            raise
        except Exception as error:  # A damaged pickle can raise anything.
            raise InvalidTable(
                f"{self._name} is damaged or truncated ({type(error).__name__}: {error}). "
                "Get it anew"
            ) from error

    def find_class(self, module: str, name: str) -> Any:
        """Look up a name on the list.

        Raises:
            HarnessError: it is not on the list.
        """
        if (module, name) not in self._allow:
            raise HarnessError(
                f"{self._name} is a pickle that asks for {module}.{name}, which is no plain data "
                "and could run anything. If you know who made the file: --trust"
            )
        # NumPy warns of its old core's name and still has it; the new one exists since 1.26.
        return super().find_class(module.replace("numpy.core.", "numpy._core."), name)


def load_restricted(
    file: IO[bytes],
    *,
    allow: Container[Global] = PLAIN_DATA,
    name: str = "",
    encoding: str = "ASCII",
) -> Any:
    """Read one pickle; see `RestrictedUnpickler` for the arguments.

    Raises:
        HarnessError: the pickle asks for a name that is not allowed.
        InvalidTable: the file is damaged or no pickle.
    """
    return RestrictedUnpickler(file, allow=allow, name=name, encoding=encoding).load()
