"""The Python API: load a network, run it, check it; what the commands use is what a notebook can use."""

from backpropcli.api.checks import check_file, check_function, check_program, check_torch, checked, sum_up
from backpropcli.api.loading import check, check_files, given_parameters, json_schema, load, loads, matching
from backpropcli.api.network import Network
from backpropcli.api.trace import Trace

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
