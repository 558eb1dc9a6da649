"""SD Elements' jobs and connections on Django REST framework, the framework of the product; run by gunicorn.

Notes the message of each job that was made in the file `APPLIED`, before it answers.
"""

from __future__ import annotations

import os
import threading
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="only for tests",
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["rest_framework"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware", "django.middleware.gzip.GZipMiddleware"],
    DATA_UPLOAD_MAX_MEMORY_SIZE=100_000,
    USE_TZ=True,
    REST_FRAMEWORK={
        # Each view names its own, and its pages: they are defined below.
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "UNAUTHENTICATED_USER": None,
    },
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - Django has to be set up first
from django.http import HttpResponse  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.utils import timezone  # noqa: E402
from rest_framework import exceptions, mixins, routers, serializers, viewsets  # noqa: E402
from rest_framework.authentication import TokenAuthentication  # noqa: E402
from rest_framework.pagination import PageNumberPagination  # noqa: E402
from rest_framework.permissions import BasePermission, IsAuthenticated  # noqa: E402

TOKENS = {"s3same": "admin@example.com", "viewer": "viewer@example.com"}
CONNECTIONS = [
    {
        "id": number,
        "alias": f"Größe {number}",
        "system": "JIRA",
        "frequency": "manually",
        "command": "sync",
        "params": {"alm_server": "jira.example.com", "alm_pass": "hidden"},
    }
    for number in (12, 13)
]
LOCK = threading.Lock()
KINDS = ("alm", "analysis", "ldap")


class User:
    """Whoever has a token."""

    is_active = is_authenticated = True

    def __init__(self, email: str) -> None:
        self.email = email


class KnownToken(TokenAuthentication):
    """The framework's own, with a table in the place of a database."""

    def authenticate_credentials(self, key: str) -> tuple[User, str]:
        if key not in TOKENS:
            raise exceptions.AuthenticationFailed("Invalid token.")
        return User(TOKENS[key]), key


class Pages(PageNumberPagination):
    """Of the size that is asked for."""

    page_size = 100
    page_size_query_param = "page_size"


class MayChange(BasePermission):
    """Viewers may look."""

    def has_permission(self, request: Any, view: Any) -> bool:  # noqa: ARG002
        return request.method == "GET" or request.user.email != TOKENS["viewer"]


class Connection(serializers.Serializer):
    """As it stands in a job and in a list."""

    id = serializers.IntegerField()
    alias = serializers.CharField()
    system = serializers.CharField()
    frequency = serializers.CharField()
    command = serializers.CharField()
    params = serializers.DictField()


class ConnectionOfJob(serializers.RelatedField):
    """Its id when a job is made, the whole of it in an answer."""

    default_error_messages: ClassVar[dict[str, str]] = {
        "does_not_exist": 'Invalid pk "{given}" - object does not exist.'
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        for connection in self.get_queryset():
            if connection["id"] == data:
                return connection
        self.fail("does_not_exist", given=data)
        return None

    def to_representation(self, value: Any) -> Any:
        return Connection(value).data


class Job(serializers.Serializer):
    """A job, and what the request for one has."""

    id = serializers.IntegerField(read_only=True)
    user = serializers.CharField(read_only=True)
    automatic = serializers.BooleanField()
    ready = serializers.BooleanField(default=True)
    succeeded = serializers.BooleanField(default=False)
    result_message = serializers.CharField(default="", allow_blank=True)
    last_run = serializers.DateTimeField(read_only=True)
    connection = ConnectionOfJob(queryset=CONNECTIONS)


class Objects:
    """What the view sets have in common, and what they ask of a model."""

    authentication_classes: ClassVar[list[Any]] = [KnownToken]
    permission_classes: ClassVar[list[Any]] = [IsAuthenticated, MayChange]
    pagination_class = Pages
    kind = ""
    made: ClassVar[dict[str, list[dict[str, Any]]]] = {kind: [] for kind in KINDS}
    numbers = count(1)

    def get_object(self) -> Any:
        wanted = self.kwargs["pk"]  # type: ignore[attr-defined]
        for found in self.get_queryset():  # type: ignore[attr-defined]
            if str(found["id"]) == wanted:
                return found
        raise exceptions.NotFound


class Jobs(Objects, mixins.CreateModelMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """The jobs of one kind."""

    serializer_class = Job

    def get_queryset(self) -> list[dict[str, Any]]:
        found = self.made[self.kind] if self.kind else [job for kind in KINDS for job in self.made[kind]]
        for name in ("automatic", "ready", "succeeded"):
            if name in self.request.query_params:
                found = [job for job in found if str(job[name]).lower() == self.request.query_params[name]]
        if "connection" in self.request.query_params:
            found = [job for job in found if str(job["connection"]["id"]) == self.request.query_params["connection"]]
        return found

    def perform_create(self, serializer: Any) -> None:
        job = {"user": self.request.user.email, "last_run": timezone.now(), **serializer.validated_data}
        # What was started has ended when it is looked at.
        job.update({} if job["ready"] else {"ready": True, "succeeded": True})
        with LOCK:
            job["id"] = next(self.numbers)
            self.made[self.kind].append(job)
            with Path(os.environ["APPLIED"]).open("a", encoding="utf-8") as log:
                log.write(f"{job['result_message'] or 'started'}\n")
        serializer.instance = {**job, "ready": serializer.validated_data["ready"]}


class Connections(Objects, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """The connections of one kind; all have the same."""

    serializer_class = Connection

    def get_queryset(self) -> list[dict[str, Any]]:
        return CONNECTIONS


def broken(request: Any) -> HttpResponse:  # noqa: ARG001
    """A view that fails."""
    raise RuntimeError("the database is away")


def posted(request: Any) -> HttpResponse:
    """A view that takes a body as Django does."""
    return HttpResponse(f"{len(request.body)}")


router = routers.DefaultRouter()
for kind in KINDS:
    router.register(f"jobs/{kind}", type(kind, (Jobs,), {"kind": kind}), basename=f"jobs-{kind}")
    router.register(f"connections/{kind}", Connections, basename=f"connections-{kind}")
router.register("jobs", Jobs, basename="jobs")
urlpatterns = [path("api/v2/broken/", broken), path("api/v2/posted/", posted), path("api/v2/", include(router.urls))]
application = get_wsgi_application()
