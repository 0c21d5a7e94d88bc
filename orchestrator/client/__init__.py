"""The Python SDK: needs only the wire.

from orchestrator.client import Client

with Client("http://127.0.0.1:8000") as client:
    answer = client.chat("What is the capital of France?")
    print(answer.text, "by", answer.origin.expert)
"""

from orchestrator.client.asynchronous import AsyncClient
from orchestrator.client.batch_results import AsyncBatchResults, BatchResults
from orchestrator.client.batch_wire import (
    Batch,
    BatchFault,
    BatchProgress,
    BatchResult,
    StoredFile,
    Timeline,
)
from orchestrator.client.blocking import Client
from orchestrator.client.embedding import Embedding, Embeddings
from orchestrator.client.failures import (
    BatchFailedError,
    ClientError,
    UnexpectedReplyError,
    UnknownFailureError,
    UnreachableError,
    WaitTimeoutError,
)
from orchestrator.client.feedback import Feedback
from orchestrator.client.plan_wire import BatchPlan
from orchestrator.client.registry import RegistryClient
from orchestrator.client.residency_wire import Residency, Steered
from orchestrator.client.retrying import Retries, retried
from orchestrator.client.stages import Details, Stage
from orchestrator.client.streams import AsyncChatStream, ChatStream
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
    "AsyncBatchResults",
    "AsyncChatStream",
    "AsyncClient",
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
    "Completion",
    "CompletionChunk",
    "Details",
    "Embedding",
    "Embeddings",
    "Feedback",
    "Model",
    "OrchestratorError",
    "Origin",
    "RegistryClient",
    "Residency",
    "Retries",
    "Route",
    "Stage",
    "Steered",
    "StoredFile",
    "Timeline",
    "UnexpectedReplyError",
    "UnknownFailureError",
    "UnreachableError",
    "WaitTimeoutError",
    "Waiting",
    "retried",
]
