"""The benches that `./run bench` runs, in its order, and the sizes that it gives them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Bench:
    """One bench: a module of this package, and the arguments that give it the size of the suite.

    `folder` is the package within this one that the module is in.
    """

    name: str
    sized: Sequence[str] = ()
    folder: str = ""

    @property
    def module(self) -> str:
        """What `python -m` runs."""
        return ".".join(filter(None, ("bench", self.folder, self.name)))


SUITE: Final = (
    Bench("names"),
    Bench("quota"),
    Bench("quota_floor"),
    Bench("imports"),
    Bench("extraction", ("--people", "200")),
    Bench("campaigns"),
    Bench("actions"),
    Bench("backup"),
    Bench("partitions"),
    Bench("bloat"),
    Bench("metrics"),
    Bench("state_metrics"),
    Bench("console"),
    Bench("front_door"),
    Bench("million", folder="scale"),
    Bench("day", folder="scale"),
    Bench("greetings"),
    Bench("lasting", ("--greetings", "200")),
    Bench("traces"),
    Bench("start"),
    Bench("capacity", folder="scale"),  # reckons with the others' results
)


def find_benches(names: Sequence[str]) -> Sequence[Bench]:
    """Return the benches with these names, all without any; raise ValueError for an unknown one."""
    known = {bench.name: bench for bench in SUITE}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"no bench is called {', '.join(unknown)}; there are: {', '.join(known)}")
    return [known[name] for name in names] if names else list(SUITE)
