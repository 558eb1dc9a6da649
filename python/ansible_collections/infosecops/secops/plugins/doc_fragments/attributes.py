# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules tell of check mode, diff mode and action groups."""

from __future__ import annotations


class ModuleDocFragment:
    """C(attributes) for all modules, the others for those of their kind."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what would change, without changing anything.
  diff_mode:
    description: Returns what changed, or would, in diff mode. Never a secret.
"""

    READS = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what would change, without changing anything.
    support: full
    details: It changes nothing.
  diff_mode:
    description: Returns what changed, or would, in diff mode. Never a secret.
    support: N/A
    details: It changes nothing.
"""

    GL = r"""
attributes:
  action_group:
    description: Use C(group/infosecops.secops.gl) or C(group/infosecops.secops.infosecops) in C(module_defaults).
    support: full
    membership:
      - infosecops.secops.gl
      - infosecops.secops.infosecops
"""

    SDE = r"""
attributes:
  action_group:
    description: Use C(group/infosecops.secops.sde) or C(group/infosecops.secops.infosecops) in C(module_defaults).
    support: full
    membership:
      - infosecops.secops.sde
      - infosecops.secops.infosecops
"""

    SECTONA = r"""
attributes:
  action_group:
    description: Use C(group/infosecops.secops.sectona) or C(group/infosecops.secops.infosecops) in C(module_defaults).
    support: full
    membership:
      - infosecops.secops.sectona
      - infosecops.secops.infosecops
"""

    BAMBOO = r"""
attributes:
  action_group:
    description: Use C(group/infosecops.secops.bamboo) or C(group/infosecops.secops.infosecops) in C(module_defaults).
    support: full
    membership:
      - infosecops.secops.bamboo
      - infosecops.secops.infosecops
"""
