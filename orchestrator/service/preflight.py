"""What must hold before anything starts: each fault is one line and costs no time."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

import psutil

from orchestrator.errors import MissingExtraError, SetupError
from orchestrator.registry.loader import load
from orchestrator.registry.models import Registry, VllmEngine
from orchestrator.service.application_constants import FIRST_GENERATION
from orchestrator.service.layout import Layout, lay_out
from orchestrator.service.ports import require_free
from orchestrator.service.settings import Settings
