"""Where SageMaker puts a job's inputs, and where it looks for the results.

Both launchers set ``SM_*``; a container of one's own has only the folder ``/opt/ml``, which
``SAGEMAKER_BASE_DIR`` moves.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthhealth.errors import FileError, ParameterError
from synthhealth.io.files import reason

__all__ = ["Places"]


@dataclass(frozen=True)
class Places:
    """The folders of a job.

    Attributes
    ----------
    config : pathlib.Path
        What SageMaker says of the job: hyperparameters, hosts and channels.
    data : pathlib.Path
        The folder with one folder for each channel.
    model, output, report : pathlib.Path
        Where the model, the reason of a failure and the report go.
    checkpoints : pathlib.Path or None
        What outlives an interruption; None where the job keeps no checkpoints.
    variables : mapping of str to str
        The environment.
    """

    config: Path
    data: Path
    model: Path
    output: Path
    report: Path
    checkpoints: Path | None
    variables: Mapping[str, str]

    @classmethod
    def find(cls, variables: Mapping[str, str] | None = None) -> Places:
        """Look at the environment, by default that of the process."""
        if variables is None:
            variables = dict(os.environ)
        base = Path(variables.get("SAGEMAKER_BASE_DIR") or "/opt/ml")
        output = Path(variables.get("SM_OUTPUT_DIR") or base / "output")
        checkpoints = Path(variables.get("SM_CHECKPOINT_DIR") or base / "checkpoints")
        wanted = bool(variables.get("SM_CHECKPOINT_DIR")) or checkpoints.is_dir()
        return cls(
            config=Path(variables.get("SM_INPUT_CONFIG_DIR") or base / "input" / "config"),
            data=base / "input" / "data",
            model=Path(variables.get("SM_MODEL_DIR") or base / "model"),
            output=output,
            report=Path(variables.get("SM_OUTPUT_DATA_DIR") or output / "data"),
            checkpoints=checkpoints if wanted else None,
            variables=variables,
        )

    def channel(self, name: str) -> Path | None:
        """Give the folder of a channel; None if the job has no such channel.

        Raises
        ------
        ParameterError
            The channel is a pipe.
        """
        said = _object(self._config("inputdataconfig.json"), "inputdataconfig.json").get(name)
        if isinstance(said, dict) and said.get("TrainingInputMode") == "Pipe":
            raise ParameterError(
                f"channel {name!r} is a pipe, which can be read only once; choose the input mode "
                "File or FastFile"
            )
        folder = Path(self.variables.get(f"SM_CHANNEL_{name.upper()}") or self.data / name)
        return folder if folder.is_dir() else None

    def hosts(self) -> list[str]:
        """Give the names of the job's instances; empty where nobody says.

        Raises
        ------
        ParameterError, FileError
            What is said is not a list.
        """
        text, where = self.variables.get("SM_HOSTS"), "SM_HOSTS"
        if text:
            found = _parse(text, where)
        else:
            where = "resourceconfig.json"
            found = _object(self._config(where), where).get("hosts", [])
        if not isinstance(found, list):
            raise ParameterError(f"{where} holds no list of hosts; SageMaker writes it so")
        return found

    def parameters(self) -> dict[str, Any] | None:
        """Give the parameters as SageMaker hands them over; None if it does not."""
        text = self.variables.get("SM_HPS")
        found = _parse(text, "SM_HPS") if text else self._config("hyperparameters.json")
        if found is not None and not isinstance(found, dict):
            raise ParameterError("the job's hyperparameters are no JSON object of names and values")
        return found

    def _config(self, name: str) -> Any:
        path = self.config / name
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeError) as error:
            why = reason(error) if isinstance(error, OSError) else "it is no UTF-8"
            raise FileError(f"{path}: the job's configuration cannot be read ({why})") from None
        return _parse(text, str(path))


def _object(found: Any, where: str) -> dict[str, Any]:
    if not isinstance(found, (dict, type(None))):
        raise ParameterError(f"{where} holds no JSON object; SageMaker writes it so")
    return found or {}


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ParameterError(f"{where} holds no JSON; SageMaker writes it so") from None
