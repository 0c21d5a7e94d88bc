"""Spans on their way to the process that sends them.

What is between two processes of one version is no format: nothing of it is stored.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link


def packed(spans: Sequence[ReadableSpan]) -> bytes:
    """Spans of one provider that have ended.

    Events are left out: spans here have none.
    """
    first = spans[0]
    scope = first.instrumentation_scope
    assert scope is not None, "a tracer began it"
    of_all = (dict(first.resource.attributes), (scope.name, scope.version))
    return pickle.dumps((*of_all, [_plain(span) for span in spans]), pickle.HIGHEST_PROTOCOL)


def unpacked(content: bytes) -> list[ReadableSpan]:
    """What `packed` was given, within the kit's limits of attributes."""
    limits = SpanLimits()
    attributes, (name, version), spans = pickle.loads(content)  # noqa: S301 - our own process's
    resource, scope = Resource(attributes), InstrumentationScope(name, version)
    return [_span(one, resource, scope, limits) for one in spans]


def _plain(span: ReadableSpan) -> tuple[Any, ...]:
    return (
        span.name,
        span.get_span_context(),
        span.parent,
        span.kind,
        span.start_time,
        span.end_time,
        span.status,
        dict(span.attributes or {}),
        [(link.context, dict(link.attributes or {})) for link in span.links],
    )


def _span(
    plain: tuple[Any, ...], resource: Resource, scope: InstrumentationScope, limits: SpanLimits
) -> ReadableSpan:
    name, context, parent, kind, start_time, end_time, status, attributes, links = plain
    return ReadableSpan(
        name,
        context=context,
        parent=parent,
        resource=resource,
        attributes=BoundedAttributes(
            limits.max_span_attributes, attributes, max_value_len=limits.max_span_attribute_length
        ),
        links=[Link(linked, told) for linked, told in links],
        kind=kind,
        status=status,
        start_time=start_time,
        end_time=end_time,
        instrumentation_scope=scope,
    )
