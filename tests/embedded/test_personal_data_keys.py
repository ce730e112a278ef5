"""Keys of personal data: made at first start, each service's own, and asked for before anything is served."""

import stat
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from tests.patience import PATIENCE

from chassis.keyring import Keyring
from chassis.settings import PersonalDataSettings
from embedded.databases import SERVICES
from embedded.folder import Folder
from embedded.stack import SEALING, Stack


def test_each_service_gets_keys_of_its_own_at_first_start_and_keeps_them(working_folder: Path) -> None:
    first = Stack(Folder(working_folder)).personal_data_keys
    keys = {name: Keyring(file).keys.primary for name, file in first.items()}
    assert len(set(keys.values())) == len(keys) == len(SEALING)
    for file in first.values():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.is_relative_to(working_folder)
    again = Stack(Folder(working_folder)).personal_data_keys
    assert {name: Keyring(file).keys.primary for name, file in again.items()} == keys


@pytest.mark.parametrize("service", SERVICES)
def test_the_stack_gives_keys_to_exactly_those_that_ask_for_them(service: str) -> None:
    settings = import_module(f"{service}.settings").Settings
    assert issubclass(settings, PersonalDataSettings) == (service in SEALING)


@pytest.mark.parametrize("service", SEALING)
def test_without_its_keys_a_service_says_so_and_does_not_start(service: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / service, "serve"],
        env={"DATABASE_URL": "postgresql://localhost:1/x", "PERSONAL_DATA_KEYS": str(tmp_path / "none.json")},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"{tmp_path}/none.json cannot be read: FileNotFoundError"
