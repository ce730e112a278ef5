"""The command line of the embedded stack; what is wrong is said in one sentence, without a traceback."""

import sys
from importlib import import_module


def main() -> None:
    try:
        import_module("embedded.commands").run()
    except ModuleNotFoundError as error:
        package = (error.name or str(error)).partition(".")[0]
        sys.exit(f"The Python package {package} is missing; `make up` installs what is needed.")
