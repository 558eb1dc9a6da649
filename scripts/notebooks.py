"""The notebooks of ``examples/``: tidy them for the tree, run them in a real kernel, render them with outputs.

``python scripts/notebooks.py`` does all of it. What stands in the tree has no outputs, and ids that are numbered:
saving a notebook in JupyterLab and tidying it shows what was changed and nothing else. What is rendered has no address
of a sandbox, no time and no speed in it: running it again gives the same pages.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
PAGES = ROOT / "docs" / "notebooks"
SECONDS = 120
WIDGET = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

Notebook = dict[str, Any]


def paths() -> list[Path]:
    """All notebooks."""
    return sorted(EXAMPLES.glob("*.ipynb"))


def tidied(path: Path) -> str:
    """The text of a notebook as it is to stand in the tree."""
    notebook: Notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"] = METADATA
    notebook.update(nbformat=4, nbformat_minor=5)
    for number, cell in enumerate(notebook["cells"], 1):
        cell.update(id=f"{path.stem.replace('_', '-')}-{number:02}", metadata={})
        cell["source"] = "".join(cell["source"]).strip().splitlines(keepends=True)
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def executed(path: Path, *, last: str = "", **variables: str) -> Notebook:
    """A notebook with its outputs, made by a kernel of this interpreter that knows nothing of the user's settings.

    Args:
        path: The notebook.
        last: Code of one more cell, which is not in what is given back.
        **variables: Environment variables for the kernel.
    """
    # They have no types that say much.
    nbformat: Any = import_module("nbformat")
    nbclient: Any = import_module("nbclient")
    kernelspec: Any = import_module("jupyter_client.kernelspec")

    notebook = nbformat.read(path, as_version=4)
    if last:
        notebook.cells.append(nbformat.v4.new_code_cell(last))
    with TemporaryDirectory() as folder:
        folders = ("IPYTHONDIR", "MPLCONFIGDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")
        own: dict[str, str] = dict.fromkeys(folders, folder)
        own.update(PYTHONPATH=os.pathsep.join(sys.path), PYDEVD_DISABLE_FILE_VALIDATION="1")
        client = nbclient.NotebookClient(notebook, timeout=SECONDS, extra_arguments=["--log-level=ERROR"])
        client.create_kernel_manager().kernel_spec_manager = kernelspec.KernelSpecManager(kernel_dirs=[])
        client.execute(env={**os.environ, **own, **variables}, cwd=folder)
    if last:
        del notebook.cells[-1]
    done: Notebook = json.loads(nbformat.writes(notebook))
    return done


def shown(output: Notebook, picture: str) -> tuple[str, bytes | None]:
    """An output as Markdown, and the picture that it refers to by this name."""
    if output["output_type"] == "stream":
        return fenced(output["text"]), None
    data = output["data"]
    if "image/png" in data:
        return f"![What the cell draws]({picture})", base64.b64decode(data["image/png"])
    text = "".join(data["text/plain"])
    if WIDGET in data:
        # Its bar has moved on in the notebook; the text is that of its beginning.
        return f"*A progress bar: {text.partition(':')[0]}.*", None
    return fenced(text), None


def joined(outputs: list[Notebook]) -> list[Notebook]:
    """What was printed in several pieces, as the kernel happened to send them, in one."""
    whole: list[Notebook] = []
    for output in outputs:
        if whole and output["output_type"] == "stream" and whole[-1].get("name") == output["name"]:
            whole[-1]["text"] = [*whole[-1]["text"], *output["text"]]
        else:
            whole.append(dict(output))
    return whole


def fenced(text: str | list[str]) -> str:
    """Plain text, without what is different in every run."""
    plain = "\n".join(line.rstrip() for line in "".join(text).rstrip().splitlines())
    return "```text\n" + re.sub(r"(127\.0\.0\.1):\d+", r"\1:8080", plain) + "\n```"


def rendered(name: str, notebook: Notebook) -> tuple[str, dict[str, bytes]]:
    """The page of an executed notebook, and its pictures by their names."""
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in joined(cell["outputs"]):
            picture = f"{name}-{len(pictures) + 1}.png"
            text, drawn = shown(output, picture)
            parts.append(text)
            if drawn is not None:
                pictures[picture] = drawn
    made = f"*Made from [examples/{name}.ipynb](../../examples/{name}.ipynb) by `make notebooks`.*"
    return "\n\n".join([*parts, made]) + "\n", pictures


def main() -> None:
    """Tidy, run and render all of them."""
    PAGES.mkdir(exist_ok=True)
    for path in paths():
        path.write_text(tidied(path), encoding="utf-8")
        page, pictures = rendered(path.stem, executed(path))
        (PAGES / f"{path.stem}.md").write_text(page, encoding="utf-8")
        for name, picture in pictures.items():
            (PAGES / name).write_bytes(picture)
        print(f"{path.stem}: {len(page)} characters, {len(pictures)} pictures")


if __name__ == "__main__":
    main()
