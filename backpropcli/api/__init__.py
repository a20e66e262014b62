"""The Python face: load a network, run it, check it; what the commands use is what a notebook can use."""

from backpropcli.api.checks import (
    check,
    check_file,
    check_files,
    check_function,
    check_program,
    check_torch,
    checked,
    sum_up,
)
from backpropcli.api.loading import given_parameters, json_schema, load, loads, matching
from backpropcli.api.network import Network, Trace

__all__ = [
    "Network",
    "Trace",
    "check",
    "check_file",
    "check_files",
    "check_function",
    "check_program",
    "check_torch",
    "checked",
    "given_parameters",
    "json_schema",
    "load",
    "loads",
    "matching",
    "sum_up",
]
