"""The benchmark's generator of embeddings, for tests (benchmarks are not a package)."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_spec = spec_from_file_location("crowd", Path(__file__).parents[2] / "benchmarks" / "crowd.py")
assert _spec
assert _spec.loader
_module = module_from_spec(_spec)
_spec.loader.exec_module(_module)
crowd = _module.crowd
