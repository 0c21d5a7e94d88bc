"""The blocking client."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, Unpack, overload

from orchestrator.client.batch_lines import Requests, name_of, written
from orchestrator.client.batch_results import BatchResults, sound
from orchestrator.client.batch_wire import BatchProgress
from orchestrator.client.batches import Batches
from orchestrator.client.calls import chat_call, models_call, route_call
from orchestrator.client.connections import Connection
from orchestrator.client.embedding import Embeddings, Inputs, embed_call, read_embeddings
from orchestrator.client.feedback import Feedback, TakenBack, feedback_call, take_back_call
from orchestrator.client.files import Files
from orchestrator.client.placement import Placement, placement_call
from orchestrator.client.replies import read, read_completion
from orchestrator.client.residency import WishKind, residency_call, wish_call
from orchestrator.client.residency_wire import Residency, Steered
from orchestrator.client.restart import RestartState, restart_call
from orchestrator.client.settings import DEFAULT_URL, Settings
from orchestrator.client.streams import ChatStream
from orchestrator.client.wire import (
    ChatOptions,
    Completion,
    Messages,
    Model,
    ModelList,
    Route,
    Wishes,
)

if TYPE_CHECKING:
    import httpx


class Client:
    """Asks a running service; one connection pool, safe to share between threads.

    Args:
        base_url: root of the service, without `/v1`.
        api_key: sent as a bearer token, where the service or a proxy before it wants one.
        timeout_s: longest silence of the service, seconds.
        transport: how requests travel; the network by default.
        pause: waits for some seconds.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        timeout_s: float = 120.0,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        settings = Settings(base_url=base_url, api_key=api_key, timeout_s=timeout_s)
        self._to = Connection(settings, transport=transport, pause=pause)
        #: Files that batches read and write.
        self.files = Files(self._to)
        #: Files of requests that are planned by expert.
        self.batches = Batches(self._to, self.files)

    def models(self) -> tuple[Model, ...]:
        """Every name that can be used as `model`.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.
        """
        return read(ModelList, self._to.complete(models_call()).content).data

    def route(
        self, messages: Messages, *, model: str = "auto", **options: Unpack[ChatOptions]
    ) -> Route:
        """Who would answer, without answering; arguments as those of `chat`.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.
        """
        call = route_call(messages, model=model, options=options)
        return read(Route, self._to.complete(call).content)

    @overload
    def chat(
        self,
        messages: Messages,
        *,
        model: str = "auto",
        stream: Literal[False] = False,
        **options: Unpack[ChatOptions],
    ) -> Completion: ...

    @overload
    def chat(
        self,
        messages: Messages,
        *,
        model: str = "auto",
        stream: Literal[True],
        **options: Unpack[ChatOptions],
    ) -> ChatStream: ...

    def chat(
        self,
        messages: Messages,
        *,
        model: str = "auto",
        stream: bool = False,
        **options: Unpack[ChatOptions],
    ) -> Completion | ChatStream:
        """Ask and get the answer, whole or as it is written.

        Args:
            messages: a conversation in OpenAI's form, or the text of one user turn.
            model: an expert or a composition.
            stream: return at the first token, or when it waits; iterate over the result.
            options: OpenAI's parameters, wishes about the wait, and what to be told of stages.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.
        """
        call = chat_call(messages, model=model, stream=stream, options=options)
        if stream:
            return ChatStream(self._to.begin(call), base_url=self._to.base_url)
        response = self._to.complete(call)
        return read_completion(response.content, response.headers)

    def embed(
        self,
        inputs: Inputs,
        *,
        model: str,
        dimensions: int | None = None,
        **wishes: Unpack[Wishes],
    ) -> Embeddings:
        """One vector for each of `inputs`.

        Args:
            inputs: a text, texts, token ids of the expert's vocabulary, or lists of those.
            model: an expert that embeds; `models` says which do.
            dimensions: length of the vectors, where the model is trained for several.
            wishes: about the wait.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.
        """
        response = self._to.complete(
            embed_call(inputs, model=model, dimensions=dimensions, wishes=wishes)
        )
        return read_embeddings(response.content, response.headers)

    def batch(
        self,
        requests: Requests,
        *,
        endpoint: str = "/v1/chat/completions",
        model: str = "auto",
        completion_window: str = "24h",
        metadata: Mapping[str, str] | None = None,
        heard: Callable[[BatchProgress], None] | None = None,
    ) -> BatchResults:
        """Have many requests answered as one batch, and wait for its end.

        Args:
            requests: lines of a batch, bodies or texts, one after the other; or the path of a file
                of lines.
            endpoint: of all of them.
            model: of those that name none.
            completion_window: by when it is to end.
            metadata: up to 16 pairs that the batch keeps.
            heard: told how far it is, about every second.

        Raises:
            BatchFailedError: a request is not valid; nothing was begun.
            OrchestratorError: what the service says, or another `ClientError`.
        """
        with written(requests, endpoint=endpoint, model=model) as content:
            file = self.files.upload(content, filename=name_of(requests))
        begun = self.batches.create(
            file.id, endpoint=endpoint, completion_window=completion_window, metadata=metadata
        )
        return BatchResults(sound(self.batches.wait(begun.id, heard=heard)), self.files)

    def feedback(self, request_id: str, *, score: float, expert: str | None = None) -> Feedback:
        """Say how good an answer was, so that routers go by it.

        Args:
            request_id: `origin.request_id` of the answer.
            score: 0 for wrong to 1 for right; the last judgement of an answer counts.
            expert: whose answer, where several answered.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.
        """
        call = feedback_call(request_id, score=score, expert=expert)
        return read(Feedback, self._to.complete(call).content)

    def take_back(self, feedback_id: str) -> None:
        """Take a judgement back, as if it had never been given; raises as `feedback`."""
        read(TakenBack, self._to.complete(take_back_call(feedback_id)).content)

    def residency(self) -> Residency:
        """What every slot does and why; for callers on the service's machine.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.
        """
        return read(Residency, self._to.complete(residency_call()).content)

    def restart(self, part: str | None = None) -> RestartState:
        """Have processes replaced one by one; for callers on the service's machine.

        Args:
            part: `gateways`, `workers` or the name of a slot; `None` asks how far the last one is.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.
        """
        return read(RestartState, self._to.complete(restart_call(part)).content)

    def placement(self, *, carry_out: bool = False) -> Placement:
        """Where experts are at home and could be; for callers on the service's machine.

        Args:
            carry_out: move what is worth it.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.
        """
        return read(Placement, self._to.complete(placement_call(carry_out=carry_out)).content)

    def load(self, expert: str, *, slot: str | None = None, wait: bool = True) -> Steered:
        """Make an expert resident, at one slot, or where it is at home, or wherever it is hosted.

        Args:
            expert: its id.
            slot: where; left to the service by default.
            wait: return when it is done, not when it is begun. An engine may have to start first,
                which can take longer than the client's `timeout_s`.

        Raises:
            OrchestratorError: what the service says, or a `ClientError`.
        """
        return self._wish("load", expert, slot=slot, wait=wait)

    def unload(self, expert: str, *, slot: str | None = None, wait: bool = True) -> Steered:
        """Have an expert's engine step down once nobody waits for it; see `load`."""
        return self._wish("unload", expert, slot=slot, wait=wait)

    def pin(self, expert: str, *, slot: str | None = None) -> Steered:
        """Keep an expert where it is once it is resident; see `load`."""
        return self._wish("pin", expert, slot=slot, wait=True)

    def unpin(self, expert: str, *, slot: str | None = None) -> Steered:
        """Keep an expert no longer; see `load`."""
        return self._wish("unpin", expert, slot=slot, wait=True)

    def close(self) -> None:
        """Close all connections."""
        self._to.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _wish(self, kind: WishKind, expert: str, *, slot: str | None, wait: bool) -> Steered:
        call = wish_call(kind, expert, slot=slot, wait=wait)
        return read(Steered, self._to.complete(call).content)
