"""The Python SDK: needs only the wire.

from orchestrator.client import Client

with Client("http://127.0.0.1:8000") as client:
    answer = client.chat("What is the capital of France?")
    print(answer.text, "by", answer.origin.expert)
"""

from orchestrator.client.asynchronous.batch_results import AsyncBatchResults
from orchestrator.client.asynchronous.client import AsyncClient
from orchestrator.client.asynchronous.registry import AsyncRegistryClient
from orchestrator.client.asynchronous.retried import retried
from orchestrator.client.asynchronous.streams import AsyncChatStream
from orchestrator.client.batch_wire import (
    Batch,
    BatchFault,
    BatchProgress,
    BatchResult,
    StoredFile,
    Timeline,
)
from orchestrator.client.blocking.batch_results import BatchResults
from orchestrator.client.blocking.client import Client
from orchestrator.client.blocking.registry import RegistryClient
from orchestrator.client.blocking.streams import ChatStream
from orchestrator.client.embedding import Embedding, Embeddings
from orchestrator.client.failures import (
    BatchFailedError,
    ClientError,
    ClosedError,
    UnexpectedReplyError,
    UnknownFailureError,
    UnreachableError,
    WaitTimeoutError,
)
from orchestrator.client.feedback import Feedback
from orchestrator.client.keys import Key, NewKey
from orchestrator.client.placement import Placement
from orchestrator.client.plan_wire import BatchPlan
from orchestrator.client.registry_wire import Applied
from orchestrator.client.residency_wire import Residency, Steered
from orchestrator.client.restart import RestartState
from orchestrator.client.retrying import Retries
from orchestrator.client.stages import Details, Stage
from orchestrator.client.usage import UsageQuery, UsageReport
from orchestrator.client.wire import (
    Completion,
    CompletionChunk,
    Model,
    Origin,
    Route,
    Waiting,
)
from orchestrator.errors import OrchestratorError

__all__ = [
    "Applied",
    "AsyncBatchResults",
    "AsyncChatStream",
    "AsyncClient",
    "AsyncRegistryClient",
    "Batch",
    "BatchFailedError",
    "BatchFault",
    "BatchPlan",
    "BatchProgress",
    "BatchResult",
    "BatchResults",
    "ChatStream",
    "Client",
    "ClientError",
    "ClosedError",
    "Completion",
    "CompletionChunk",
    "Details",
    "Embedding",
    "Embeddings",
    "Feedback",
    "Key",
    "Model",
    "NewKey",
    "OrchestratorError",
    "Origin",
    "Placement",
    "RegistryClient",
    "Residency",
    "RestartState",
    "Retries",
    "Route",
    "Stage",
    "Steered",
    "StoredFile",
    "Timeline",
    "UnexpectedReplyError",
    "UnknownFailureError",
    "UnreachableError",
    "UsageQuery",
    "UsageReport",
    "WaitTimeoutError",
    "Waiting",
    "retried",
]
