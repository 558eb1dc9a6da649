"""What the wheel and the Galaxy tarball hold, and that their parts agree."""

from __future__ import annotations

import json
import re
import tarfile
from importlib.metadata import files, version
from typing import TYPE_CHECKING

import infosecops
import pytest
import yaml
from ansible_content import COLLECTION, documented

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_run import Ansible

MODULES = {name for kind, name in documented() if kind == "module"}


def installed() -> set[str]:
    """The files of the wheel, without those that pip made of them."""
    return {str(path) for path in files("infosecops") or [] if "__pycache__" not in path.parts}


def test_the_wheel_has_the_collection_and_not_its_tests() -> None:
    names = {name.removeprefix("ansible_collections/infosecops/secops/") for name in installed() if "secops/" in name}
    assert {f"plugins/modules/{name}.py" for name in MODULES} <= names
    assert {"galaxy.yml", "README.md", "COPYING", "CHANGELOG.rst", "meta/runtime.yml"} <= names
    assert not [name for name in names if name.startswith(("tests/", "changelogs/", "."))]
    # Other wheels put files there too.
    assert not [name for name in installed() if re.fullmatch(r"ansible_collections/(\w+/)?__init__\.py", name)]


def test_versions_are_the_same() -> None:
    galaxy = yaml.safe_load((COLLECTION / "galaxy.yml").read_text(encoding="utf-8"))
    assert galaxy["version"] == infosecops.__version__ == version("infosecops")
    changelog = (COLLECTION / "CHANGELOG.rst").read_text(encoding="utf-8")
    assert f"v{galaxy['version']}\n" in changelog


def test_action_groups_are_all_modules() -> None:
    groups = yaml.safe_load((COLLECTION / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]
    together, *_ = groups.pop("infosecops")
    assert together["metadata"]["extend_group"] == list(groups)
    assert sorted(name for names in groups.values() for name in names) == sorted(MODULES)
    for group, names in groups.items():
        for name in names:
            fragments = documented()["module", name]["documentation"]["extends_documentation_fragment"]
            assert f"infosecops.secops.connection_{group}" in fragments
            assert f"infosecops.secops.attributes.{group}" in fragments


def test_every_file_says_its_licence() -> None:
    for path in COLLECTION.rglob("*.py"):
        assert "SPDX-License-Identifier: GPL-3.0-or-later" in path.read_text(encoding="utf-8"), path


def test_readme_names_every_module_and_plugin() -> None:
    readme = (COLLECTION / "README.md").read_text(encoding="utf-8")
    for _, name in documented():
        assert f"`{name}`" in readme


@pytest.mark.parametrize("kind", ["module", "lookup", "inventory"])
def test_ansible_doc_shows_them(kind: str, ansible: Ansible) -> None:
    texts = {
        f"infosecops.secops.{name}": found["documentation"] for (of, name), found in documented().items() if of == kind
    }
    shown = ansible.command("ansible-doc", "-t", kind, *texts)
    assert shown.status == 0, shown.output
    listed = json.loads(ansible.command("ansible-doc", "-t", kind, "--json", *texts).output)
    for name, text in texts.items():
        assert name in shown.output
        assert listed[name]["doc"]["short_description"] == text["short_description"]
        assert set(text["options"]) <= set(listed[name]["doc"]["options"])
        assert "url" in listed[name]["doc"]["options"]


def test_collection_list_knows_the_version(ansible: Ansible) -> None:
    ran = ansible.command("ansible-galaxy", "collection", "list", "infosecops.secops")
    assert re.search(rf"infosecops\.secops +{re.escape(infosecops.__version__)}", ran.output)


def test_galaxy_tarball(ansible: Ansible, tmp_path: Path) -> None:
    ran = ansible.command("ansible-galaxy", "collection", "build", str(COLLECTION), "--output-path", str(tmp_path))
    assert ran.status == 0, ran.output
    (tarball,) = tmp_path.glob("infosecops-secops-*.tar.gz")
    with tarfile.open(tarball) as archive:
        names = archive.getnames()
    assert {f"plugins/modules/{name}.py" for name in MODULES} <= set(names)
    assert not [name for name in names if "__pycache__" in name]


def test_licence_of_the_wheel() -> None:
    metadata = next(path for path in files("infosecops") or [] if path.name == "METADATA").read_text()
    assert "License-Expression: (MIT OR Apache-2.0) AND GPL-3.0-or-later" in metadata
