"""Errors as users catch them."""

from __future__ import annotations

from typing import Literal

from infosecops import (
    ApiError,
    AuthenticationError,
    BadRequestError,
    ConfigError,
    ConflictError,
    ConnectError,
    DeadlineExceeded,
    Error,
    NotFoundError,
    PermissionDeniedError,
    PreconditionFailedError,
    ProxyError,
    RateLimitedError,
    Retry,
    SDElements,
    ServerError,
    TlsError,
    TransportError,
    UnexpectedContentError,
)
from infosecops.sandbox import Faults, Sandbox

from .asserted import assert_type


def errors(box: Sandbox) -> None:
    """Every class of error, by the way that users meet it or by its place in the hierarchy."""
    faults = assert_type(box.faults, Faults)
    answers: dict[int, type[ApiError]] = {
        400: BadRequestError,
        401: AuthenticationError,
        403: PermissionDeniedError,
        404: NotFoundError,
        409: ConflictError,
        412: PreconditionFailedError,
        429: RateLimitedError,
        500: ServerError,
    }
    with box.sd_elements(retry=Retry(attempts=1)) as sde:
        for status, expected in answers.items():
            faults.next(system="sd_elements", status=status)
            try:
                sde.request("GET", "/api/v2/users/me/", effect="read")
            except expected as error:
                assert assert_type(error.status, int | None) == status
                assert_type(error.outcome, Literal["not_sent", "rejected", "unknown"] | None)
                assert_type(error.elapsed, float)
            else:
                raise AssertionError(status)
        faults.next(html=True, times=1)
        try:
            sde.jobs.alm.get(1)
        except UnexpectedContentError as error:
            assert_type(error.body_excerpt, str | None)
        else:
            raise AssertionError
        faults.always(hang=True)
        try:
            box.sd_elements(timeout=0.2).jobs.alm.get(1)
        except DeadlineExceeded as error:
            assert isinstance(error, TimeoutError)
        else:
            raise AssertionError
        faults.clear()
        assert assert_type(faults.pending, int) == 0
    try:
        SDElements("http://sde.example.com", token="x")
    except ConfigError as error:
        assert isinstance(error, ValueError)
    else:
        raise AssertionError
    below: list[type[TransportError]] = [ConnectError, TlsError, ProxyError]
    assert all(issubclass(each, Error) for each in below)
