"""What has been done is kept in DynamoDB, so that a message delivered twice is worked on once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)

__all__ = ["DoneOnce"]

#: As long as a queue keeps a message; what is redone after that has the same outcome.
_KEPT_SECONDS = 14 * 24 * 3600


class DoneOnce:
    """Does a piece of work unless it was done before.

    The table holds a hash of the identity and the outcome's word, no bucket and no key. Work that
    failed, or that was cut off and whose time is over, may be done again. While another
    invocation is at it, or when the table does not answer, an error is raised: the message is
    delivered again later.

    Parameters
    ----------
    client
        A boto3 client of DynamoDB.
    table : str
        The table's name; its key is ``id``, its time to live ``expiration``.
    """

    def __init__(self, client: Any, table: str) -> None:
        self._store = DynamoDBPersistenceLayer(table_name=table, boto3_client=client)
        self._config = IdempotencyConfig(
            expires_after_seconds=_KEPT_SECONDS, hash_function="sha256"
        )

    def watch(self, context: Any) -> None:
        """Note when this invocation's time is over, and with it the work that it began."""
        self._config.register_lambda_context(context)

    def __call__(self, identity: str, work: Callable[[], str]) -> str:
        """Do the work, or give the outcome that it had."""

        def do(*, identity: str) -> str:
            return work()

        do_once = idempotent_function(
            do,
            data_keyword_argument="identity",
            persistence_store=self._store,
            config=self._config,
            key_prefix="synthhealth",
        )
        outcome: str = do_once(identity=identity)
        return outcome
