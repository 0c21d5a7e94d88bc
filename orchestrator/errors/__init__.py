"""Every error a caller or an operator can meet, as one tree.

OrchestratorError
├── RequestError                 the caller's fault
│   ├── InvalidRequestError          400  invalid_request
│   ├── UnsupportedParameterError    400  unsupported_parameter
│   ├── ContextTooLongError          400  context_length_exceeded
│   ├── ContentPolicyError           400  content_policy_violation
│   ├── LimitsError                  400  limits_unmet
│   ├── NotFoundError                404  not_found
│   │   ├── UnknownModelError        404  model_not_found
│   │   └── NotRecordedError         404  not_recorded
│   ├── ForbiddenError               403  forbidden
│   ├── ConflictError                409  conflict
│   │   └── KeyInUseError            409  idempotency_key_in_use  retryable
│   ├── KeyReusedError               422  idempotency_key_reused
│   ├── BodyTooLargeError            413  body_too_large
│   ├── BodyTooSlowError             408  request_timeout
│   ├── UnauthenticatedError         401  invalid_api_key
│   ├── RateLimitedError             429  rate_limit_exceeded  retryable
│   └── QuotaError                   429  insufficient_quota
├── EngineError                  an engine did not do what was asked
│   ├── EngineTimeoutError           504  engine_timeout      retryable
│   │   └── StalledError             504  engine_stalled      retryable
│   ├── OverloadedError              503  overloaded          retryable
│   ├── EngineDeadError              503  engine_dead         retryable
│   ├── EngineProtocolError          502  engine_protocol     retryable
│   ├── BadCredentialsError          502  bad_credentials
│   ├── AddressRefusedError          502  address_refused
│   └── SwapError                    503  swap_failed         retryable
│       ├── WeightsError                 503  weights_damaged
│       └── OutOfMemoryError             503  out_of_memory       retryable
├── DispatchError                no slot could take the call
│   ├── NotHostedError               503  not_hosted          retryable
│   └── ExpertUnavailableError       503  expert_unavailable  retryable
├── StoreError                       503  store_unavailable   retryable
├── StorageError                     503  storage_unavailable retryable
│   ├── NotStoredError                   404  not_stored
│   └── StorageFullError                 507  storage_full
└── SetupError                   the service cannot start; shown by the command line
    ├── RegistryError                400  registry_invalid    also what an edit at run time gets
    ├── ModelError                        model_unavailable
    │   ├── TransferError                     transfer_interrupted  retryable
    │   └── DiskFullError                     disk_full
    ├── MergeError                        merge_refused
    ├── PromptError                       prompt_invalid
    └── MissingExtraError                 missing_extra

Messages are written for the person on call: what failed, on which id, what was allowed or found,
what to change.
"""

from __future__ import annotations

from orchestrator.errors.answering import (
    AddressRefusedError,
    BadCredentialsError,
    DispatchError,
    EngineDeadError,
    EngineError,
    EngineProtocolError,
    EngineTimeoutError,
    ExpertUnavailableError,
    NotHostedError,
    OutOfMemoryError,
    Overload,
    OverloadedError,
    StalledError,
    SwapError,
    WeightsError,
)
from orchestrator.errors.asking import (
    BodyTooLargeError,
    BodyTooSlowError,
    ConflictError,
    ContentPolicyError,
    ContextTooLongError,
    ForbiddenError,
    InvalidRequestError,
    KeyInUseError,
    KeyReusedError,
    LimitsError,
    NotFoundError,
    NotRecordedError,
    QuotaError,
    RateLimitedError,
    RequestError,
    UnauthenticatedError,
    UnknownModelError,
    UnsupportedParameterError,
)
from orchestrator.errors.base import (
    OrchestratorError,
)
from orchestrator.errors.keeping import (
    NotStoredError,
    StorageError,
    StorageFullError,
    StoreError,
)
from orchestrator.errors.setting_up import (
    DiskFullError,
    MergeError,
    MissingExtraError,
    ModelError,
    PlacedFault,
    PromptError,
    RegistryError,
    SetupError,
    TransferError,
)

__all__ = [
    "AddressRefusedError",
    "BadCredentialsError",
    "BodyTooLargeError",
    "BodyTooSlowError",
    "ConflictError",
    "ContentPolicyError",
    "ContextTooLongError",
    "DiskFullError",
    "DispatchError",
    "EngineDeadError",
    "EngineError",
    "EngineProtocolError",
    "EngineTimeoutError",
    "ExpertUnavailableError",
    "ForbiddenError",
    "InvalidRequestError",
    "KeyInUseError",
    "KeyReusedError",
    "LimitsError",
    "MergeError",
    "MissingExtraError",
    "ModelError",
    "NotFoundError",
    "NotHostedError",
    "NotRecordedError",
    "NotStoredError",
    "OrchestratorError",
    "OutOfMemoryError",
    "Overload",
    "OverloadedError",
    "PlacedFault",
    "PromptError",
    "QuotaError",
    "RateLimitedError",
    "RegistryError",
    "RequestError",
    "SetupError",
    "StalledError",
    "StorageError",
    "StorageFullError",
    "StoreError",
    "SwapError",
    "TransferError",
    "UnauthenticatedError",
    "UnknownModelError",
    "UnsupportedParameterError",
    "WeightsError",
]
