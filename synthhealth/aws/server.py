"""An HTTP server for synthetic rows, as SageMaker's endpoints and batch transform call it.

``python -m synthhealth.aws.server`` listens at once and loads the model meanwhile:

``GET /ping``
    503 until the model is loaded, then 200. It is answered while rows are drawn.
``POST /invocations``
    See `synthhealth.aws.serving`. What goes wrong is told as JSON: ``status``, ``error``,
    ``message``; a failure of the server itself gives a ``reference`` to its log instead of a
    reason.
``GET /execution-parameters``
    What batch transform may send.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from synthhealth.aws._serving._answers import Reply, failure, refusal, without_values
from synthhealth.aws._serving._bodies import MAX_BODY_BYTES, Bodies
from synthhealth.aws._serving._connections import (
    HEADER_SECONDS,
    KEEP_ALIVE_SECONDS,
    MAX_CLIENT_CONNECTIONS,
    bounded_protocol,
)
from synthhealth.aws.serving import model_fn, respond
from synthhealth.errors import (
    BodyTimeoutError,
    BusyError,
    ParameterError,
    ServingError,
    SynthHealthError,
)

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from synthhealth.synthesizer import Synthesizer

__all__ = [
    "HEADER_SECONDS",
    "MAX_BODY_BYTES",
    "MAX_CLIENT_CONNECTIONS",
    "Service",
    "create_app",
    "main",
    "serve",
]

#: Seconds for a body to arrive, so that a client that stalls keeps nobody else waiting for ever.
BODY_SECONDS = 20

#: Requests that wait while one is answered; more are refused.
MAX_WAITING = 64

#: Seconds for the requests under way once SIGTERM has come; SageMaker kills after 30.
GRACE_SECONDS = 25

_log = logging.getLogger(__name__)


class Service:
    """A model that is loaded in the background.

    Parameters
    ----------
    load : callable
        Gives the model.

    Attributes
    ----------
    model : Synthesizer or None
        None until it is loaded.
    has_failed : bool
        Whether it could not be loaded; the log says why.
    on_failure : callable
        Called then.
    """

    def __init__(self, load: Callable[[], Synthesizer]) -> None:
        self.model: Synthesizer | None = None
        self.has_failed = False
        self.on_failure: Callable[[], None] = lambda: None
        self._load = load

    def start(self) -> None:
        """Begin to load the model, in a thread of its own."""
        threading.Thread(target=self._run, name="load the model").start()

    def _run(self) -> None:
        try:
            self.model = self._load()
            _log.info("the model is loaded: %d columns", len(self.model.schema_))
        except SynthHealthError as error:
            _log.error("the model cannot be loaded: %s", error)
        # Broad, since whatever it is, the process must end and not wait for ever; silent about
        # the message, which may quote a value.
        except Exception as error:
            _log.error("the model cannot be loaded: %s", without_values(error))
        if self.model is None:
            self.has_failed = True
            self.on_failure()


def create_app(service: Service) -> Starlette:
    """Make the application.

    Parameters
    ----------
    service : Service
        Its model; loading begins when the application starts.

    Returns
    -------
    starlette.applications.Starlette

    Raises
    ------
    ParameterError
        Starlette is not installed.
    """
    try:
        import anyio
        from anyio.to_thread import run_sync
        from starlette.applications import Starlette
        from starlette.requests import ClientDisconnect
        from starlette.responses import JSONResponse, Response
        from starlette.routing import Route
    except ImportError:
        raise _not_installed() from None

    # One thread at a time draws, so that the process needs the memory of one answer.
    turn = anyio.Lock()
    n_whole = 0
    bodies = Bodies()

    async def ping(request: Request) -> Response:
        return Response(status_code=200 if service.model is not None else 503)

    async def draw(request: Request) -> Reply:
        try:
            with anyio.fail_after(BODY_SECONDS):
                body = await bodies.read(request)
        except TimeoutError:
            raise BodyTimeoutError(
                f"the request did not arrive as a whole within {BODY_SECONDS} seconds"
            ) from None
        model = service.model
        if model is None:
            raise BusyError("the model is not loaded yet; ask again in a few seconds")
        # Only whole requests are counted: one that stalls takes nobody's place.
        nonlocal n_whole
        n_whole += 1
        try:
            if n_whole > 1 + MAX_WAITING:
                raise BusyError("too many requests are waiting; ask again in a few seconds")
            headers = request.headers
            types = headers.get("content-type"), headers.get("accept")
            async with turn:
                # Nothing is drawn for a client that has given up waiting.
                if await request.is_disconnected():
                    raise ClientDisconnect
                return await run_sync(respond, model, body, *types)
        finally:
            n_whole -= 1

    async def invocations(request: Request) -> Response:
        try:
            reply = await draw(request)
        except ServingError as error:
            reply = refusal(error)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        # Broad, as in `respond`: what fails outside it is told, and logged, in the same way.
        except Exception as error:
            reply = failure(error)
        finally:
            bodies.free(request)
        # Without a charset: the media types are exactly those of the documentation.
        headers = {"content-type": reply.media_type, **reply.headers}
        return Response(reply.body, reply.status, headers=headers)

    async def execution_parameters(request: Request) -> Response:
        return JSONResponse(
            {
                "MaxConcurrentTransforms": 1,
                "BatchStrategy": "SINGLE_RECORD",
                "MaxPayloadInMB": MAX_BODY_BYTES // 2**20,
            }
        )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        service.start()
        yield

    return Starlette(
        routes=[
            Route("/ping", ping, methods=["GET"]),
            Route("/invocations", invocations, methods=["POST"]),
            Route("/execution-parameters", execution_parameters, methods=["GET"]),
        ],
        lifespan=lifespan,
    )


def serve(model_dir: str, *, host: str = "0.0.0.0", port: int = 8080) -> int:
    """Serve the model of a folder until SIGTERM or Ctrl-C.

    On SIGTERM no new connection is taken, requests under way are answered, and the process ends.

    Parameters
    ----------
    model_dir : str
        A folder with one ``.synth`` file.
    host : str
        The address to listen on; a container needs all of them, which is the default.
    port : int
        0 takes any free one; the log tells which.

    Returns
    -------
    int
        The process's exit status: 0, or 1 if the model could not be loaded.

    Raises
    ------
    ParameterError
        uvicorn is not installed.
    """
    try:
        import uvicorn
    except ImportError:
        raise _not_installed() from None
    service = Service(lambda: model_fn(model_dir))
    config = uvicorn.Config(
        create_app(service),
        host=host,
        port=port,
        http=bounded_protocol(),
        lifespan="on",
        access_log=False,  # SageMaker pings every few seconds
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        log_config=None,
    )
    server = uvicorn.Server(config)

    def stop() -> None:
        server.should_exit = True

    service.on_failure = stop
    # uvicorn repeats the signal for whoever waited for it before, once it has finished.
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, _end)
    server.run()
    return 1 if service.has_failed or not server.started else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server from the command line.

    ``SM_MODEL_DIR`` (default ``/opt/ml/model``, which ``SAGEMAKER_BASE_DIR`` moves) and
    ``SAGEMAKER_BIND_TO_PORT`` (default 8080), as SageMaker sets them, are the defaults.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        The exit status.
    """
    parser = argparse.ArgumentParser(
        prog="python -m synthhealth.aws serve", description="Answer with synthetic rows over HTTP."
    )
    base = os.environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml"
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR") or f"{base}/model")
    parser.add_argument("--host", default="0.0.0.0")
    parser.add_argument("--port", default=os.environ.get("SAGEMAKER_BIND_TO_PORT") or "8080")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        port = int(options.port) if options.port.isdecimal() else -1
        if not 0 <= port < 2**16:
            raise ParameterError(
                "the port must be a whole number from 0 to 65535; look at --port and "
                "SAGEMAKER_BIND_TO_PORT"
            )
        return serve(options.model_dir, host=options.host, port=port)
    except SynthHealthError as error:
        _log.error("%s", error)
        return 1


def _end(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def _not_installed() -> ParameterError:
    return ParameterError(
        "the server needs Starlette and uvicorn; install them: pip install 'synthhealth[serve]'"
    )


if __name__ == "__main__":
    sys.exit(main())
