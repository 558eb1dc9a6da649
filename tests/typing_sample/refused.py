"""What type checkers must refuse; none of it ever runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infosecops import Job, SDElements, Secret, Sectona

    def refused(sde: SDElements, job: Job, secret: Secret) -> None:
        """What checkers must refuse: an ignore that is not needed is an error, too."""
        job.id = 5  # type: ignore[misc]
        len(secret)  # type: ignore[arg-type]
        sde.jobs.alm.list(10)  # type: ignore[call-arg, arg-type]
        sde.jobs.alm.start("12")  # type: ignore[arg-type]
        SDElements("https://sde.example.com")  # type: ignore[call-arg]
        SDElements("https://sde.example.com", token="x", time_out=1)  # type: ignore[call-arg]
        Sectona("https://pam.example.com", access_key="x", accept="yaml")  # type: ignore[arg-type]
        Sectona.from_env(accept="yaml")  # type: ignore[arg-type]
        Sectona.from_profile()  # type: ignore[call-arg]
        SDElements.from_profile("prod", time_out=1)  # type: ignore[call-arg]
