"""Clients whose settings are found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infosecops import AsyncBambooAgents, ConfigEntry, ConfigError, ConfigReport, Sectona

from .asserted import assert_type

if TYPE_CHECKING:
    from infosecops.sandbox import Sandbox


def configuration(box: Sandbox) -> None:
    """Clients of the environment and of profiles; keywords are those of the constructor."""
    endpoint = box.sectona
    found = Sectona.from_env(url=endpoint.url, access_key=endpoint.access_key, accept="xml", timeout=5)
    report = assert_type(assert_type(found, Sectona).config_report(), ConfigReport)
    entry = assert_type(report["timeout"], ConfigEntry)
    assert_type(entry.source, str)
    assert_type(entry.shadowed, tuple[tuple[str, Any], ...])
    assert_type([each.name for each in report], list[str])
    assert_type(report.to_dict(), dict[str, dict[str, Any]])
    try:
        assert_type(AsyncBambooAgents.from_profile("no such profile", username="u", token=None), AsyncBambooAgents)
    except ConfigError as error:
        assert_type(error.hint, str | None)
    else:
        raise AssertionError
