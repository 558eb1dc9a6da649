"""The matrix as data: every operation that makes a request.

What can go wrong with a request stands in `matrix_faults.py`, what each pair must lead to in `matrix_expectation.py`,
and how a pair is tried in `matrix_run.py`.
"""

from __future__ import annotations

import matrix_bamboo
import matrix_governance
import matrix_sd_elements
import matrix_sectona
from matrix_row import ATTEMPTS, BAMBOO, GL, HASTY, MAX_BYTES, PAM, PATIENT, SDE, TITLES, Row

__all__ = ["ATTEMPTS", "BAMBOO", "GL", "HASTY", "MAX_BYTES", "PAM", "PATIENT", "ROWS", "SDE", "TITLES", "Row"]

ROWS = (*matrix_governance.rows(), *matrix_sd_elements.rows(), *matrix_sectona.rows(), *matrix_bamboo.rows())
