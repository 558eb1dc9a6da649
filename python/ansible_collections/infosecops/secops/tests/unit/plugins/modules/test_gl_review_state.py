# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.infosecops.secops.plugins.modules.gl_review_state import word


@pytest.mark.parametrize(
    ("told", "written"),
    [("Active", "active"), ("OnHold", "onhold"), ("On Hold", "onhold"), ("Completed", "completed"), (None, "")],
)
def test_states_of_the_server_are_those_of_tasks(told, written):
    assert word(told) == written
