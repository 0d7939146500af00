"""What the verbs of ``synthhealth aws`` have in common."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand

from synthhealth.cli._app import INTERRUPTED, app
from synthhealth.errors import SynthHealthError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

    from synthhealth.aws.launch import Outcome, Request


class Verb(TyperCommand):
    """A verb that ends in one message, whatever happens."""

    def invoke(self, ctx: Any) -> Any:
        """Do what the verb says."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo("interrupted; what was sent to AWS before goes on there", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except (typer.Exit, typer.Abort, typer.BadParameter, SynthHealthError, BrokenPipeError):
            raise
        # Broad, since boto3 and the SDK raise plain errors, too. They see settings, no patients.
        except Exception as error:
            from synthhealth.aws.launch import LaunchError

            name = type(error).__name__
            raise LaunchError(f"unexpected {name}: {error}; please report it") from error


aws = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(aws, name="aws")


@aws.callback()
def _about() -> None:
    """Train, serve and sample on AWS SageMaker; needs the extra 'aws'."""


def given(**options: Any) -> dict[str, Any]:
    """Return the options that were given, under the names of the settings."""
    return {name: value for name, value in options.items() if value not in (None, [], {})}


def read(settings: Path | None, made: type[BaseModel]) -> dict[str, Any]:
    """Return what a file says of these settings, or nothing without a file."""
    from synthhealth.aws.launch import read_settings

    return {} if settings is None else read_settings(settings, made)


def shown(requests: Sequence[Request], *, dry_run: bool) -> bool:
    """Judge the requests, as before sending, and print them if that is all that is wanted."""
    from synthhealth.aws import launch

    if not dry_run:
        return False
    for request in requests:
        launch.check(request)
    texts = [request.to_json() for request in requests]
    typer.echo(texts[0] if len(texts) == 1 else "[\n" + ",\n".join(texts) + "\n]")
    return True


def look_at(output: str, region: str | None, allow_open: bool) -> None:
    """Refuse an output whose bucket is open or elsewhere, and say what could not be seen."""
    from synthhealth.aws import launch

    for note in launch.check_output(output, region=region, allow_open=allow_open).notes:
        typer.echo(f"note: {note}", err=True)


def use_region(region: str | None) -> None:
    """Let the SDK know the region."""
    if region is not None:
        os.environ["AWS_DEFAULT_REGION"] = region  # the SDK's clients know no other way


def tell_started(kind: str, name: str, costs: str) -> None:
    """Say what was started, what it costs and how to follow it."""
    typer.echo(f"Started: {kind} {name}")
    typer.echo(costs, err=True)
    typer.echo(f"Follow it with: synthhealth aws status {name} --kind {kind}", err=True)


def followed(name: str, kind: Any, region: str | None, poll_seconds: float) -> Outcome:
    """Follow a job or an endpoint, telling each line."""
    from synthhealth.aws import launch

    try:
        return launch.follow(
            name, kind, region=region, poll_seconds=poll_seconds, on_line=tell_progress
        )
    except KeyboardInterrupt:
        typer.echo(f"{name} goes on; follow it again with: synthhealth aws status {name}", err=True)
        raise typer.Exit(INTERRUPTED) from None


def tell_progress(line: str) -> None:
    """Show a line beside the result."""
    typer.echo(line, err=True)


def end(outcome: Outcome) -> None:
    """Show how it ended, and end with its exit code."""
    typer.echo(outcome.summary())
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)
