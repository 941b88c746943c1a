"""The benches that `./run bench` runs, in its order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Bench:
    """One bench: a module of this package.

    `folder` is the package within this one that the module is in. `has_long`: it also takes --long, for a run
    of its own that is too long for the suite.
    """

    name: str
    folder: str = ""
    has_long: bool = False

    @property
    def module(self) -> str:
        """What `python -m` runs."""
        return ".".join(filter(None, ("bench", self.folder, self.name)))

    def table_name(self, *, long: bool) -> str:
        """Return the name of its table in the results and on the page."""
        return f"{self.name}, long" if long else self.name


SUITE: Final = (
    Bench("names", folder="data"),
    Bench("quota", folder="quota"),
    Bench("quota_floor", folder="quota"),
    Bench("imports", folder="data"),
    Bench("imports_floor", folder="data"),
    Bench("extraction", folder="browsers"),
    Bench("campaigns", folder="browsers"),
    Bench("actions", folder="actions"),
    Bench("backup", folder="data", has_long=True),
    Bench("partitions", folder="data", has_long=True),
    Bench("bloat", folder="actions", has_long=True),
    Bench("metrics", folder="pages", has_long=True),
    Bench("state_metrics", folder="pages", has_long=True),
    Bench("console", folder="pages"),
    Bench("front_door", folder="pages"),
    Bench("million", folder="scale"),
    Bench("day", folder="scale"),
    Bench("greetings", folder="browsers"),
    Bench("lasting", folder="browsers", has_long=True),
    Bench("load", folder="browsers", has_long=True),
    Bench("traces", folder="browsers"),
    Bench("start"),
    Bench("worker_start", folder="system"),
    Bench("capacity", folder="scale"),  # reckons with the others' results
)


def find_benches(names: Sequence[str], *, long: bool = False) -> Sequence[Bench]:
    """Return the benches with these names, all without any; only those with a long form if it is wanted.

    Raises ValueError for an unknown one, and for one without a long form if that is wanted.
    """
    known = {bench.name: bench for bench in SUITE if bench.has_long or not long}
    if unknown := [name for name in names if name not in known]:
        what = "no bench with a long form" if long else "no bench"
        raise ValueError(f"{what} is called {', '.join(unknown)}; there are: {', '.join(known)}")
    return [known[name] for name in names or known]
