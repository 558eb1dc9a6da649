"""G&L sessions: ways to log in, forms of the answer, and which of the two kinds of 401 makes a client log in again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Secret, TrustedApp, UserLogin
from wire import Received, Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable

GL = "GovernanceLifecycle"
